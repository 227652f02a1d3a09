"""Views of cases that a person works: open, one's own, nobody's, late, put off, ignored, ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from retailops.accounts.actor import Actor
from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupState
from retailops.cases.selectors import cases_visible_to
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid

OPEN = Q(status=CaseStatus.OPEN)
# Of groups few are asked for: a hashed list of them, so that cases are read from their index alone.
IGNORED = Q(group__in=CaseGroup.objects.filter(state=GroupState.IGNORED).values("pk"))
NOBODYS = Q(owner=None, group__in=CaseGroup.objects.filter(owner=None).values("pk"))
Condition = Callable[[Actor], Q]
TABS: Mapping[str, tuple[str, Condition]] = {
    "open": ("Open", lambda actor: OPEN & ~IGNORED & (Q(snoozed_until=None) | Q(snoozed_until__lte=now()))),
    "mine": ("Mine", lambda actor: OPEN & _owned_by(actor)),
    "unassigned": ("Nobody's", lambda actor: OPEN & ~IGNORED & NOBODYS),
    "overdue": ("Overdue", lambda actor: OPEN & Q(due_at__lt=now())),
    "snoozed": ("Put off", lambda actor: OPEN & Q(snoozed_until__gt=now())),
    "ignored": ("Ignored", lambda actor: OPEN & IGNORED),
    "resolved": ("Resolved", lambda actor: Q(status=CaseStatus.RESOLVED)),
    "any": ("All", lambda actor: Q()),
}


def _owned_by(actor: Actor) -> Q:
    """Return the condition that the person owns it, or answers for its group where nobody owns it."""
    person = parse_uuid(actor.id) if actor.kind == "user" else None
    if person is None:
        return Q(pk__in=[])
    # Named one by one, so that an index answers each half.
    answered_for = list(CaseGroup.objects.filter(owner=person).values_list("pk", flat=True)[:1000])
    return Q(owner=person) | Q(owner=None, group__in=answered_for)


@dataclass(frozen=True)
class CaseTab:
    """One view of the cases with how many it holds."""

    key: str
    title: str
    count: int
    current: bool


def cases_of_tab(actor: Actor, tab: str = "open") -> QuerySet[Case]:
    """Return the cases of one tab that the actor may see."""
    return cases_visible_to(actor).filter(TABS[tab][1](actor))
