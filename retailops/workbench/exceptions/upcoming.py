"""What happens to a group next without anybody: looked up again, escalated, back in sight."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Min, QuerySet

from retailops.cases.models import Case, CaseGroup, CaseRule, GroupState
from retailops.cases.rules import Facts, first_that_fits, of_kinds
from retailops.cases.work_models import RuleKind

_LOOK_UPS = """
SELECT c.group_id, min(d.next_attempt_at)
FROM events_delivery d JOIN cases_case c ON c.delivery_id = d.id AND c.status = 'open'
WHERE d.status = 'in_doubt' AND c.group_id = ANY(%s) GROUP BY c.group_id
"""


@dataclass(frozen=True)
class Upcoming:
    """What happens by itself and when; without a time it waits for something else."""

    what: str
    at: datetime | None = None


def upcoming(rows: QuerySet[Case], groups: Sequence[CaseGroup]) -> dict[UUID, Upcoming]:
    """Return the soonest for each group over its open cases; a group that needs a person is left out. Three queries."""
    ids = [group.id for group in groups]
    found: dict[UUID, list[Upcoming]] = {id: [] for id in ids}
    with connection.cursor() as cursor:
        cursor.execute(_LOOK_UPS, [ids])
        for id, at in cursor.fetchall():
            found[id].append(Upcoming("looked up there again", at))
    rules = of_kinds(RuleKind.ESCALATE)
    for row in _waiting(rows, ids):
        found[row["group"]] += _of(row, next(each for each in groups if each.id == row["group"]), rules)
    for group in groups:
        if group.state == GroupState.IGNORED:
            found[group.id] = [_ignored(group)]
    return {id: min(every, key=_when) for id, every in found.items() if every}


def _waiting(rows: QuerySet[Case], ids: list[UUID]) -> list[Any]:
    """Return by group and region the oldest that was not escalated, and the first that comes back into sight."""
    chosen = rows.filter(group__in=ids).order_by()
    young = chosen.filter(escalated_at__isnull=True).values("group", "region")
    return list(young.annotate(oldest=Min("opened_at"), back=Min("snoozed_until")))


def _of(row: dict[str, Any], group: CaseGroup, rules: list[CaseRule]) -> list[Upcoming]:
    told = [Upcoming("a case comes back into sight", row["back"])] if row["back"] else []
    facts = Facts(
        group.queue, group.kind, group.system, group.operation, group.failure_class, group.failure_code, row["region"],
        group.title,
    )  # fmt: skip
    rule = first_that_fits(rules, facts)
    if rule is not None and rule.after_seconds:
        told.append(Upcoming("the oldest is escalated", row["oldest"] + timedelta(seconds=rule.after_seconds)))
    return told


def _ignored(group: CaseGroup) -> Upcoming:
    if group.ignored_until is not None:
        return Upcoming("comes back", group.ignored_until)
    if group.ignore_count_left is not None:
        return Upcoming(f"comes back when seen {group.ignore_count_left} more times")
    return Upcoming("comes back when more money is at risk")


def _when(each: Upcoming) -> float:
    return each.at.timestamp() if each.at else float("inf")
