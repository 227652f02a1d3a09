"""Reads of reconciliation: how much matches, what is open, what lines became, and what could belong to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Abs, Coalesce, NullIf

from reconciliation.access import discrepancies_visible_to, files_visible_to, items_visible_to
from reconciliation.models import (
    MATCHED_LANES,
    SETTLEMENT_TYPES,
    Allocation,
    Discrepancy,
    DiscrepancyStatus,
    DiscrepancyType,
    Fate,
    ImportFile,
    Item,
    ItemKey,
    Lane,
    Match,
    OpenItem,
    RawLine,
    Side,
    Stage,
)
from reconciliation.services.matching_by_hand import why_not_matched
from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.lib.money import Money

DAYS = 30
LINES = 100
CANDIDATES = 10
NEAR_DAYS = 30
# Discrepancies that both of their items are part of; of the others one is only evidence.
_OF_BOTH = (DiscrepancyType.AMOUNT_VARIANCE, DiscrepancyType.CURRENCY_MISMATCH)


@dataclass(frozen=True)
class LaneRate:
    """How much of what came in a lane is matched, and what is expected and has not come, with its money."""

    lane: Lane
    came: int
    matched: int
    waiting: int
    late: int
    money: list[Money]

    @property
    def rate(self) -> float | None:
        """Return the share in percent; None where nothing came."""
        return 100 * self.matched / self.came if self.came else None


@dataclass(frozen=True)
class TypeSum:
    """The open discrepancies of a type, with the money at risk."""

    type: DiscrepancyType
    count: int
    money: list[Money]


@dataclass(frozen=True)
class LineState:
    """A line of a file with the items that it became; `state` is the main item's, else the line's fate."""

    line: RawLine
    items: list[Item]
    state: str


@dataclass(frozen=True)
class Proof:
    """A match of an item with all that it took, and the match that undid it, if one did."""

    match: Match
    allocations: list[Allocation]
    undone: Match | None


@dataclass(frozen=True)
class Candidate:
    """An item of the other side that could belong to it: what speaks for it, and why it cannot be matched so."""

    item: Item
    shared: list[str]
    differs: Money | None
    days: int
    why_not: str = field(default="")


def rates(actor: Actor, *, days: int = DAYS) -> list[LaneRate]:
    """Return each lane in which something came in these days or is waited for."""
    since = now() - timedelta(days=days)
    visible = items_visible_to(actor).select_related(None)
    came = _counted(visible.filter(side=Side.ACTUAL, lane__in=MATCHED_LANES, occurred_at__gte=since))
    open_ones = visible.filter(side=Side.EXPECTED, open__isnull=False)
    waiting = _counted(open_ones)
    late = dict(open_ones.filter(open__due_on__lt=now().date()).order_by().values_list("lane").annotate(Count("pk")))
    money: dict[str, list[Money]] = {}
    sums = open_ones.order_by().values_list("lane", "currency").annotate(sum=Sum(Abs("open__remaining")))
    for lane, currency, amount in sorted(sums):
        money.setdefault(lane, []).append(Money(int(amount), currency))
    return [
        LaneRate(lane, *came.get(lane, (0, 0)), waiting.get(lane, (0, 0))[0], late.get(lane, 0), money.get(lane, []))
        for lane in MATCHED_LANES
        if lane in came or lane in waiting
    ]


def _counted(rows: QuerySet[Item]) -> dict[str, tuple[int, int]]:
    """Return how many there are and how many of them are matched in full, by lane."""
    matched = Count("pk", filter=Q(open__isnull=True))
    told = rows.order_by().values_list("lane").annotate(Count("pk"), done=matched)
    return {lane: (count, done) for lane, count, done in told}


def sums_by_type(actor: Actor) -> list[TypeSum]:
    """Return the open discrepancies of money by type, the dearest first."""
    rows = discrepancies_visible_to(actor).filter(status=DiscrepancyStatus.OPEN, type__in=SETTLEMENT_TYPES)
    told = rows.order_by().values_list("type", "currency").annotate(Count("pk"), Sum("amount"))
    found: dict[str, tuple[int, list[Money]]] = {}
    for type, currency, count, amount in sorted(told):
        before, money = found.get(type, (0, []))
        found[type] = (before + count, [*money, Money(amount, currency)])
    sums = [TypeSum(DiscrepancyType(type), count, money) for type, (count, money) in found.items()]
    return sorted(sums, key=lambda each: (-sum(part.amount for part in each.money), each.type))


def recent_files(actor: Actor, limit: int = 8) -> list[ImportFile]:
    """Return the files that came last."""
    return list(files_visible_to(actor).order_by("-pk")[:limit])


def lines_of(file: ImportFile, *, fate: str = "", after: int = 0, limit: int = LINES) -> tuple[list[LineState], int]:
    """Return lines beyond the number `after` with their state, and the number to go on after; 0: these are the last."""
    rows = RawLine.objects.filter(file=file, line__gt=after).order_by("line")
    if fate in Fate.values:
        rows = rows.filter(fate=fate)
    found = list(rows[: limit + 1])
    shown = found[:limit]
    items = items_with_state().filter(file=file, line__in=[line.line for line in shown]).order_by("pk")
    by_line: dict[int | None, list[Item]] = {}
    for item in items:
        by_line.setdefault(item.line, []).append(item)
    states = [LineState(line, by_line.get(line.line, []), _state(line, by_line.get(line.line, []))) for line in shown]
    return states, shown[-1].line if len(found) > limit else 0


def items_with_state() -> "QuerySet[Any]":
    """Return items that tell by `is_open` and `is_disputed` how they stand."""
    disputes = Discrepancy.objects.filter(status=DiscrepancyStatus.OPEN)
    beside = disputes.filter(other=OuterRef("pk"), type__in=_OF_BOTH)
    return Item.objects.annotate(
        is_open=Exists(OpenItem.objects.filter(item=OuterRef("pk"))),
        is_disputed=Exists(disputes.filter(item=OuterRef("pk"))) | Exists(beside),
    )


def _state(line: RawLine, items: Sequence[Any]) -> str:
    return state_of(items[0]) if line.fate == Fate.ITEM and items else str(line.fate)


def state_of(item: Any) -> str:
    """Return how an item of `items_with_state` stands: matched, open, differs, or kept (nothing is expected of it)."""
    if item.is_disputed:
        return "differs"
    if item.is_open:
        return "open"
    return "matched" if item.lane in MATCHED_LANES else "kept"


def file_standing(file: ImportFile) -> dict[str, int]:
    """Return how many of the file's items are matched, open, and matched by nobody because nothing is expected."""
    rows = Item.objects.filter(file=file)
    told = rows.aggregate(
        matched=Count("pk", filter=Q(lane__in=MATCHED_LANES, open__isnull=True)),
        waiting=Count("pk", filter=Q(open__isnull=False)),
        queued=Count("pk", filter=Q(open__queued=True)),
        kept=Count("pk", filter=~Q(lane__in=MATCHED_LANES)),
    )
    return {name: int(count) for name, count in told.items()}


def proofs_of(item: Item) -> list[Proof]:
    """Return the matches that took or gave back of the item, the newest first."""
    matches = Match.objects.filter(allocations__item=item).select_related("runner_up", "reverses").order_by("-pk")
    found = []
    for match in matches.exclude(stage=Stage.REVERSAL):
        parts = match.allocations.select_related("item__source").order_by("-item__side", "item_id")
        found.append(Proof(match, list(parts), Match.objects.filter(reverses=match).first()))
    return found


def candidates_of(actor: Actor, item: Item) -> list[Candidate]:
    """Return open items of the other side that share a key, or have the same amount on a near day; the best first."""
    other = Side.ACTUAL if item.side == Side.EXPECTED else Side.EXPECTED
    keys = list(item.keys.values_list("key_hash", flat=True))
    amount, currency = item.compared
    rows = items_visible_to(actor).filter(side=other, lane=item.lane, open__isnull=False).annotate(
        shown=Coalesce("presentment_amount", "amount"),
        shown_in=Coalesce(NullIf("presentment_currency", Value("")), F("currency")),
    )  # fmt: skip
    near = Q(value_date__range=(_near(item, -NEAR_DAYS), _near(item, NEAR_DAYS)), shown=amount, shown_in=currency)
    sharing = rows.filter(Exists(ItemKey.objects.filter(item=OuterRef("pk"), key_hash__in=keys)))
    both = (sharing.order_by("pk")[:CANDIDATES], rows.filter(near).order_by("pk")[:CANDIDATES])
    found = {each.pk: each for part in both for each in part}
    told = [_candidate(item, each, set(keys)) for each in found.values()]
    return sorted(told, key=lambda each: (each.differs is not None, -len(each.shared), abs(each.days)))[:CANDIDATES]


def _near(item: Item, days: int) -> date:
    return item.value_date + timedelta(days=days)


def _candidate(item: Item, other: Item, keys: set[Any]) -> Candidate:
    shared = [f"{key.get_key_type_display()} {key.value}" for key in other.keys.all() if key.key_hash in keys]
    mine, theirs = item.compared, other.compared
    apart = theirs[0] - mine[0] if mine[1] == theirs[1] else theirs[0]
    differs = None if mine == theirs else Money(apart, theirs[1])
    return Candidate(other, shared, differs, (other.value_date - item.value_date).days, why_not_matched(item, other))
