"""What a figure is, and how figures are read: set-based, from the same rows that they open.

A figure is a condition on a base of rows. Its count, percentiles, share and money are aggregates over exactly
`figure.rows(scope)`, which the rows page lists: number and rows cannot differ.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import Aggregate, Count, F, Func, Min, Model, Q, QuerySet, Sum, Value
from django.db.models.fields import DateTimeField, IntegerField
from django.db.models.functions import TruncDate

from retailops.accounts.actor import scope_q
from retailops.accounts.permissions import Permission
from retailops.lib.money import Money
from retailops.workbench.dashboards.scope import Scope

Rows = QuerySet[Any]
FRACTIONS = (0.5, 0.95, 0.99)
# Sorting in memory is what percentiles cost; the default of 4 MB would write them to disk.
SORT_MEMORY = "64MB"


class Percentiles(Aggregate):
    """The exact p50, p95 and p99 of a whole-number column as a list; null where there are no rows."""

    function = "percentile_disc"
    template = "%(function)s(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(IntegerField())


class Seconds(Func):
    """The whole seconds from the second time to the first; clocks of two systems may differ, so never below nothing."""

    template = "greatest(0, floor(extract(epoch FROM %(expressions)s)))::int"
    arg_joiner = " - "
    output_field = IntegerField()


@dataclass(frozen=True)
class Source:
    """A kind of rows: how the columns for scope and filters are called on it, and which template lists it."""

    name: str
    noun: str
    region: str = "region"
    brand: str = "brand"
    channel: str = "channel"
    # Empty: these rows are of no connection, and that filter leaves them whole.
    connection: str = ""
    permission: Permission = Permission.DASHBOARDS_VIEW
    promise: str = ""

    def narrowed(self, rows: Rows, scope: Scope) -> Rows:
        """Return the rows within the actor's regions and brands and the filters of the URL."""
        rows = rows.filter(scope_q(scope.actor, self.permission, region=self.region, brand=self.brand))
        for name, value in scope.filters.items():
            if column := getattr(self, name):
                rows = rows.filter(**{column: value})
        return rows


@dataclass(frozen=True)
class Base:
    """Rows that several figures are conditions on: one query reads all of them. `at` is the time that places a row.

    Without `ranged` the rows are those of now, whatever the days asked for.
    """

    source: Source
    model: type[Model]
    at: str
    among: Q | Callable[[], Q] = field(default_factory=Q)
    ranged: bool = True
    # Columns that the model does not store: name and expression.
    computed: Mapping[str, Any] = field(default_factory=dict)

    def rows(self, scope: Scope) -> Rows:
        """Return the rows of the scope."""
        among = self.among() if callable(self.among) else self.among
        rows: Rows = self.model._default_manager.filter(among)
        if self.ranged:
            rows = rows.filter(**{f"{self.at}__gte": scope.since, f"{self.at}__lt": scope.until})
        return self.source.narrowed(rows.annotate(**self.computed), scope)


@dataclass(frozen=True)
class Figure:
    """One figure. `about` says what is counted, in a sentence.

    `measured` is a column of whole seconds, whose percentiles are shown. `whole` makes it a share of the base's rows
    that fulfill it. `amount` and `currency` name the money of each row. `more_is` says which way is good.
    """

    key: str
    title: str
    about: str
    icon: str
    base: Base
    condition: Q | Callable[[], Q] = field(default_factory=Q)
    measured: str = ""
    whole: Q | None = None
    amount: str = ""
    currency: str = "currency"
    more_is: str = ""
    trouble: bool = False

    @property
    def when(self) -> Q:
        """Return the condition that its rows fulfill, on top of the base's."""
        told = self.condition() if callable(self.condition) else self.condition
        return told & Q(**{f"{self.measured}__isnull": False}) if self.measured else told

    def rows(self, scope: Scope) -> Rows:
        """Return exactly the rows that it counts."""
        return self.base.rows(scope).filter(self.when)


@dataclass(frozen=True)
class Reading:
    """What a figure says. Percentiles in seconds; money by currency in minor units; `before` of the period before."""

    figure: Figure
    count: int
    percentiles: tuple[int, int, int] | None = None
    whole: int | None = None
    money: Sequence[Money] = ()
    oldest: Any = None
    before: "Reading | None" = None

    @property
    def share(self) -> float | None:
        """Return the share in percent; None without anything to be a share of."""
        return 100 * self.count / self.whole if self.whole else None

    @property
    def value(self) -> float | None:
        """Return what is compared with the period before: the share, the median, or the count."""
        if self.figure.whole is not None:
            return self.share
        if self.figure.measured:
            return self.percentiles[0] if self.percentiles else None
        return self.count

    @property
    def change(self) -> float | None:
        """Return the change against the period before: points for a share, else percent; None if it cannot be told."""
        past = self.before.value if self.before else None
        if past is None or self.value is None:
            return None
        if self.figure.whole is not None:
            return self.value - past
        return 100 * (self.value - past) / past if past else None

    @property
    def better(self) -> bool | None:
        """Tell whether the change is one for the better; None where it is neither, or not told."""
        if not self.change or not self.figure.more_is:
            return None
        return (self.change > 0) == (self.figure.more_is == "up")


def read(figures: Iterable[Figure], scope: Scope) -> dict[str, Reading]:
    """Return the readings by key, one query for each base (double to compare).

    Two where one base has both percentiles and money, which is told by currency.
    """
    wanted = list(figures)
    found = _read(wanted, scope)
    if scope.compare:
        before = _read([each for each in wanted if each.base.ranged], scope.previous())
        found = {key: _with_before(one, before.get(key)) for key, one in found.items()}
    return found


def read_by(figures: Sequence[Figure], scope: Scope, column: str) -> dict[Any, dict[str, Reading]]:
    """Return the readings for each value of a column of the base that all these figures share."""
    return _grouped(figures, figures[0].base.rows(scope).order_by().values(grouped=F(column)))


def read_by_day(figures: Sequence[Figure], scope: Scope) -> dict[Any, dict[str, Reading]]:
    """Return the readings for each day of the person's time zone on which there are rows; money is not told."""
    base = figures[0].base
    days = base.rows(scope).order_by().values(grouped=TruncDate(base.at, tzinfo=scope.zone))
    return {row["grouped"]: _readings(figures, row, {}) for row in days.annotate(**_aggregates(figures))}


@contextmanager
def room_to_sort() -> Iterator[None]:
    """Let the sorts of percentiles take more memory, within a transaction."""
    with transaction.atomic(savepoint=False):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL work_mem = '{SORT_MEMORY}'")
        yield


def _read(figures: Sequence[Figure], scope: Scope) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    for base in {id(each.base): each.base for each in figures}.values():
        mine = [each for each in figures if each.base is base]
        rows = base.rows(scope).order_by()
        if any(each.amount for each in mine):
            whole = _grouped(mine, rows.values(grouped=Value("")))
            found |= whole.get("", {each.key: Reading(each, 0, whole=_none(each)) for each in mine})
        else:
            found |= _readings(mine, rows.aggregate(**_aggregates(mine)), {})
    return found


def _none(figure: Figure) -> int | None:
    return None if figure.whole is None else 0


def _grouped(figures: Sequence[Figure], groups: Rows) -> dict[Any, dict[str, Reading]]:
    """Return the readings of rows that are grouped already. Money parts each group by its currency."""
    paid = [each for each in figures if each.amount]
    if not paid:
        return {row["grouped"]: _readings(figures, row, {}) for row in groups.annotate(**_aggregates(figures))}
    # Percentiles of parts cannot be put together; counts can, and save a query.
    measured = any(each.measured for each in figures)
    wanted: dict[str, Aggregate] = {f"{each.key}_sum": Sum(each.amount, filter=each.when or None) for each in paid}
    wanted |= {} if measured else _aggregates(figures)
    parts = list(groups.annotate(told=F(paid[0].currency)).values("grouped", "told").annotate(**wanted))
    rows = groups.annotate(**_aggregates(figures)) if measured else parts
    whole: dict[Any, dict[str, Any]] = {}
    for row in rows:
        whole[row["grouped"]] = _summed(whole.get(row["grouped"]), row)
    money = _money(paid, parts)
    return {group: _readings(figures, row, money.get(group, {})) for group, row in whole.items()}


def _money(paid: Sequence[Figure], parts: Iterable[Mapping[str, Any]]) -> dict[Any, dict[str, list[Money]]]:
    """Return the money of each figure by group, in the order of currencies."""
    found: dict[Any, dict[str, list[Money]]] = {}
    for row in sorted(parts, key=lambda row: row["told"] or ""):
        for each in paid:
            if row["told"] and row[f"{each.key}_sum"]:
                amount = Money(int(row[f"{each.key}_sum"]), row["told"])
                found.setdefault(row["grouped"], {}).setdefault(each.key, []).append(amount)
    return found


def _summed(one: Mapping[str, Any] | None, other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts and the oldest times of two parts of a group together."""
    if one is None:
        return dict(other)
    found = dict(other)
    for name, value in one.items():
        if name.endswith(("_n", "_of")):
            found[name] = value + other[name]
        elif name.endswith("_old"):
            found[name] = min(filter(None, (value, other[name])), default=None)
    return found


def _aggregates(figures: Sequence[Figure]) -> dict[str, Aggregate]:
    wanted: dict[str, Aggregate] = {}
    for each in figures:
        wanted[f"{each.key}_n"] = Count("pk", filter=each.when or None)
        if each.whole is not None:
            wanted[f"{each.key}_of"] = Count("pk", filter=each.whole or None)
        if each.measured:
            wanted[f"{each.key}_p"] = Percentiles(each.measured, filter=each.when)
        if not each.base.ranged:
            wanted[f"{each.key}_old"] = Min(each.base.at, filter=each.when or None, output_field=DateTimeField())
    return wanted


def _readings(
    figures: Sequence[Figure], row: Mapping[str, Any], money: Mapping[str, Sequence[Money]]
) -> dict[str, Reading]:
    return {
        each.key: Reading(
            each,
            row[f"{each.key}_n"],
            tuple(found) if (found := row.get(f"{each.key}_p")) else None,
            row.get(f"{each.key}_of"),
            money.get(each.key, ()),
            row.get(f"{each.key}_old"),
        )
        for each in figures
    }


def _with_before(one: Reading, before: Reading | None) -> Reading:
    return Reading(one.figure, one.count, one.percentiles, one.whole, one.money, one.oldest, before)
