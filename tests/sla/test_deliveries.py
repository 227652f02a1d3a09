"""A connection that is late has one clock and one case, until nothing is late there any more."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from retailops.cases.models import Case, CaseStatus
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery, Destination, Event
from retailops.events.replay import replay
from retailops.lib.clock import now
from retailops.sla.deliveries import follow_deliveries
from retailops.sla.models import LatencyLook, SlaClock, SlaPolicy
from retailops.sla.services import activate_policy, draft_policy
from tests.events.factories import make_delivery, make_destination
from tests.factories import SYSTEM
from tests.sla.promising import promise

pytestmark = pytest.mark.django_db


def late(destination: Destination, minutes: int, **fields: Any) -> Delivery:
    """Return a delivery of so many minutes ago, as a replay brings one back: its destination is looked at."""
    LatencyLook.objects.filter(destination=destination).update(look_at=now())
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


def look_at(destination: Destination) -> datetime:
    return LatencyLook.objects.get(destination=destination).look_at


def test_a_destination_is_looked_at_when_one_may_be_late_and_not_before() -> None:
    destination, idle = make_destination(), make_destination()
    waiting = late(destination, 20)
    follow_deliveries()
    assert look_at(destination) == waiting.created_at + timedelta(minutes=30)
    assert timedelta(minutes=29) < look_at(idle) - now() <= timedelta(minutes=30)
    with CaptureQueriesContext(connection) as queries:
        follow_deliveries()
    assert not [each for each in queries if "events_delivery" in each["sql"]]
    Delivery.objects.filter(pk=waiting.pk).update(created_at=now() - timedelta(minutes=31))
    LatencyLook.objects.filter(destination=destination).update(look_at=now())
    follow_deliveries()
    assert [clock.subject_id for clock in clocks(destination)] == [waiting.id]


def test_what_is_sent_again_is_looked_at_at_once() -> None:
    destination = make_destination()
    make_delivery(destination)
    follow_deliveries()
    dead = make_delivery(destination, status=DeliveryStatus.DEAD, created_at=now() - timedelta(hours=2))
    assert look_at(destination) > now()
    replay(SYSTEM, dead.id, "it works again")
    assert look_at(destination) <= now()
    follow_deliveries()
    assert [clock.subject_id for clock in clocks(destination)] == [dead.id]


def test_a_new_promise_is_looked_at_as_it_comes_into_force() -> None:
    destination = make_destination()
    follow_deliveries()
    draft = draft_policy(actor=SYSTEM, based_on=SlaPolicy.objects.get(name="delivery_latency", status="active").id)
    activate_policy(actor=SYSTEM, policy_id=draft.id, reason="sooner")
    draft.refresh_from_db()
    assert draft.effective_from is not None
    assert look_at(destination) == draft.effective_from + timedelta(seconds=2)
