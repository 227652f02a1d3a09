"""What becomes of a refund once it was sent, and of money that was paid in advance."""

from collections.abc import Callable

import pytest

from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Unprocessable
from returns.inputs import RefundProposalIn
from returns.models import Refund
from returns.services import credit_memos, quantities, refund_outcomes, refunds
from returns.services.transit import mark_in_transit
from returns.sweeps import chase_overdue
from tests.factories import (
    SYSTEM,
    ensure_policy,
    fresh,
    line_data,
    make_inspected_return,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    order_data,
    slice_data,
)
from tests.returns.proofs import prove

pytestmark = pytest.mark.django_db


# Outcomes


def test_the_whole_way_to_closed() -> None:
    rma = make_inspected_return(quantities={1: 1})
    refund = rma.refunds.get()
    refund_outcomes.record_refund_pending(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    memo = rma.credit_memos.get()
    assert (memo.status, memo.amount, fresh(rma).status, fresh(rma).erp) == ("queued", 1000, "authorized", "queued")
    credit_memos.record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference="CM-1")
    after = fresh(rma)
    assert (after.status, after.money, after.erp, after.open_cases) == ("closed", "refunded", "posted", 0)
    told = Event.objects.get(type="refund.succeeded", subject_id=refund.id)
    assert told.data["lines"] == [
        {"line_no": 1, "sku": rma.lines.get().sku, "quantity": 1, "order_line_external_id": "L1", "amount": 0}
    ]
    prove()


@pytest.mark.parametrize(
    ("before", "after", "stays"),
    [
        ("succeeded", "pending", "succeeded"),
        ("succeeded", "unknown", "succeeded"),
        ("succeeded", "succeeded", "succeeded"),
        ("failed", "pending", "failed"),
        ("failed", "failed", "failed"),
        ("pending", "unknown", "pending"),
        ("canceled", "requires_action", "canceled"),
    ],
)
def test_a_stale_or_repeated_message_changes_nothing(before: str, after: str, stays: str) -> None:
    rma = make_inspected_return(quantities={1: 1})
    refund = rma.refunds.get()
    if before == "canceled":
        refund_outcomes.record_refund_pending(actor=SYSTEM, refund_id=refund.id)
    OUTCOMES[before](actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    count = Event.objects.exclude(type__startswith="case.").count()
    told = refund.attempts.count()
    OUTCOMES[after](actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    refund.refresh_from_db()
    assert refund.status == stays
    assert refund.attempts.count() == told + 1
    assert Event.objects.exclude(type__startswith="case.").count() == count
    prove()


OUTCOMES: dict[str, Callable[..., Refund]] = {
    "pending": refund_outcomes.record_refund_pending,
    "succeeded": refund_outcomes.settle_refund,
    "failed": refund_outcomes.fail_refund,
    "requires_action": refund_outcomes.require_refund_action,
    "unknown": refund_outcomes.mark_refund_unknown,
    "canceled": refund_outcomes.cancel_refund,
    "reversed": refund_outcomes.reverse_refund,
}


def test_a_contradiction_opens_a_case_and_moves_nothing() -> None:
    refund = make_inspected_return(quantities={1: 1}).refunds.get()
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=refund.id, code="no")
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_9")
    refund.refresh_from_db()
    assert refund.status == "failed"
    assert Case.objects.filter(subject_id=refund.id, kind="refund_contradicted", status="open").count() == 1
    prove()


def test_unknown_keeps_its_money_reserved() -> None:
    order = make_order(**order_data(lines=[line_data("A", quantity=2, unit_price=1000)]))
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    refund_outcomes.mark_refund_unknown(actor=SYSTEM, refund_id=refund.id, code="timeout")
    assert fresh(rma).money == "attention"
    ask = RefundProposalIn(amount=1001, reason="goodwill")
    with pytest.raises(Unprocessable):
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=ask)
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    assert fresh(rma).money == "refunded"
    prove()


@pytest.mark.parametrize("late", ["failed", "reversed"])
def test_a_late_failure_opens_a_closed_return_again(late: str) -> None:
    order = make_order()
    ensure_policy(erp_memo_required=False)
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    assert (fresh(rma).status, rma.lines.get().refunded) == ("closed", 1)
    OUTCOMES[late](actor=SYSTEM, refund_id=refund.id, code="account_closed")
    after = fresh(rma)
    assert (after.status, after.money, after.open_cases) == ("authorized", "attention", 1)
    assert rma.lines.get().refunded == 0
    [again] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    refund.refresh_from_db()
    assert (refund.status, refund.superseded_by_id) == ("superseded", again.id)
    prove()


def test_a_rejected_memo_keeps_the_return_open_until_it_is_posted() -> None:
    rma = make_inspected_return(quantities={1: 1})
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=rma.refunds.get().id, external_reference="re_1")
    memo = rma.credit_memos.get()
    credit_memos.reject_credit_memo(actor=SYSTEM, memo_id=memo.id, failure="period closed")
    assert (fresh(rma).erp, fresh(rma).status) == ("rejected", "authorized")
    credit_memos.record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference="CM-1")
    credit_memos.reject_credit_memo(actor=SYSTEM, memo_id=memo.id, failure="late news")
    assert (fresh(rma).erp, fresh(rma).status) == ("posted", "closed")
    prove()


# Advance refunds


def test_goods_paid_in_advance_that_do_not_come_become_a_recovery_case() -> None:
    order = make_order()
    ensure_policy(refund_timing="on_scan")
    rma = make_return(order, {1: 1})
    mark_in_transit(actor=SYSTEM, return_id=rma.id, tracking="T", scanned_at=now())
    refund = rma.refunds.get()
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    Refund.objects.filter(pk=refund.pk).update(exposure_due_at=now())
    assert chase_overdue() == 1
    assert chase_overdue() == 0
    assert Case.objects.get(subject_id=refund.id, kind="advance_overdue").status == "open"
    quantities.declare_missing(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason="lost")
    assert Case.objects.get(subject_id=rma.id, kind="refund_recovery").status == "open"
    prove()


def test_rejecting_what_was_paid_opens_a_recovery_case() -> None:
    order = make_order()
    ensure_policy(refund_timing="on_receipt")
    rma = make_return(order, {1: 1})
    make_receipt(rma)
    make_inspection(rma, [slice_data(accepted=False, disposition="damaged")])
    assert Case.objects.get(subject_id=rma.id, kind="refund_recovery").status == "open"
    prove()
