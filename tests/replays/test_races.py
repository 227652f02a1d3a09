"""Two at once: clicks, workers, a run and its cancel. Nothing is sent twice, and nobody waits for ever."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from retailops.events.models import Delivery, Event
from retailops.events.replay import replay
from retailops.events.sending import drain
from retailops.events.transport import Finding
from retailops.lib.errors import Conflict
from retailops.replays.models import BulkItem
from retailops.replays.rules import Rules
from retailops.replays.services import cancel_operation, execute_plan, resume_operation
from retailops.replays.working import advance
from tests.events.factories import FakeTransport, fresh, make_destination
from tests.replays import world

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Return what the calls return or raise, made by threads at the same time."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls, timeout=60))


def test_a_double_click_sends_one_delivery_once(transport: FakeTransport) -> None:
    agent, made = world.agent(), world.stopped(repeat_safe=False)
    both = threading.Barrier(2, timeout=20)

    def finding(claimed: object) -> Finding:
        both.wait()
        return Finding(False)

    transport.finding = finding
    found = at_once(*[lambda: replay(agent, made.id, "again")] * 2)
    assert sorted(isinstance(each, Conflict) for each in found) == [False, True]
    drain(made.destination_id)
    assert transport.sent_keys() == [made.effect_key]
    assert Event.objects.filter(type="delivery.replayed").count() == 1


def test_two_who_start_a_plan_at_once_start_it_once(transport: FakeTransport) -> None:
    first, second = world.agent(), world.agent()
    operation = world.planned(first, world.stopped())
    calls = [lambda actor=actor: execute_plan(actor, operation.id, operation.hash) for actor in (first, second)]
    found = at_once(*calls)
    assert sorted(isinstance(each, Conflict) for each in found) == [False, True]
    assert Event.objects.filter(type="bulk_operation.executed").count() == 1


def test_two_workers_on_one_run_send_each_once(transport: FakeTransport) -> None:
    destination = make_destination()
    some = [world.stopped(destination) for _ in range(12)]
    operation = world.started(world.agent(), *some)
    found = at_once(*[lambda: advance(operation.id, seconds=2)] * 2)
    assert [each for each in found if isinstance(each, Exception)] == []
    world.run(operation)
    assert operation.status == "finished"
    assert Counter(transport.sent_keys()) == Counter({each.effect_key: 1 for each in some})


@pytest.mark.parametrize("waits", [0.0, 0.05, 0.15])
def test_a_run_and_its_cancel_meet_without_harm(transport: FakeTransport, waits: float) -> None:
    agent, destination = world.agent(), make_destination()
    some = [world.stopped(destination) for _ in range(15)]
    operation = world.started(agent, *some)

    def cancel() -> object:
        threading.Event().wait(waits)
        return cancel_operation(agent, operation.id, "stop it")

    found = at_once(lambda: advance(operation.id, seconds=5), cancel)
    assert [each for each in found if isinstance(each, Exception)] == []
    world.run(operation)
    assert operation.status == "canceled"
    results = Counter(BulkItem.objects.filter(operation=operation).values_list("result", flat=True))
    assert results.keys() <= {"delivered", "canceled"}
    assert sum(results.values()) == 15
    assert len(transport.sent) == results["delivered"]
    assert Delivery.objects.filter(status="delivered").count() == results["delivered"]


def test_a_stale_person_changes_nothing(transport: FakeTransport) -> None:
    agent = world.agent()
    operation = world.run(world.started(agent, world.stopped(), rules=Rules(canary=())))
    for command in (cancel_operation, resume_operation):
        with pytest.raises(Conflict):
            command(agent, operation.id, "too late")
    assert fresh(Delivery.objects.get()).status == "delivered"
    assert len(transport.sent) == 1
