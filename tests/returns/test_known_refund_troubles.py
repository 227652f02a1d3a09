"""Troubles that users of other systems report: each has a test that it does not happen here."""

import pytest

from retailops.cases.models import Case
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery, Event
from retailops.lib.errors import Conflict, Unprocessable
from returns.enums import LIVE_REFUNDS, Destination, RefundStatus
from returns.inputs import RefundProposalIn
from returns.models import Order, Refund
from returns.services import refund_outcomes, refunds
from returns.services.replacing import why_void
from tests.factories import SYSTEM, ensure_policy, fresh, line_data, make_inspected_return, make_order, order_data
from tests.returns.proofs import prove
from tests.returns.refunding import refunds_of
from tests.returns.test_concurrency import together

pytestmark = pytest.mark.django_db


def held(order: Order) -> int:
    """Return what live refunds hold of the order."""
    return sum(Refund.objects.filter(payment__order=order, status__in=LIVE_REFUNDS).values_list("amount", flat=True))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_refund_more_than_was_captured() -> None:
    order = make_order(**order_data(lines=[line_data("A", quantity=2, unit_price=1000)]))
    ensure_policy(auto_approve_limit={"GBP": 0})
    rma = make_inspected_return(order, {1: 1})
    ask = RefundProposalIn(amount=700, reason="goodwill")
    results = together(*[lambda: refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=ask)] * 4)
    refused = [result.code for result in results if isinstance(result, Unprocessable)]
    assert refused == ["exceeds-tenders"] * 3
    assert held(order) == 1700 <= 2000
    prove()


def test_another_try_with_a_new_key_never_pays_twice() -> None:
    """The new try is a new refund with a new key; the old one can neither be sent nor settle any more."""
    order = make_order()
    rma = make_inspected_return(order, {1: 1})
    old = rma.refunds.get()
    with pytest.raises(Conflict):  # while the old one may still be paid, there is no new one
        refunds.supersede_refund(actor=SYSTEM, refund_id=old.id, reason="hurry")
    refund_outcomes.mark_refund_unknown(actor=SYSTEM, refund_id=old.id, code="timeout")
    with pytest.raises(Conflict):
        refunds.supersede_refund(actor=SYSTEM, refund_id=old.id, reason="hurry")
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=old.id, code="card_closed")
    new = refunds.supersede_refund(actor=SYSTEM, refund_id=old.id, reason="card works again")
    assert new.effect_key != old.effect_key
    stopped = Delivery(operation="refund.create", effect_key=old.effect_key, status=DeliveryStatus.DEAD)
    assert why_void(stopped).startswith("The refund ended and its money is not reserved")
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=old.id, external_reference="re_late")
    assert refunds_of(rma) == [(1000, "superseded"), (1000, "submitting")]
    assert Case.objects.filter(subject_id=old.id, kind="refund_contradicted", status="open").count() == 1
    assert held(order) == 1000
    prove()


def test_what_waits_for_a_second_person_is_not_tried_in_another_way() -> None:
    """The word that was asked for would outlive the refund that it is about."""
    ensure_policy(auto_approve_limit={})
    rma = make_inspected_return(make_order(), {1: 1})
    refund = rma.refunds.get()
    assert refund.status == RefundStatus.PENDING_APPROVAL
    before = Event.objects.count()
    for destination in (None, Destination.STORE_CREDIT):
        with pytest.raises(Conflict, match="It has not ended"):
            refunds.supersede_refund(actor=SYSTEM, refund_id=refund.id, reason="hurry", destination=destination)
    refund.refresh_from_db()
    assert (refund.status, refund.approval and refund.approval.status) == ("pending_approval", "requested")
    assert (rma.refunds.count(), Event.objects.count()) == (1, before)


def test_pending_is_neither_failed_nor_done() -> None:
    order = make_order()
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    refund_outcomes.record_refund_pending(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    assert (fresh(rma).money, fresh(rma).status, rma.lines.get().refunded) == ("pending", "authorized", 0)
    assert not rma.credit_memos.exists()
    assert not Event.objects.filter(type__in=["refund.succeeded", "refund.failed"]).exists()
    with pytest.raises(Conflict):
        refunds.supersede_refund(actor=SYSTEM, refund_id=refund.id, reason="it takes long")
    with pytest.raises(Unprocessable) as nothing:
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    assert nothing.value.code == "nothing-due"
    assert held(order) == 1000
    prove()


def test_a_canceled_refund_gives_its_reserved_money_back() -> None:
    order = make_order(**order_data(lines=[line_data("A", quantity=1, unit_price=1000)]))
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    refund_outcomes.require_refund_action(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    assert held(order) == 1000
    refund_outcomes.cancel_refund(actor=SYSTEM, refund_id=refund.id, code="merchant_request")
    assert (held(order), fresh(rma).money) == (0, "attention")
    [again] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    assert (again.amount, held(order)) == (1000, 1000)
    assert refunds_of(rma) == [(1000, "superseded"), (1000, "submitting")]
    prove()


def test_unknown_is_not_failed() -> None:
    order = make_order(**order_data(lines=[line_data("A", quantity=1, unit_price=1000)]))
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    refund_outcomes.mark_refund_unknown(actor=SYSTEM, refund_id=refund.id, code="timeout")
    assert (held(order), fresh(rma).money) == (1000, "attention")
    assert not Event.objects.filter(type="refund.failed").exists()
    for proposal in (None, RefundProposalIn(amount=1, reason="goodwill")):
        with pytest.raises(Unprocessable):
            refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=proposal)
    refund_outcomes.mark_refund_unknown(actor=SYSTEM, refund_id=refund.id, code="timeout")
    assert Event.objects.filter(type="refund.outcome_unknown").count() == 1
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    assert (refunds_of(rma), held(order)) == ([(1000, "succeeded")], 1000)
    prove()
