"""Destinations, events and deliveries for tests of the engine, and a transport that answers as it is told."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from retailops.accounts.actor import Actor
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.models import Delivery, Destination, Effect, Event, Lease
from retailops.events.transport import Claimed, Finding, Outcome, Recorded
from retailops.lib.clock import now
from retailops.lib.ids import uuid7

ACTOR = Actor.system("test")
Answer = Callable[[Claimed], Outcome]


def make_destination(**fields: Any) -> Destination:
    """Return a fast connection that needs order; fields override."""
    defaults: dict[str, Any] = {
        "kind": "connection",
        "name": f"dest-{uuid7().hex[-12:]}",
        "system": "test",
        "rate_per_second": 10_000,
        "burst": 10_000,
        "tokens": 10_000,
        "max_in_flight": 100,
        "absent_after_seconds": 0,
        "look_up_seconds": 0,
    }
    return Destination.objects.create(**(defaults | fields))


def make_event(*, type: str = "test.happened", subject_id: UUID | None = None, **fields: Any) -> Event:
    """Return a stored event about a return."""
    subject_id = subject_id or uuid7()
    defaults: dict[str, Any] = {"subject_type": "return", "correlation_id": subject_id, "actor": ACTOR.key, "data": {}}
    return Event.objects.create(type=type, subject_id=subject_id, **(defaults | fields))


def make_delivery(destination: Destination, *, lane: str = "", **fields: Any) -> Delivery:
    """Return a stored delivery that is due now; an empty lane is one of its own."""
    event = fields.pop("event", None) or make_event()
    moment = now()
    defaults: dict[str, Any] = {
        "operation": "thing.do",
        "lane_key": lane or str(event.subject_id),
        "effect_key": f"thing:{uuid7()}",
        "next_attempt_at": moment - timedelta(seconds=1),
        "deadline_at": moment + timedelta(hours=1),
    }
    made = Delivery.objects.create(event=event, destination=destination, **(defaults | fields))
    if made.status == DeliveryStatus.IN_DOUBT:
        Lease.objects.create(destination=destination, lane_key=made.lane_key, delivery=made, fence=made.fence, owner="")
    made.refresh_from_db()
    return made


def make_effect(destination: Destination, **fields: Any) -> Effect:
    """Return an intended effect."""
    defaults: dict[str, Any] = {"kind": "thing", "business_key": f"thing:{uuid7()}"}
    return Effect.objects.create(destination=destination, **(defaults | fields))


def outcome(claimed: Claimed, result: str = OutcomeClass.DELIVERED, **fields: Any) -> Outcome:
    """Return an outcome of the class."""
    return Outcome(claimed, OutcomeClass(result), **fields)


class FakeTransport:
    """Answers with `answer(claimed)` and finds with `finding(claimed)`; remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = outcome
        self.finding: Callable[[Claimed], Finding] = lambda claimed: Finding(None)
        self.on_recorded: Callable[[Sequence[Recorded]], None] = lambda records: None
        self.sent: list[Claimed] = []
        self.found: list[Claimed] = []
        self.stored: list[Recorded] = []
        self.in_transaction: list[bool] = []
        self._lock = threading.Lock()

    def send(self, batch: Sequence[Claimed]) -> Iterable[Outcome]:
        return self._send(batch)

    def _send(self, batch: Sequence[Claimed]) -> Iterator[Outcome]:
        for claimed in batch:
            with self._lock:
                self.sent.append(claimed)
                self.in_transaction.append(connection.in_atomic_block)
            yield self.answer(claimed)

    def find(self, claimed: Claimed) -> Finding:
        self.found.append(claimed)
        self.in_transaction.append(connection.in_atomic_block)
        return self.finding(claimed)

    def recorded(self, records: Sequence[Recorded]) -> None:
        self.on_recorded(records)
        self.stored.extend(records)

    def sent_keys(self) -> list[str]:
        """Return the effect keys in the order in which they were sent."""
        return [claimed.effect_key for claimed in self.sent]


def fresh(delivery: Delivery) -> Delivery:
    """Return the delivery as it is stored now."""
    return Delivery.objects.select_related("destination", "event", "effect").get(pk=delivery.pk)


def statuses(destination: Destination) -> Counter[str]:
    """Return how many deliveries of the destination have each status."""
    return Counter(Delivery.objects.filter(destination=destination).values_list("status", flat=True))


def make_due(*deliveries: Delivery) -> None:
    """Let time pass: what is scheduled is due now."""
    ids = [delivery.pk for delivery in deliveries]
    Delivery.objects.filter(pk__in=ids, status__in=[DeliveryStatus.READY, DeliveryStatus.IN_DOUBT]).update(
        next_attempt_at=now() - timedelta(seconds=1)
    )


def expire_lease(delivery: Delivery, *, ago: timedelta = timedelta(minutes=1)) -> datetime:
    """Let the lease of a leased delivery have run out."""
    at = now() - ago
    Lease.objects.filter(delivery=delivery, expires_at__isnull=False).update(expires_at=at)
    return at


def expire_all_leases(destination: Destination) -> None:
    """Let every lease of the destination have run out."""
    Lease.objects.filter(destination=destination, expires_at__isnull=False).update(
        expires_at=now() - timedelta(minutes=1)
    )


def lease_of(delivery: Delivery) -> Lease:
    """Return the lease of a delivery that is being sent."""
    return Lease.objects.get(delivery=delivery, expires_at__isnull=False)


def leased(destination: Destination) -> int:
    """Return how many deliveries of the destination are being sent."""
    return Lease.objects.filter(destination=destination, expires_at__isnull=False).count()
