"""Decisions on a return: every transition with its guard."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.cases.services import resolve_case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound
from retailops.lib.fsm import TransitionRefused
from returns.models import Receipt, ReceiptLine, Return, ReturnLine
from returns.policy import rules_of
from returns.services import decisions
from returns.sweeps import expire_overdue
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
    slice_data,
)
from tests.returns.proofs import prove

pytestmark = pytest.mark.django_db
Command = Callable[..., Return]


def in_state(state: str) -> Return:
    """Return a return in the decision state."""
    order = make_order()
    ensure_policy(auto_authorize=state not in ("requested", "in_review", "declined"))
    rma = make_return(order, {1: 1})
    steps: dict[str, Callable[[], object]] = {
        "declined": lambda: decisions.decline_return(actor=SYSTEM, return_id=rma.id, reason="no"),
        "canceled": lambda: decisions.cancel_return(actor=SYSTEM, return_id=rma.id),
        "expired": lambda: expire(rma),
        "closed": lambda: reject_all(rma),
    }
    steps.get(state, lambda: None)()
    assert fresh(rma).status == state
    return rma


def expire(rma: Return) -> None:
    """Let the deadline pass."""
    Return.objects.filter(pk=rma.pk).update(expires_at=now() - timedelta(seconds=1))
    decisions.expire_return(actor=SYSTEM, return_id=rma.id)


def reject_all(rma: Return) -> None:
    """Receive and reject everything: nothing is left to do."""
    make_receipt(rma)
    make_inspection(rma, [slice_data(accepted=False, disposition="damaged")])


TABLE = {
    decisions.authorize_return: ({"in_review"}, "authorized", "return.authorized"),
    decisions.decline_return: ({"in_review"}, "declined", "return.declined"),
    decisions.cancel_return: ({"in_review", "authorized"}, "canceled", "return.canceled"),
    decisions.reinstate_return: ({"expired", "declined"}, "authorized", "return.reinstated"),
    decisions.reopen_return: ({"closed"}, "authorized", "return.reopened"),
}
STATES = ("in_review", "authorized", "declined", "canceled", "expired", "closed")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", TABLE, ids=lambda command: str(command.__name__))
def test_each_transition_is_allowed_or_refused(command: Command, state: str) -> None:
    allowed, target, told = TABLE[command]
    rma = in_state(state)
    before = Event.objects.count()
    if state in allowed:
        command(actor=SYSTEM, return_id=rma.id, reason="because")
        last = Event.objects.filter(subject_id=rma.id, type__startswith="return.").order_by("position").last()
        assert fresh(rma).status == target
        assert last is not None
        assert (last.type, last.reason_code, last.remark.text, last.actor) == (told, "", "because", "system:test")
    else:
        with pytest.raises(Conflict):
            command(actor=SYSTEM, return_id=rma.id, reason="because")
        assert (fresh(rma).status, Event.objects.count()) == (state, before)
    prove()


def test_a_stale_form_is_refused_with_the_difference() -> None:
    rma = in_state("in_review")
    decisions.authorize_return(actor=SYSTEM, return_id=rma.id, reason="fine", expected_version=1)
    with pytest.raises(Conflict) as refused:
        decisions.cancel_return(actor=SYSTEM, return_id=rma.id, expected_version=1)
    assert refused.value.code == "stale"
    assert refused.value.extra == {"expected_version": 1, "present_version": 2, "present_status": "authorized"}


@pytest.mark.parametrize("command", [decisions.decline_return, decisions.reinstate_return, decisions.reopen_return])
def test_a_reason_is_needed(command: Command) -> None:
    with pytest.raises(Invalid):
        command(actor=SYSTEM, return_id=make_return().id, reason=" ")


def test_no_cancel_after_goods_or_money() -> None:
    received = make_return()
    make_receipt(received)
    order = make_order()
    ensure_policy(keep_it_below={"GBP": 9999})
    refunded = make_return(order)
    for rma, code in ((received, "received"), (refunded, "refund-live")):
        with pytest.raises(Conflict) as refused:
            decisions.cancel_return(actor=SYSTEM, return_id=rma.id)
        assert refused.value.code == code
    prove()


def test_a_canceled_return_frees_its_units() -> None:
    order = make_order()
    decisions.cancel_return(actor=SYSTEM, return_id=make_return(order, {2: 1}).id)
    assert make_return(order, {2: 1}).status == "authorized"


def test_no_reinstating_when_the_units_are_taken() -> None:
    order = make_order()
    rma = make_return(order, {2: 1})
    expire(rma)
    make_return(order, {2: 1})
    with pytest.raises(Conflict) as refused:
        decisions.reinstate_return(actor=SYSTEM, return_id=rma.id, reason="please")
    assert refused.value.code == "units-taken"
    prove()


def test_a_reopened_return_has_a_deadline_of_its_own() -> None:
    rma = in_state("closed")
    Return.objects.filter(pk=rma.pk).update(expires_at=now() - timedelta(days=9))
    reopened = decisions.reopen_return(actor=SYSTEM, return_id=rma.id, reason="more is coming")
    days = rules_of(reopened.policy).expires_days
    assert reopened.expires_at is not None
    assert fresh(rma).expires_at == reopened.expires_at
    assert timedelta(days=days, minutes=-5) < reopened.expires_at - now() <= timedelta(days=days)
    assert expire_overdue() == 0
    prove()


def test_the_sweep_expires_only_what_nobody_sent() -> None:
    due, scanned, arrived, early = (make_return() for _ in range(4))
    Return.objects.exclude(pk=early.pk).update(expires_at=now())
    Return.objects.filter(pk=scanned.pk).update(in_transit_at=now())
    make_receipt(arrived)
    assert expire_overdue() == 1
    assert [fresh(rma).status for rma in (due, scanned, arrived, early)] == [
        "expired", "authorized", "authorized", "authorized",
    ]  # fmt: skip
    for rma in (scanned, arrived, early):
        with pytest.raises(Conflict):
            decisions.expire_return(actor=SYSTEM, return_id=rma.id)


def test_closing_by_hand_names_what_is_left() -> None:
    rma = make_inspected_return(quantities={1: 1})
    with pytest.raises(Conflict) as refused:
        decisions.close_return(actor=SYSTEM, return_id=rma.id, reason="done")
    assert refused.value.code == "not-complete"
    assert refused.value.extra["left"] == ["a refund is not settled", "1 cases are open"]
    assert fresh(rma).status == "authorized"


def test_the_last_case_closes_the_return() -> None:
    rma = make_return()
    make_receipt(rma, {1: 2})
    make_inspection(rma, [slice_data(accepted=False, disposition="damaged")])
    assert (fresh(rma).status, fresh(rma).open_cases) == ("authorized", 1)
    case = Case.objects.get(subject_id=rma.id)
    resolve_case(SYSTEM, case.id, "sent back", {"tracking": "T"})
    assert (fresh(rma).status, fresh(rma).open_cases) == ("closed", 0)
    prove()


@pytest.mark.parametrize(
    ("command", "permission", "state"),
    [
        (decisions.authorize_return, Permission.RETURNS_DECIDE, "in_review"),
        (decisions.decline_return, Permission.RETURNS_DECIDE, "in_review"),
        (decisions.cancel_return, Permission.RETURNS_DECIDE, "authorized"),
        (decisions.reinstate_return, Permission.RETURNS_DECIDE, "expired"),
        (decisions.reopen_return, Permission.RETURNS_REOPEN, "closed"),
    ],
)
def test_three_persons(command: Command, permission: str, state: str) -> None:
    rma = in_state(state)
    allowed, elsewhere, nobody = everyone_with(permission, Permission.RETURNS_VIEW)
    looker = actor_with(Permission.RETURNS_VIEW)
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            command(actor=actor, return_id=rma.id, reason="r")
    assert fresh(rma).status == state
    assert command(actor=allowed, return_id=rma.id, reason="r").status != state


@pytest.mark.parametrize(
    "change",
    [
        {"authorized": 2},
        {"received": 2},
        {"accepted": 1},
        {"missing": 1, "kept": 1},
        {"requested": 0, "authorized": 0},
    ],
)
def test_the_database_keeps_the_counters_possible(change: dict[str, int]) -> None:
    rma = make_return(quantities={1: 1})
    with pytest.raises(IntegrityError), transaction.atomic():
        ReturnLine.objects.filter(rma=rma).update(**change)


def test_the_database_knows_the_states() -> None:
    rma = make_return()
    with pytest.raises(IntegrityError), transaction.atomic():
        Return.objects.filter(pk=rma.pk).update(status="lost")


def test_receipts_are_append_only() -> None:
    rma = make_return()
    make_receipt(rma)
    for rows in (Receipt.objects.filter(rma=rma), ReceiptLine.objects.filter(receipt__rma=rma)):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(id=rows[0].pk)
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.delete()


def test_a_refused_transition_names_the_present_state() -> None:
    rma = in_state("canceled")
    with pytest.raises(DomainError) as refused:
        decisions.authorize_return(actor=SYSTEM, return_id=rma.id)
    assert isinstance(refused.value, TransitionRefused)
    assert refused.value.extra == {"present": "canceled"}
