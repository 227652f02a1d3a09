"""Sweeps beside each other and beside commands: each breach is told once, and nobody waits for a sweep."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseQueue
from retailops.cases.services import open_case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.sla.models import SlaClock
from retailops.sla.sweeping import look_at_clocks
from tests.factories import SYSTEM, unique
from tests.sla.promising import a_return, clock, promise, tell

pytestmark = pytest.mark.django_db(transaction=True)
AGO = timedelta(minutes=90)


def beside(work: Callable[[], Any]) -> threading.Thread:
    """Run it in a thread with a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_two_sweeps_tell_each_breach_once() -> None:
    policy = promise(opens_case=False)
    for _ in range(30):
        tell("received", a_return(), ago=AGO)
    threads = [beside(lambda: look_at_clocks(7)) for _ in range(4)]
    for thread in threads:
        thread.join()
    while look_at_clocks(7):
        pass
    told = Event.objects.filter(type="sla.breached", data__name=policy.name)
    assert told.count() == told.values("subject_id").distinct().count() == 30


def test_a_sweep_gives_way_to_who_holds_a_case_and_goes_on_with_the_others() -> None:
    policy, rma = promise(), a_return()
    case = open_case(SYSTEM, CaseIn("test", CaseQueue.BUSINESS, "Trouble", unique("t:"), a_return()))
    SlaClock.objects.filter(subject_id=case.id).update(look_at=now() - AGO, due_at=now() - AGO, warn_at=None)
    tell("received", rma, ago=AGO)
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Case.objects.select_for_update().get(pk=case.pk)
            held.set()
            over.wait(20)

    thread = beside(hold)
    assert held.wait(10)
    assert look_at_clocks() == 1
    other, late = clock(policy, rma), SlaClock.objects.get(subject_id=case.id)
    assert other is not None
    assert (other.breach_told_at is not None, late.breach_told_at) == (True, None)
    over.set()
    thread.join()
    assert look_at_clocks() == 1
    case.refresh_from_db()
    assert case.escalated_at is not None


def test_a_command_that_stops_a_clock_beside_its_sweep_comes_on_top() -> None:
    policy = promise(opens_case=False)
    rmas = [a_return() for _ in range(10)]
    for rma in rmas:
        tell("received", rma, ago=AGO)
    sweeping = beside(lambda: look_at_clocks())
    for rma in rmas:
        tell("inspected", rma, ago=timedelta(minutes=45))  # in time, recorded late
    sweeping.join()
    look_at_clocks()
    found = SlaClock.objects.filter(name=policy.name)
    assert {(each.state, each.breached_at, each.look_at) for each in found} == {("met", None, None)}
    told = Event.objects.filter(type="sla.breached").values_list("subject_id", flat=True)
    taken_back = Event.objects.filter(type="sla.breach_withdrawn").values_list("subject_id", flat=True)
    assert set(told) == set(taken_back)
