"""A connection that is late has one clock and one case, until nothing is late there any more."""

from datetime import timedelta
from typing import Any

import pytest

from retailops.cases.models import Case, CaseStatus
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery, Destination, Event
from retailops.lib.clock import now
from retailops.sla.deliveries import follow_deliveries
from retailops.sla.models import SlaClock
from tests.events.factories import make_delivery, make_destination
from tests.sla.promising import promise

pytestmark = pytest.mark.django_db


def late(destination: Destination, minutes: int, **fields: Any) -> Delivery:
    return make_delivery(destination, created_at=now() - timedelta(minutes=minutes), **fields)


def deliver(delivery: Delivery) -> None:
    delivery.status, delivery.finished_at = DeliveryStatus.DELIVERED, now()
    delivery.save()


def clocks(destination: Destination) -> list[SlaClock]:
    return list(SlaClock.objects.filter(connection=destination.name).order_by("started_at"))


def test_the_oldest_late_delivery_breaches_at_its_own_time_and_tells_once() -> None:
    destination = make_destination()
    late(destination, 29)
    follow_deliveries()
    assert clocks(destination) == []
    oldest = late(destination, 50)
    late(destination, 40)
    follow_deliveries()
    follow_deliveries()
    [found] = clocks(destination)
    assert (found.subject_id, found.state, found.started_at) == (oldest.id, "running", oldest.created_at)
    assert found.breached_at == found.due_at == oldest.created_at + timedelta(minutes=30)
    case = Case.objects.get(kind="sla.breached", group__system=destination.name)
    assert (case.title, case.occurrences) == (f"Delivery latency: not within 30 minutes to {destination.name}", 1)


def test_the_breach_is_over_when_nothing_is_late_any_more() -> None:
    destination = make_destination()
    first, second = late(destination, 50), late(destination, 40)
    follow_deliveries()
    deliver(first)
    follow_deliveries()
    met, running = clocks(destination)
    assert (met.state, met.ended_at, running.state, running.subject_id) == (
        "met",
        first.finished_at,
        "running",
        second.id,
    )
    case = Case.objects.get(kind="sla.breached", group__system=destination.name)
    assert (case.status, case.occurrences) == (CaseStatus.OPEN, 1)
    deliver(second)
    follow_deliveries()
    case.refresh_from_db()
    assert (case.status, case.resolution_reason) == (CaseStatus.RESOLVED, "It is done, after its time.")
    kinds = Event.objects.filter(type__startswith="sla.", data__connection=destination.name).order_by("position")
    assert list(kinds.values_list("type", flat=True)) == ["sla.breached", "sla.met"]


def test_a_dead_delivery_is_not_late_and_ends_its_clock() -> None:
    destination = make_destination()
    late(destination, 90, status=DeliveryStatus.DEAD)
    follow_deliveries()
    assert clocks(destination) == []
    other = late(destination, 50)
    follow_deliveries()
    Delivery.objects.filter(pk=other.pk).update(status=DeliveryStatus.DEAD)
    follow_deliveries()
    [found] = clocks(destination)
    assert found.state == "canceled"
    assert Event.objects.filter(type="sla.canceled", data__connection=destination.name).count() == 1


def test_a_connection_may_have_a_promise_of_its_own() -> None:
    destination, other = make_destination(), make_destination()
    narrow = promise(
        "delivery_latency", subject_type="delivery", starts=[], stops=[], target_seconds=60, connection=destination.name
    )
    late(destination, 5)
    late(other, 5)
    follow_deliveries()
    [found] = clocks(destination)
    assert (found.policy_id, found.target_seconds) == (narrow.id, 60)
    assert clocks(other) == []
