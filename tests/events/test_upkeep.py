"""Append-only tables, publish, sweeps, pump, nudges, retention, idempotency keys."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from retailops.accounts.actor import Actor
from retailops.events import catalog, nudge, sweeps, tasks
from retailops.events.catalog import DeliverySpec, EffectSpec, Subject, event, registry
from retailops.events.idempotency import KeyReused, StillRunning, forget_old, with_idempotency
from retailops.events.models import Attempt, Delivery, Effect, Event, Heartbeat, IdempotencyRecord
from retailops.events.publish import publish
from retailops.events.pump import pump_once, pump_until_idle
from retailops.events.retention import forget_attempts
from retailops.events.sweeps import due_destinations, register_sweep, run_registered, the_only_sweeper
from retailops.lib.clock import now
from retailops.lib.errors import Invalid
from retailops.lib.ids import uuid7
from retailops.lib.money import Money
from tests.events.factories import FakeTransport, fresh, make_delivery, make_destination, make_due, make_event, statuses

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")


@event("test.thing_happened")
@dataclass(frozen=True)
class ThingHappened:
    """An event of these tests."""

    amount: int


@pytest.fixture(autouse=True)
def _registries() -> Iterator[None]:
    """Leave the registries as they were."""
    routers, subscribers = list(registry.routers), {k: list(v) for k, v in registry.subscribers.items()}
    known = dict(sweeps._sweeps)
    sweeps._sweeps.clear()
    yield
    registry.routers[:] = routers
    registry.subscribers.clear()
    registry.subscribers.update(subscribers)
    sweeps._sweeps.clear()
    sweeps._sweeps.update(known)


def happen(subject_id: Any = None) -> Event:
    """Publish one test event."""
    subject_id = subject_id or uuid7()
    return publish(ThingHappened(5), subject=Subject("thing", subject_id, subject_id, "lane"), actor=ACTOR)


@pytest.mark.parametrize("table", ["events_event", "events_attempt"])
@pytest.mark.parametrize("change", ["UPDATE {} SET actor = 'x'", "DELETE FROM {}"])
def test_events_and_attempts_are_append_only(transport: FakeTransport, table: str, change: str) -> None:
    make_delivery(make_destination())
    pump_once()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))
    assert (Event.objects.count(), Attempt.objects.count()) == (1, 1)


def test_events_cannot_be_truncated() -> None:
    make_event()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('retailops.truncate', 'off', false)")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE events_event CASCADE")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('retailops.truncate', 'on', false)")
    assert Event.objects.count() == 1


def test_publish_writes_event_deliveries_and_effects_together() -> None:
    destination = make_destination(deadline_seconds=100)
    catalog.route(
        lambda events, stamp: [
            (
                one,
                DeliverySpec(destination.id, "do", "k:1", False, money=Money(5, "EUR"), effect=EffectSpec("do", "k:1")),
            )
            for one in events
            if one.type == "test.thing_happened"
        ]
    )
    seen: list[Event] = []
    catalog.subscribe("test.thing_happened", seen.append)
    made = happen()
    again = happen()
    assert [one.id for one in seen] == [made.id, again.id]
    delivery = Delivery.objects.get()
    assert (delivery.event_id, delivery.lane_key, delivery.repeat_safe) == (made.id, "lane", False)
    assert (delivery.amount, delivery.currency) == (5, "EUR")
    assert delivery.deadline_at == made.recorded_at + timedelta(seconds=100)
    effect = Effect.objects.get()
    assert delivery.effect_id == effect.id
    assert (effect.kind, effect.business_key, effect.status, effect.amount) == ("do", "k:1", "intended", 5)


def test_a_subscriber_that_refuses_takes_the_event_with_it() -> None:
    def refuse(one: Event) -> None:
        raise Invalid("no")

    catalog.subscribe("test.thing_happened", refuse)
    with pytest.raises(Invalid), transaction.atomic():
        happen()
    assert Event.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_is_a_fault() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        happen()
    assert Event.objects.count() == 0


def test_registered_sweeps_run_at_their_interval_and_fail_alone() -> None:
    ran: list[str] = []

    def count(name: str) -> Callable[[], int]:
        def work() -> int:
            ran.append(name)
            return 1

        return work

    def explode() -> int:
        raise RuntimeError("bug")

    register_sweep("always", count("always"))
    register_sweep("broken", explode)
    register_sweep("hourly", count("hourly"), every=3600)
    assert run_registered() == {"always": 1, "broken": 0, "hourly": 1}
    assert run_registered() == {"always": 1, "broken": 0}
    Heartbeat.objects.filter(name="sweep:hourly").update(at=now() - timedelta(hours=2))
    assert run_registered()["hourly"] == 1
    assert ran == ["always", "hourly", "always", "always", "hourly"]


@pytest.mark.django_db(transaction=True)
def test_only_one_process_sweeps() -> None:
    seen: list[bool] = []

    def other() -> None:
        with the_only_sweeper() as mine:
            seen.append(mine)
        connection.close()

    with the_only_sweeper() as mine:
        assert mine
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    with the_only_sweeper() as mine:
        assert mine
    assert seen == [False]


def test_due_destinations_are_those_that_may_send() -> None:
    due = make_destination()
    for fields in (
        {"paused_at": now()},
        {"retired_at": now()},
        {"circuit": "open", "circuit_until": now() + timedelta(hours=1)},
    ):
        make_delivery(make_destination(**fields))
    make_delivery(make_destination(), next_attempt_at=now() + timedelta(hours=1))
    make_delivery(due)
    assert due_destinations() == [due.id]


def test_the_pump_does_all_of_it(transport: FakeTransport, capsys: pytest.CaptureFixture[str]) -> None:
    waiting = [1]
    register_sweep("inbox", lambda: waiting.pop() if waiting else 0)
    destination = make_destination()
    for lane in range(5):
        make_delivery(destination, lane=f"lane-{lane % 2}")
    done = pump_until_idle(seconds=10)
    assert (done.attempted, done.swept) == (5, {"inbox": 1})
    assert statuses(destination) == {"delivered": 5}
    assert Heartbeat.objects.filter(name="sweep").exists()
    make_delivery(destination)
    call_command("pump", "--once", "--senders", "0")
    assert "1 attempts" in capsys.readouterr().out


def test_a_drain_task_hands_on_what_it_could_not_finish(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[str] = []
    monkeypatch.setattr(nudge, "nudge_now", handed.append)
    monkeypatch.setattr(tasks, "DRAIN_SECONDS", 0.0)
    destination = make_destination()
    made = make_delivery(destination)
    tasks._drain(destination.id, 0)
    assert handed == [str(destination.id)]
    monkeypatch.setattr(tasks, "DRAIN_SECONDS", 5.0)
    tasks._drain(destination.id, 0)
    assert len(handed) == 1
    assert fresh(made).status == "delivered"


def test_the_sweep_nudges_what_is_due_and_has_doubts_looked_up(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[str] = []
    monkeypatch.setattr(nudge, "nudge_now", handed.append)
    asked: list[bool] = []
    monkeypatch.setattr(tasks.look_up, "apply_async", lambda **options: asked.append(True))
    destination, doubtful = make_destination(), make_destination()
    make_delivery(destination)
    make_due(make_delivery(doubtful, status="in_doubt"))
    tasks.sweep()
    assert handed == [str(destination.id)]
    assert asked == [True]


def test_nudges_of_one_destination_coalesce(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.NUDGE_WORKERS = True
    sent: list[str] = []
    monkeypatch.setattr(nudge, "_send_task", sent.append)
    one, other = str(uuid7()), str(uuid7())
    for _ in range(50):
        nudge.nudge([one, other])
    deadline = time.monotonic() + 5
    while len(sent) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert sorted(sent) == sorted([one, other])
    nudge.answered(one)
    nudge.nudge([one, other])
    while len(sent) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sent[2:] == [one]


def test_retention_forgets_old_attempts_of_finished_deliveries_only(transport: FakeTransport) -> None:
    _old, young, dead = (make_delivery(make_destination()) for _ in range(3))
    transport.answer = lambda c: transport_outcome(c, "business" if c.id == dead.id else "delivered")
    pump_once()
    Delivery.objects.exclude(pk=young.pk).update(finished_at=now() - timedelta(days=100))
    assert forget_attempts(days=0) == 0
    assert forget_attempts(days=90) == 1
    assert set(Attempt.objects.values_list("delivery_id", flat=True)) == {young.id, dead.id}
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Attempt.objects.all().delete()


def transport_outcome(claimed: Any, result: str) -> Any:
    """Return an outcome."""
    from tests.events.factories import outcome

    return outcome(claimed, result)


def test_a_key_is_answered_once_and_the_same_again() -> None:
    ran: list[int] = []

    def run() -> tuple[int, Any]:
        ran.append(1)
        return 201, {"id": "r1"}

    assert with_idempotency(ACTOR, "k", "h", run) == (201, {"id": "r1"}, False)
    assert with_idempotency(ACTOR, "k", "h", run) == (201, {"id": "r1"}, True)
    with pytest.raises(KeyReused):
        with_idempotency(ACTOR, "k", "other", run)
    assert with_idempotency(Actor.system("another"), "k", "h", run) == (201, {"id": "r1"}, False)
    assert len(ran) == 2


def test_a_refused_command_stores_no_answer() -> None:
    def refuse() -> tuple[int, Any]:
        make_event()
        raise Invalid("no")

    with pytest.raises(Invalid):
        with_idempotency(ACTOR, "k", "h", refuse)
    assert (IdempotencyRecord.objects.count(), Event.objects.count()) == (0, 0)
    assert with_idempotency(ACTOR, "k", "h", lambda: (200, None)) == (200, None, False)


@pytest.mark.django_db(transaction=True)
def test_a_second_request_while_the_first_runs_is_told_so() -> None:
    running, go_on, seen = threading.Event(), threading.Event(), []

    def slow() -> tuple[int, Any]:
        running.set()
        assert go_on.wait(10)
        return 201, {"id": 1}

    def first() -> None:
        seen.append(with_idempotency(ACTOR, "k", "h", slow))
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert running.wait(10)
    with pytest.raises(StillRunning):
        with_idempotency(ACTOR, "k", "h", slow)
    go_on.set()
    thread.join()
    assert seen == [(201, {"id": 1}, False)]
    assert with_idempotency(ACTOR, "k", "h", slow) == (201, {"id": 1}, True)


def test_answers_are_kept_thirty_days() -> None:
    for key, days in (("old", 31), ("young", 29)):
        with_idempotency(ACTOR, key, "h", lambda: (200, None))
        IdempotencyRecord.objects.filter(key=key).update(created_at=now() - timedelta(days=days))
    assert forget_old() == 1
    assert IdempotencyRecord.objects.get().key == "young"


def test_a_lost_connection_is_a_psycopg_or_django_error() -> None:
    from retailops.events.raw_sql import PASSING_ERRORS

    assert issubclass(psycopg.errors.AdminShutdown, PASSING_ERRORS)
    assert issubclass(psycopg.errors.DeadlockDetected, PASSING_ERRORS)
