"""Approvals: bound to one exact thing, decided by a second person, used once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.actor import Actor, Grant
from retailops.accounts.permissions import Permission
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval, ApprovalStatus
from retailops.cases.selectors import approvals_visible_to, approvals_waiting_for
from retailops.cases.services import (
    approve,
    consume_approval,
    expire_approvals,
    refuse,
    request_approval,
    void_approval,
)
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.lib.ids import uuid7
from retailops.lib.money import Money

pytestmark = pytest.mark.django_db
DECIDES = frozenset({Permission.CASES_VIEW, Permission.APPROVALS_DECIDE})
MAKER = Actor("user", "1", "Olivia", (Grant(DECIDES),))
CHECKER = Actor("user", "2", "Fiona", (Grant(DECIDES, frozenset({"EU"})),))
STRANGER = Actor("user", "3", "Sam", (Grant(DECIDES, frozenset({"US"})),))
READER = Actor("user", "4", "Ron", (Grant(frozenset({Permission.CASES_VIEW})),))
REFUND = uuid7()
MONEY = Money(60_000, "EUR")


def asked(**fields: object) -> ApprovalIn:
    """Return a request over one refund in the EU."""
    defaults: dict[str, object] = {
        "kind": "test_favor",
        "subject": Subject("favor", REFUND, REFUND, str(REFUND), "EU", "acme", "web"),
        "payload": {"leg": 1},
        "reason": "the customer is right",
        "money": MONEY,
    }
    return ApprovalIn(**(defaults | fields))  # type: ignore[arg-type]  # test factory


def consume(*, money: Money = MONEY, payload: dict[str, Any] | None = None) -> Approval:
    """Use the approval."""
    return consume_approval(MAKER, kind="test_favor", subject_id=REFUND, money=money, payload=payload or {"leg": 1})


def types() -> list[str]:
    """Return the types of the approval events, in order."""
    return list(Event.objects.filter(type__startswith="approval.").order_by("position").values_list("type", flat=True))


def test_requested_approved_consumed_once() -> None:
    made = request_approval(MAKER, asked())
    assert list(approvals_waiting_for(CHECKER)) == [made]
    assert list(approvals_waiting_for(MAKER)) == []
    approve(CHECKER, made.id, "seen the goods")
    assert consume().id == made.id
    stored = Approval.objects.get()
    assert (stored.status, stored.decided_by) == (ApprovalStatus.CONSUMED, CHECKER.key)
    with pytest.raises(Conflict):
        consume()
    assert types() == ["approval.requested", "approval.approved", "approval.consumed"]


def test_the_requester_cannot_decide() -> None:
    made = request_approval(MAKER, asked())
    for command in (approve, refuse):
        with pytest.raises(Denied):
            command(MAKER, made.id, "I say so")
    assert Approval.objects.get().status == ApprovalStatus.REQUESTED
    with pytest.raises(IntegrityError, match="approver_is_not_requester"), transaction.atomic():
        Approval.objects.update(decided_by=MAKER.key)


@pytest.mark.parametrize(("actor", "error"), [(STRANGER, NotFound), (READER, Denied)])
def test_others_cannot_decide(actor: Actor, error: type[Exception]) -> None:
    made = request_approval(MAKER, asked())
    with pytest.raises(error):
        approve(actor, made.id, "yes")
    assert Approval.objects.get().status == ApprovalStatus.REQUESTED
    assert approvals_visible_to(STRANGER).count() == 0


@pytest.mark.parametrize(
    "changed", [{"money": Money(60_001, "EUR")}, {"money": Money(60_000, "USD")}, {"payload": {"leg": 2}}]
)
def test_it_covers_nothing_else(changed: dict[str, Any]) -> None:
    approve(CHECKER, request_approval(MAKER, asked()).id, "yes")
    with pytest.raises(Conflict) as refused:
        consume(**changed)
    assert refused.value.code == "approval-differs"
    assert Approval.objects.get().status == ApprovalStatus.APPROVED


def test_refused_is_refused() -> None:
    made = request_approval(MAKER, asked())
    refuse(CHECKER, made.id, "no receipt")
    with pytest.raises(Conflict):
        consume()
    with pytest.raises(Conflict):
        approve(CHECKER, made.id, "changed my mind")
    request_approval(MAKER, asked())
    assert Approval.objects.count() == 2


def test_the_same_request_waits_once_and_another_is_refused() -> None:
    made = request_approval(MAKER, asked())
    assert request_approval(MAKER, asked()).id == made.id
    with pytest.raises(Conflict):
        request_approval(MAKER, asked(money=Money(1, "EUR")))
    assert void_approval(MAKER, kind="test_favor", subject_id=REFUND, reason="the amount changed") == 1
    request_approval(MAKER, asked(money=Money(1, "EUR")))
    assert types() == ["approval.requested", "approval.voided", "approval.requested"]


def test_nothing_lasts_for_ever() -> None:
    made = request_approval(MAKER, asked())
    Approval.objects.update(expires_at=now() - timedelta(seconds=1))
    with pytest.raises(Conflict):
        approve(CHECKER, made.id, "yes")
    Approval.objects.update(status=ApprovalStatus.APPROVED)
    with pytest.raises(Conflict) as refused:
        consume()
    assert refused.value.code == "approval-expired"
    assert expire_approvals() == 1
    assert Approval.objects.get().status == ApprovalStatus.EXPIRED
    assert types()[-1] == "approval.expired"


def test_a_reason_is_required() -> None:
    with pytest.raises(Invalid):
        request_approval(MAKER, asked(reason=" "))
    assert Approval.objects.count() == 0
