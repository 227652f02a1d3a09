"""The Exceptions screen: a row for each cause (or connection, operation, channel, code, version) and its cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Count, F, Min, Q, QuerySet, Sum, Value, When
from django.db.models import Case as Choice
from django.db.models.functions import Coalesce
from django.http import QueryDict

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.group_figures import NONE, Figures, figures_of, groups_visible_to, open_in_scope
from retailops.cases.models import Case, CaseGroup, GroupState
from retailops.lib.keyset import capped_count
from retailops.workbench.exceptions.keys import ODD_CURRENCIES, condition
from retailops.workbench.exceptions.language import QueryFault, quoted
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
IGNORED = Q(group__state=GroupState.IGNORED)
TABS: Mapping[str, tuple[str, Q]] = {
    "business": ("Business", Q(queue="business") & ~IGNORED),
    "technical": ("Technical", Q(queue="technical") & ~IGNORED),
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
        told = (group.connection or group.system, group.operation and operation(group.operation), group.failure_class)
        return " · ".join(plain(each) if each == group.failure_class else each for each in told if each)


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
    if tab == MENDED:
        by, found = "cause", _mended(actor, at)
    else:
        found = _ranked(visible.filter(TABS[tab][1]).filter(wanted), GROUPINGS[by][1], at)
    rows = _rows(actor, visible.filter(wanted), by, found[:SIZE])
    return Causes(rows, _tabs(actor, visible, tab), by, text, at, len(found) > SIZE, fault)


def _number(text: str) -> int:
    return min(int(text), 1_000_000) if text.isdecimal() and len(text) < 9 else 0


def _ranked(rows: QuerySet[Case], column: str, at: int) -> list[Any]:
    """Return the keys of one page and one more."""
    three = ("KWD", "BHD", "JOD", "OMR", "TND")
    none = [code for code in ODD_CURRENCIES if code not in three]
    # Sums of several currencies only put rows in order; none is shown.
    worth = Choice(
        When(currency__in=none, then=F("amount") * 100),
        When(currency__in=three, then=F("amount") / 10),
        default="amount",
        output_field=BigIntegerField(),
    )
    counted = (
        rows.order_by()
        .values(column)
        .annotate(
            due=Min("due_at"),
            worth=Coalesce(Sum(worth), Value(0), output_field=BigIntegerField()),
            n=Count("pk"),
            oldest=Min("opened_at"),
        )
    )
    ordered = counted.order_by(F("due").asc(nulls_last=True), "-worth", "-n", "oldest", column)
    return [row[column] for row in ordered[at : at + SIZE + 1]]


def _mended(actor: Actor, at: int) -> list[UUID]:
    mended = groups_visible_to(actor).filter(state=GroupState.RESOLVED).order_by("-state_at", "pk")
    return list(mended.values_list("pk", flat=True)[at : at + SIZE + 1])


def _rows(actor: Actor, rows: QuerySet[Case], by: str, keys: list[Any]) -> list[Row]:
    _, column, key = GROUPINGS[by]
    found = figures_of(rows, column, keys)
    drawn = sparks(Case.objects.filter(scope_q(actor, Permission.CASES_VIEW)), column, keys)
    if by == "cause":
        groups = {each.id: each for each in CaseGroup.objects.select_related("owner").filter(pk__in=keys)}
        coming = upcoming(rows, list(groups.values()))
        return [
            Row(groups[id].title, f"group:{id}", found.get(id, NONE), drawn[id], groups[id], coming.get(id))
            for id in keys
        ]
    return [Row(_named(by, each), f"{key}:{quoted(each)}", found.get(each, NONE), drawn[each]) for each in keys]


def _named(by: str, value: str) -> str:
    if not value:
        return f"No {GROUPINGS[by][0].lower()}"
    return operation(value) if by == "operation" else value


def _tabs(actor: Actor, visible: QuerySet[Case], current: str) -> list[CauseTab]:
    sums = {key: Count("group", filter=which, distinct=True) for key, (_, which) in TABS.items()}
    counted = visible.aggregate(**sums)
    tabs = [CauseTab(key, title, counted[key], key == current) for key, (title, _) in TABS.items()]
    mended = capped_count(groups_visible_to(actor).filter(state=GroupState.RESOLVED))
    return [*tabs, CauseTab(MENDED, "Mended", mended, current == MENDED)]
