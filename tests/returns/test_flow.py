"""What came and went: the sums equal the returns, whatever changes and however often they are folded."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from retailops.accounts.actor import Actor
from retailops.lib.ids import uuid7
from returns.flow import flow_by_day, fold, recount
from returns.models import Return, ReturnFlow
from tests.returns.proofs import breaches
from tests.workbench import world

AUDIT = "what came and went is what the returns say"
MIDDAY = datetime(2026, 3, 29, 12, tzinfo=UTC)
Key = tuple[datetime, str, str]


def made(at: datetime = MIDDAY, region: str = "GB", closed: datetime | None = None) -> Return:
    return Return.objects.create(
        region=region, brand="north", currency="GBP", correlation_id=uuid7(), requested_by="system:test",
        requested_at=at, closed_at=closed,
    )  # fmt: skip


def kept() -> dict[Key, tuple[int, int]]:
    """Return the sums by quarter, region and brand; those of nothing are left out."""
    came: Counter[Key] = Counter()
    went: Counter[Key] = Counter()
    for row in ReturnFlow.objects.all():
        key = (row.at, row.region, row.brand)
        came[key], went[key] = came[key] + row.came, went[key] + row.went
    return {key: (came[key], went[key]) for key in came if came[key] or went[key]}


def counted() -> dict[Key, tuple[int, int]]:
    """Return the same, counted one return after the other."""

    def quarter(at: datetime) -> datetime:
        return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)

    came = Counter((quarter(rma.requested_at), rma.region, rma.brand) for rma in Return.objects.all())
    went = Counter((quarter(rma.closed_at), rma.region, rma.brand) for rma in Return.objects.all() if rma.closed_at)
    return {key: (came[key], went[key]) for key in {*came, *went}}


STEP = st.tuples(
    st.sampled_from(["make", "close", "reopen", "ask anew", "elsewhere", "remove", "fold", "touch"]),
    st.integers(0, 5), st.integers(0, 3_000), st.sampled_from(["GB", "FR"]),
)  # fmt: skip


class EqualsRecomputation(TestCase):
    """Any changes in any order, folded at any time."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=st.lists(STEP, max_size=20))
    def test_whatever_changed(self, steps: list[tuple[str, int, int, str]]) -> None:
        for what, number, minutes, region in steps:
            at, some = MIDDAY + timedelta(minutes=minutes), list(Return.objects.order_by("id"))
            chosen = Return.objects.filter(pk__in=[some[number % len(some)].pk] if some else [])
            if what == "make":
                made(at, region, at + timedelta(hours=number) if number else None)
            elif what == "fold":
                fold()
                assert not ReturnFlow.objects.filter(folded=False).exists()
            elif what == "remove":
                chosen.delete()
            elif what == "touch":
                chosen.update(version=9)
            else:
                change: dict[str, dict[str, Any]]
                change = {"close": {"closed_at": at}, "reopen": {"closed_at": None}, "ask anew": {"requested_at": at}}
                chosen.update(**change.get(what, {"region": region}))
            assert kept() == counted()
        fold()
        once = kept()
        assert fold() == 0
        assert kept() == once == counted()
        ReturnFlow.objects.all().delete()
        recount()
        assert kept() == counted()


@pytest.mark.django_db
def test_what_is_undone_leaves_no_trace() -> None:
    made()
    before = list(ReturnFlow.objects.values())
    with transaction.atomic():
        made()
        transaction.set_rollback(True)
    assert list(ReturnFlow.objects.values()) == before


@pytest.mark.django_db
def test_what_changes_nothing_of_it_writes_nothing() -> None:
    rma = made()
    fold()
    before = list(ReturnFlow.objects.values())
    rma.version = 7
    rma.save()
    assert list(ReturnFlow.objects.values()) == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", date(2026, 3, 28)), ("Asia/Kathmandu", date(2026, 3, 29)), ("America/St_Johns", date(2026, 3, 28))],
)
def test_a_day_is_the_person_s_day(zone: str, day: date) -> None:
    made(datetime(2026, 3, 28, 18, 15, tzinfo=UTC))  # midnight in Kathmandu (+05:45)
    made(datetime(2026, 3, 28, 18, 14, 59, tzinfo=UTC))  # still the day before there
    fold()
    lead = world.person("ops_lead").actor()
    with timezone.override(ZoneInfo(zone)):
        found = flow_by_day(lead, date(2026, 3, 28))
    expected = {day: (2, 0)} if day.day == 28 else {date(2026, 3, 28): (1, 0), day: (1, 0)}
    assert found == expected


@pytest.mark.django_db
def test_each_sees_what_is_theirs() -> None:
    made(), made(region="FR"), made(region="FR", closed=MIDDAY + timedelta(days=1))
    first = MIDDAY.date()

    def seen(actor: Actor) -> dict[date, tuple[int, int]]:
        return dict(flow_by_day(actor, first))

    assert seen(world.person("ops_lead").actor()) == {first: (3, 0), date(2026, 3, 30): (0, 1)}
    assert seen(world.person("ops_agent", regions=["GB"]).actor()) == {first: (1, 0)}
    assert seen(world.person().actor()) == {}


@pytest.mark.django_db
def test_it_is_read_in_one_query_and_the_audit_is_silent() -> None:
    for minutes in range(0, 600, 7):
        made(MIDDAY + timedelta(minutes=minutes))
    lead = world.person("ops_lead").actor()
    with CaptureQueriesContext(connection) as queries:
        assert flow_by_day(lead, MIDDAY.date())[MIDDAY.date()] == (86, 0)
    assert len(queries) == 1
    assert breaches(AUDIT) == []
    fold()
    assert breaches(AUDIT) == []
