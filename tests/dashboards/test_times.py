"""Times of returns: kept from the feed as recomputed at once; figures as a slow reading of the events tells them."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from retailops.accounts.actor import Actor
from retailops.events.models import Event, Heartbeat
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards.reading import read
from retailops.workbench.dashboards.scope import scope_of
from retailops.workbench.dashboards.times import HEARTBEAT, catch_up, rebuild, write_times
from retailops.workbench.models import ReturnTimes
from returns.models import Return
from returns.services import refund_outcomes
from returns.services.decisions import cancel_return
from tests.dashboards import histories
from tests.workbench import world
from tests.workbench.world import SYSTEM

EVERYBODY = Actor.system("test")


def kept() -> list[dict[str, Any]]:
    """Return every row as it stands."""
    return [dict(row) for row in ReturnTimes.objects.order_by("id").values()]


def cancel(rma: Return) -> None:
    if rma.status == "authorized" and rma.logistics == "none":
        cancel_return(actor=SYSTEM, return_id=rma.id, reason="changed their mind")


def arrive(rma: Return) -> None:
    if rma.status == "authorized" and rma.logistics == "none":
        world.arrive(rma)


def inspect(rma: Return) -> None:
    if rma.inspection == "pending":
        world.inspected(rma)


def come_back(rma: Return) -> None:
    for refund in rma.refunds.filter(status="succeeded"):
        refund_outcomes.reverse_refund(actor=SYSTEM, refund_id=refund.id, code="account_closed")


STEPS: dict[str, Callable[[Return], object]] = {
    "cancel": cancel,
    "arrive": arrive,
    "inspect": inspect,
    "pay": histories.paid,
    "book": histories.booked,
    "come_back": come_back,
}
ENDED = ("return.closed", "return.declined", "return.canceled", "return.expired")


class Slow:
    """Figures recomputed from the events alone, one after the other."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.ended: set[str] = set()
        self.owed: dict[str, set[str]] = defaultdict(set)
        self.paid: dict[str, dict[str, int]] = defaultdict(dict)
        self.posted: dict[str, set[str]] = defaultdict(set)
        self.queued: dict[str, set[str]] = defaultdict(set)
        for event in Event.objects.order_by("position"):
            self._take(event.type, event.data)

    def _take(self, type: str, data: dict[str, Any]) -> None:
        rma = str(data.get("return_id", ""))
        if type == "return.requested":
            self.asked.add(rma)
        elif type in ENDED:
            self.ended.add(rma)
        elif type == "return.reopened":
            self.ended.discard(rma)
        elif type == "refund.proposed":
            self.owed[rma].add(data["refund_id"])
        elif type == "refund.succeeded":
            self.paid[rma][data["refund_id"]] = data["amount"]
        elif type == "refund.reversed":
            self.paid[rma].pop(data["refund_id"], None)
        elif type == "credit_memo.queued":
            self.queued[rma].add(data["memo_id"])
        elif type == "credit_memo.posted":
            self.posted[rma].add(data["memo_id"])

    @property
    def refunded(self) -> set[str]:
        """Return the returns whose refunds are all paid."""
        return {rma for rma, refunds in self.owed.items() if refunds and refunds == set(self.paid[rma])}

    def told(self) -> dict[str, int]:
        """Return what the figures should say."""
        booked = {rma for rma, memos in self.queued.items() if memos and memos == self.posted[rma]}
        return {
            "came_in": len(self.asked),
            "went_out": len(self.ended),
            "open": len(self.asked - self.ended),
            "refund_cycle": len(self.refunded),
            "completed": len(self.refunded),
            "erp_posting": len(booked),
            "money": sum(sum(self.paid[rma].values()) for rma in self.refunded),
        }


class FiguresEqualTheEvents(TestCase):
    """Random small histories."""

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(sorted(STEPS)), st.booleans()), max_size=14))
    def test_whatever_happened(self, steps: list[tuple[int, str, bool]]) -> None:
        returns = [world.requested(), world.requested("FR"), world.requested("GB", quantity=2)]
        for number, step, written in steps:
            returns[number].refresh_from_db()
            STEPS[step](returns[number])
            if written:
                # As the sweep does: the story that moved, once more than needed.
                assert write_times([returns[number].correlation_id]) == 1
                write_times([returns[number].correlation_id])
        write_times([rma.correlation_id for rma in returns])
        as_it_came = kept()
        ReturnTimes.objects.all().delete()
        rebuild()
        assert kept() == as_it_came
        found = read(c.FIGURES.values(), scope_of(EVERYBODY, {}))
        told = Slow().told()
        money = {figure: sum(each.amount for each in found[figure].money) for figure in ("refunded",)}
        assert {**{key: found[key].count for key in told if key != "money"}, "money": money["refunded"]} == told
        self._lengths_equal_the_events()

    def _lengths_equal_the_events(self) -> None:
        """Compare with the events' own times; both sides read the clock, so a second may lie between them."""
        for row in ReturnTimes.objects.exclude(settled_at=None):
            story = Event.objects.filter(correlation_id=Return.objects.get(pk=row.pk).correlation_id)
            asked = story.filter(type="return.requested").earliest("position").occurred_at
            paid = story.filter(type="refund.succeeded").latest("position").occurred_at
            assert row.cycle is not None
            assert abs(row.cycle - (paid - asked).total_seconds()) <= 1.5


@pytest.mark.django_db(transaction=True)
def test_the_feed_tells_what_to_write_and_nothing_is_written_twice() -> None:
    with transaction.atomic():
        rma = world.received()
    assert catch_up() >= 1
    row = ReturnTimes.objects.get(pk=rma.pk)
    assert (row.standing, row.settled_at) == ("inspection", None)
    assert catch_up() == 0
    histories.paid(world.inspected(rma))
    assert catch_up() == 1
    row.refresh_from_db()
    assert (row.standing, row.settled_at is not None, row.refunded) == ("memo", True, 4599)
    before = kept()
    Heartbeat.objects.filter(name=HEARTBEAT).update(detail={})
    catch_up()
    rebuild()
    assert kept() == before


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_leaves_its_place_in_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    world.requested()
    with monkeypatch.context() as broken:
        broken.setattr("retailops.workbench.dashboards.times.write_times", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            catch_up()
    assert not ReturnTimes.objects.exists()
    assert not Heartbeat.objects.filter(name=HEARTBEAT).exists()
    assert catch_up() == 1


@pytest.mark.django_db
def test_what_a_person_decides_is_a_touch_and_handling_goods_is_not() -> None:
    lead = world.person("ops_lead").actor()
    rma = world.received()
    untouched = ReturnTimes.objects.filter(pk=rma.pk, touched=False)
    rebuild()
    at_first = untouched.exists()
    world.case_about(rma)
    rebuild()
    assert not untouched.exists()
    other = world.requested()
    rebuild()
    assert ReturnTimes.objects.get(pk=other.pk).touched is False
    cancel_return(actor=lead, return_id=other.id, reason="asked by phone")
    rebuild()
    assert ReturnTimes.objects.get(pk=other.pk).touched is True
    assert at_first
