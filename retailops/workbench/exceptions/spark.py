"""How many cases came a day, as a small picture drawn on the server and the same in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from retailops.cases.models import Case
from retailops.workbench.exceptions.paging import NEVER

DAYS, BAR, GAP, HEIGHT = 14, 4, 1, 18


@dataclass(frozen=True)
class Bar:
    """One day of the picture (SVG units)."""

    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Spark:
    """The last days, today last."""

    days: list[int]

    @property
    def width(self) -> int:
        """Return the picture's width."""
        return DAYS * (BAR + GAP)

    @property
    def bars(self) -> list[Bar]:
        """Return the days on which cases came."""
        most = max([1, *self.days])
        heights = [max(2, round(count / most * HEIGHT)) if count else 0 for count in self.days]
        return [Bar(at * (BAR + GAP), HEIGHT - tall, tall) for at, tall in enumerate(heights) if tall]

    @property
    def words(self) -> str:
        """Say the same in words."""
        week, before = sum(self.days[-7:]), sum(self.days[:-7])
        return f"{week} came in the last 7 days, {before} in the 7 before; {self.days[-1]} today"


# A range of the index a day: no time is turned into a day, and keys are counted before they are compared.
_BY_DAY = """
SELECT day - 1, came.key, came.n
FROM unnest(%s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY AS days (since, until, day)
CROSS JOIN LATERAL ({counted} OFFSET 0) AS came (key, n)
WHERE came.key = ANY(%s)
"""


def sparks(rows: QuerySet[Case], by: str, keys: Iterable[Any]) -> Mapping[Any, Spark]:
    """Return the picture of each key (values of the column `by`) over all cases, open or not; one query.

    Days are those of the person's time zone; what is dated later than today counts as today.
    """
    wanted = list(keys)
    found: dict[Any, list[int]] = {key: [0] * DAYS for key in wanted}
    for day, key, count in _by_day(rows, by, wanted):
        found[key][day] = count
    return {key: Spark(days) for key, days in found.items()}


def _by_day(rows: QuerySet[Case], by: str, keys: list[Any]) -> list[tuple[int, Any, int]]:
    # Groups have an index with their days.
    chosen = rows.filter(group__in=keys) if by == "group" else rows
    since, until = (RawSQL(f"days.{end}", ()) for end in ("since", "until"))  # noqa: S611  # columns of our own text
    counted = chosen.filter(opened_at__gte=since, opened_at__lt=until).order_by().values(by).annotate(n=Count("*"))
    try:
        inner, parameters = counted.query.sql_with_params()
    except EmptyResultSet:
        return []
    begins = _midnights()
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY.format(counted=inner), [begins, [*begins[1:], NEVER], *parameters, keys])
        return list(cursor.fetchall())


def _midnights() -> list[datetime]:
    """Return when each of the days began where the person is."""
    zone, today = timezone.get_current_timezone(), timezone.localdate()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    return [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]
