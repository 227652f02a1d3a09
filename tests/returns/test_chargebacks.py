"""Disputes: counted once, never backwards, and no refund beside them in silence."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.permissions import Permission
from retailops.cases.models import Approval, Case
from retailops.events.models import Event
from retailops.lib.errors import Conflict, Denied, NotFound, Unprocessable
from returns.inputs import RefundProposalIn
from returns.inputs.chargebacks import ChargebackIn
from returns.models import Chargeback, Payment, Refund
from returns.services import refund_outcomes, refunds
from returns.services.chargebacks import payment_of_gateway, record_chargeback
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    make_inspected_return,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    make_user,
)
from tests.returns.disputes import at, dispute
from tests.returns.proofs import prove
from tests.returns.refunding import refunds_of

pytestmark = pytest.mark.django_db


def told() -> list[str]:
    return list(
        Event.objects.filter(type__startswith="chargeback.").order_by("position").values_list("type", flat=True)
    )


def taken(payment: Payment) -> int:
    return Payment.objects.get(pk=payment.pk).charged_back


# What it takes


@pytest.mark.parametrize(
    ("story", "status", "counted", "events"),
    [
        ([("opened", 0)], "opened", 5550, ["opened"]),
        ([("opened", 0), ("opened", 1)], "opened", 5550, ["opened"]),
        ([("opened", 0), ("won", 2)], "won", 0, ["opened", "won"]),
        ([("opened", 0), ("lost", 2)], "lost", 5550, ["opened", "lost"]),
        ([("lost", 2), ("opened", 0)], "lost", 5550, ["lost"]),
        ([("won", 2), ("opened", 3)], "won", 0, ["won"]),
        ([("opened", 5), ("won", 2)], "won", 0, ["opened", "won"]),
        ([("lost", 2), ("won", 3)], "won", 0, ["lost", "won"]),
        ([("won", 3), ("lost", 2)], "won", 0, ["won"]),
        ([("won", 3), ("lost", 3)], "won", 0, ["won"]),
    ],
)
def test_a_dispute_is_counted_once_and_never_goes_backwards(
    story: list[tuple[str, int]], status: str, counted: int, events: list[str]
) -> None:
    payment = make_order().payments.get()
    for said, hour in story:
        dispute(payment, said, hour=hour)
    assert Chargeback.objects.get(payment=payment).status == status
    assert taken(payment) == counted
    assert told() == [f"chargeback.{each}" for each in events]
    prove()


def test_two_disputes_of_one_payment_add_up_and_end_apart() -> None:
    payment = make_order().payments.get()
    dispute(payment, amount=1000)
    dispute(payment, external_id="dp_2", amount=500)
    assert taken(payment) == 1500
    dispute(payment, "won", amount=1000, hour=1)
    assert taken(payment) == 500
    dispute(payment, external_id="dp_2", amount=700, hour=1)
    assert taken(payment) == 700
    dispute(payment, external_id="dp_2", amount=600, hour=0)  # an older amount
    assert taken(payment) == 700
    prove()


def test_another_currency_is_refused_and_nothing_happens() -> None:
    payment = make_order().payments.get()
    with pytest.raises(Unprocessable) as refused:
        dispute(payment, currency="EUR")
    assert refused.value.code == "currency-differs"
    assert (Chargeback.objects.count(), taken(payment), told()) == (0, 0, [])


def test_the_database_lets_no_dispute_go_backwards() -> None:
    found = dispute(make_order().payments.get(), "lost")
    rows = Chargeback.objects.filter(pk=found.pk)
    for change in ({"status": "opened"}, {"told_at": at(-5)}, {"external_id": "dp_9"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.delete()


def test_a_payment_is_found_by_what_its_gateway_calls_it() -> None:
    payment = make_order().payments.get()
    Payment.objects.filter(pk=payment.pk).update(references={"charge": "ch_77"})
    assert payment_of_gateway("stripe", {"charge": "ch_77"}) == payment
    assert payment_of_gateway("stripe", {"payment_intent": payment.external_id}) == payment
    for gateway, references in (("adyen", {"charge": "ch_77"}), ("stripe", {"charge": "ch_78"}), ("stripe", {})):
        with pytest.raises(NotFound):
            payment_of_gateway(gateway, references)


def test_three_persons() -> None:
    payment = make_order().payments.get()
    say = ChargebackIn(external_id="dp_1", status="opened", amount=10, currency="GBP", told_at=at(0))
    allowed, elsewhere, nobody = everyone_with(Permission.REFUNDS_SETTLE, Permission.ORDERS_VIEW)
    looker = actor_with(Permission.ORDERS_VIEW)
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            record_chargeback(actor=actor, payment_id=payment.id, told=say)
    assert (Chargeback.objects.count(), taken(payment)) == (0, 0)
    record_chargeback(actor=allowed, payment_id=payment.id, told=say)
    assert taken(payment) == 10


# Refunds beside it


def test_a_refund_that_waits_is_denied_and_its_approval_void() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={})
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    dispute(order.payments.get())
    refund.refresh_from_db()
    assert (refund.status, refund.failure_code) == ("denied", "charged_back")
    assert Approval.objects.get(subject_id=refund.id).status == "voided"
    with pytest.raises(Conflict):
        refunds.approve_refund(actor=make_user("finance_approver").actor(), refund_id=refund.id)
    case = Case.objects.get(kind="refund_plus_chargeback", subject_id=rma.id)
    assert (case.status, case.amount, fresh(rma).open_cases) == ("open", 1000, 1)
    prove()


def test_a_refund_that_no_worker_has_sent_is_stopped() -> None:
    order = make_order()
    rma = make_inspected_return(order, {1: 1})
    assert refunds_of(rma) == [(1000, "submitting")]
    dispute(order.payments.get())
    assert refunds_of(rma) == [(1000, "failed")]
    assert Case.objects.filter(kind="refund_plus_chargeback", subject_id=rma.id, status="open").count() == 1
    prove()


@pytest.mark.parametrize("outcome", [refund_outcomes.record_refund_pending, refund_outcomes.mark_refund_unknown])
def test_a_refund_that_the_gateway_has_or_may_have_cannot_be_stopped_and_is_a_case(
    outcome: Callable[..., Refund],
) -> None:
    order = make_order()
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    outcome(actor=SYSTEM, refund_id=refund.id)
    former = Refund.objects.get(pk=refund.pk).status
    dispute(order.payments.get())
    assert refunds_of(rma) == [(1000, former)]
    assert Case.objects.get(kind="refund_plus_chargeback", subject_id=rma.id).amount == 1000
    prove()


def test_paid_and_charged_back_is_a_case_until_the_dispute_is_won() -> None:
    order = make_order()
    ensure_policy(erp_memo_required=False)
    rma = make_inspected_return(order, {1: 1})
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=rma.refunds.get().id, external_reference="re_1")
    assert fresh(rma).status == "closed"
    dispute(order.payments.get())
    assert (fresh(rma).open_cases, refunds_of(rma)) == (1, [(1000, "succeeded")])
    prove()
    dispute(order.payments.get(), "lost", hour=1)
    case = Case.objects.get(kind="refund_plus_chargeback")
    assert (case.status, case.amount, case.occurrences) == ("open", 1000, 2)
    dispute(order.payments.get(), "won", hour=2)
    case.refresh_from_db()
    assert (case.status, case.resolution_reason, fresh(rma).open_cases) == ("resolved", "The dispute was won.", 0)
    prove()


def test_a_dispute_over_what_was_not_refunded_is_no_trouble_of_the_return() -> None:
    order = make_order()
    rma = make_inspected_return(order, {1: 1})
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=rma.refunds.get().id, external_reference="re_1")
    dispute(order.payments.get(), amount=1000)
    assert not Case.objects.filter(kind="refund_plus_chargeback").exists()
    assert Case.objects.get(kind="chargeback_opened", status="open").amount == 1000
    dispute(order.payments.get(), "lost", amount=1000, hour=1)
    assert Case.objects.get(kind="chargeback_opened").status == "resolved"
    prove()


def test_while_it_is_disputed_nothing_is_proposed_and_once_won_policy_goes_on() -> None:
    order = make_order()
    rma = make_return(order, {1: 1})
    make_receipt(rma)
    dispute(order.payments.get())
    make_inspection(rma)
    assert (refunds_of(rma), fresh(rma).open_cases) == ([], 1)
    before = Event.objects.count()
    for proposal in (None, RefundProposalIn(amount=500, reason="goodwill")):
        with pytest.raises(Unprocessable) as refused:
            refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=proposal)
        assert refused.value.code == "charged-back"
    assert (Event.objects.count(), refunds_of(rma)) == (before, [])
    dispute(order.payments.get(), "won", hour=1)
    assert (refunds_of(rma), fresh(rma).open_cases, fresh(rma).money) == ([(1000, "submitting")], 1, "pending")
    assert Case.objects.get(subject_id=rma.refunds.get().id).kind == "refund_unrouted"
    prove()


def test_what_was_stopped_is_owed_again_once_the_dispute_is_won() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={})
    rma = make_inspected_return(order, {1: 1})
    dispute(order.payments.get())
    dispute(order.payments.get(), "won", hour=1)
    case = Case.objects.get(kind="refund_after_dispute", subject_id=rma.id)
    assert (case.status, case.amount, fresh(rma).open_cases) == ("open", 1000, 1)
    refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    case.refresh_from_db()
    assert (case.status, refunds_of(rma)) == ("resolved", [(1000, "denied"), (1000, "pending_approval")])
    prove()


def test_a_failed_refund_is_not_tried_again_on_a_disputed_payment() -> None:
    order = make_order()
    refund = make_inspected_return(order, {1: 1}).refunds.get()
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=refund.id, code="no")
    dispute(order.payments.get())
    with pytest.raises(Unprocessable) as refused:
        refunds.supersede_refund(actor=SYSTEM, refund_id=refund.id, reason="again")
    assert refused.value.code == "charged-back"
    refund.refresh_from_db()
    assert refund.status == "failed"


def test_the_database_sends_nothing_on_a_disputed_payment() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={})
    refund = make_inspected_return(order, {1: 1}).refunds.get()
    Chargeback.objects.create(
        payment=order.payments.get(), external_id="dp_1", amount=1, currency="GBP", told_at=at(0)
    )  # as a broken program might
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(status="submitting", approved_by="policy:x", approval=None)
    assert "refund_of_disputed_payment" in str(refused.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]
