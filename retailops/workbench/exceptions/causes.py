"""The Exceptions screen: a row for each cause (or connection, operation, channel, code, version) and its cost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.group_figures import NONE, Figures, groups_visible_to, open_in_scope, reach_of
from retailops.cases.models import Case, CaseGroup, GroupState
from retailops.lib.keyset import capped_count
from retailops.workbench.case_list import IGNORED
from retailops.workbench.exceptions.keys import condition
from retailops.workbench.exceptions.language import QueryFault, quoted
from retailops.workbench.exceptions.spark import Spark, sparks
from retailops.workbench.exceptions.surveying import surveyed
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
    if tab == MENDED:
        by, found = "cause", [(id, NONE) for id in _mended(actor, at)]
    else:
        chosen = visible.filter(TABS[tab][1]).filter(wanted)
        found = surveyed(chosen, GROUPINGS[by][1], at, SIZE + 1, reach=by != "cause")
    rows = _rows(actor, visible.filter(wanted), by, dict(found[:SIZE]))
    return Causes(rows, _tabs(actor, visible, tab), by, text, at, len(found) > SIZE, fault)


def _number(text: str) -> int:
    return min(int(text), 1_000_000) if text.isdecimal() and len(text) < 9 else 0


def _mended(actor: Actor, at: int) -> list[UUID]:
    mended = groups_visible_to(actor).filter(state=GroupState.RESOLVED).order_by("-state_at", "pk")
    return list(mended.values_list("pk", flat=True)[at : at + SIZE + 1])


def _rows(actor: Actor, rows: QuerySet[Case], by: str, found: Mapping[Any, Figures]) -> list[Row]:
    _, column, key = GROUPINGS[by]
    drawn = sparks(Case.objects.filter(scope_q(actor, Permission.CASES_VIEW)), column, found)
    if by != "cause":
        return [Row(_named(by, each), f"{key}:{quoted(each)}", found[each], drawn[each]) for each in found]
    # Of a cause an index holds its stories in order: those of the causes shown are counted from it.
    reach = reach_of(rows, column, found)
    groups = {each.id: each for each in CaseGroup.objects.select_related("owner").filter(pk__in=found)}
    coming = upcoming(rows, list(groups.values()))
    return [
        Row(groups[id].title, f"group:{id}", _reaching(figures, reach.get(id)), drawn[id], groups[id], coming.get(id))
        for id, figures in found.items()
    ]


def _reaching(figures: Figures, reach: tuple[int, int] | None) -> Figures:
    returns, customers = reach or (0, 0)
    return replace(figures, returns=returns, customers=customers)


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
