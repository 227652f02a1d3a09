"""Reads of the engine: queues, lanes, and the rows of a trace."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Prefetch, Q, QuerySet, Sum

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.events.enums import OPEN_STATUSES, CircuitState, DeliveryStatus
from retailops.events.models import Attempt, Delivery, Destination, Effect, Event, Lease
from retailops.events.verdicts import earlier_in_lane, standing
from retailops.lib.clock import now
from retailops.lib.money import Money

__all__ = [
    "QueueFigures",
    "dead_deliveries",
    "deliveries_of",
    "deliveries_visible_to",
    "earlier_in_lane",
    "effects_of",
    "events_of",
    "events_visible_to",
    "lane_position",
    "queue_figures",
    "standing",
]


def deliveries_visible_to(actor: Actor) -> QuerySet[Delivery]:
    """Return the deliveries whose event is in the actor's regions and brands, with event and destination."""
    scope = scope_q(actor, Permission.DELIVERIES_VIEW, region="event__region", brand="event__brand")
    return Delivery.objects.select_related("event", "destination", "effect").filter(scope)


def dead_deliveries(actor: Actor) -> QuerySet[Delivery]:
    """Return the dead letters that the actor may see, the newest first."""
    return deliveries_visible_to(actor).filter(status=DeliveryStatus.DEAD).order_by("-id")


def events_visible_to(actor: Actor) -> QuerySet[Event]:
    """Return the events in the actor's regions and brands."""
    return Event.objects.filter(scope_q(actor, Permission.EVENTS_READ))


@dataclass
class QueueFigures:
    """What waits at one destination. Ages in seconds; money by currency in minor units."""

    ready: int = 0
    leased: int = 0
    in_doubt: int = 0
    dead: int = 0
    oldest_due_at: datetime | None = None
    dead_money: list[Money] = field(default_factory=list)
    held: bool = False

    @property
    def depth(self) -> int:
        """Everything that is not finished, dead letters aside."""
        return self.ready + self.leased + self.in_doubt

    @property
    def oldest_due_age(self) -> float:
        """Seconds since the oldest due delivery should have gone; 0 when nothing is due."""
        return max(0.0, (now() - self.oldest_due_at).total_seconds()) if self.oldest_due_at else 0.0


def queue_figures(destination_ids: Iterable[UUID] | None = None) -> dict[UUID, QueueFigures]:
    """Return the figures of each destination (default: all) in five queries; `held` is pause or open circuit."""
    destinations = Destination.objects.filter(retired_at__isnull=True)
    if destination_ids is not None:
        destinations = destinations.filter(pk__in=list(destination_ids))
    figures = {one.id: QueueFigures(held=one.paused or one.circuit == CircuitState.OPEN) for one in destinations}
    _count(figures)
    _add_dead(figures)
    return figures


def _count(figures: dict[UUID, QueueFigures]) -> None:
    # Each state has an index of its own; the stopped ones are counted with their money.
    rows = Delivery.objects.filter(destination__in=list(figures)).order_by()
    due = Min("next_attempt_at", filter=Q(next_attempt_at__lte=now()))
    ready = rows.filter(status=DeliveryStatus.READY).values("destination")
    for row in ready.annotate(n=Count("*"), oldest=due):
        one = figures[row["destination"]]
        one.ready, one.oldest_due_at = row["n"], row["oldest"]
    in_doubt = rows.filter(status=DeliveryStatus.IN_DOUBT).values_list("destination")
    for destination_id, count in in_doubt.annotate(n=Count("*")):
        figures[destination_id].in_doubt = count
    leases = Lease.objects.filter(expires_at__isnull=False, destination__in=list(figures))
    for destination_id, count in leases.order_by().values_list("destination").annotate(n=Count("delivery")):
        figures[destination_id].leased = count
        figures[destination_id].ready -= count


def _add_dead(figures: dict[UUID, QueueFigures]) -> None:
    rows = Delivery.objects.filter(status=DeliveryStatus.DEAD, destination__in=list(figures))
    counted = rows.order_by("currency").values("destination", "currency").annotate(n=Count("*"), total=Sum("amount"))
    for row in counted:
        one = figures[row["destination"]]
        one.dead += row["n"]
        if row["total"] is not None:
            one.dead_money.append(Money(row["total"], row["currency"]))


def lane_position(delivery: Delivery) -> tuple[int, int]:
    """Return how many open deliveries are ahead of this one in its lane, and how many wait behind it."""
    lane = Delivery.objects.filter(
        destination=delivery.destination_id, lane_key=delivery.lane_key, status__in=OPEN_STATUSES
    )
    counted = lane.aggregate(
        ahead=Count("id", filter=Q(lane_seq__lt=delivery.lane_seq)),
        behind=Count("id", filter=Q(lane_seq__gt=delivery.lane_seq)),
    )
    return counted["ahead"], counted["behind"]


def events_of(*, correlation_id: UUID | None = None, subject_id: UUID | None = None) -> QuerySet[Event]:
    """Return the events of one story (or one subject) in order, with their deliveries and those's attempts."""
    rows = Event.objects.order_by("position").prefetch_related(_deliveries_with_attempts())
    if correlation_id is not None:
        rows = rows.filter(correlation_id=correlation_id)
    return rows.filter(subject_id=subject_id) if subject_id is not None else rows


def _deliveries_with_attempts() -> "Prefetch[Any]":
    attempts = Prefetch("attempts", Attempt.objects.order_by("started_at", "recorded_at"))
    deliveries = Delivery.objects.select_related("destination", "effect").order_by("lane_seq")
    return Prefetch("deliveries", deliveries.prefetch_related(attempts))


def deliveries_of(*, correlation_id: UUID) -> QuerySet[Delivery]:
    """Return all deliveries of one story in order, with event, destination, effect and attempts."""
    attempts = Prefetch("attempts", Attempt.objects.order_by("started_at", "recorded_at"))
    rows = Delivery.objects.filter(event__correlation_id=correlation_id)
    return rows.select_related("event", "destination", "effect").prefetch_related(attempts).order_by("lane_seq")


def effects_of(business_key: str) -> QuerySet[Effect]:
    """Return what the ledger knows of a business key, over all destinations."""
    return Effect.objects.select_related("destination").filter(business_key=business_key).order_by("created_at")
