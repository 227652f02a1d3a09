"""The parts that boards are laid out of (tiles, tables, groups, days, promises, quarantine), and how they are read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from inventory.selectors import locations_visible_to
from inventory.web.overview import Bucket, ageing
from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.sla.models import SlaPolicy
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards.figures import Figure, Reading
from retailops.workbench.dashboards.reading import (
    DAY,
    Ask,
    Found,
    answers,
    by_day_is_cheap,
    compared,
    room_to_sort,
)
from retailops.workbench.dashboards.scope import NONE, Scope

# Percent of clocks that should end in time; the rest is the budget that the burn rate is told of.
OBJECTIVE = 95.0


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a board: figures, by what (a column, DAY, or as a whole), and what is made of their readings.

    What all parts ask for is read together. `with_days`: those that are of days are told by day as well, where that
    costs no sorting.
    """

    made: Callable[[Scope, Found], Any]
    figures: Sequence[Figure] = ()
    by: str = ""
    with_days: bool = False

    def alone(self, scope: Scope) -> Any:
        """Return the part read by itself."""
        ask = Ask(_allowed(self.figures, scope.actor), self.by)
        return self.made(scope, answers([ask], scope)[ask])


@dataclass(frozen=True)
class Tiles:
    """Figures side by side."""

    readings: list[Reading]
    title: str = ""
    kind: str = "tiles"


@dataclass(frozen=True)
class Table:
    """Figures as rows: `kind` chooses the columns (lengths: n and percentiles; counts: n, money, oldest)."""

    title: str
    about: str
    readings: list[Reading]
    kind: str = "lengths"

    @property
    def most(self) -> float:
        """Return the largest value, for the bars beside the figures."""
        return max([1.0, *(each.percentiles[1] if each.percentiles else each.count for each in self.readings)])


@dataclass(frozen=True)
class GroupRow:
    """One value of a grouping column with its readings in the order of the columns; `query` narrows to it."""

    value: str
    query: str
    readings: list[Reading]
    worst: str = ""


@dataclass(frozen=True)
class Groups:
    """Figures by channel, or by system."""

    title: str
    about: str
    head: str
    figures: Sequence[Figure]
    rows: list[GroupRow]
    kind: str = "groups"


@dataclass(frozen=True)
class DayRow:
    """One day with its readings; `query` narrows to that day."""

    day: date
    query: str
    readings: list[Reading | None]
    net: int | None = None
    # Of the day as many days earlier as the period is long, where it is compared.
    before: list[Reading | None] = field(default_factory=list)


@dataclass(frozen=True)
class Days:
    """Figures by day, as a chart with its table. `shape` is bar or line; `unit` count or seconds."""

    title: str
    about: str
    figures: Sequence[Figure]
    rows: list[DayRow]
    shape: str = "bar"
    unit: str = "count"
    net: bool = False
    compare: bool = False
    kind: str = "days"


@dataclass(frozen=True)
class Quarantine:
    """What stands in quarantine, by age; None where stock may not be seen."""

    buckets: list[Bucket]
    region: str
    title: str = "Quarantine"
    kind: str = "quarantine"

    @property
    def units(self) -> int:
        """Return all units in it."""
        return sum(bucket.figure.units for bucket in self.buckets)


def tiles(*figures: Figure) -> Part:
    """Return the part that shows these figures side by side."""

    def made(scope: Scope, found: Found) -> Tiles:
        return Tiles([replace(one, days=_days_of(one, scope, found)) for one in _in_order(figures, found)])

    return Part(made, figures, with_days=True)


def table(title: str, about: str, figures: Sequence[Figure], kind: str = "lengths") -> Part:
    """Return the part that shows these figures as rows."""
    return Part(lambda scope, found: Table(title, about, _in_order(figures, found), kind), figures)


def groups(title: str, about: str, head: str, column: str, name: str, figures: Sequence[Figure]) -> Part:
    """Return the part that shows these figures for each value of a column; `name` is its filter in the URL."""

    def made(scope: Scope, found: Found) -> Groups:
        allowed = _allowed(figures, scope.actor)
        rows = [
            GroupRow(value or "", scope.query(**{name: value or NONE}), _each(allowed, each), _worst(each))
            for value, each in found.items()
        ]
        rows.sort(key=lambda row: ([-_weight(reading) for reading in row.readings[:2]], row.value))
        return Groups(title, about, head, allowed, rows)

    return Part(made, figures, column)


@dataclass(frozen=True)
class Promise:
    """One promise with its readings; `burn` is how fast its budget of breaches is used: 1 is exactly as allowed."""

    name: str
    title: str
    readings: list[Reading]
    burn: float | None


@dataclass(frozen=True)
class Promises:
    """Every promise of which something is told: clocks that ended, broke, are late, or will be by tonight."""

    rows: list[Promise]
    figures: Sequence[Figure]
    title: str = "Promises"
    kind: str = "promises"
    # How many of 100 may be late.
    budget: float = 100 - OBJECTIVE


def promises(scope: Scope, found: Found) -> Promises:
    """Show each promise: kept, broken, late now, late by tonight, and the burn rate."""
    figures = PROMISES.figures
    titles = dict(SlaPolicy.objects.order_by("version").values_list("name", "title"))
    rows = [
        Promise(name, titles.get(name) or name, _each(figures, each), _burn(each.get(c.KEPT.key)))
        for name, each in found.items()
    ]
    return Promises(sorted(rows, key=lambda row: (-row.readings[2].count, -row.readings[1].count, row.title)), figures)


PROMISES = Part(promises, (c.KEPT, c.BREACHES, c.LATE, c.TONIGHT), "name")


def _burn(kept: Reading | None) -> float | None:
    """Return the share of late ones over the share that the objective allows; None where nothing ended."""
    if kept is None or kept.share is None:
        return None
    return (100 - kept.share) / (100 - OBJECTIVE)


def days(
    title: str, about: str, figures: Sequence[Figure], *, shape: str = "bar", unit: str = "count", net: bool = False
) -> Part:
    """Return the part that shows these figures by day, today last."""

    def made(scope: Scope, found: Found) -> Days:
        allowed = _allowed(figures, scope.actor)
        rows = [_day(scope, day, allowed, found, net) for day in scope.days]
        return Days(title, about, allowed, rows, shape, unit, net, compare=scope.compare)

    return Part(made, figures, DAY)


def _day(scope: Scope, day: date, figures: Sequence[Figure], found: Found, net: bool) -> DayRow:
    readings = [found.get(day, {}).get(each.key) for each in figures]
    before = [one.before if one else None for one in readings]
    counts = [one.count if one else 0 for one in readings]
    query = scope.query(since=day, until=day)
    return DayRow(day, query, readings, counts[0] - counts[1] if net else None, before)


def _days_of(reading: Reading, scope: Scope, found: Found) -> tuple[float, ...]:
    """Return what the figure said on each day; nothing where it was not read by day, or for a single day."""
    days = [found.get(day, {}).get(reading.figure.key) for day in scope.days]
    if len(days) < 2 or not any(days):
        return ()
    return tuple((one.value or 0) if one else 0 for one in days)


def quarantine(scope: Scope, _: Found) -> Quarantine | None:
    """Show what stands in quarantine now."""
    if not can(scope.actor, Permission.INVENTORY_VIEW) or not locations_visible_to(scope.actor).exists():
        return None
    region = scope.filters.get("region", "")
    return Quarantine(ageing(scope.actor, region), region)


def _each(figures: Iterable[Figure], found: dict[str, Reading]) -> list[Reading]:
    """Return a reading for each figure; where the group has no rows of its base, it says nothing."""
    return [found.get(each.key) or Reading(each, 0) for each in figures]


def _allowed(figures: Iterable[Figure], actor: Actor) -> list[Figure]:
    return [each for each in figures if can(actor, each.base.source.permission)]


def _in_order(figures: Iterable[Figure], found: Found) -> list[Reading]:
    return [found[""][each.key] for each in figures if each.key in found.get("", {})]


def _weight(reading: Reading) -> float:
    return reading.percentiles[1] if reading.percentiles else reading.count


def _worst(found: dict[str, Reading]) -> str:
    """Return the key of the stage that takes longest at its 95th percentile."""
    stages = [one for one in found.values() if one.figure in c.STAGES and one.percentiles]
    return max(stages, key=_weight).figure.key if stages else ""


def read_parts(parts: Sequence[Part], scope: Scope) -> list[Any]:
    """Return the parts of a board, read together: a statement for each base of rows, and those of percentiles."""
    asks = {part: _asks(part, scope) for part in parts}
    with room_to_sort():
        found = answers([ask for mine in asks.values() for ask in mine], scope)
        before = _before([ask for mine in asks.values() for ask in mine], scope)
        made = [part.made(scope, _joined([_compared(found[ask], before.get(ask)) for ask in asks[part]]))
                for part in parts]  # fmt: skip
    return [part for part in made if part is not None]


def _asks(part: Part, scope: Scope) -> list[Ask]:
    """Return what the part asks for; days of tiles are told of what is counted, or kept in order by day."""
    figures = _allowed(part.figures, scope.actor)
    told = [each for each in figures if each.base.ranged and by_day_is_cheap(each, scope)] if part.with_days else []
    return [Ask(figures, part.by), *([Ask(told, DAY)] if told and len(scope.days) > 1 else [])]


def _before(asks: Sequence[Ask], scope: Scope) -> Mapping[Ask, Found]:
    """Return what was said in the period before, where it is compared: as a whole, and by day under the days of now."""
    if not scope.compare:
        return {}
    past = scope.previous()
    mine = {ask: Ask([each for each in ask.figures if each.base.ranged], ask.by) for ask in asks if ask.by in ("", DAY)}
    found = answers([ask for ask in mine.values() if ask.figures], past)
    days = dict(zip(past.days, scope.days, strict=False))
    return {
        ask: {days.get(group, group): of for group, of in found.get(told, {}).items()} for ask, told in mine.items()
    }


def _compared(found: Found, before: Found | None) -> Found:
    """Return the readings with those of the period before; a day without rows now has its reading of then."""
    if not before:
        return found
    groups = found | {group: {} for group in before if group not in found}
    return {
        group: {
            key: compared(of.get(key) or Reading(past.figure, 0), past)
            for key, past in before.get(group, {}).items()
        } | {key: one for key, one in of.items() if key not in before.get(group, {})}
        for group, of in groups.items()
    }  # fmt: skip


def _joined(found: Sequence[Found]) -> Found:
    return {group: of for each in found for group, of in each.items()}
