"""What groups of cases mean: how many, whose, how much money, how old, due when. Counted over what one sees."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, QuerySet, Sum
from django.db.models.functions import Coalesce

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case, CaseGroup, CaseStatus
from retailops.lib.money import Money


@dataclass(frozen=True)
class Figures:
    """Of one group: open cases, returns affected, customers waiting, the oldest, the nearest due, money at risk."""

    open: int = 0
    returns: int = 0
    customers: int = 0
    oldest_at: datetime | None = None
    due_at: datetime | None = None
    money: list[Money] = field(default_factory=list)


NONE = Figures()
_REACH = {
    "returns": Count("correlation_id", distinct=True),
    "customers": Count(Coalesce("customer_id", "correlation_id"), distinct=True),
}


def groups_visible_to(actor: Actor) -> QuerySet[CaseGroup]:
    """Return the groups that have a case, open or not, in the actor's regions and brands, with owner."""
    seen = Case.objects.filter(scope_q(actor, Permission.CASES_VIEW))
    return CaseGroup.objects.select_related("owner").filter(pk__in=seen.values("group"))


def open_in_scope(actor: Actor) -> QuerySet[Case]:
    """Return the open cases in the actor's regions and brands."""
    return Case.objects.filter(scope_q(actor, Permission.CASES_VIEW), status=CaseStatus.OPEN)


def figures_of(rows: QuerySet[Case], by: str, keys: Iterable[Any]) -> dict[Any, Figures]:
    """Return the figures of each of the keys (values of the column `by`) over the rows; two queries.

    A customer who is not known counts as one a return.
    """
    chosen = rows.filter(**{f"{by}__in": list(keys)}).order_by()
    money = money_of(chosen, by)
    counted = chosen.values(by).annotate(open=Count("*"), oldest=Min("opened_at"), due=Min("due_at"), **_REACH)
    return {
        row[by]: Figures(row["open"], row["returns"], row["customers"], row["oldest"], row["due"], money[row[by]])
        for row in counted
    }


def reach_of(rows: QuerySet[Case], by: str, keys: Iterable[Any]) -> dict[Any, tuple[int, int]]:
    """Return how many returns and how many customers wait, of each of the keys; one query."""
    counted = rows.filter(**{f"{by}__in": list(keys)}).order_by().values(by).annotate(**_REACH)
    return {row[by]: (row["returns"], row["customers"]) for row in counted}


def money_of(rows: QuerySet[Case], by: str) -> Mapping[Any, list[Money]]:
    """Return what is at risk by key, one sum a currency, the most cases first."""
    sums = rows.filter(amount__isnull=False).values(by, "currency").annotate(sum=Sum("amount"), n=Count("*"))
    found: dict[Any, list[Money]] = defaultdict(list)
    for row in sums.order_by("-n", "currency"):
        found[row[by]].append(Money(row["sum"], row["currency"]))
    return found


def group_figures(actor: Actor, group_id: UUID) -> Figures:
    """Return the figures of one group."""
    return figures_of(open_in_scope(actor), "group", [group_id]).get(group_id, NONE)
