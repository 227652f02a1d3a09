"""Percentiles out of kept lengths are those of the rows, whatever is written, changed or taken away, for any days."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from retailops.accounts.actor import EVERYWHERE, Actor
from retailops.accounts.permissions import Permission
from retailops.lib.ids import uuid7
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards import lengths
from retailops.workbench.dashboards.reading import DAY, Ask, answers
from retailops.workbench.dashboards.scope import Scope, scope_of
from retailops.workbench.models import STAGES, Lengths, ReturnTimes
from tests.dashboards.rewriting import rewrite
from tests.factories import actor_with

EVERYBODY = Actor.system("test")
FIGURES = (c.CYCLE, *c.STAGES)
# Placed in time by other columns.
ELSEWHEN = (c.ERP, c.STOCK_SYNC)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAYS = {"since": "2026-03-09", "until": "2026-03-11"}
Row = tuple[int, int | None, int, str, str, int, int | None, int | None]
ROWS = st.lists(
    st.tuples(
        st.integers(-2 * 86_400, 2 * 86_400), st.one_of(st.none(), st.integers(0, 40), st.integers(0, 2**31 - 1)),
        st.integers(0, 5000), st.sampled_from(["web", "store"]), st.sampled_from(["GB", "FR", ""]),
        st.integers(0, 86_400), st.none() | st.integers(0, 90), st.none() | st.integers(0, 90),
    ),
    max_size=30,
)  # fmt: skip


def times(row: Row) -> ReturnTimes:
    """Return an unsaved row that was refunded so many seconds from NOON on, and posted and placed later or earlier."""
    after, cycle, stage, channel, region, later, posting, sync = row
    moment = NOON + timedelta(seconds=after)
    return ReturnTimes(
        id=uuid7(), channel=channel, region=region, brand="north", gateway="stripe", currency="GBP",
        requested_at=moment, settled_at=moment if cycle is not None else None, cycle=cycle,
        posted_at=moment + timedelta(seconds=later), erp_posting=posting, stock_sync=sync,
        placed_at=None if sync is None else moment - timedelta(seconds=later),
        **{name: stage + number for number, name in enumerate(STAGES)},
    )  # fmt: skip


def kept() -> Counter[tuple[Any, ...]]:
    """Return the kept lengths one by one."""
    found: Counter[tuple[Any, ...]] = Counter()
    for each in Lengths.objects.all():
        assert each.n == len(each.lengths)
        assert each.lengths == sorted(each.lengths)
        found.update((each.region, each.day, each.stage, each.bucket, each.channel, length) for length in each.lengths)
    return found


def told(scope: Scope) -> list[Any]:
    asks = [
        Ask(FIGURES), Ask(FIGURES, "channel"), Ask([c.CYCLE], DAY), Ask(ELSEWHEN), Ask([c.ERP], DAY),
        Ask([c.STOCK_SYNC], "channel"), Ask([c.STOCK_SYNC], DAY),
    ]  # fmt: skip
    return [
        {
            group: {key: (one.count, one.percentiles) for key, one in of.items() if one.count}
            for group, of in each.items()
        }
        for each in answers(asks, scope).values()
    ]


class KeptAndSorted(TestCase):
    """Random rows, written and changed in random ways."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows=ROWS, more=ROWS, gone=st.integers(0, 30), zone=st.sampled_from(["UTC", "Europe/Paris", "Asia/Kolkata"]))
    def test_they_agree(self, rows: list[Row], more: list[Row], gone: int, zone: str) -> None:
        rewrite(times, rows, more, gone)
        as_it_came = kept()
        with connection.cursor() as cursor:
            cursor.execute("SELECT workbench_lengths_anew()")
        assert kept() == as_it_came
        with timezone.override(ZoneInfo(zone)):
            for query in (DAYS, DAYS | {"region": "GB"}, DAYS | {"channel": "web"}, {"since": "2026-03-10"}):
                scope = scope_of(EVERYBODY, query)
                assert lengths.are_kept([*FIGURES, *ELSEWHEN], "channel", DAY, scope)
                found = told(scope)
                with pytest.MonkeyPatch.context() as patched:
                    patched.setattr(lengths, "are_kept", lambda *_: False)
                    assert told(scope) == found


@pytest.mark.django_db
def test_what_buckets_do_not_part_is_sorted_from_the_rows() -> None:
    for query in ({"brand": "north"}, {"connection": "stripe"}):
        assert not lengths.are_kept(FIGURES, "", DAY, scope_of(EVERYBODY, query))
    assert not lengths.are_kept(FIGURES, "region", DAY, scope_of(EVERYBODY, {}))
    one_brand = actor_with(Permission.DASHBOARDS_VIEW, brands=["north"])
    assert not lengths.are_kept(FIGURES, "", DAY, scope_of(one_brand, {}))
    with timezone.override(ZoneInfo("Europe/Paris")):
        assert not lengths.are_kept([c.CYCLE], DAY, DAY, scope_of(EVERYBODY, {}))


@pytest.mark.django_db
def test_regions_are_those_of_the_person() -> None:
    ReturnTimes.objects.bulk_create(
        [
            times((after, cycle, 1, "web", region, 0, None, None))
            for after, cycle, region in ((0, 60, "GB"), (0, 90, "FR"), (5, 30, "FR"))
        ]
    )
    for regions, asked, count in (
        ([EVERYWHERE], {}, 3), (["FR"], {}, 2), (["FR", "GB"], {}, 3), (["FR"], {"region": "GB"}, 0),
        (["GB"], {"region": "GB"}, 1), ([], {}, 0),
    ):  # fmt: skip
        actor = actor_with(*([Permission.DASHBOARDS_VIEW] if regions else []), regions=regions)
        [found] = answers([Ask([c.CYCLE])], scope_of(actor, DAYS | asked)).values()
        assert found[""]["refund_cycle"].count == count, (regions, asked)
