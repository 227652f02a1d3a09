"""What a figure is: a condition on a base of rows.

Its count, percentiles, share and money are aggregates over exactly `figure.rows(scope)`, which the rows page lists:
number and rows cannot differ. How many figures are read at once: `reading`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, Func, Model, Q, QuerySet
from django.db.models.fields import IntegerField

from retailops.accounts.actor import scope_q
from retailops.accounts.permissions import Permission
from retailops.lib.money import Money
from retailops.workbench.dashboards.scope import Scope
from retailops.workbench.models import ReturnSums

Rows = QuerySet[Any]
FRACTIONS = (0.5, 0.95, 0.99)


class Percentiles(Aggregate):
    """The exact p50, p95 and p99 of a whole-number column as a list; null where there are no rows."""

    function = "percentile_disc"
    template = "%(function)s(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(IntegerField())


class Seconds(Func):
    """The whole seconds from the second time to the first; clocks of two systems may differ, so never below nothing."""

    template = "greatest(0, floor(date_part('epoch', %(expressions)s)))::int"
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

    def in_cells(self) -> "Source":
        """Return the same where the columns for scope and filters stand in `cell`."""
        names = ("region", "brand", "channel", "connection", "promise")
        told: dict[str, Any] = {name: f"cell__{getattr(self, name)}" for name in names if getattr(self, name)}
        return replace(self, **told)

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
    # What is measured on it is kept in order by day (`Lengths`).
    kept: bool = False
    # Whether its rows are few enough to be counted by day for a tile's small line: each return has many clocks.
    by_day: bool = True
    # The column that counts its rows by hour, and the table that has it, with what scope is called there.
    summed: str = ""
    hours: type[Model] = ReturnSums
    hours_source: Source | None = None
    # A narrow copy of the rows, enough to count them; what they are grouped and filtered by stands in its `ClockCell`.
    narrow: type[Model] | None = None
    # The table that `model` is a view of: enough, and cheaper, where no money is asked for.
    table: type[Model] | None = None

    def rows(self, scope: Scope, *, money: bool = True) -> Rows:
        """Return the rows of the scope; without `money` those of the table."""
        among = self.among() if callable(self.among) else self.among
        model = self.model if money or not self.table else self.table
        rows: Rows = model._default_manager.filter(among)
        if self.ranged:
            rows = rows.filter(**{f"{self.at}__gte": scope.since, f"{self.at}__lt": scope.until})
        return self.source.narrowed(rows.annotate(**self.computed), scope)

    def narrow_rows(self, model: type[Model], scope: Scope) -> Rows:
        """Return the narrow copies of the rows of the scope."""
        rows: Rows = model._default_manager.filter(self.among() if callable(self.among) else self.among)
        if self.ranged:
            rows = rows.filter(**{f"{self.at}__gte": scope.since, f"{self.at}__lt": scope.until})
        return self.source.in_cells().narrowed(rows, scope)

    def sums(self, scope: Scope) -> Rows:
        """Return the hours of the scope with their sums."""
        rows: Rows = self.hours._default_manager.filter(at__gte=scope.since, at__lt=scope.until)
        return (self.hours_source or self.source).narrowed(rows, scope)


@dataclass(frozen=True)
class Figure:
    """One figure. `about` says what is counted, in a sentence.

    `measured` is a column of whole seconds, whose percentiles are shown. `whole` makes it a share of the base's rows
    that fulfill it. `amount` and `currency` name the money of each row. `more_is` says which way is good. `part` is a
    column and the value that its rows have in it: figures that part a base among them are counted in one go. `summed`
    is the column that counts its rows by hour where they are not all of its base.
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
    part: tuple[str, str] | None = None
    summed: str = ""

    @property
    def among(self) -> Q:
        """Return what is asked of its rows besides its part of the base and a length that is told."""
        return self.condition() if callable(self.condition) else self.condition

    @property
    def when(self) -> Q:
        """Return the condition that its rows fulfill, on top of the base's."""
        told = self.among & Q(self.part) if self.part else self.among
        return told & Q(**{f"{self.measured}__isnull": False}) if self.measured else told

    def rows(self, scope: Scope, *, money: bool = True) -> Rows:
        """Return exactly the rows that it counts; without `money` those of the table that the base is a view of."""
        return self.base.rows(scope, money=money).filter(self.when)


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
    # What it said on each day (`value`), the first one first; empty where that was not asked.
    days: Sequence[float] = ()

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
