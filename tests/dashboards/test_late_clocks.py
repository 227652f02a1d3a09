"""What is counted of late clocks, in their narrow copies, is what their rows say, with the money of each."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from retailops.accounts.permissions import Permission
from retailops.lib.ids import uuid7
from retailops.sla.models import SlaClock, SlaPolicy
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards.figures import Figure, Reading
from retailops.workbench.dashboards.reading import DAY, Ask, answers
from retailops.workbench.dashboards.scope import Scope, scope_of
from retailops.workbench.models import LateClock, ReturnTimes
from tests.dashboards.asking import DAYS, EVERYBODY, NOON, QUERIES
from tests.factories import actor_with

FIGURES = (c.BREACHES, c.LATE, c.REFUND_BREACHES, c.REFUND_LATE)
PLACES = (("GB", "north", "web", "stripe"), ("FR", "south", "web", ""), ("GB", "", "store", ""))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["start", "start", "breach", "breach", "meet", "cancel", "take back", "move", "remove", "owe"]),
        st.integers(0, 20), st.integers(-2 * 86_400, 2 * 86_400), st.integers(0, 2), st.integers(0, 500),
    ),
    max_size=30,
)  # fmt: skip


def started(which: int, place: int) -> SlaClock:
    """Return a running clock of a return of its own."""
    name = ("refund_cycle", "decision")[which % 2]
    policy = SlaPolicy.objects.filter(name=name).earliest("version")
    region, brand, channel, gateway = PLACES[place]
    return SlaClock.objects.create(
        policy=policy, name=name, subject_type="return", subject_id=uuid7(), correlation_id=uuid7(), region=region,
        brand=brand, channel=channel, connection=gateway, state="running", target_seconds=60,
        started_at=NOON - timedelta(minutes=which), due_at=NOON, seen_at=NOON,
    )  # fmt: skip


def owe(subject: Any, amount: int) -> None:
    """Write that so much waits for a return, or nothing any more."""
    currency = "GBP" if amount % 2 else "EUR"
    defaults = {"channel": "web", "region": "GB", "brand": "", "gateway": "", "currency": currency, "waiting": amount}
    ReturnTimes.objects.update_or_create(id=subject, defaults=defaults | {"requested_at": NOON})


def step(what: str, which: int, after: int, place: int, amount: int) -> None:
    """Do one thing to one of the clocks."""
    if what == "start":
        started(which, place)
        return
    clocks = list(SlaClock.objects.order_by("id"))
    if not clocks:
        return
    clock, moment = clocks[which % len(clocks)], NOON + timedelta(seconds=after)
    if what == "owe":
        owe(clock.subject_id, amount)
    elif what == "remove":
        clock.delete()
    else:
        moved(clock, what, moment, place)


def moved(clock: SlaClock, what: str, moment: datetime, place: int) -> None:
    """Move a clock as its events and the sweep do, and in ways in which they do not."""
    if what == "breach":
        clock.breached_at = moment
    elif what == "take back":
        clock.breached_at = None
    elif what == "move":
        clock.region, clock.brand, clock.channel, clock.connection = PLACES[place]
    else:
        clock.state, clock.ended_at, clock.elapsed_seconds = ("met" if what == "meet" else "canceled"), moment, 1.0
    clock.save()


def said(one: Reading) -> tuple[Any, ...]:
    return one.count, [(each.amount, each.currency) for each in one.money], one.oldest


def counted(figure: Figure, scope: Scope, by: str) -> dict[Any, tuple[Any, ...]]:
    """Return the same as is told of a figure, from its rows one by one."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in figure.rows(scope):
        groups["" if not by else row.breached_at.date() if by == DAY else getattr(row, by)].append(row)
    found = {}
    for group, rows in groups.items():
        money: Counter[str] = Counter()
        for row in rows:
            if row.at_stake:
                money[row.told_in] += row.at_stake
        oldest = None if figure.base.ranged else min(row.started_at for row in rows)
        found[group] = (len(rows), [(amount, name) for name, amount in sorted(money.items())], oldest)
    return found


def agree(scope: Scope) -> None:
    for by in ("", "name", "channel", DAY):
        figures = [each for each in FIGURES if by != DAY or each.base.ranged]
        [found] = answers([Ask(figures, by)], scope).values()
        for figure in figures:
            mine = {group: of[figure.key] for group, of in found.items() if figure.key in of}
            told = {group: said(one) for group, one in mine.items() if one.count}
            assert told == counted(figure, scope, by), (figure.key, by, scope.query())


def kept() -> set[tuple[Any, ...]]:
    names = ("cell__name", "cell__region", "cell__brand", "cell__channel", "cell__connection")
    return set(LateClock.objects.values_list("id", *names, "state", "breached_at", "at_stake", "told_in"))


class CountedAndListed(TestCase):
    """Clocks that start, breach, end and are taken back, and money that comes and goes, in random order."""

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS)
    def test_they_agree(self, steps: list[Any]) -> None:
        for each in steps:
            step(*each)
        for query in QUERIES:
            agree(scope_of(EVERYBODY, query))
        as_it_came = kept()
        with connection.cursor() as cursor:
            cursor.execute("SELECT workbench_late_anew()")
        assert kept() == as_it_came


@pytest.mark.django_db
def test_a_clock_in_time_has_no_copy() -> None:
    clock = started(0, 0)
    assert not LateClock.objects.exists()
    owe(clock.subject_id, 101)
    clock.breached_at = NOON
    clock.save()
    copy = LateClock.objects.get()
    assert (copy.id, copy.at_stake, copy.told_in, copy.cell.name) == (clock.id, 101, "GBP", "refund_cycle")
    owe(clock.subject_id, 0)
    copy.refresh_from_db()
    assert (copy.at_stake, copy.told_in) == (None, None)
    clock.breached_at = None
    clock.save()
    assert not LateClock.objects.exists()


@pytest.mark.django_db
def test_late_clocks_are_those_that_the_person_may_see() -> None:
    for place in range(3):
        clock = started(0, place)
        clock.breached_at = NOON
        clock.save()
    cases: tuple[tuple[Any, int], ...] = (
        ({}, 3), ({"regions": ["FR"]}, 1), ({"regions": ["GB"], "brands": ["north"]}, 1),
    )  # fmt: skip
    for granted, count in cases:
        [found] = answers([Ask([c.LATE])], scope_of(actor_with(Permission.DASHBOARDS_VIEW, **granted), DAYS)).values()
        assert found[""]["late_now"].count == count, granted
    [found] = answers([Ask([c.LATE])], scope_of(actor_with(), DAYS)).values()
    assert found.get("", {}).get("late_now", Reading(c.LATE, 0)).count == 0
