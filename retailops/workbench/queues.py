"""The counts beside the navigation: capped, so that they cost the same with ten rows and with ten million."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.cases.selectors import approvals_waiting_for
from retailops.events.enums import DeliveryStatus
from retailops.events.prepared_counts import PreparedCounts
from retailops.lib.clock import now
from retailops.workbench.case_list import cases_of_tab
from retailops.workbench.delivery_list import to_other_systems

LIMIT = 999
TROUBLED = (DeliveryStatus.DEAD, DeliveryStatus.IN_DOUBT)


@dataclass(frozen=True)
class Number:
    """A count as it is shown, and whether it asks for attention."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Queue:
    """What is counted beside one screen: of those who hold the permission, rows as of a moment."""

    permission: Permission
    rows: Callable[[Actor, datetime], QuerySet[Any]]
    tone: str


QUEUES = {
    "cases": Queue(Permission.CASES_VIEW, lambda actor, at: cases_of_tab(actor, at=at), "count-warn"),
    "dead": Queue(Permission.DELIVERIES_VIEW, lambda actor, _: _troubled(actor), "count-bad"),
    "approvals": Queue(Permission.APPROVALS_DECIDE, approvals_waiting_for, "count-warn"),
}


def counts(actor: Actor) -> dict[str, Number]:
    """Return the open work per screen that the actor may see; a count of zero is shown as nothing. One query."""
    return {key: _number(count, QUEUES[key].tone) for key, count in _COUNTS.of(actor, now()).items()}


def _counted(actor: Actor, at: datetime) -> dict[str, QuerySet[Any]]:
    return {key: queue.rows(actor, at) for key, queue in QUEUES.items() if can(actor, queue.permission)}


_COUNTS = PreparedCounts(_counted, LIMIT)


def _troubled(actor: Actor) -> QuerySet[Any]:
    """Return the deliveries in trouble: each status has its index, which one condition for both would pass by."""
    dead, in_doubt = (to_other_systems(actor).filter(status=status).values("pk") for status in TROUBLED)
    return dead.union(in_doubt, all=True)


def _number(count: int, tone: str) -> Number:
    text = "" if not count else f"{LIMIT}+" if count > LIMIT else str(count)
    return Number(text, tone if count else "")
