"""Leases that ran out: a worker died or lost the database. What may have been sent is not sent again unasked."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from django.db import transaction

from retailops.events.engine import LEASED_COLUMNS
from retailops.events.raw_sql import execute, fetch
from retailops.events.recording import record_within
from retailops.events.sending import unknown_outcome
from retailops.events.sending_state import read_state
from retailops.events.transport import Claimed

# A recording that is on its way gets this long before the lease counts as lost.
GRACE_SECONDS = 2.0
BATCH = 200

_EXPIRED: LiteralString = "l.expires_at < clock_timestamp() - make_interval(secs => %(grace)s)"
_NEVER_SENT: LiteralString = (
    "DELETE FROM events_lease l WHERE l.sending_since IS NULL AND "  # noqa: S608  # constants of our own
    + _EXPIRED
    + " RETURNING l.delivery_id, l.fence"
)
_RELEASED = """
UPDATE events_delivery d SET fence = r.fence
FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[]) AS r(id, fence) WHERE d.id = r.id
"""
_SENT: LiteralString = (
    "SELECT "
    + LEASED_COLUMNS
    + """
FROM events_lease l JOIN events_delivery d ON d.id = l.delivery_id JOIN events_event e ON e.id = d.event_id
WHERE l.sending_since IS NOT NULL AND """
    + _EXPIRED
    + """
ORDER BY d.id LIMIT %(limit)s FOR UPDATE OF l SKIP LOCKED
"""
)


def expire_leases() -> int:
    """Take back expired leases; return how many.

    Never sent → ready, as if it had not been claimed. Maybe sent and repeat-safe → ready again by the retry schedule
    (dead past its deadline); maybe sent and not repeat-safe → in doubt. Both leave an attempt that says so, and the
    fence moves on, so that the answer of a worker that still lives is late.
    """
    return _release_never_sent() + _expire_sent()


@transaction.atomic
def _release_never_sent() -> int:
    """The fence moves on, so that a worker that wakes up cannot renew or record."""
    released = fetch(_NEVER_SENT, {"grace": GRACE_SECONDS})
    if released:
        execute(_RELEASED, {"ids": [row[0] for row in released], "fences": [row[1] for row in released]})
    return len(released)


def _expire_sent() -> int:
    with transaction.atomic():
        rows = fetch(_SENT, {"grace": GRACE_SECONDS, "limit": BATCH, "timeout": 0.0})
        by_destination: dict[UUID, list[Claimed]] = {}
        for row in rows:
            by_destination.setdefault(row[1], []).append(Claimed._make(row))
        for destination_id in sorted(by_destination):
            _expire_of(destination_id, by_destination[destination_id])
        return len(rows)


def _expire_of(destination_id: UUID, lost: Sequence[Claimed]) -> None:
    state = read_state(destination_id)
    if state is None:
        return
    code, message = "lease_expired", "The worker that was sending this disappeared; it may have been sent."
    record_within(state, [unknown_outcome(claimed, code, message) for claimed in lost], None)
