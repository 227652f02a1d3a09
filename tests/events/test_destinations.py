"""Pause, resume, probe; the rights to do it; in-process handlers; reads."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from retailops.accounts.actor import Actor, Grant
from retailops.accounts.permissions import Permission
from retailops.events import handling
from retailops.events.destinations import pause, probe, resume
from retailops.events.engine import claim
from retailops.events.enums import CircuitState, DeliveryStatus
from retailops.events.handling import register_handler
from retailops.events.models import Attempt, Event, Lease
from retailops.events.selectors import deliveries_visible_to, events_of, lane_position, queue_figures, standing
from retailops.events.sending import drain
from retailops.events.transport import Claimed
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid
from retailops.lib.money import Money
from tests.events.factories import FakeTransport, fresh, lease_of, make_delivery, make_destination, make_event, statuses

pytestmark = pytest.mark.django_db
ADMIN = Actor("user", "1", "Chen", (Grant(frozenset({Permission.CONNECTIONS_VIEW, Permission.CONNECTIONS_MANAGE})),))
READER = Actor("user", "2", "Ron", (Grant(frozenset({Permission.CONNECTIONS_VIEW})),))


def test_a_pause_holds_everything_and_costs_no_deadline(transport: FakeTransport) -> None:
    destination = make_destination()
    made = make_delivery(destination, deadline_at=now() + timedelta(hours=1))
    pause(actor=ADMIN, destination_id=destination.id, reason="their maintenance")
    pause(actor=ADMIN, destination_id=destination.id, reason="still")
    assert drain(destination.id).ended == "paused"
    assert standing(fresh(made)) == "held"
    destination.refresh_from_db()
    destination.paused_at = now() - timedelta(hours=5)
    destination.save()
    resume(actor=ADMIN, destination_id=destination.id, reason="done")
    assert fresh(made).deadline_at > now() + timedelta(hours=5, minutes=50)
    assert drain(destination.id).attempted == 1
    assert Attempt.objects.get(delivery=made).trigger == "unpause"
    types = Event.objects.filter(subject_id=destination.id).order_by("position").values_list("type", flat=True)
    assert list(types) == ["connection.paused", "connection.resumed"]


def test_a_probe_shortens_an_open_circuit_but_not_a_pause(transport: FakeTransport) -> None:
    destination = make_destination(circuit=CircuitState.OPEN, circuit_until=now() + timedelta(minutes=15))
    make_delivery(destination)
    assert drain(destination.id).ended == "circuit"
    probe(actor=ADMIN, destination_id=destination.id)
    assert drain(destination.id).attempted == 1
    destination.refresh_from_db()
    assert destination.circuit == CircuitState.CLOSED
    pause(actor=ADMIN, destination_id=destination.id, reason="x")
    with pytest.raises(Conflict):
        probe(actor=ADMIN, destination_id=destination.id)


def test_who_may_not_changes_nothing(transport: FakeTransport) -> None:
    destination = make_destination()
    with pytest.raises(Denied):
        pause(actor=READER, destination_id=destination.id, reason="x")
    with pytest.raises(Invalid):
        pause(actor=ADMIN, destination_id=destination.id, reason=" ")
    with pytest.raises(Denied):
        probe(actor=READER, destination_id=destination.id)
    destination.refresh_from_db()
    assert not destination.paused
    assert Event.objects.filter(subject_id=destination.id).count() == 0


def handled(name: str) -> list[str]:
    """Return the subjects of the events that a test handler wrote."""
    return list(Event.objects.filter(type=f"test.{name}").values_list("reason_code", flat=True))


def test_a_handlers_effect_and_record_commit_together() -> None:
    destination = make_destination(kind="handler", name="writer")
    made = [make_delivery(destination, lane="one") for _ in range(2)]

    def write(claimed: Claimed) -> None:
        make_event(type="test.written", reason_code=claimed.effect_key[:80])

    register_handler("writer", write)
    assert drain(destination.id).attempted == 2
    assert statuses(destination) == {"delivered": 2}
    assert handled("written") == [one.effect_key for one in made]


def test_a_handler_that_fails_leaves_no_effect() -> None:
    destination = make_destination(kind="handler", name="failing", batch_size=1)
    errors = iter([Conflict("no", code="closed"), RuntimeError("bug"), None])

    def handler(claimed: Claimed) -> None:
        make_event(type="test.half")
        error = next(errors)
        if error is None:
            TypeAdapter(int).validate_python("x")
            return
        raise error

    register_handler("failing", handler)
    made = [make_delivery(destination, next_attempt_at=now() - timedelta(minutes=9 - n)) for n in range(3)]
    drain(destination.id)
    assert handled("half") == []
    assert [(fresh(one).status, fresh(one).failure_code) for one in made] == [
        ("dead", "closed"),
        ("ready", "RuntimeError"),
        ("dead", "invalid_message"),
    ]
    handling._handlers.pop("failing")


def test_a_handler_that_lost_its_lease_does_nothing() -> None:
    destination = make_destination(kind="handler", name="late")
    made = make_delivery(destination)

    def write(claimed: Claimed) -> None:
        make_event(type="test.late")

    register_handler("late", write)
    taken = claim(destination.id, owner="me")
    Lease.objects.filter(delivery=made).update(fence=9)
    assert taken.state is not None
    handling.handle_batch(taken.state, taken.deliveries)
    assert handled("late") == []
    assert (fresh(made).status, lease_of(made).fence) == (DeliveryStatus.READY, 9)


def test_figures_of_a_queue() -> None:
    destination = make_destination()
    make_delivery(destination, next_attempt_at=now() - timedelta(seconds=100))
    make_delivery(destination, next_attempt_at=now() + timedelta(seconds=100))
    make_delivery(destination, status=DeliveryStatus.IN_DOUBT)
    for amount, currency in ((100, "EUR"), (50, "EUR"), (7, "USD")):
        make_delivery(destination, status=DeliveryStatus.DEAD, amount=amount, currency=currency)
    figures = queue_figures([destination.id])[destination.id]
    assert (figures.ready, figures.in_doubt, figures.dead, figures.depth) == (2, 1, 3, 3)
    assert 99 < figures.oldest_due_age < 110
    assert figures.dead_money == [Money(150, "EUR"), Money(7, "USD")]
    assert figures.held is False


def test_lane_position_and_standing() -> None:
    destination = make_destination()
    first, second, third = (make_delivery(destination, lane="one") for _ in range(3))
    assert [lane_position(one) for one in (first, second, third)] == [(0, 2), (1, 1), (2, 0)]
    later = make_delivery(destination, next_attempt_at=now() + timedelta(hours=1))
    assert [standing(fresh(one)) for one in (first, second, later)] == ["due", "blocked", "scheduled"]


def test_a_story_is_read_in_order_and_in_scope(transport: FakeTransport) -> None:
    destination = make_destination()
    first = make_event(region="EU")
    second = make_event(subject_id=first.subject_id, region="EU")
    made = make_delivery(destination, event=first)
    drain(destination.id)
    story = list(events_of(correlation_id=first.correlation_id))
    assert [event.id for event in story] == [first.id, second.id]
    [delivery] = story[0].deliveries.all()
    assert [attempt.outcome for attempt in delivery.attempts.all()] == ["delivered"]
    eu = Actor("user", "3", "E", (Grant(frozenset({Permission.DELIVERIES_VIEW}), frozenset({"EU"})),))
    us = Actor("user", "4", "U", (Grant(frozenset({Permission.DELIVERIES_VIEW}), frozenset({"US"})),))
    assert list(deliveries_visible_to(eu)) == [made]
    assert list(deliveries_visible_to(us)) == []
