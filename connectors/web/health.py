"""How each connection is: what it may send now, what waits, how the last hour went. Live queries, no rollups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from django.db.models import Count, Min, Q

from connectors.models import Connection, Credential, InboxMessage, InboxStatus, Mute
from connectors.services.probing import heartbeat_name
from connectors.web.sparkline import BUCKETS, Bar, bars
from retailops.events.models import Heartbeat
from retailops.events.raw_sql import fetch
from retailops.events.selectors import QueueFigures, queue_figures
from retailops.lib.clock import now
from retailops.lib.ids import uuid7_at

WINDOW = timedelta(hours=1)
UNWELL = ("paused", "open", "half_open")
# What may fail for technical reasons before the budget is spent: 1 in 100 attempts.
ALLOWED = 0.01
SOON = timedelta(days=14)


@dataclass(frozen=True)
class LastHour:
    """How sending to one destination went: attempts, those that did not get there, durations in milliseconds.

    `technical` are the failures that are not the remote's considered "no". `last_minute` is the attempts of it.
    """

    attempts: int = 0
    failed: int = 0
    technical: int = 0
    last_minute: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None

    @property
    def error_share(self) -> float | None:
        """Return the share of attempts that did not get there, 0 to 100; None without attempts."""
        return 100 * self.failed / self.attempts if self.attempts else None

    @property
    def success_share(self) -> float | None:
        """Return the share of attempts that got there, 0 to 100; None without attempts."""
        return None if self.error_share is None else 100 - self.error_share

    @property
    def budget_left(self) -> float | None:
        """Return what is left of the error budget, 0 to 100; None without attempts."""
        return max(0.0, 100 * (1 - self.technical / (ALLOWED * self.attempts))) if self.attempts else None


@dataclass(frozen=True)
class ConnectionHealth:
    """A connection with its state in one word, its figures and its last probe."""

    connection: Connection
    queue: QueueFigures
    hour: LastHour
    probe: Heartbeat | None
    bars: Sequence[Bar] = ()
    mute: Mute | None = None
    # Of the secret that ends first, where any is known to end.
    expires_at: datetime | None = None
    inbox_dead: int = 0
    inbox_waiting: int = 0

    @property
    def state(self) -> str:
        """Return paused, open, half_open or closed (working)."""
        destination = self.connection.destination
        return "paused" if destination.paused else str(destination.circuit)

    @property
    def waiting(self) -> int:
        """Return how many deliveries wait to be sent or are being sent."""
        return self.queue.ready + self.queue.leased

    @property
    def rate_share(self) -> float:
        """Return how much of what it may send was sent in the last minute, 0 to 100."""
        return min(100.0, 100 * self.hour.last_minute / (60 * self.connection.destination.rate_per_second))

    @property
    def expiry_tone(self) -> str:
        """Return bad for a secret that has ended, warn for one that ends soon, else nothing."""
        if self.expires_at is None or self.expires_at > now() + SOON:
            return ""
        return "bad" if self.expires_at <= now() else "warn"


def health_of(connections: Sequence[Connection]) -> list[ConnectionHealth]:
    """Return the health of each, those in trouble first, then by label; a fixed number of queries."""
    ids = [connection.destination_id for connection in connections]
    own = [connection.id for connection in connections]
    queues, tried, drawn = queue_figures(ids), _last_hour(ids), _buckets(ids)
    probes = Heartbeat.objects.in_bulk([heartbeat_name(connection) for connection in connections])
    mutes, ends, stored = _mutes(own), _expiries(own), _inbox(own)
    found = [
        ConnectionHealth(
            connection=each,
            queue=queues.get(each.destination_id, QueueFigures()),
            hour=tried.get(each.destination_id, LastHour()),
            probe=probes.get(heartbeat_name(each)),
            bars=bars(drawn.get(each.destination_id, {})),
            mute=mutes.get(each.id),
            expires_at=ends.get(each.id),
            inbox_dead=stored.get(each.id, (0, 0))[0],
            inbox_waiting=stored.get(each.id, (0, 0))[1],
        )
        for each in connections
    ]
    return sorted(found, key=lambda one: (one.state not in UNWELL, not one.queue.dead, one.connection.label.lower()))


# The id carries its time, so the primary key finds the last hour.
_HOUR: LiteralString = """
SELECT d.destination_id, count(*), count(*) FILTER (WHERE a.outcome <> 'delivered'),
  count(*) FILTER (WHERE a.outcome NOT IN ('delivered', 'business')),
  count(*) FILTER (WHERE a.started_at >= %(minute)s),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY a.duration_ms),
  percentile_cont(0.95) WITHIN GROUP (ORDER BY a.duration_ms)
FROM events_attempt a JOIN events_delivery d ON d.id = a.delivery_id
WHERE a.id >= %(since_id)s AND d.destination_id = ANY(%(ids)s::uuid[])
GROUP BY d.destination_id
"""
_BUCKETS: LiteralString = """
SELECT d.destination_id, width_bucket(extract(epoch FROM a.started_at), %(since)s::float8, %(until)s::float8, %(n)s),
  count(*), count(*) FILTER (WHERE a.outcome <> 'delivered')
FROM events_attempt a JOIN events_delivery d ON d.id = a.delivery_id
WHERE a.id >= %(since_id)s AND d.destination_id = ANY(%(ids)s::uuid[])
GROUP BY 1, 2
"""


def _last_hour(ids: list[UUID]) -> dict[UUID, LastHour]:
    moment = now()
    asked = {"since_id": uuid7_at(moment - WINDOW), "minute": moment - timedelta(minutes=1), "ids": ids}
    return {row[0]: LastHour(*row[1:]) for row in fetch(_HOUR, asked)}


def _buckets(ids: list[UUID]) -> dict[UUID, dict[int, tuple[int, int]]]:
    moment = now()
    asked = {
        "since_id": uuid7_at(moment - WINDOW), "since": (moment - WINDOW).timestamp(), "until": moment.timestamp(),
        "n": BUCKETS, "ids": ids,
    }  # fmt: skip
    found: dict[UUID, dict[int, tuple[int, int]]] = {}
    for destination_id, number, attempts, failed in fetch(_BUCKETS, asked):
        place = min(max(number, 1), BUCKETS) - 1
        before = found.setdefault(destination_id, {}).get(place, (0, 0))
        found[destination_id][place] = (before[0] + attempts, before[1] + failed)
    return found


def _mutes(ids: Iterable[UUID]) -> Mapping[UUID, Mute]:
    running = Mute.objects.filter(connection__in=list(ids), ended_at=None, until__gt=now())
    return {mute.connection_id: mute for mute in running}


def _expiries(ids: Iterable[UUID]) -> Mapping[UUID, datetime]:
    rows = Credential.objects.filter(connection__in=list(ids), expires_at__isnull=False).order_by()
    return dict(rows.values_list("connection_id").annotate(first=Min("expires_at")))


def _inbox(ids: Iterable[UUID]) -> Mapping[UUID, tuple[int, int]]:
    states = [InboxStatus.DEAD, InboxStatus.WAITING, InboxStatus.PENDING]
    rows = InboxMessage.objects.filter(connection__in=list(ids), status__in=states).order_by()
    counted = rows.values_list("connection_id").annotate(
        dead=Count("id", filter=Q(status=InboxStatus.DEAD)), waiting=Count("id", filter=~Q(status=InboxStatus.DEAD))
    )
    return {row[0]: (row[1], row[2]) for row in counted}
