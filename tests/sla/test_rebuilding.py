"""A rebuilt clock is the clock that live made: for any stream of events, versions and late facts."""

import threading
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.events.publish import append, compose
from retailops.lib.clock import now
from retailops.sla import book, rebuilding
from retailops.sla.models import SlaCalendar, SlaClock, SlaPolicy, SlaRebuild
from retailops.sla.rebuilding import begin_rebuild, rebuild
from retailops.sla.sweeping import look_at_clocks
from returns.events.lines import LineInspected, LineReceiptReversed, LineReceived, LineRejected, LineShort
from returns.events.returns import ReturnCanceled
from tests.factories import make_inspection, make_receipt, make_return, unique
from tests.sla.promising import SYSTEM, a_return, clock, promise, tell

KINDS: list[type] = [LineReceived, LineInspected, LineShort, LineReceiptReversed, LineRejected, ReturnCanceled]
MOVES: dict[str, Any] = {
    "cancels": [{"type": "return.canceled"}],
    "revives": [{"type": "return_line.rejected"}],
    "pauses": [{"type": "return_line.short"}],
    "resumes": [{"type": "return_line.receipt_reversed"}],
}
# Which fact, of which return, how many minutes ago it occurred, and whether it goes with the one before.
facts = st.tuples(st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 200), st.booleans())
WEEK = {day: [["00:10", "11:50"], ["12:20", "23:30"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
RESTING = ("id", "warned_told_at", "breach_told_at", "look_at")


def shown(name: str) -> list[dict[str, Any]]:
    """Return the clocks of a promise as far as events and time make them."""
    rows = SlaClock.objects.filter(name=name).order_by("subject_id").values()
    return [{key: value for key, value in row.items() if key not in RESTING} for row in rows]


def publish(stream: list[tuple[type, int, int, bool]], rmas: list[Any]) -> None:
    batches: list[list[tuple[type, int, int]]] = []
    for kind, which, ago, joins in stream:
        if joins and batches:
            batches[-1].append((kind, which, ago))
        else:
            batches.append([(kind, which, ago)])
    for batch in batches:
        with transaction.atomic():
            events = [_event(kind, rmas[which], ago) for kind, which, ago in batch]
            append(events, {event.id: "lane" for event in events})


def _event(kind: Any, rma: Any, ago: int) -> Any:
    line = {"return_id": str(rma.id), "number": "R", "line_no": 1, "sku": "S", "quantity": 1}
    head = {"return_id": str(rma.id), "number": "R", "kind": "mail_in", "channel": "web", "currency": "GBP"}
    fact = kind(**(head if kind is ReturnCanceled else line))
    return compose(fact, subject=rma, actor=SYSTEM, occurred_at=now() - timedelta(minutes=ago))


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(facts, max_size=14), st.lists(facts, max_size=6), st.booleans(), st.integers(5, 150))
def test_any_stream_rebuilt_is_as_it_was_live(early: list[Any], late: list[Any], business: bool, target: int) -> None:
    with transaction.atomic():
        calendar = SlaCalendar.objects.create(name=unique("c"), title="C", hours=WEEK) if business else None
        terms: dict[str, Any] = {"target_seconds": target * 60, "warn_seconds": target * 40, "calendar": calendar}
        policy = promise(unique("p_"), **MOVES, **terms)
        promise(policy.name, **MOVES, **terms | {"region": "de", "target_seconds": target * 60 + 60})
        rmas = [a_return(), a_return(region="de"), a_return(brand="other")]
        publish(early, rmas)
        look_at_clocks()
        publish(late, rmas)
        look_at_clocks()
        look_at_clocks()
        live = shown(policy.name)
        SlaClock.objects.filter(name=policy.name).delete()
        list(rebuild(begin_rebuild(again=True), batch=3))
        look_at_clocks()
        assert shown(policy.name) == live
        run = begin_rebuild(again=True)
        list(rebuild(run, batch=500))
        assert (run.entered, run.corrected) == (0, 0)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_wrong_clock_is_corrected_and_what_was_told_of_it_stays() -> None:
    policy, rma = promise(), a_return()
    tell("received", rma, ago=timedelta(minutes=90))
    look_at_clocks()
    right = shown(policy.name)
    SlaClock.objects.filter(name=policy.name).update(state="met", ended_at=now(), elapsed_seconds=1, marks=[])
    out = StringIO()
    call_command("rebuild_sla", stdout=out, stderr=StringIO())
    assert "0 clocks entered, 1 corrected" in out.getvalue()
    assert shown(policy.name) == right
    found = clock(policy, rma)
    assert found is not None
    assert found.breach_told_at is not None
    assert look_at_clocks() == 0


@pytest.mark.django_db
def test_what_a_rebuild_finds_breached_alerts_nobody() -> None:
    policy, rma = promise(effective_from=now() + timedelta(days=1)), a_return()
    tell("received", rma, ago=timedelta(minutes=90))
    assert clock(policy, rma) is None
    earlier = promise(policy.name)
    call_command("rebuild_sla", stdout=StringIO(), stderr=StringIO())
    found = clock(policy, rma)
    assert found is not None
    assert (found.policy_id, found.breached_at) == (earlier.id, found.due_at)
    assert look_at_clocks() == 0


def correct(policy: SlaPolicy, sku: str) -> None:
    """Have the version in force start clocks of this SKU alone, as if it had always said so."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE sla_slapolicy DISABLE TRIGGER sla_policy_guard")
        starts = [{"type": "return_line.received", "where": {"sku": sku}}]
        SlaPolicy.objects.filter(pk=policy.pk).update(starts=starts)
        cursor.execute("ALTER TABLE sla_slapolicy ENABLE TRIGGER sla_policy_guard")
    book.forget()


@pytest.mark.django_db
def test_a_clock_that_no_event_starts_is_taken_away_and_what_was_told_of_it_is_taken_back() -> None:
    policy, rma, other = promise(), a_return(), a_return()
    tell("received", rma, ago=timedelta(minutes=90))
    tell("received", other, ago=timedelta(minutes=90), sku="T")
    look_at_clocks()
    correct(policy, "T")
    list(rebuild(begin_rebuild(again=True)))
    assert clock(policy, rma) is None
    assert clock(policy, other) is not None
    told = Event.objects.filter(type__startswith="sla.", subject_id=rma.id).order_by("position")
    assert [event.type for event in told] == ["sla.breached", "sla.canceled"]
    case = Case.objects.get(kind="sla.breached", subject_id=rma.id)
    assert (case.status, case.resolution_reason) == ("resolved", "Nothing is to be done any more.")
    assert Case.objects.get(kind="sla.breached", subject_id=other.id).status == "open"
    run = begin_rebuild(again=True)
    list(rebuild(run))
    assert (run.entered, run.corrected) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_start_that_waited_for_a_clock_that_is_taken_away_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its insert finds the clock there, waits for it, and finds nothing to move."""
    policy, rma = promise(), a_return()
    tell("received", rma, ago=timedelta(minutes=5))
    correct(policy, "T")
    waiting = threading.Event()
    threads: list[threading.Thread] = []

    def start() -> None:
        try:
            waiting.set()
            tell("received", rma, sku="T")
        finally:
            connection.close()

    take_away = rebuilding._take_away

    def while_another_waits(*given: Any) -> None:
        if given[1]:
            threads.append(threading.Thread(target=start))
            threads[0].start()
            assert waiting.wait(10)
            time.sleep(0.5)
        take_away(*given)

    monkeypatch.setattr(rebuilding, "_take_away", while_another_waits)
    list(rebuild(begin_rebuild(again=True)))
    threads[0].join()
    found = clock(policy, rma)
    assert found is not None
    assert (found.state, len(found.marks)) == ("running", 1)


@pytest.mark.django_db
def test_a_stopped_run_goes_on_where_it_stopped() -> None:
    promise()
    for _ in range(3):
        tell("received", a_return())
    SlaClock.objects.all().delete()
    run = begin_rebuild()
    steps = rebuild(run, batch=1)
    first = next(steps)
    del steps
    assert begin_rebuild().pk == run.pk
    assert begin_rebuild().position == first
    list(rebuild(begin_rebuild(), batch=100))
    assert SlaRebuild.objects.get(pk=run.pk).finished_at is not None
    assert begin_rebuild().pk != run.pk


@pytest.mark.django_db
def test_a_real_return_is_rebuilt_as_it_was() -> None:
    rma = make_return()
    make_receipt(rma)
    make_inspection(rma)
    names = list(SlaClock.objects.filter(correlation_id=rma.correlation_id).values_list("name", flat=True))
    assert len(names) >= 5
    live = {name: shown(name) for name in names}
    SlaClock.objects.all().delete()
    list(rebuild(begin_rebuild(again=True)))
    assert {name: shown(name) for name in names} == live


@pytest.mark.django_db(transaction=True)
def test_a_stop_that_commits_beside_a_rebuild_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that saw no clock publishes its stop before the clock is entered, and commits after that."""
    policy, rma = promise(), a_return()
    tell("received", rma, ago=timedelta(minutes=5))
    SlaClock.objects.all().delete()
    published, entered = threading.Event(), threading.Event()

    def stop() -> None:
        try:
            with transaction.atomic():
                tell("inspected", rma)
                published.set()
                entered.wait(10)
        finally:
            connection.close()

    wait = rebuilding._wait_for_others

    def then_commit() -> None:
        entered.set()
        wait()

    monkeypatch.setattr(rebuilding, "_wait_for_others", then_commit)
    thread = threading.Thread(target=stop)
    thread.start()
    assert published.wait(10)
    list(rebuild(begin_rebuild(again=True)))
    thread.join()
    found = clock(policy, rma)
    assert found is not None
    assert found.state == "met"
