"""The Exceptions screen: a row for each cause (or connection, operation, channel, code, version) and its cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Sum
from django.http import QueryDict

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.group_figures import Figures, groups_visible_to, open_in_scope, reach_of
from retailops.cases.models import Case, CaseGroup, GroupState
from retailops.lib.keyset import capped_count
from retailops.lib.money import Money, major
from retailops.workbench.case_list import IGNORED
from retailops.workbench.exceptions.keys import condition
from retailops.workbench.exceptions.language import QueryFault, quoted
from retailops.workbench.exceptions.paging import NEVER
from retailops.workbench.exceptions.spark import Spark, sparks
from retailops.workbench.exceptions.upcoming import Upcoming, upcoming
from retailops.workbench.words import operation, plain

SIZE = 50
# How rows are made: what a person calls it, the column, and the key of the query box that leads to its items.
GROUPINGS: Mapping[str, tuple[str, str, str]] = {
    "cause": ("Cause", "group", "group"),
    "connection": ("Connection", "connection", "connection"),
    "operation": ("Operation", "operation", "op"),
    "channel": ("Channel or store", "channel", "channel"),
    "code": ("Code", "failure_code", "code"),
    "version": ("Version", "release", "version"),
}


def _of_groups(**narrowed: str) -> Q:
    """Return the condition that a case's group is such a one, by a list of groups: cases are read from their index."""
    return Q(group__in=CaseGroup.objects.filter(**narrowed).values("pk"))


TABS: Mapping[str, tuple[str, Q]] = {
    "business": ("Business", _of_groups(queue="business") & ~IGNORED),
    "technical": ("Technical", _of_groups(queue="technical") & ~IGNORED),
    "all": ("All", ~IGNORED),
    "ignored": ("Ignored", IGNORED),
}
MENDED = "mended"


@dataclass(frozen=True)
class CauseTab:
    """One queue with how many causes it holds."""

    key: str
    title: str
    count: int
    current: bool


@dataclass(frozen=True)
class Row:
    """One row: a group, or a value that many share; `query` finds its items."""

    title: str
    query: str
    figures: Figures
    spark: Spark
    group: CaseGroup | None = None
    upcoming: Upcoming | None = None

    @property
    def second(self) -> str:
        """Return where and what: connection, operation, class."""
        if self.group is None:
            return ""
        group = self.group
        told = [group.connection or group.system, group.operation and operation(group.operation)]
        told += [plain(group.failure_class)] if group.failure_class not in ("", group.queue) else []
        return " · ".join(each for each in told if each)


@dataclass(frozen=True)
class Causes:
    """What the screen shows."""

    rows: list[Row]
    tabs: list[CauseTab]
    by: str
    q: str
    at: int
    more: bool
    fault: str = ""

    @property
    def groupings(self) -> list[tuple[str, str]]:
        """Return by what rows may be made."""
        return [(key, each[0]) for key, each in GROUPINGS.items()]

    @property
    def next_at(self) -> int:
        """Return where the next page begins."""
        return self.at + SIZE

    @property
    def before_at(self) -> int:
        """Return where the page before begins."""
        return max(0, self.at - SIZE)


def causes(actor: Actor, query: QueryDict) -> Causes:
    """Return the screen of the query, those first that breach first, then those with more money at risk."""
    tab = query.get("tab", "") if query.get("tab") in (*TABS, MENDED) else "all"
    by = query.get("by", "") if query.get("by") in GROUPINGS else "cause"
    text, fault, wanted = query.get("q", "").strip(), "", Q()
    try:
        wanted = condition(actor, text)
    except QueryFault as wrong:
        fault, wanted = wrong.detail, Q(pk__in=[])
    visible = open_in_scope(actor)
    at = _number(query.get("from", ""))
    sums: dict[Any, _Sum] = {}
    if tab == MENDED:
        by, found = "cause", _mended(actor, at)
    else:
        sums = _surveyed(visible.filter(TABS[tab][1]).filter(wanted), GROUPINGS[by][1])
        found = list(sums)[at : at + SIZE + 1]
    rows = _rows(actor, visible.filter(wanted), by, sums, found[:SIZE])
    return Causes(rows, _tabs(actor, visible, tab), by, text, at, len(found) > SIZE, fault)


def _number(text: str) -> int:
    return min(int(text), 1_000_000) if text.isdecimal() and len(text) < 9 else 0


@dataclass
class _Sum:
    """What one key holds, gathered over its currencies."""

    open: int = 0
    due: datetime | None = None
    oldest: datetime | None = None
    money: list[tuple[int, Money]] = field(default_factory=list)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take one currency in."""
        self.open += row["n"]
        self.due = min(filter(None, (self.due, row["due"])), default=None)
        self.oldest = min(filter(None, (self.oldest, row["oldest"])), default=None)
        if row["currency"] and row["sum"] is not None:
            self.money.append((row["n"], Money(row["sum"], row["currency"])))

    @property
    def rank(self) -> tuple[Any, ...]:
        """Return what puts it in order. Sums of several currencies only order rows; none is shown."""
        worth = sum(major(money.amount, money.currency) for _, money in self.money)
        return (self.due is None, self.due or NEVER, -worth, -self.open, self.oldest)


def _surveyed(rows: QuerySet[Case], column: str) -> dict[Any, _Sum]:
    """Return every key with what it holds, those first that breach first, then those with more money; one query."""
    counted = rows.order_by().values(column, "currency").annotate(
        n=Count("*"), sum=Sum("amount"), due=Min("due_at"), oldest=Min("opened_at")
    )  # fmt: skip
    found: dict[Any, _Sum] = {}
    for row in counted:
        found.setdefault(row[column], _Sum()).add(row)
    return dict(sorted(found.items(), key=lambda each: (*each[1].rank, str(each[0]))))


def _mended(actor: Actor, at: int) -> list[UUID]:
    mended = groups_visible_to(actor).filter(state=GroupState.RESOLVED).order_by("-state_at", "pk")
    return list(mended.values_list("pk", flat=True)[at : at + SIZE + 1])


def _rows(actor: Actor, rows: QuerySet[Case], by: str, sums: Mapping[Any, _Sum], keys: list[Any]) -> list[Row]:
    _, column, key = GROUPINGS[by]
    reach = reach_of(rows, column, keys)
    drawn = sparks(Case.objects.filter(scope_q(actor, Permission.CASES_VIEW)), column, keys)
    found = {each: _figures(sums.get(each, _Sum()), *reach.get(each, (0, 0))) for each in keys}
    if by != "cause":
        return [Row(_named(by, each), f"{key}:{quoted(each)}", found[each], drawn[each]) for each in keys]
    groups = {each.id: each for each in CaseGroup.objects.select_related("owner").filter(pk__in=keys)}
    coming = upcoming(rows, list(groups.values()))
    return [Row(groups[id].title, f"group:{id}", found[id], drawn[id], groups[id], coming.get(id)) for id in keys]


def _figures(summed: _Sum, returns: int, customers: int) -> Figures:
    money = [money for _, money in sorted(summed.money, key=lambda each: -each[0])]
    return Figures(summed.open, returns, customers, summed.oldest, summed.due, money)


def _named(by: str, value: str) -> str:
    if not value:
        return f"No {GROUPINGS[by][0].lower()}"
    return operation(value) if by == "operation" else value


def _tabs(actor: Actor, visible: QuerySet[Case], current: str) -> list[CauseTab]:
    held = CaseGroup.objects.filter(Exists(visible.filter(group=OuterRef("pk"))))
    rows = list(held.order_by().values("queue", "state").annotate(n=Count("pk")))
    seen = [row for row in rows if row["state"] != GroupState.IGNORED]
    counts = {
        "business": sum(row["n"] for row in seen if row["queue"] == "business"),
        "technical": sum(row["n"] for row in seen if row["queue"] == "technical"),
        "all": sum(row["n"] for row in seen),
        "ignored": sum(row["n"] for row in rows) - sum(row["n"] for row in seen),
    }
    tabs = [CauseTab(key, title, counts[key], key == current) for key, (title, _) in TABS.items()]
    mended = capped_count(groups_visible_to(actor).filter(state=GroupState.RESOLVED))
    return [*tabs, CauseTab(MENDED, "Mended", mended, current == MENDED)]
