"""Leases that ran out: a worker died or lost the database. What may have been sent is not sent again unasked."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from django.db import transaction

from retailops.events.engine import CLAIMED_COLUMNS
from retailops.events.raw_sql import execute, fetch
from retailops.events.recording import record_within
from retailops.events.sending import unknown_outcome
from retailops.events.sending_state import read_state
from retailops.events.transport import Claimed

# A recording that is on its way gets this long before the lease counts as lost.
GRACE_SECONDS = 2.0
BATCH = 200

_NEVER_SENT = """
WITH expired AS MATERIALIZED (
    SELECT id FROM events_delivery
    WHERE status = 'leased' AND sending_since IS NULL
      AND lease_expires_at < clock_timestamp() - make_interval(secs => %(grace)s)
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
UPDATE events_delivery d
SET status = 'ready', fence = d.fence + 1, attempt_no = d.attempt_no - 1, lease_owner = '', lease_expires_at = NULL
FROM expired WHERE d.id = expired.id RETURNING d.destination_id
"""
_SENT: LiteralString = (
    "SELECT "
    + CLAIMED_COLUMNS
    + """
FROM events_delivery d JOIN events_event e ON e.id = d.event_id
WHERE d.status = 'leased' AND d.sending_since IS NOT NULL
  AND d.lease_expires_at < clock_timestamp() - make_interval(secs => %(grace)s)
ORDER BY d.id LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
"""
)


def expire_leases() -> int:
    """Take back expired leases; return how many.

    Never sent → ready, as if it had not been claimed. Maybe sent and repeat-safe → ready again by the retry schedule
    (dead past its deadline); maybe sent and not repeat-safe → in doubt. Both leave an attempt that says so, and the
    fence moves on, so that the answer of a worker that still lives is late.
    """
    released = fetch(_NEVER_SENT, {"grace": GRACE_SECONDS, "limit": BATCH})
    return len(released) + _expire_sent()


def _expire_sent() -> int:
    with transaction.atomic():
        rows = fetch(_SENT, {"grace": GRACE_SECONDS, "limit": BATCH, "timeout": 0.0})
        by_destination: dict[UUID, list[Claimed]] = {}
        for row in rows:
            by_destination.setdefault(row[1], []).append(Claimed.of_row(row))
        for destination_id in sorted(by_destination):
            _expire_of(destination_id, by_destination[destination_id])
        return len(rows)


def _expire_of(destination_id: UUID, lost: Sequence[Claimed]) -> None:
    state = read_state(destination_id)
    if state is None:
        return
    code, message = "lease_expired", "The worker that was sending this disappeared; it may have been sent."
    record_within(state, [unknown_outcome(claimed, code, message) for claimed in lost], None)
    ids = [claimed.id for claimed in lost]
    execute("UPDATE events_delivery SET fence = fence + 1 WHERE id = ANY(%(ids)s)", {"ids": ids})
