"""How many cases came a day, as a small picture drawn on the server and the same in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from retailops.cases.models import Case

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


def sparks(rows: QuerySet[Case], by: str, keys: Iterable[Any]) -> Mapping[Any, Spark]:
    """Return the picture of each key (values of the column `by`) over all cases, open or not; one query."""
    first = timezone.localdate() - timedelta(days=DAYS - 1)
    chosen = rows.filter(**{f"{by}__in": list(keys)}, opened_at__gte=timezone.now() - timedelta(days=DAYS + 1))
    counted = chosen.order_by().annotate(day=TruncDate("opened_at")).values(by, "day").annotate(n=Count("*"))
    found: dict[Any, list[int]] = {}
    for row in counted:
        day: date = row["day"]
        at = (day - first).days
        if at >= 0:
            found.setdefault(row[by], [0] * DAYS)[min(at, DAYS - 1)] += row["n"]
    return {key: Spark(found.get(key, [0] * DAYS)) for key in keys}
