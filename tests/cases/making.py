"""Troubles of any kind for tests of cases and groups, and three persons to work them."""

from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor, Grant
from retailops.accounts.permissions import Permission
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseQueue
from retailops.cases.services import open_case, set_due
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.lib.ids import uuid7
from retailops.lib.money import Money

SYSTEM = Actor.system("test")
WORKS = frozenset({Permission.CASES_VIEW, Permission.CASES_WORK})


def worker(*regions: str, manages: bool = False) -> Actor:
    """Return a person who works cases of these regions (none: all)."""
    allowed = WORKS | {Permission.CASES_MANAGE} if manages else WORKS
    return Actor("user", str(uuid7()), "Olivia", (Grant(frozenset(allowed), frozenset(regions or {"*"})),))


def reader() -> Actor:
    """Return a person who sees every case and changes none."""
    return Actor("user", str(uuid7()), "Ron", (Grant(frozenset({Permission.CASES_VIEW})),))


def case_in(region: str = "EU", **fields: Any) -> CaseIn:
    """Return the input of a case about a return of the region; all of them are of one cause."""
    id = uuid7()
    defaults: dict[str, Any] = {
        "kind": "delivery.dead", "queue": CaseQueue.BUSINESS, "title": f"Stripe refused RMA-{id.hex[-6:]}",
        "group_title": "Stripe refuses refunds: disputed", "dedupe_key": f"delivery:{id}", "fingerprint": "f" * 32,
        "subject": Subject("return", id, uuid7(), str(id), region, "acme", "web"), "money": Money(1999, "GBP"),
        "connection": "stripe", "system": "stripe", "operation": "refund.create", "failure_class": "business",
        "failure_code": "charge_disputed", "versions": (1, 1),
    }  # fmt: skip
    return CaseIn(**(defaults | fields))


def opened(region: str = "EU", **fields: Any) -> Case:
    """Return a case that has just been opened; `due_at` is when it is due, in place of what its promise says."""
    due_at = fields.pop("due_at", None)
    case = open_case(SYSTEM, case_in(region, **fields))
    set_due({case.id: due_at})
    case.refresh_from_db()
    return case


def told_of(group_id: UUID) -> list[str]:
    """Return the types of a group's events, in order."""
    rows = Event.objects.filter(subject_type="case_group", subject_id=group_id).order_by("position")
    return list(rows.values_list("type", flat=True))
