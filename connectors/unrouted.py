"""Refunds, memos and exchanges that no connection took when they were due: owed at once when one is there.

Their cases say so ("no connection pays its refund"). What was meanwhile settled by other means is not sent:
the refund, memo or exchange is locked and must still be waiting.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from connectors.routing import route
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.services import resolve_troubles
from retailops.events.enums import DestinationKind
from retailops.events.models import Delivery, Event
from retailops.events.publish import deliver
from retailops.events.raw_sql import fetch
from returns.access import access_memo, access_refund
from returns.enums import CreditMemoStatus, ExchangeStatus, RefundStatus
from returns.services.locking import lock_exchange

SWEEP = Actor.system("sweep")
LIMIT = 500


@dataclass(frozen=True)
class Owed:
    """An event that must reach a connection: the id of what it is about, and whether that still waits (locks it)."""

    event_type: str
    operation: str
    field: str
    waits: Callable[[UUID], bool]
    trouble: str


def _refund_waits(refund_id: UUID) -> bool:
    return bool(access_refund(SWEEP, refund_id, lock=True).status == RefundStatus.SUBMITTING)


def _memo_waits(memo_id: UUID) -> bool:
    return bool(access_memo(SWEEP, memo_id, lock=True).status == CreditMemoStatus.QUEUED)


def _exchange_waits(exchange_id: UUID) -> bool:
    return bool(lock_exchange(SWEEP, exchange_id, Permission.RETURNS_VIEW).status == ExchangeStatus.RELEASED)


OWED = (
    Owed("refund.submitted", "refund.create", "refund_id", _refund_waits, "refund_unrouted"),
    Owed("credit_memo.queued", "credit_memo.post", "memo_id", _memo_waits, "memo_unrouted"),
    Owed("exchange.released", "exchange.ship", "exchange_id", _exchange_waits, "exchange_unrouted"),
)

# Open cases name what is unrouted, so that the sweep reads no history.
_UNROUTED = """
SELECT e.id FROM cases_case c
JOIN events_event e ON e.correlation_id = c.correlation_id AND e.type = %(type)s
    AND c.dedupe_key = %(trouble)s || ':' || (e.data->>%(field)s)
WHERE c.status = 'open' AND c.kind = %(trouble)s
  AND NOT EXISTS (SELECT 1 FROM events_delivery d WHERE d.event_id = e.id AND d.operation = %(operation)s)
ORDER BY e.position LIMIT %(limit)s
"""


def send_unrouted() -> int:
    """Owe what waits for a connection to one that serves it now; return how many were owed. A registered sweep."""
    return sum(_owe(owed, event) for owed in OWED for event in _events(owed))


def _events(owed: Owed) -> Iterable[Event]:
    keys = {
        "type": owed.event_type,
        "field": owed.field,
        "trouble": owed.trouble,
        "operation": owed.operation,
        "limit": LIMIT,
    }
    ids = [row[0] for row in fetch(_UNROUTED, keys)]
    return Event.objects.filter(id__in=ids).order_by("position")


@transaction.atomic
def _owe(owed: Owed, event: Event) -> bool:
    if not any(spec.operation == owed.operation for _, spec in route([event])):
        return False
    thing = str(event.data[owed.field])
    if not owed.waits(UUID(thing)):
        return False
    deliver([event], {event.id: str(event.data["return_id"])}, only=DestinationKind.CONNECTION)
    if not Delivery.objects.filter(event=event, operation=owed.operation).exists():
        return False
    evidence = {"event": str(event.id), "operation": owed.operation}
    resolve_troubles(SWEEP, f"{owed.trouble}:{thing}", "A connection takes it now.", evidence, cause=event.id)
    return True
