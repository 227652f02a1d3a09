"""Putting right what went wrong on a return: reverse a receipt, try a refund again by the same or another payment."""

import re

import pytest
from django.test import Client

from retailops.cases.models import Case, CaseStatus
from retailops.events.enums import DeliveryStatus
from retailops.events.verdicts import VerdictKind, verdict
from returns.enums import RefundStatus
from returns.models import Payment, Receipt, Refund, Return, StoredAccount
from returns.services.refund_outcomes import fail_refund
from returns.services.refunds import approve_refund
from tests.factories import ensure_policy, make_user
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Client:
    return world.signed_in(world.person("ops_agent"))


def page_of(client: Client, rma: Return) -> str:
    return client.get(f"/returns/{rma.number}/").content.decode()


def reversal(receipt: Receipt) -> str:
    return f"/returns/{receipt.rma.number}/receipts/{receipt.id}/reverse/"


def again(refund: Refund) -> str:
    return f"/returns/{refund.rma.number}/refunds/{refund.id}/again/"


def test_a_receipt_is_reversed_once_with_its_reason(agent: Client) -> None:
    rma = world.received()
    receipt = rma.receipts.get()
    assert reversal(receipt) in page_of(agent, rma)
    assert agent.post(reversal(receipt), {"reason": ""}).status_code == 422
    assert rma.receipts.count() == 1
    for _ in range(2):
        assert agent.post(reversal(receipt), {"reason": "scanned for another parcel"}).status_code == 303
    assert rma.receipts.filter(reverses=receipt).count() == 1
    assert rma.lines.get().received == 0
    page = page_of(agent, rma)
    assert "reversed later" in page
    assert "Reverse…" not in page


def test_inspected_units_keep_their_receipt_and_the_button_says_why(agent: Client) -> None:
    rma = world.received()
    receipt = rma.receipts.get()
    world.stripe()
    world.inspected(rma)
    page = page_of(agent, rma)
    assert reversal(receipt) not in page
    assert re.search(r'aria-disabled="true" title="Some of its units were inspected already\."', page)
    form = agent.get(reversal(receipt)).content.decode()
    assert "Some of its units were inspected already." in form
    assert re.search(r'<button type="submit"[^>]* disabled', form)
    answer = agent.post(reversal(receipt), {"reason": "scanned wrongly"})
    assert answer.status_code == 422
    assert "correct the inspection first" in answer.content.decode()
    assert rma.receipts.count() == 1


def test_who_may_not_receive_is_not_offered_to_reverse() -> None:
    rma = world.received()
    receipt = rma.receipts.get()
    manager = world.signed_in(world.person("manager"))
    assert "Reverse…" not in page_of(manager, rma)
    assert manager.get(reversal(receipt)).status_code == 403
    assert manager.post(reversal(receipt), {"reason": "x"}).status_code == 403
    stranger = world.signed_in(world.person("ops_agent", regions=["FR"]))
    assert stranger.post(reversal(receipt), {"reason": "x"}).status_code == 404
    assert rma.receipts.count() == 1


def test_a_receipt_of_another_return_is_not_found(agent: Client) -> None:
    rma, other = world.received(), world.received()
    address = f"/returns/{rma.number}/receipts/{other.receipts.get().id}/reverse/"
    assert agent.post(address, {"reason": "x"}).status_code == 404
    assert other.receipts.count() == 1


def test_a_failed_refund_is_tried_again_and_its_troubles_end(agent: Client) -> None:
    refund, delivery = world.failed_refund(world.stripe())
    assert refund.status == RefundStatus.FAILED
    assert Case.objects.filter(status=CaseStatus.OPEN).count() == 2
    assert again(refund) in page_of(agent, refund.rma)
    form = agent.get(again(refund)).content.decode()
    assert "The same card by Stripe" in form
    sent = {"payment": str(refund.payment_id), "reason": "the payment was imported late"}
    assert agent.post(again(refund), sent | {"reason": ""}).status_code == 422
    assert agent.post(again(refund), sent).status_code == 303
    refund.refresh_from_db()
    delivery.refresh_from_db()
    new = Refund.objects.exclude(pk=refund.pk).get()
    assert (refund.status, refund.superseded_by) == (RefundStatus.SUPERSEDED, new)
    assert (new.status, new.amount, new.reason) == (RefundStatus.SUBMITTING, refund.amount, sent["reason"])
    assert delivery.status == DeliveryStatus.SUPERSEDED
    assert not Case.objects.filter(status=CaseStatus.OPEN).exists()


def test_stored_value_may_pay_instead_where_policy_offers_it(agent: Client) -> None:
    ensure_policy(resolutions=["refund", "store_credit", "none"])
    refund, _ = world.failed_refund(world.stripe())
    form = agent.get(again(refund)).content.decode()
    assert "Store credit" in form
    assert "gift card" not in form
    assert re.search(r'value="tender"[^>]* checked', form)
    sent = {"payment": str(refund.payment_id), "reason": "the card is closed"}
    assert agent.post(again(refund), sent | {"destination": "gift_card"}).status_code == 422
    assert Refund.objects.count() == 1
    assert agent.post(again(refund), sent | {"destination": "store_credit"}).status_code == 303
    new = Refund.objects.exclude(pk=refund.pk).get()
    assert (new.status, new.destination, new.amount) == ("pending_approval", "store_credit", refund.amount)
    assert not StoredAccount.objects.exists()
    approver = world.signed_in(world.person("finance_approver"))
    page = page_of(approver, refund.rma)
    assert "Another way than was promised: store credit instead of money back to the payment" in page
    approve_refund(actor=make_user("finance_approver").actor(), refund_id=new.id)
    assert (StoredAccount.objects.get().balance, Refund.objects.get(pk=new.pk).status) == (refund.amount, "succeeded")


def test_where_policy_offers_money_alone_no_other_way_is_asked(agent: Client) -> None:
    refund, _ = world.failed_refund(world.stripe())
    form = agent.get(again(refund)).content.decode()
    assert 'name="payment"' in form
    assert 'name="destination"' not in form
    assert agent.post(again(refund), {"payment": str(refund.payment_id), "reason": "x"}).status_code == 303


def test_a_second_click_pays_nothing_more(agent: Client) -> None:
    refund, _ = world.failed_refund(world.stripe())
    sent = {"payment": str(refund.payment_id), "reason": "once more"}
    assert agent.post(again(refund), sent).status_code == 303
    answer = agent.post(again(refund), sent)
    assert answer.status_code in {409, 422}
    assert Refund.objects.filter(rma=refund.rma).count() == 2
    assert Refund.objects.filter(rma=refund.rma, status=RefundStatus.SUBMITTING).count() == 1


def test_the_delivery_of_a_failed_refund_is_void(agent: Client) -> None:
    _, delivery = world.failed_refund(world.stripe())
    found = verdict(delivery)
    assert found.kind == VerdictKind.SUPERSEDED
    assert "try the refund again on the return" in found.why
    answer = agent.post(f"/deliveries/{delivery.id}/replay/", {"reason": "again"})
    assert answer.status_code == 422
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DEAD


def test_another_payment_needs_a_second_person(agent: Client) -> None:
    refund, _ = world.failed_refund(world.stripe())
    other = Payment.objects.create(
        order=world.order_of(refund.rma), external_id="gift-1", gateway="stripe", tender="gift_card",
        captured=refund.amount, currency="GBP", references={"charge": "ch_gift"},
    )  # fmt: skip
    sent = {"payment": str(other.id), "reason": "the card is closed"}
    assert agent.post(again(refund), sent).status_code == 303
    new = Refund.objects.exclude(pk=refund.pk).get()
    assert (new.status, new.payment) == (RefundStatus.PENDING_APPROVAL, other)


def test_a_payment_that_cannot_take_it_is_not_offered(agent: Client) -> None:
    refund, _ = world.failed_refund(world.stripe())
    Payment.objects.update(charged_back=10_000)
    page = agent.get(again(refund)).content.decode()
    assert "No payment of the order has the whole amount left." in page
    assert agent.post(again(refund), {"payment": str(refund.payment_id), "reason": "x"}).status_code == 422
    assert Refund.objects.count() == 1


def test_a_refund_that_is_on_its_way_is_not_tried_again(agent: Client) -> None:
    world.stripe()
    refund = world.inspected(world.received()).refunds.get()
    assert again(refund) not in page_of(agent, refund.rma)
    page = agent.get(again(refund)).content.decode()
    assert "only a refund that ended without paying is tried again" in page
    answer = agent.post(again(refund), {"payment": str(refund.payment_id), "reason": "x"})
    assert answer.status_code in {409, 422}
    assert Refund.objects.count() == 1


def test_who_may_not_propose_refunds_is_not_offered_to_try_again() -> None:
    refund, _ = world.failed_refund(world.stripe())
    sent = {"payment": str(refund.payment_id), "reason": "x"}
    auditor = world.signed_in(world.person("auditor"))
    assert "Try again…" not in page_of(auditor, refund.rma)
    assert auditor.post(again(refund), sent).status_code == 403
    stranger = world.signed_in(world.person("ops_agent", regions=["FR"]))
    assert stranger.post(again(refund), sent).status_code == 404
    assert Refund.objects.count() == 1


def test_a_failure_that_is_told_by_the_gateway_is_tried_again_too(agent: Client) -> None:
    world.stripe()
    refund = world.inspected(world.received()).refunds.get()
    fail_refund(actor=world.SYSTEM, refund_id=refund.id, code="expired_or_canceled_card", message="Card closed.")
    assert agent.post(again(refund), {"payment": str(refund.payment_id), "reason": "new card"}).status_code == 303
    assert Refund.objects.filter(status=RefundStatus.SUBMITTING).count() == 1


def test_the_case_of_a_dead_refund_offers_to_try_it_again(agent: Client) -> None:
    world.stripe()
    refund = world.inspected(world.received()).refunds.get()
    fail_refund(actor=world.SYSTEM, refund_id=refund.id, code="declined", message="Declined.")
    case = Case.objects.get(kind="refund_failed")
    assert f'href="{again(refund)}"' in agent.get(f"/cases/{case.id}/").content.decode()
    auditor = world.signed_in(world.person("auditor"))
    assert f'href="{again(refund)}"' not in auditor.get(f"/cases/{case.id}/").content.decode()
