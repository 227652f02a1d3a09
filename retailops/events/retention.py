"""What the engine forgets: answers to old idempotency keys; attempts of finished deliveries, where a limit is set.

Events are never forgotten here. Attempts are append-only by trigger; retention alone says so in its transaction.
"""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction

from retailops.events.idempotency import forget_old
from retailops.events.raw_sql import execute
from retailops.lib.clock import now

BATCH = 5000


def retain() -> int:
    """Delete one batch of what may go; return how many rows. A sweep."""
    return forget_old() + forget_attempts()


def forget_attempts(days: int | None = None) -> int:
    """Delete attempts of deliveries finished more than `days` ago (default: ATTEMPT_RETENTION_DAYS; 0 keeps all)."""
    kept = getattr(settings, "ATTEMPT_RETENTION_DAYS", 0) if days is None else days
    if not kept:
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('retailops.retention', 'on', true)")
        gone = execute(_FORGET, {"before": now() - timedelta(days=kept), "limit": BATCH})
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('retailops.retention', '', true)")
        return gone


_FORGET = """
DELETE FROM events_attempt a USING (
    SELECT id FROM events_delivery
    WHERE finished_at < %(before)s AND status IN ('delivered', 'discarded', 'superseded')
      AND EXISTS (SELECT 1 FROM events_attempt o WHERE o.delivery_id = events_delivery.id)
    LIMIT %(limit)s) AS old
WHERE a.delivery_id = old.id
"""
