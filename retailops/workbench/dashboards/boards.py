"""The boards: which figures each role sees, in the order in which it asks, and how they are laid out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.urls import reverse

from inventory.selectors import locations_visible_to
from inventory.web.overview import Bucket, ageing
from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission, Role
from retailops.sla.models import SlaPolicy
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards.figures import Figure, Reading, read, read_by, read_by_day, room_to_sort
from retailops.workbench.dashboards.scope import NONE, Scope

# Percent of clocks that should end in time; the rest is the budget that the burn rate is told of.
OBJECTIVE = 95.0
Found = Mapping[str, Reading]


@dataclass(frozen=True)
class Part:
    """One part of a board. Its `figures` are read with those of the other parts; `made` gets them and may read more."""

    made: Callable[[Scope, Found], Any]
    figures: Sequence[Figure] = ()


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
    return Part(lambda scope, found: Tiles(_in_order(figures, found)), figures)


def table(title: str, about: str, figures: Sequence[Figure], kind: str = "lengths") -> Part:
    """Return the part that shows these figures as rows."""
    return Part(lambda scope, found: Table(title, about, _in_order(figures, found), kind), figures)


def groups(title: str, about: str, head: str, column: str, name: str, figures: Sequence[Figure]) -> Part:
    """Return the part that shows these figures for each value of a column; `name` is its filter in the URL."""

    def made(scope: Scope, found_alone: Found) -> Groups:
        allowed = _allowed(figures, scope.actor)
        found = _grouped(allowed, lambda mine: read_by(mine, scope, column))
        rows = [
            GroupRow(value or "", scope.query(**{name: value or NONE}), _each(allowed, each), _worst(each))
            for value, each in found.items()
        ]
        rows.sort(key=lambda row: ([-_weight(reading) for reading in row.readings[:2]], row.value))
        return Groups(title, about, head, allowed, rows)

    return Part(made)


@dataclass(frozen=True)
class Promise:
    """One promise with its readings; `burn` is how fast its budget of breaches is used: 1 is exactly as allowed."""

    name: str
    title: str
    readings: list[Reading]
    burn: float | None


@dataclass(frozen=True)
class Promises:
    """Every promise that has clocks."""

    rows: list[Promise]
    figures: Sequence[Figure]
    title: str = "Promises"
    kind: str = "promises"
    # How many of 100 may be late.
    budget: float = 100 - OBJECTIVE


def promises(scope: Scope, _: Found) -> Promises:
    """Show each promise: kept, broken, late now, late by tonight, and the burn rate."""
    figures = (c.KEPT, c.BREACHES, c.LATE, c.TONIGHT)
    found = _grouped(figures, lambda mine: read_by(mine, scope, "name"))
    titles = dict(SlaPolicy.objects.order_by("version").values_list("name", "title"))
    rows = [
        Promise(name, titles.get(name, name), _each(figures, each), _burn(each.get(c.KEPT.key)))
        for name, each in found.items()
    ]
    return Promises(sorted(rows, key=lambda row: (-row.readings[2].count, -row.readings[1].count, row.title)), figures)


def _burn(kept: Reading | None) -> float | None:
    """Return the share of late ones over the share that the objective allows; None where nothing ended."""
    if kept is None or kept.share is None:
        return None
    return (100 - kept.share) / (100 - OBJECTIVE)


def days(
    title: str, about: str, figures: Sequence[Figure], *, shape: str = "bar", unit: str = "count", net: bool = False
) -> Part:
    """Return the part that shows these figures by day, today last."""

    def made(scope: Scope, found_alone: Found) -> Days:
        allowed = _allowed(figures, scope.actor)
        found = _grouped(allowed, lambda mine: read_by_day(mine, scope))
        return Days(
            title, about, allowed, [_day(scope, day, allowed, found, net) for day in scope.days], shape, unit, net
        )

    return Part(made)


def _day(
    scope: Scope, day: date, figures: Sequence[Figure], found: dict[date, dict[str, Reading]], net: bool
) -> DayRow:
    readings = [found.get(day, {}).get(each.key) for each in figures]
    counts = [one.count if one else 0 for one in readings]
    return DayRow(day, scope.query(since=day, until=day), readings, counts[0] - counts[1] if net else None)


def quarantine(scope: Scope, _: Found) -> Quarantine | None:
    """Show what stands in quarantine now."""
    if not can(scope.actor, Permission.INVENTORY_VIEW) or not locations_visible_to(scope.actor).exists():
        return None
    region = scope.filters.get("region", "")
    return Quarantine(ageing(scope.actor, region), region)


def _grouped(
    figures: Sequence[Figure], reader: Callable[[Sequence[Figure]], dict[Any, dict[str, Reading]]]
) -> dict[Any, dict[str, Reading]]:
    """Return the readings by group, of figures that may be of several bases: one reading for each base."""
    found: dict[Any, dict[str, Reading]] = {}
    for base in {id(each.base): each.base for each in figures}.values():
        for group, readings in reader([each for each in figures if each.base is base]).items():
            found.setdefault(group, {}).update(readings)
    return found


def _each(figures: Iterable[Figure], found: dict[str, Reading]) -> list[Reading]:
    """Return a reading for each figure; where the group has no rows of its base, it says nothing."""
    return [found.get(each.key) or Reading(each, 0) for each in figures]


def _allowed(figures: Iterable[Figure], actor: Actor) -> list[Figure]:
    return [each for each in figures if can(actor, each.base.source.permission)]


def _in_order(figures: Iterable[Figure], found: Found) -> list[Reading]:
    return [found[each.key] for each in figures if each.key in found]


def _weight(reading: Reading) -> float:
    return reading.percentiles[1] if reading.percentiles else reading.count


def _worst(found: dict[str, Reading]) -> str:
    """Return the key of the stage that takes longest at its 95th percentile."""
    stages = [one for one in found.values() if one.figure in c.STAGES and one.percentiles]
    return max(stages, key=_weight).figure.key if stages else ""


@dataclass(frozen=True)
class Board:
    """One board: its name in the URL, its title, whom it is for, and its parts from the top."""

    key: str
    title: str
    about: str
    parts: Sequence[Part]
    roles: frozenset[str] = field(default_factory=frozenset)

    @property
    def url(self) -> str:
        """Return its address."""
        return reverse("dashboards:board", args=[self.key])


_CYCLE_ABOUT = (
    "Exact percentiles of the returns refunded in these days. A stage counts the returns that passed it in this order."
)
STAGE_TABLE = table("Where the time goes", _CYCLE_ABOUT, c.STAGES)
BY_CHANNEL = groups(
    "Refunds by channel", "The promise, then what 95 of 100 refunds took at most. The longest stage is marked.",
    "Channel", "channel", "channel", (c.REFUND_LATE, c.REFUND_BREACHES, c.REFUND_TONIGHT, c.CYCLE, *c.STAGES),
)  # fmt: skip
BY_SYSTEM = groups(
    "Which system holds returns up", "What is owed to each system now, with the money that waits on it.", "System",
    "destination__name", "connection", (c.STOPPED, c.IN_DOUBT, c.DUE),
)  # fmt: skip
STANDING = table(
    "Where open returns stand",
    "What each waits for now, with the money that is owed and not paid.",
    c.STANDING,
    "counts",
)
AGES = table("Open returns by age", "Since they were asked for.", c.AGES, "counts")
THROUGHPUT = days("In and out", "Returns asked for and ended, by day.", (c.COMING_IN, c.GONE_OUT), net=True)
CYCLE_DAYS = days(
    "Refund cycle by day", "Half, and 95 of 100, were quicker than this.", (c.CYCLE,), shape="line", unit="seconds"
)
DEAD_DAYS = days("Stopped deliveries", "New cases and settled ones, by day.", (c.DEAD_IN, c.DEAD_OUT), net=True)
EXCEPTIONS_BY_CHANNEL = groups(
    "Exceptions by channel", "Cases opened in these days.", "Channel", "channel", "channel", (c.EXCEPTIONS,)
)

BOARDS: dict[str, Board] = {
    board.key: board
    for board in (
        Board(
            "overview", "Overview", "Is the refund promise kept, where is it lost, and what does it cost?",
            (
                tiles(c.CYCLE, c.REFUND_KEPT, c.REFUND_LATE, c.REFUND_TONIGHT, c.OPEN_NOW, c.IN_DOUBT),
                BY_CHANNEL, STANDING, STAGE_TABLE, BY_SYSTEM, CYCLE_DAYS, THROUGHPUT, Part(promises),
                tiles(c.COMPLETED, c.UNTOUCHED, c.DUPLICATES),
            ),
            frozenset({Role.MANAGER, Role.ADMINISTRATOR, Role.AUDITOR, Role.OPS_LEAD}),
        ),
        Board(
            "finance", "Finance", "What was paid, what waits, what is not certain, and do the books follow?",
            (
                tiles(c.REFUNDED_MONEY, c.OPEN_NOW, c.IN_DOUBT, c.STOPPED, c.DUPLICATES, c.COMPLETED),
                table("From refund to books", _CYCLE_ABOUT, (c.STAGES[4], c.STAGES[5])),
                table("ERP posting", "Credit memos posted in these days.", (c.ERP,)),
                tiles(c.POSTING_ACCURACY),
                AGES, BY_SYSTEM,
            ),
            frozenset({Role.FINANCE_APPROVER}),
        ),
        Board(
            "service", "Customer service", "Who waits for us, for how long, and what goes wrong where?",
            (
                tiles(c.CYCLE, c.STAGES[0], c.REFUND_LATE, c.REFUND_TONIGHT, c.OPEN_CASES, c.TO_RESOLVE),
                AGES, STANDING, EXCEPTIONS_BY_CHANNEL, THROUGHPUT,
            ),
            frozenset({Role.OPS_AGENT}),
        ),
        Board(
            "warehouse", "Warehouse", "What is coming, what waits to be inspected, and what is not placed?",
            (
                tiles(
                    c.FIGURES["at_receipt"], c.FIGURES["at_inspection"], c.FIGURES["at_stock"], c.STAGES[2],
                    c.STOCK_SYNC,
                ),
                table("Goods", _CYCLE_ABOUT, (c.STAGES[1], c.STAGES[2])),
                table("Inventory sync", "Returns whose goods were placed in these days.", (c.STOCK_SYNC,)),
                Part(quarantine), THROUGHPUT,
            ),
        ),
        Board(
            "integration", "Integration", "Do the systems take what they are sent at the first try, and who is behind?",
            (
                tiles(c.FIRST_TRY, c.STOPPED, c.IN_DOUBT, c.DUE, c.DUPLICATES, c.INGESTED),
                BY_SYSTEM, DEAD_DAYS,
                table(
                    "Latencies", "Exact percentiles of what ended in these days.",
                    (c.INGESTED, c.ERP, c.STOCK_SYNC, c.TO_RESOLVE),
                ),
                Part(promises),
            ),
            frozenset({Role.CONNECTOR_ADMIN}),
        ),
    )
}  # fmt: skip


def parts_of(board: Board, scope: Scope) -> list[Any]:
    """Return the board's parts, read: one query for each base of rows, and one for each table by group or day."""
    figures = {figure.key: figure for part in board.parts for figure in _allowed(part.figures, scope.actor)}
    with room_to_sort():
        found = read(figures.values(), scope)
        made = [part.made(scope, found) for part in board.parts]
    return [part for part in made if part is not None]


def board_for(actor: Actor) -> Board:
    """Return the board that the actor's role looks at first."""
    return next((board for board in BOARDS.values() if board.roles & actor.roles), BOARDS["overview"])
