"""Counted time: round the clock, or the open hours of a calendar in its time zone, across clock changes and holidays.

What is open is decided by the wall clock at each instant: an hour that comes twice counts twice, one that is left out
counts not at all. Arithmetic is exact to the microsecond.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Span = tuple[datetime, datetime]
ONE_DAY, ONE_HOUR, NOTHING = timedelta(days=1), timedelta(hours=1), timedelta()
# A target that needs more calendar days than this can never be met; calendars without hours are refused before.
FURTHEST = 3700


@dataclass(frozen=True)
class Hours:
    """Open wall-clock spans by weekday (Monday first), in minutes of the day, and the days that are closed."""

    timezone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    holidays: frozenset[date] = frozenset()


def read_hours(timezone: str, hours: dict[str, Any], holidays: list[dict[str, str]]) -> Hours:
    """Return the hours of a calendar's documents (see SlaCalendar)."""
    week = tuple(tuple((_minutes(a), _minutes(b)) for a, b in hours.get(day, ())) for day in WEEKDAYS)
    return Hours(timezone, week, frozenset(date.fromisoformat(each["date"]) for each in holidays))


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def add(hours: Hours | None, start: datetime, amount: timedelta) -> datetime:
    """Return the first instant by which `amount` of open time has passed since `start`. Raises ValueError if never."""
    if hours is None or amount <= NOTHING:
        return start + max(amount, NOTHING)
    for opens, closes in _open_from(hours, start):
        if closes - opens >= amount:
            return opens + amount
        amount -= closes - opens
    raise ValueError("The calendar is never open for that long.")


def between(hours: Hours | None, start: datetime, end: datetime) -> timedelta:
    """Return the open time from `start` to `end`; nothing where the end is not later."""
    if hours is None or end <= start:
        return max(end - start, NOTHING)
    total = NOTHING
    for opens, closes in _open_from(hours, start):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total


def _open_from(hours: Hours, start: datetime) -> Iterator[Span]:
    day = start.astimezone(UTC).date()
    for _ in range(FURTHEST):
        for opens, closes in _open_on(hours, day):
            if closes > start:
                yield max(opens, start), closes
        day += ONE_DAY


@lru_cache(maxsize=8192)
def _open_on(hours: Hours, day: date) -> tuple[Span, ...]:
    """Return the open spans within one UTC day, in order."""
    found: list[Span] = []
    for begins, ends, offset in _offsets(hours.timezone, day):
        found += [(a - offset, b - offset) for a, b in _local(hours, begins + offset, ends + offset)]
    return tuple(sorted(found))


def _local(hours: Hours, begins: datetime, ends: datetime) -> Iterator[Span]:
    """Yield the open spans between two wall-clock times of one offset."""
    midnight = begins.replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < ends:
        if midnight.date() not in hours.holidays:
            for opens, closes in hours.week[midnight.weekday()]:
                a, b = midnight + timedelta(minutes=opens), midnight + timedelta(minutes=closes)
                if max(a, begins) < min(b, ends):
                    yield max(a, begins), min(b, ends)
        midnight += ONE_DAY


def _offsets(timezone: str, day: date) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Yield the parts of a UTC day between changes of the zone's offset."""
    zone = ZoneInfo(timezone)
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    part, offset = begins, _offset(zone, begins)
    for hour in range(24):
        a, b = begins + hour * ONE_HOUR, begins + (hour + 1) * ONE_HOUR
        if _offset(zone, b) != offset:
            change = _change(zone, a, b)
            if change > part:
                yield part, change, offset
            part, offset = change, _offset(zone, b)
    if part < begins + ONE_DAY:
        yield part, begins + ONE_DAY, offset


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first second with the offset of `after`."""
    wanted = _offset(zone, after)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (before, middle) if _offset(zone, middle) == wanted else (middle, after)
    return after


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or NOTHING
