"""Read figures: one statement counts everything that a page asks of a base of rows, others find percentiles.

What can be put together from parts (counts, money, oldest times) is read once, parted by every column that somebody
asks for, and put together for each who asks. Percentiles cannot; `percentiles` reads them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import Aggregate, Count, F, Func, Min, Q, Sum, Value
from django.db.models.fields import DateTimeField, IntegerField
from django.db.models.functions import Coalesce

from retailops.lib.money import Money
from retailops.workbench.dashboards import lengths
from retailops.workbench.dashboards.figures import Base, Figure, Percentiles, Reading, Rows
from retailops.workbench.dashboards.scope import Scope
from retailops.workbench.models import ClockCell

# A grouping by days of the person's time zone, beside the names of columns.
DAY = "day_no"
# Sorting in memory is what percentiles cost; the default of 4 MB would write them to disk.
SORT_MEMORY = "64MB"
# Most days; where clocks are changed one is longer or shorter.
DAY_SECONDS, HOUR_SECONDS = 86_400, 3_600
# What figures say, by group (a column's value or a date; "" for the whole) and key.
Found = dict[Any, dict[str, Reading]]
Three = tuple[int, int, int]


class DayNo(Func):
    """The number of a day of the usual length, from the first one's begin in seconds since 1970."""

    template = "(1 + floor((date_part('epoch', %(expressions)s) - %(first)s) / 86400))::int"
    output_field = IntegerField()


@dataclass(frozen=True, eq=False)
class Ask:
    """Figures that are asked for: as a whole, by a column that all of them have, or by DAY."""

    figures: Sequence[Figure]
    by: str = ""


def answers(asks: Iterable[Ask], scope: Scope) -> dict[Ask, Found]:
    """Return what each ask is told: one statement for each base, and those of `percentiles`.

    Bases whose sums stand in the same table of hours are one statement.
    """
    found: dict[Ask, Found] = {ask: {} for ask in asks}
    for bases in _read_at_once(found, scope):
        counted = _counted(bases[0], _asked_of(found, bases), scope)
        for base in bases:
            mine = _asked_of(found, [base])
            measured = _measured(base, mine, scope)
            for ask, figures in mine.items():
                there = [group for group, told in counted[ask].items() if len(bases) == 1 or _is_told(figures, told)]
                for group in {"": None} if not ask.by else dict.fromkeys([*there, *measured[ask]]):
                    one = _readings(figures, counted[ask].get(group, {}), measured[ask].get(group, {}))
                    found[ask].setdefault(group, {}).update(one)
    return found


def _read_at_once(asks: Iterable[Ask], scope: Scope) -> Iterable[Sequence[Base]]:
    """Return the bases that are asked for, in groups that one statement counts."""
    figures = [each for ask in asks for each in ask.figures]
    groups: dict[Any, list[Base]] = {}
    for base in {id(each.base): each.base for each in figures}.values():
        counts = [each for each in figures if each.base is base and not each.measured]
        summed = bool(counts) and are_summed(counts, scope)
        groups.setdefault((base.hours, base.hours_source or base.source) if summed else id(base), []).append(base)
    return groups.values()


def _asked_of(asks: Iterable[Ask], bases: Sequence[Base]) -> dict[Ask, list[Figure]]:
    found = {ask: [each for each in ask.figures if any(each.base is base for base in bases)] for ask in asks}
    return {ask: figures for ask, figures in found.items() if figures}


def _is_told(figures: Iterable[Figure], told: Mapping[str, Any]) -> bool:
    """Tell whether anything of these figures' base is in what was counted of several."""
    return any(told.get(f"{each.key}_n") or told.get(f"{each.key}_of") for each in figures)


def read(figures: Iterable[Figure], scope: Scope) -> dict[str, Reading]:
    """Return the readings by key, with those of the period before where it is compared."""
    wanted = list(figures)
    found = _whole(wanted, scope)
    if scope.compare:
        before = _whole([each for each in wanted if each.base.ranged], scope.previous())
        found = {key: compared(one, before.get(key)) for key, one in found.items()}
    return found


def read_by(figures: Sequence[Figure], scope: Scope, column: str) -> Found:
    """Return the readings for each value of a column of the base that all these figures share."""
    [found] = answers([Ask(figures, column)], scope).values()
    return found


def read_by_day(figures: Sequence[Figure], scope: Scope) -> Found:
    """Return the readings for each day of the person's time zone on which there are rows."""
    return read_by(figures, scope, DAY)


def by_day_is_cheap(figure: Figure, scope: Scope) -> bool:
    """Tell whether a figure by day costs little: what is counted among not too many rows, and what is kept in order."""
    if not figure.measured:
        return figure.base.by_day
    return figure.base.kept and lengths.are_kept([figure], DAY, DAY, scope)


def compared(one: Reading, before: Reading | None) -> Reading:
    """Return the reading with that of the period before."""
    return replace(one, before=before)


@contextmanager
def room_to_sort() -> Iterator[None]:
    """Let the sorts of percentiles take more memory, within a transaction."""
    with transaction.atomic(savepoint=False):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL work_mem = '{SORT_MEMORY}'")
        yield


def _whole(figures: Sequence[Figure], scope: Scope) -> dict[str, Reading]:
    [found] = answers([Ask(figures)], scope).values()
    return found.get("", {})


# -- What can be put together from parts


def _counted(base: Base, asks: Mapping[Ask, Sequence[Figure]], scope: Scope) -> dict[Ask, dict[Any, dict[str, Any]]]:
    """Return for each ask by group what is counted: names are `<key>_n`, `_of`, `_old` and `_money`."""
    wanted = {ask: [each for each in mine if not each.measured] for ask, mine in asks.items()}
    figures = {each.key: each for mine in wanted.values() for each in mine}
    if not figures:
        return {ask: {} for ask in asks}
    columns = {ask.by for ask, mine in wanted.items() if mine and ask.by} | {
        each.part[0] for each in figures.values() if each.part
    }
    parts = _parts(base, list(figures.values()), columns, scope)
    days = scope.days if DAY in columns else []
    return {ask: _together(mine, parts, ask.by, days) if mine else {} for ask, mine in wanted.items()}


def _parts(base: Base, figures: Sequence[Figure], columns: set[str], scope: Scope) -> list[dict[str, Any]]:
    """Return what is counted in each part of the base that differs in one of these columns or in its currency."""
    paid = next((each for each in figures if each.amount), None)
    cells: Mapping[int, dict[str, Any]] = {}
    if are_summed(figures, scope):
        rows, at, sums = base.sums(scope), "at", _of_hours(figures)
    elif base.narrow:
        rows, at, sums = base.narrow_rows(base.narrow, scope), base.at, _sums(figures)
        cells = _cells()
        columns = {"cell"} | columns & {DAY}
    else:
        rows, at, sums = _narrowed(base.rows(scope, money=paid is not None), figures), base.at, _sums(figures)
    rows = rows.order_by()
    rows = rows.annotate(**{DAY: _day_no(at, scope)}) if DAY in columns else rows
    rows = rows.annotate(told=F(paid.currency)) if paid else rows
    names = [*sorted(columns), *(["told"] if paid else [])]
    if not names:
        return [rows.aggregate(**sums)]
    parts = rows.values(*names).annotate(**sums)
    # What went again leaves sums of nothing, where rows would be no group.
    return [cells.get(part.get("cell"), {}) | part for part in parts if any(part[name] for name in sums)]


def _cells() -> dict[int, dict[str, Any]]:
    """Return promise and scope of each number that narrow copies have in their place."""
    names = ("name", "region", "brand", "channel", "connection")
    return {cell.pk: {name: getattr(cell, name) for name in names} for cell in ClockCell.objects.all()}


def are_summed(figures: Iterable[Figure], scope: Scope) -> bool:
    """Tell whether these counts can be taken from the sums of hours: what is asked begins and ends with whole ones."""
    wanted = list(figures)
    if not all(each.base.summed and _parted(each) and (each.summed or not each.among) for each in wanted):
        return False
    if any(each.amount and (each.among or each.amount != "refunded") for each in wanted):
        return False
    starts = [scope.since, scope.until, *(datetime.combine(day, time(), scope.zone) for day in scope.days)]
    return all(start.timestamp() % HOUR_SECONDS == 0 for start in starts)


def _parted(figure: Figure) -> bool:
    """Tell whether hours are parted by what parts this figure from its base."""
    return figure.part is None or any(each.name == figure.part[0] for each in figure.base.hours._meta.fields)


def _of_hours(figures: Iterable[Figure]) -> dict[str, Any]:
    """Return the same as `_sums`, out of the sums of hours."""
    wanted: dict[str, Any] = {}
    for each in figures:
        key = _source(each)
        wanted[f"{key}_n"] = Coalesce(Sum(each.summed or each.base.summed), 0)
        if each.whole is not None:
            wanted[f"{key}_of"] = Coalesce(Sum(each.base.summed), 0)
        if each.amount:
            wanted[f"{key}_sum"] = Sum(each.amount)
    return wanted


def _narrowed(rows: Rows, figures: Sequence[Figure]) -> Rows:
    """Leave out the rows that no figure counts, where each counts a part."""
    told = [
        each.when if each.whole is None else each.whole & Q(each.part) if each.part else each.whole for each in figures
    ]
    return rows.filter(reduce(or_, told)) if all(told) else rows


def _day_no(at: str, scope: Scope) -> Func:
    """Return the number (from 1) of the person's day on which a row lies."""
    starts = [datetime.combine(day, time(), scope.zone).timestamp() for day in scope.days]
    if all(later - earlier == DAY_SECONDS for earlier, later in pairwise(starts)):
        return DayNo(F(at), first=f"{starts[0]:.0f}")
    told = Value([datetime.fromtimestamp(start, UTC) for start in starts], output_field=ArrayField(DateTimeField()))
    return Func(F(at), told, function="width_bucket", output_field=IntegerField())


def _sums(figures: Iterable[Figure]) -> dict[str, Any]:
    wanted: dict[str, Aggregate] = {}
    for each in figures:
        key, when = _source(each), each.among or None
        wanted[f"{key}_n"] = Count(Value(1), filter=when)
        if each.whole is not None:
            wanted[f"{key}_of"] = Count(Value(1), filter=each.whole or None)
        if each.amount:
            wanted[f"{key}_sum"] = Sum(each.amount, filter=when)
        if not each.base.ranged:
            wanted[f"{key}_old"] = Min(each.base.at, filter=when, output_field=DateTimeField())
    return wanted


def _source(figure: Figure) -> str:
    """Return the name of its sums: figures that are all of a base, or a part of it, read the same, each in its rows."""
    if figure.among or figure.whole is not None:
        return figure.key
    return f"all_{figure.base.summed}_{figure.amount}"


def _together(
    figures: Sequence[Figure], parts: Iterable[Mapping[str, Any]], by: str, days: Sequence[date]
) -> dict[Any, dict[str, Any]]:
    """Return the parts put together by group."""
    found: dict[Any, dict[str, Any]] = {}
    for part in parts:
        group = "" if not by else days[part[by] - 1] if by == DAY else part[by]
        told = found.setdefault(group, {})
        for each in figures:
            if each.part is None or part[each.part[0]] == each.part[1]:
                _add(told, each, part)
    return found


def _add(told: dict[str, Any], figure: Figure, part: Mapping[str, Any]) -> None:
    source = _source(figure)
    for name in ("n", "of"):
        if f"{source}_{name}" in part:
            told[f"{figure.key}_{name}"] = told.get(f"{figure.key}_{name}", 0) + part[f"{source}_{name}"]
    if oldest := part.get(f"{source}_old"):
        told[f"{figure.key}_old"] = min(oldest, told.get(f"{figure.key}_old") or oldest)
    if figure.amount and part["told"] and part[f"{source}_sum"]:
        money = told.setdefault(f"{figure.key}_money", {})
        money[part["told"]] = money.get(part["told"], 0) + int(part[f"{source}_sum"])


# -- Percentiles


def _measured(
    base: Base, asks: Mapping[Ask, Sequence[Figure]], scope: Scope
) -> dict[Ask, dict[Any, dict[str, tuple[int, Three | None]]]]:
    """Return for each ask by group and key how many lengths there are, and their percentiles."""
    found: dict[Ask, dict[Any, dict[str, tuple[int, Three | None]]]] = {ask: {} for ask in asks}
    wanted = {ask: [each for each in mine if each.measured] for ask, mine in asks.items()}
    kept = [ask for ask, mine in wanted.items() if mine and base.kept and lengths.are_kept(mine, ask.by, DAY, scope)]
    if kept:
        told = [([each.measured for each in wanted[ask]], ask.by) for ask in kept]
        read = lengths.percentiles(told, DAY, scope, base.at)
        for ask, groups in zip(kept, read, strict=True):
            keys = {each.measured: each.key for each in wanted[ask]}
            found[ask] = {
                group: {keys[name]: told for name, told in stages.items()} for group, stages in groups.items()
            }
    rest = {ask: mine for ask, mine in wanted.items() if mine and ask not in kept}
    for by in {ask.by for ask in rest}:
        together = {each.key: each for ask, mine in rest.items() if ask.by == by for each in mine}
        read_once = _sorted(base, list(together.values()), by, scope)
        found |= {ask: read_once for ask in rest if ask.by == by}
    return found


def _sorted(
    base: Base, figures: Sequence[Figure], by: str, scope: Scope
) -> dict[Any, dict[str, tuple[int, Three | None]]]:
    """Return counts and percentiles by group, sorted from the rows."""
    rows = base.rows(scope).order_by()
    wanted: dict[str, Aggregate] = {}
    for each in figures:
        wanted |= {
            f"{each.key}_n": Count(Value(1), filter=each.when),
            f"{each.key}_p": Percentiles(each.measured, filter=each.when),
        }
    if not by:
        return {"": _lengths(figures, rows.aggregate(**wanted))}
    rows = rows.annotate(**{DAY: _day_no(base.at, scope)}) if by == DAY else rows
    told = {row[by]: _lengths(figures, row) for row in rows.values(by).annotate(**wanted)}
    return {scope.days[no - 1]: each for no, each in told.items()} if by == DAY else told


def _lengths(figures: Sequence[Figure], row: Mapping[str, Any]) -> dict[str, tuple[int, Three | None]]:
    return {each.key: (row[f"{each.key}_n"], tuple(row[f"{each.key}_p"] or ()) or None) for each in figures}


def _readings(
    figures: Sequence[Figure], counted: Mapping[str, Any], measured: Mapping[str, tuple[int, Three | None]]
) -> dict[str, Reading]:
    found = {}
    for each in figures:
        count, told = measured.get(each.key, (counted.get(f"{each.key}_n", 0), None))
        whole = None if each.whole is None else counted.get(f"{each.key}_of", 0)
        money = [Money(amount, name) for name, amount in sorted(counted.get(f"{each.key}_money", {}).items())]
        found[each.key] = Reading(each, count, told, whole, money, counted.get(f"{each.key}_old"))
    return found
