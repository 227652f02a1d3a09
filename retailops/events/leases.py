"""The hold of a delivery on its lane, apart from claim and record: looked at, kept while in doubt, let go."""

from collections.abc import Sequence
from uuid import UUID

from retailops.events.models import Delivery, Lease
from retailops.events.raw_sql import execute, fetch
from retailops.events.transport import Claimed

_HOLD = """
UPDATE events_lease SET expires_at = NULL, owner = ''
WHERE destination_id = %(destination)s AND lane_key = ANY(%(lanes)s::text[])
"""
_LET_GO = """
DELETE FROM events_lease
WHERE destination_id = %(destination)s AND lane_key = %(lane)s AND delivery_id = %(id)s
"""
_OUT_OF_DOUBT = """
UPDATE events_delivery SET status = 'ready', attempt_no = attempt_no - 1
WHERE id = %(id)s AND fence = %(fence)s AND status = 'in_doubt'
"""
_TAKE_UP = """
INSERT INTO events_lease (destination_id, lane_key, delivery_id, fence, owner, expires_at)
VALUES (%(destination)s, %(lane)s, %(id)s, %(fence)s, 'look-up', clock_timestamp())
ON CONFLICT (destination_id, lane_key) DO UPDATE
SET expires_at = excluded.expires_at, fence = excluded.fence WHERE events_lease.delivery_id = excluded.delivery_id
"""
_IS_MINE = """
SELECT 1 FROM events_lease
WHERE destination_id = %(destination)s AND lane_key = %(lane)s AND delivery_id = %(id)s AND fence = %(fence)s
  AND expires_at IS NOT NULL
FOR UPDATE
"""


def is_leased(delivery: Delivery) -> bool:
    """Tell whether a worker is sending the delivery. To act on the answer, lock the delivery first: a claim does."""
    lane = Lease.objects.filter(destination=delivery.destination_id, lane_key=delivery.lane_key)
    return lane.filter(delivery=delivery, expires_at__isnull=False).exists()


def is_mine(claimed: Claimed) -> bool:
    """Tell whether the lease that the delivery was claimed with still stands, and lock it."""
    return bool(fetch(_IS_MINE, _place(claimed) | {"fence": claimed.fence}))


def take_up(claimed: Claimed) -> bool:
    """Lease a delivery in doubt, to record what is known of it now; False where it left that doubt meanwhile."""
    ready = execute(_OUT_OF_DOUBT, {"id": claimed.id, "fence": claimed.fence})
    if ready:
        execute(_TAKE_UP, _place(claimed) | {"fence": claimed.fence})
    return bool(ready)


def hold_in_doubt(destination_id: UUID, lane_keys: Sequence[str]) -> None:
    """Keep the lanes of leased deliveries that are in doubt now held, without an end."""
    execute(_HOLD, {"destination": destination_id, "lanes": list(lane_keys)})


def let_go(delivery: Claimed | Delivery) -> None:
    """Free the lane of a delivery that leaves doubt."""
    execute(_LET_GO, _place(delivery))


def _place(delivery: Claimed | Delivery) -> dict[str, object]:
    return {"destination": delivery.destination_id, "lane": delivery.lane_key, "id": delivery.id}
