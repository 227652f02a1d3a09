"""Reads of bulk operations: figures by verdict and result, items with failures first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Count, IntegerField, QuerySet, Sum, Value, When

from retailops.lib.money import Money
from retailops.replays.access import operations_visible_to
from retailops.replays.models import WELL, BulkItem, BulkOperation, BulkResult, BulkStage

__all__ = ["Figures", "Part", "figures_of", "items_of", "operations_visible_to", "progress_of_many"]

# What a person must look at comes first.
_URGENCY = (
    BulkResult.FAILED, BulkResult.REFUSED, BulkResult.RETRYING, BulkResult.CHANGED, BulkResult.LEFT_OUT,
    BulkResult.CANCELED, "", BulkResult.CLOSED, BulkResult.ALREADY_DONE, BulkResult.DELIVERED, BulkResult.DONE,
)  # fmt: skip


@dataclass
class Part:
    """How many items have one verdict (or one result), with their money, one sum a currency."""

    key: str
    count: int = 0
    sends: int = 0
    money: list[Money] = field(default_factory=list)


@dataclass
class Figures:
    """An operation in numbers."""

    verdicts: list[Part] = field(default_factory=list)
    results: list[Part] = field(default_factory=list)
    judged: int = 0
    acting: int = 0
    released: int = 0
    done: int = 0
    total: int = 0

    @property
    def percent(self) -> int:
        """Return how much of the plan is done, 0 to 100."""
        return 100 * self.done // self.total if self.total else 0

    @property
    def judged_percent(self) -> int:
        """Return how much of the plan has its verdict, 0 to 100."""
        return 100 * self.judged // self.total if self.total else 0


def figures_of(operation: BulkOperation) -> Figures:
    """Return the figures of one operation in one query."""
    found = Figures(total=operation.total)
    verdicts, results = dict[str, Part](), dict[str, Part]()
    columns = ("stage", "verdict", "result", "acts", "sends", "currency")
    rows = BulkItem.objects.filter(operation=operation).order_by().values(*columns)
    for row in rows.annotate(n=Count("id"), sum=Sum("amount")):
        _count(found, row)
        if row["verdict"]:
            _add(verdicts.setdefault(row["verdict"], Part(row["verdict"])), row)
        if row["result"]:
            _add(results.setdefault(row["result"], Part(row["result"])), row)
    found.verdicts = sorted(verdicts.values(), key=lambda part: -part.count)
    found.results = sorted(results.values(), key=lambda part: _URGENCY.index(part.key))
    return found


def _count(found: Figures, row: Mapping[str, Any]) -> None:
    found.judged += row["n"] if row["stage"] not in {BulkStage.NEW, BulkStage.ASK} else 0
    found.acting += row["n"] if row["acts"] else 0
    found.released += row["n"] if row["stage"] == BulkStage.RELEASED else 0
    found.done += row["n"] if row["stage"] == BulkStage.DONE else 0


def _add(part: Part, row: Mapping[str, Any]) -> None:
    part.count += row["n"]
    part.sends += row["n"] if row["sends"] else 0
    if row["sum"] is None:
        return
    before = {money.currency: money.amount for money in part.money}
    before[row["currency"]] = before.get(row["currency"], 0) + row["sum"]
    part.money = [Money(amount, currency) for currency, amount in sorted(before.items())]


def items_of(operation: BulkOperation, *, result: str = "", verdict: str = "") -> QuerySet[BulkItem]:
    """Return the items, those that need a person first, each with `urgency`."""
    order = [When(result=key, then=Value(place)) for place, key in enumerate(_URGENCY)]
    rows = BulkItem.objects.filter(operation=operation)
    rows = rows.filter(result=result) if result else rows
    rows = rows.filter(verdict=verdict) if verdict else rows
    return rows.annotate(urgency=Case(*order, output_field=IntegerField())).order_by("urgency", "position")


def progress_of_many(operations: Iterable[BulkOperation]) -> dict[Any, dict[str, int]]:
    """Return of each operation, by id, how many items are `done`, `failed` and `well`."""
    bad = (BulkResult.FAILED, BulkResult.REFUSED, BulkResult.RETRYING, BulkResult.CHANGED)
    found: dict[Any, dict[str, int]] = {each.id: {"done": 0, "failed": 0, "well": 0} for each in operations}
    rows = BulkItem.objects.filter(operation__in=list(found), stage=BulkStage.DONE).order_by()
    for operation_id, result, count in rows.values_list("operation", "result").annotate(n=Count("id")):
        one = found[operation_id]
        one["done"] += count
        one["failed"] += count if result in bad else 0
        one["well"] += count if result in WELL else 0
    return found
