"""The refund's machine: each transition of the design allowed and refused, with its event, case and the money."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from retailops.cases.models import Case
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from retailops.lib.fsm import TransitionRefused, fire
from returns.enums import LIVE_REFUNDS, RefundStatus
from returns.models import Refund
from returns.services import canceling, refund_outcomes, refunds
from tests.factories import SYSTEM, ensure_policy, fresh, make_inspected_return, make_order, make_user
from tests.returns.proofs import prove
from tests.returns.refunding import events_of

pytestmark = pytest.mark.django_db
R = RefundStatus
# Each transition method with the states that it may leave; from every other it is refused.
LEAVES: dict[str, tuple[set[str], str]] = {
    "ask_approval": ({R.PROPOSED}, R.PENDING_APPROVAL),
    "approve": ({R.PROPOSED, R.PENDING_APPROVAL}, R.APPROVED),
    "deny": ({R.PROPOSED, R.PENDING_APPROVAL, R.APPROVED}, R.DENIED),
    "submit": ({R.APPROVED}, R.SUBMITTING),
    "lose_sight": ({R.SUBMITTING}, R.UNKNOWN),
    "accept": ({R.SUBMITTING, R.UNKNOWN}, R.PENDING),
    "resume": ({R.REQUIRES_ACTION}, R.PENDING),
    "require_action": ({R.SUBMITTING, R.UNKNOWN, R.PENDING}, R.REQUIRES_ACTION),
    "succeed": ({R.SUBMITTING, R.UNKNOWN, R.PENDING, R.REQUIRES_ACTION}, R.SUCCEEDED),
    "fail": ({R.SUBMITTING, R.UNKNOWN, R.PENDING, R.REQUIRES_ACTION, R.SUCCEEDED}, R.FAILED),
    "cancel": ({R.PENDING, R.REQUIRES_ACTION}, R.CANCELED),
    "reverse": ({R.SUCCEEDED}, R.REVERSED),
    "supersede": ({R.PROPOSED, R.PENDING_APPROVAL, R.FAILED, R.CANCELED, R.REVERSED}, R.SUPERSEDED),
}


@pytest.mark.parametrize("method", LEAVES)
def test_a_transition_leaves_its_states_and_no_others(method: str) -> None:
    sources, target = LEAVES[method]
    for status in RefundStatus.values:
        refund = Refund(status=status)
        if status in sources:
            fire(getattr(refund, method))
            assert refund.status == target
        else:
            with pytest.raises(TransitionRefused):
                fire(getattr(refund, method))
            assert refund.status == status


Say = Callable[..., Refund]
PENDING, ACTION = refund_outcomes.record_refund_pending, refund_outcomes.require_refund_action
DONE, FAILED, CANCELED = refund_outcomes.settle_refund, refund_outcomes.fail_refund, refund_outcomes.cancel_refund
LOST, BACK = refund_outcomes.mark_refund_unknown, refund_outcomes.reverse_refund


@pytest.mark.parametrize(
    ("story", "status", "event", "case", "held", "money"),
    [
        ([PENDING], "pending", "refund.pending", None, 1000, "pending"),
        ([ACTION], "requires_action", "refund.action_required", "refund_requires_action", 1000, "attention"),
        ([LOST], "unknown", "refund.outcome_unknown", None, 1000, "attention"),
        ([DONE], "succeeded", "refund.succeeded", None, 1000, "refunded"),
        ([FAILED], "failed", "refund.failed", "refund_failed", 0, "attention"),
        ([PENDING, ACTION], "requires_action", "refund.action_required", "refund_requires_action", 1000, "attention"),
        ([PENDING, CANCELED], "canceled", "refund.canceled", "refund_failed", 0, "attention"),
        ([ACTION, CANCELED], "canceled", "refund.canceled", "refund_failed", 0, "attention"),
        ([ACTION, DONE], "succeeded", "refund.succeeded", None, 1000, "refunded"),
        ([ACTION, FAILED], "failed", "refund.failed", "refund_failed", 0, "attention"),
        ([LOST, PENDING], "pending", "refund.pending", None, 1000, "pending"),
        ([LOST, DONE], "succeeded", "refund.succeeded", None, 1000, "refunded"),
        ([LOST, FAILED], "failed", "refund.failed", "refund_failed", 0, "attention"),
        ([DONE, FAILED], "failed", "refund.failed", "refund_failed", 0, "attention"),
        ([DONE, BACK], "reversed", "refund.reversed", "refund_reversed", 0, "attention"),
    ],
    ids=lambda value: (
        "-".join(each.__name__ if callable(each) else str(each) for each in value)
        if isinstance(value, list)
        else str(value)
    ),
)
def test_what_a_gateway_says_moves_refund_event_case_and_money(
    story: list[Say], status: str, event: str, case: str | None, held: int, money: str
) -> None:
    order = make_order()
    ensure_policy(erp_memo_required=False)
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    for said in story:
        said(actor=SYSTEM, refund_id=refund.id, external_reference="re_1", code="x")
    refund.refresh_from_db()
    assert (refund.status, events_of(refund)[-1]) == (status, event)
    open_now = set(Case.objects.filter(subject_id=refund.id, status="open").values_list("kind", flat=True))
    assert open_now - {"refund_unrouted"} == ({case} if case else set())
    live = Refund.objects.filter(rma=rma, status__in=LIVE_REFUNDS)
    assert (sum(live.values_list("amount", flat=True)), fresh(rma).money) == (held, money)
    prove()


# The customer acted


def waiting_for_customer(told_at: datetime | None) -> Refund:
    refund = make_inspected_return(quantities={1: 1}).refunds.get()
    ACTION(actor=SYSTEM, refund_id=refund.id, external_reference="re_1", told_at=told_at)
    return refund


def test_it_goes_on_when_the_customer_acted_and_the_case_ends() -> None:
    asked = now() - timedelta(hours=1)
    refund = waiting_for_customer(asked)
    PENDING(actor=SYSTEM, refund_id=refund.id, told_at=asked + timedelta(minutes=5))
    refund.refresh_from_db()
    assert (refund.status, fresh(refund.rma).money) == ("pending", "pending")
    assert Case.objects.get(kind="refund_requires_action").resolution_reason.startswith("The customer did")
    ACTION(actor=SYSTEM, refund_id=refund.id, told_at=asked + timedelta(minutes=9))
    assert Case.objects.filter(kind="refund_requires_action", status="open").count() == 1
    prove()


@pytest.mark.parametrize("minutes", [-5, 0, None], ids=["older", "same", "untold"])
def test_a_message_that_is_not_known_to_be_later_leaves_it_waiting(minutes: int | None) -> None:
    asked = now() - timedelta(hours=1)
    refund = waiting_for_customer(asked)
    told_at = None if minutes is None else asked + timedelta(minutes=minutes)
    PENDING(actor=SYSTEM, refund_id=refund.id, told_at=told_at)
    refund.refresh_from_db()
    assert refund.status == "requires_action"
    assert Case.objects.get(kind="refund_requires_action").status == "open"


# Canceled by us


@pytest.mark.parametrize(
    "said", [None, PENDING, LOST, DONE, FAILED], ids=["submitting", "pending", "unknown", "paid", "failed"]
)
def test_a_gateway_is_asked_to_cancel_only_what_waits_for_the_customer(said: Say | None) -> None:
    refund = make_inspected_return(quantities={1: 1}).refunds.get()
    if said:
        said(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    before = events_of(refund)
    with pytest.raises(Conflict):
        canceling.request_cancel(actor=SYSTEM, refund_id=refund.id, reason="r")
    assert events_of(refund) == before


# Another try


def test_another_try_is_approved_anew_where_the_first_needed_it() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={})
    old = make_inspected_return(order, {1: 1}).refunds.get()
    person: Any = make_user("finance_approver").actor()
    refunds.approve_refund(actor=person, refund_id=old.id)
    FAILED(actor=SYSTEM, refund_id=old.id, code="card_closed")
    new = refunds.supersede_refund(actor=SYSTEM, refund_id=old.id, reason="card works again")
    assert (new.status, new.approval_id == old.approval_id) == ("pending_approval", False)
    with pytest.raises(Conflict):  # the former word is used up and carries nothing
        refunds.approve_refund(actor=person, refund_id=old.id)
    refunds.approve_refund(actor=person, refund_id=new.id)
    assert events_of(old)[-2:] == ["refund.failed", "refund.superseded"]
    assert Refund.objects.get(pk=new.pk).status == "submitting"
    prove()
