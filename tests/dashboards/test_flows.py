"""What hours of deliveries and clocks add up to is what the rows say, whatever happens, folded or not."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from retailops.accounts.permissions import Permission
from retailops.events.enums import DestinationKind
from retailops.events.models import Delivery, Destination
from retailops.lib.ids import uuid7
from retailops.sla.models import SlaClock, SlaPolicy
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards.flows import fold
from retailops.workbench.dashboards.reading import Ask, answers, are_summed
from retailops.workbench.dashboards.scope import Scope, scope_of
from retailops.workbench.models import ClockFlow, DeliveryFlow
from tests.dashboards.asking import DAYS, EVERYBODY, NOON, QUERIES, sums_are_the_rows
from tests.events.factories import make_delivery, make_destination, make_event
from tests.factories import actor_with

PLACES = (("GB", "north", "web"), ("FR", "south", "web"), ("GB", "", "store"))
# Often the same hour, so that what changes in it is seen.
AFTER = st.integers(0, 60) | st.integers(-2 * 86_400, 2 * 86_400)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["came", "ended", "ended", "again", "gone", "fold"]), st.integers(0, 30), AFTER,
        st.integers(0, 2), st.sampled_from(["delivered", "dead", "discarded"]), st.booleans(),
    ),
    max_size=25,
)  # fmt: skip
DELIVERIES, CLOCKS = (c.FIRST_TRY,), (c.KEPT, c.REFUND_KEPT)
FIGURES = (*DELIVERIES, *CLOCKS)


class World:
    """Deliveries and clocks to which things happen: each step does the same to one of both."""

    def __init__(self) -> None:
        self.policies = {name: SlaPolicy.objects.filter(name=name).first() for name in ("refund_cycle", "decision")}
        self.systems = [make_destination(name="stripe"), make_destination(name="adyen")]
        self.handler = Destination.objects.filter(kind=DestinationKind.HANDLER).first()

    def step(self, what: str, which: int, after: int, place: int, status: str, first: bool) -> None:
        """Do one thing."""
        moment = NOON + timedelta(seconds=after)
        if what == "fold":
            fold()
        elif what == "came":
            self._delivery(moment if first else None, PLACES[place], which, status)
            self._clock(moment if first else None, PLACES[place], which)
        else:
            deliveries, clocks = list(Delivery.objects.order_by("id")), list(SlaClock.objects.order_by("id"))
            if deliveries:
                self._moved(what, deliveries[which % len(deliveries)], moment, status, first)
            if clocks:
                self._clock_moved(what, clocks[which % len(clocks)], moment, status, first)

    def _delivery(self, ended: datetime | None, place: tuple[str, str, str], which: int, status: str) -> None:
        region, brand, channel = place
        event = make_event(region=region, brand=brand, channel=channel)
        system = self.handler if self.handler and which % 5 == 0 else self.systems[which % 2]
        told: dict[str, Any] = {"status": status, "finished_at": ended, "attempt_no": which % 3} if ended else {}
        make_delivery(system, event=event, **told)

    def _clock(self, ended: datetime | None, place: tuple[str, str, str], which: int) -> None:
        region, brand, channel = place
        policy = list(self.policies.values())[which % 2]
        assert policy is not None
        SlaClock.objects.create(
            policy=policy, name=policy.name, subject_type="return", subject_id=uuid7(), correlation_id=uuid7(),
            region=region, brand=brand, channel=channel, connection="stripe" if which % 3 else "", target_seconds=60,
            state="met" if ended else "running", started_at=NOON, ended_at=ended, seen_at=NOON,
            elapsed_seconds=1.0 if ended else None, breached_at=ended if which % 4 == 0 else None,
        )  # fmt: skip

    def _moved(self, what: str, delivery: Delivery, moment: datetime, status: str, first: bool) -> None:
        if what == "gone":
            delivery.delete()
            return
        again = what == "again"
        delivery.status, delivery.finished_at = ("ready", None) if again else (status, moment)
        delivery.attempt_no = 1 if first else 2
        delivery.save()

    def _clock_moved(self, what: str, clock: SlaClock, moment: datetime, status: str, first: bool) -> None:
        if what == "gone":
            clock.delete()
            return
        again = what == "again"
        clock.state = "running" if again else "canceled" if status == "discarded" else "met"
        clock.ended_at, clock.elapsed_seconds = (None, None) if again else (moment, 1.0)
        clock.breached_at = None if first else moment
        clock.save()


def kept() -> list[dict[Any, tuple[int, int]]]:
    """Return the sums by hour and scope; those of nothing are left out."""
    found: list[dict[Any, tuple[int, int]]] = []
    for rows in (
        DeliveryFlow.objects.values_list("at", "region", "brand", "channel", "destination_id", "ended", "at_once"),
        ClockFlow.objects.values_list("at", "name", "region", "brand", "channel", "connection", "met", "kept"),
    ):
        sums: dict[Any, tuple[int, int]] = {}
        for *cell, one, other in rows:
            before = sums.get(tuple(cell), (0, 0))
            sums[tuple(cell)] = before[0] + one, before[1] + other
        found.append({cell: each for cell, each in sums.items() if any(each)})
    return found


def told(scope: Scope) -> list[Any]:
    asks = [Ask(DELIVERIES), Ask(CLOCKS), Ask(FIGURES), Ask(CLOCKS, "name"), Ask(CLOCKS, "channel")]
    return [
        {
            group: {key: (one.count, one.whole) for key, one in of.items()}
            for group, of in each.items()
            if any(one.whole for one in of.values())
        }
        for each in answers(asks, scope).values()
    ]


class SummedAndCounted(TestCase):
    """Deliveries and clocks that come, end, begin anew and go, in random order."""

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS, zone=st.sampled_from(["UTC", "Europe/Paris", "Asia/Tokyo"]))
    def test_they_agree(self, steps: list[Any], zone: str) -> None:
        world = World()
        for step in steps:
            world.step(*step)
        as_it_came = kept()
        fold()
        assert kept() == as_it_came
        with connection.cursor() as cursor:
            cursor.execute("SELECT workbench_deliveries_anew(), workbench_clocks_anew()")
        assert kept() == as_it_came
        with timezone.override(ZoneInfo(zone)):
            for query in QUERIES:
                scope = scope_of(EVERYBODY, query)
                assert are_summed(DELIVERIES, scope)
                assert are_summed(CLOCKS, scope)
                sums_are_the_rows(told, scope)


@pytest.mark.django_db
def test_loose_rows_are_put_together_once() -> None:
    world = World()
    for _ in range(3):
        world.step("came", 1, 0, 0, "delivered", True)
    before = kept()
    assert DeliveryFlow.objects.filter(folded=False).count() == ClockFlow.objects.filter(folded=False).count() == 3
    assert fold() == 6
    assert kept() == before
    assert list(DeliveryFlow.objects.values_list("folded", "ended")) == [(True, 3)]
    assert list(ClockFlow.objects.values_list("folded", "met")) == [(True, 3)]
    assert fold() == 0


@pytest.mark.django_db
def test_a_batch_of_deliveries_adds_one_row_and_what_does_not_end_none() -> None:
    stripe = make_destination(name="stripe")
    for _ in range(3):
        make_delivery(stripe, event=make_event(region="GB", brand="north", channel="web"))
    Delivery.objects.update(attempt_no=1)
    assert not DeliveryFlow.objects.exists()
    Delivery.objects.update(status="delivered", finished_at=NOON)
    assert list(DeliveryFlow.objects.values_list("at", "ended", "at_once")) == [(NOON, 3, 3)]


@pytest.mark.django_db
def test_hours_are_those_that_the_person_may_see() -> None:
    world = World()
    for place in range(3):
        world.step("came", 1, 0, place, "delivered", True)
    cases: tuple[tuple[Any, int], ...] = (
        ({}, 3), ({"regions": ["FR"]}, 1), ({"regions": ["GB"], "brands": ["north"]}, 1),
    )  # fmt: skip
    both = (Permission.DASHBOARDS_VIEW, Permission.DELIVERIES_VIEW)
    for granted, count in cases:
        scope = scope_of(actor_with(*both, **granted), DAYS)
        [found] = answers([Ask([c.FIRST_TRY, c.KEPT])], scope).values()
        assert (found[""]["first_attempt"].whole, found[""]["promises_kept"].whole) == (count, count), granted
    [found] = answers([Ask([c.FIRST_TRY, c.KEPT])], scope_of(actor_with(Permission.DASHBOARDS_VIEW), DAYS)).values()
    assert (found[""]["first_attempt"].whole, found[""]["promises_kept"].whole) == (0, 3)
