"""What hours sum up to is what the rows say, whatever is written, changed or taken away, for any days and filters."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.ids import uuid7
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards.reading import DAY, Ask, answers, are_summed
from retailops.workbench.dashboards.scope import Scope, scope_of
from retailops.workbench.models import ReturnSums, ReturnTimes
from tests.dashboards.asking import sums_are_the_rows
from tests.dashboards.rewriting import rewrite
from tests.factories import actor_with

EVERYBODY = Actor.system("test")
FIGURES = (c.COMING_IN, c.COMPLETED, c.REFUNDED_MONEY, c.UNTOUCHED, c.GONE_OUT)
NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
# Clocks go forward in Paris in these days.
DAYS = {"since": "2026-03-27", "until": "2026-03-29"}
AFTER = st.integers(-2 * 86_400, 2 * 86_400)
ROWS = st.lists(
    st.tuples(
        AFTER, st.none() | AFTER, st.none() | AFTER, st.booleans(), st.integers(0, 2**40),
        st.sampled_from([("web", "GB", "GBP"), ("store", "GB", "GBP"), ("web", "FR", "EUR"), ("web", "", "EUR")]),
        st.sampled_from([("north", "stripe"), ("south", "adyen"), ("north", "")]),
    ),
    max_size=30,
)  # fmt: skip
QUERIES = (
    DAYS, DAYS | {"region": "GB"}, DAYS | {"channel": "web"}, DAYS | {"brand": "north"},
    DAYS | {"connection": "stripe"}, {"since": "2026-03-28"},
    DAYS | {"region": "FR", "brand": "south", "channel": "web"},
)  # fmt: skip


def times(row: Any) -> ReturnTimes:
    """Return an unsaved row whose moments are so many seconds from NOON on."""
    asked, settled, ended, touched, refunded, (channel, region, currency), (brand, gateway) = row
    at: list[Any] = [None if after is None else NOON + timedelta(seconds=after) for after in (asked, settled, ended)]
    return ReturnTimes(
        id=uuid7(), channel=channel, region=region, brand=brand, gateway=gateway, currency=currency, touched=touched,
        refunded=refunded, requested_at=at[0], settled_at=at[1], ended_at=at[2],
    )  # fmt: skip


def kept() -> list[tuple[Any, ...]]:
    """Return the hours that are not empty."""
    return [
        row
        for row in ReturnSums.objects.order_by("pk").values_list(
            "at", "region", "brand", "channel", "gateway", "currency", "asked", "completed", "settled", "untouched",
            "refunded", "ended",
        )
        if any(row[6:])
    ]  # fmt: skip


def told(scope: Scope) -> list[Any]:
    asks = [Ask(FIGURES), *(Ask([each], DAY) for each in FIGURES), Ask([c.REFUNDED_MONEY, c.UNTOUCHED], "channel")]
    return [
        {
            group: {key: (one.count, one.whole, list(one.money)) for key, one in of.items() if one.count or one.whole}
            for group, of in each.items()
            if any(one.count or one.whole for one in of.values())
        }
        for each in answers(asks, scope).values()
    ]


class SummedAndCounted(TestCase):
    """Random rows, written and changed in random ways."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows=ROWS, more=ROWS, gone=st.integers(0, 30), zone=st.sampled_from(["UTC", "Europe/Paris", "Asia/Tokyo"]))
    def test_they_agree(self, rows: list[Any], more: list[Any], gone: int, zone: str) -> None:
        rewrite(times, rows, more, gone)
        as_it_came = kept()
        with connection.cursor() as cursor:
            cursor.execute("SELECT workbench_sums_anew()")
        assert kept() == as_it_came
        with timezone.override(ZoneInfo(zone)):
            for query in QUERIES:
                scope = scope_of(EVERYBODY, query)
                assert are_summed(FIGURES, scope)
                sums_are_the_rows(told, scope)


@pytest.mark.django_db
def test_what_hours_do_not_part_is_counted_from_the_rows() -> None:
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        assert not are_summed(FIGURES, scope_of(EVERYBODY, DAYS))
    assert not are_summed([c.OPEN_NOW], scope_of(EVERYBODY, DAYS))
    assert not are_summed([c.COMING_IN, c.EXCEPTIONS], scope_of(EVERYBODY, DAYS))
    at_noon = scope_of(EVERYBODY, {"compare": "1"}).previous()
    assert are_summed(FIGURES, at_noon) is (at_noon.until.timestamp() % 3600 == 0)


@pytest.mark.django_db
def test_hours_are_those_that_the_person_may_see() -> None:
    ReturnTimes.objects.bulk_create(
        [
            times((0, 0, None, False, 100, (channel, region, "GBP"), (brand, "stripe")))
            for channel, region, brand in (("web", "GB", "north"), ("web", "FR", "north"), ("store", "FR", "south"))
        ]
    )
    cases: tuple[tuple[Any, int], ...] = (
        ({}, 3),
        ({"regions": ["FR"]}, 2),
        ({"regions": ["FR"], "brands": ["north"]}, 1),
    )
    for granted, count in cases:
        scope = scope_of(actor_with(Permission.DASHBOARDS_VIEW, **granted), DAYS)
        [found] = answers([Ask([c.COMING_IN])], scope).values()
        assert found[""]["came_in"].count == count, granted
    [found] = answers([Ask([c.COMING_IN])], scope_of(actor_with(), DAYS)).values()
    assert found[""]["came_in"].count == 0
