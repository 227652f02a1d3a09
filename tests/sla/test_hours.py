"""Counted time against a walk over the wall clock, minute by minute, across clock changes and holidays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailops.sla.hours import Hours, add, between

MINUTE = timedelta(minutes=1)
# Clock changes at one in the morning, at midnight, by half an hour, and none at all.
ZONES = ["Europe/London", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
CHANGES = [
    datetime(2026, month, day, tzinfo=UTC) for month, day in [(3, 29), (10, 25), (3, 8), (11, 1), (4, 4), (6, 10)]
]


def is_open(hours: Hours, instant: datetime) -> bool:
    local = instant.astimezone(ZoneInfo(hours.timezone))
    minute = local.hour * 60 + local.minute
    closed = local.date() in hours.holidays
    return not closed and any(a <= minute < b for a, b in hours.week[local.weekday()])


@st.composite
def day_hours(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    cuts = sorted(draw(st.sets(st.integers(0, 1440), min_size=0, max_size=4)))
    return tuple(zip(cuts[::2], cuts[1::2], strict=False))


@st.composite
def all_hours(draw: st.DrawFn) -> Hours:
    week = tuple(draw(day_hours()) for _ in range(7))
    days = [(change + timedelta(days=n)).date() for change in CHANGES for n in range(-3, 4)]
    return Hours(draw(st.sampled_from(ZONES)), week, frozenset(draw(st.sets(st.sampled_from(days), max_size=6))))


starts = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-4000, 2000)
)


@settings(max_examples=150, deadline=None)
@given(all_hours(), starts, st.integers(0, 6000))
def test_between_counts_the_open_minutes_of_the_wall_clock(hours: Hours, start: datetime, minutes: int) -> None:
    walked = sum(is_open(hours, start + n * MINUTE) for n in range(minutes))
    assert between(hours, start, start + minutes * MINUTE) == walked * MINUTE


@settings(max_examples=150, deadline=None)
@given(all_hours(), starts, st.integers(1, 3000))
def test_add_ends_with_the_minute_that_completes_it(hours: Hours, start: datetime, minutes: int) -> None:
    left, at = minutes, start
    for _ in range(12 * 1440):
        left -= is_open(hours, at)
        at += MINUTE
        if not left:
            assert add(hours, start, minutes * MINUTE) == at
            return


@settings(max_examples=150, deadline=None)
@given(all_hours(), starts, st.integers(1, 10**10))
def test_add_and_between_agree_to_the_microsecond(hours: Hours, start: datetime, microseconds: int) -> None:
    amount = timedelta(microseconds=microseconds)
    if not any(hours.week):
        with pytest.raises(ValueError, match="never open"):
            add(hours, start, amount)
        return
    due = add(hours, start, amount)
    assert between(hours, start, due) == amount
    assert between(hours, start, due - timedelta(microseconds=1)) < amount


def test_an_hour_that_comes_twice_counts_twice_and_one_left_out_not_at_all() -> None:
    night = Hours("Europe/London", (((60, 120),),) * 7)
    autumn, spring = datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)
    assert between(night, autumn, autumn + timedelta(hours=12)) == timedelta(hours=2)
    assert between(night, spring, spring + timedelta(hours=12)) == timedelta()


def test_a_holiday_is_closed_by_the_local_date() -> None:
    hours = Hours("Pacific/Auckland", (((540, 1020),),) * 7, frozenset({date(2026, 12, 25)}))
    before = datetime(2026, 12, 24, 3, tzinfo=UTC)  # four in the afternoon of the 24th there: one hour is left
    assert add(hours, before, timedelta(hours=2)) == datetime(2026, 12, 25, 21, tzinfo=UTC)  # ten on the 26th


def test_round_the_clock_is_plain_arithmetic() -> None:
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert add(None, start, timedelta(days=1)) == start + timedelta(days=1)
    assert between(None, start, start - timedelta(1)) == timedelta()
