"""How each connection is: what it may send now, what waits, how the last hour went. Live queries, no rollups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Avg, Count, Q

from connectors.models import Connection
from connectors.services.probing import heartbeat_name
from retailops.events.enums import OutcomeClass
from retailops.events.models import Attempt, Heartbeat
from retailops.events.selectors import QueueFigures, queue_figures
from retailops.lib.clock import now
from retailops.lib.ids import uuid7_at

WINDOW = timedelta(hours=1)
UNWELL = ("paused", "open", "half_open")


@dataclass(frozen=True)
class LastHour:
    """How sending to one destination went: attempts, those that did not get there, mean duration in milliseconds."""

    attempts: int = 0
    failed: int = 0
    mean_ms: float | None = None

    @property
    def error_share(self) -> float | None:
        """Return the share of attempts that did not get there, 0 to 100; None without attempts."""
        return 100 * self.failed / self.attempts if self.attempts else None


@dataclass(frozen=True)
class ConnectionHealth:
    """A connection with its state in one word, its figures and its last probe."""

    connection: Connection
    queue: QueueFigures
    hour: LastHour
    probe: Heartbeat | None

    @property
    def state(self) -> str:
        """Return paused, open, half_open or closed (working)."""
        destination = self.connection.destination
        return "paused" if destination.paused else str(destination.circuit)

    @property
    def waiting(self) -> int:
        """Return how many deliveries wait to be sent or are being sent."""
        return self.queue.ready + self.queue.leased


def health_of(connections: Sequence[Connection]) -> list[ConnectionHealth]:
    """Return the health of each, those in trouble first, then by label; a fixed number of queries."""
    ids = [connection.destination_id for connection in connections]
    queues, tried = queue_figures(ids), _last_hour(ids)
    probes = Heartbeat.objects.in_bulk([heartbeat_name(connection) for connection in connections])
    found = [
        ConnectionHealth(
            connection=each,
            queue=queues.get(each.destination_id, QueueFigures()),
            hour=tried.get(each.destination_id, LastHour()),
            probe=probes.get(heartbeat_name(each)),
        )
        for each in connections
    ]
    return sorted(found, key=lambda one: (one.state not in UNWELL, not one.queue.dead, one.connection.label.lower()))


def _last_hour(ids: list[UUID]) -> dict[UUID, LastHour]:
    # The id carries its time, so the primary key finds the last hour.
    rows = Attempt.objects.filter(pk__gte=uuid7_at(now() - WINDOW), delivery__destination__in=ids).order_by()
    counted = rows.values("delivery__destination_id").annotate(
        attempts=Count("id"), failed=Count("id", filter=~Q(outcome=OutcomeClass.DELIVERED)), mean=Avg("duration_ms")
    )
    return {row["delivery__destination_id"]: LastHour(row["attempts"], row["failed"], row["mean"]) for row in counted}
