"""The event feed: every event once, in order, with no gap, however transactions overlap.

Events are ordered by the transaction that wrote them, and shown only when no older transaction can still commit. A
long transaction therefore delays the feed and never makes it skip.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from retailops.accounts.actor import Actor
from retailops.events.models import Event
from retailops.events.selectors import events_visible_to
from retailops.lib.pagination import decode_cursor, encode_cursor, wrong_parameter

KIND = "feed"


@dataclass(frozen=True)
class FeedPage:
    """Events in order, the cursor to go on from (always there), and whether more are waiting already."""

    events: list[Event]
    next_cursor: str
    more: bool


def read_feed(actor: Actor, *, after: str = "", types: Sequence[str] = (), limit: int = 200) -> FeedPage:
    """Return up to `limit` events after the cursor ("" is the beginning), in the actor's regions and brands.

    `types` are exact names or prefixes such as `return.*`; none means all. Raises Invalid for a damaged cursor.
    """
    transaction_id, position = _position(after)
    horizon = _horizon()
    rows = events_visible_to(actor).filter(
        Q(transaction_id=transaction_id, position__gt=position) | Q(transaction_id__gt=transaction_id),
        transaction_id__gte=transaction_id,
        transaction_id__lt=horizon,
    )
    if types:
        rows = rows.filter(_of_types(types))
    found = list(rows.order_by("transaction_id", "position")[: limit + 1])
    if len(found) > limit:
        last = found[limit - 1]
        return FeedPage(found[:limit], encode_cursor(KIND, [last.transaction_id, last.position]), more=True)
    # Everything below the horizon was seen, so the next look need not pass over it again.
    seen = max((transaction_id, position), (horizon, -1))
    return FeedPage(found, encode_cursor(KIND, seen), more=False)


def _position(after: str) -> tuple[int, int]:
    if not after:
        return (0, -1)
    transaction_id, position = decode_cursor(KIND, after, 2)
    if not (_whole(transaction_id) and _whole(position)):
        raise wrong_parameter("after", "The cursor is damaged; begin again without one.")
    return (transaction_id, position)


def _whole(value: object) -> bool:
    return type(value) is int and -1 <= value < 2**63


# Transactions of other databases of the server cannot write here; sessions that we may not look into count as ours.
_HORIZON = """
SELECT coalesce(min(running::text::bigint), pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
FROM pg_snapshot_xip(pg_current_snapshot()) AS running
WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity AS other
                  WHERE other.backend_xid = running::xid AND other.datname <> current_database())
"""


def _horizon() -> int:
    """Return the oldest transaction that may still be open here: nothing older can appear any more."""
    with connection.cursor() as cursor:
        cursor.execute(_HORIZON)
        return int(cursor.fetchone()[0])


def _of_types(types: Sequence[str]) -> Q:
    wanted = Q(type__in=[name for name in types if not name.endswith("*")])
    for name in types:
        if name.endswith("*"):
            wanted |= Q(type__startswith=name.removesuffix("*"))
    return wanted
