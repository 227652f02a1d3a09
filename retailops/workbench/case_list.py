"""Views of cases that a person works: open, one's own, nobody's, late, put off, ignored, ended."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from retailops.accounts.actor import Actor
from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupState
from retailops.cases.selectors import cases_visible_to
from retailops.events.prepared import Prepared
from retailops.events.prepared_counts import PreparedCounts
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid
from retailops.lib.keyset import COUNT_LIMIT

OPEN = Q(status=CaseStatus.OPEN)
# Of groups few are asked for: a hashed list of them, so that cases are read from their index alone.
IGNORED = Q(group__in=CaseGroup.objects.filter(state=GroupState.IGNORED).values("pk"))
NOBODYS = Q(owner=None, group__in=CaseGroup.objects.filter(owner=None).values("pk"))


@dataclass(frozen=True)
class Asker:
    """Who asks and when, and the groups that they answer for."""

    actor: Actor
    at: datetime
    answered_for: list[UUID]


Condition = Callable[[Asker], Q]
TABS: Mapping[str, tuple[str, Condition]] = {
    "open": ("Open", lambda asker: OPEN & ~IGNORED & (Q(snoozed_until=None) | Q(snoozed_until__lte=asker.at))),
    "mine": ("Mine", lambda asker: OPEN & _owned_by(asker)),
    "unassigned": ("Nobody's", lambda asker: OPEN & ~IGNORED & NOBODYS),
    "overdue": ("Overdue", lambda asker: OPEN & Q(due_at__lt=asker.at)),
    "snoozed": ("Put off", lambda asker: OPEN & Q(snoozed_until__gt=asker.at)),
    "ignored": ("Ignored", lambda asker: OPEN & IGNORED),
    "resolved": ("Resolved", lambda asker: Q(status=CaseStatus.RESOLVED)),
    "any": ("All", lambda asker: Q()),
}
ANSWERED_FOR_MOST = 1000


def _owned_by(asker: Asker) -> Q:
    """Return the condition that the person owns it, or answers for its group where nobody owns it."""
    person = _person(asker.actor)
    if person is None:
        return Q(pk__in=[])
    # Named one by one, so that an index answers each half.
    return Q(owner=person) | Q(owner=None, group__in=asker.answered_for)


def _person(actor: Actor) -> UUID | None:
    return parse_uuid(actor.id) if actor.kind == "user" else None


@dataclass(frozen=True)
class CaseTab:
    """One view of the cases with how many it holds."""

    key: str
    title: str
    count: int
    current: bool


def cases_of_tab(actor: Actor, tab: str = "open", at: datetime | None = None) -> QuerySet[Case]:
    """Return the cases of one tab that the actor may see, as of now or of `at`."""
    return _of_tab(tab, Asker(actor, at or now(), _answered_for(actor) if tab == "mine" else []))


def tab_counts(actor: Actor) -> dict[str, int]:
    """Return how many cases each tab has, by key and capped as everywhere; two queries."""
    return _COUNTS.of(actor, now(), _answered_for(actor))


def work_counts(actor: Actor) -> dict[str, int]:
    """Return the same of the tabs that somebody works through."""
    return _WORK_COUNTS.of(actor, now(), _answered_for(actor))


def _of_tab(tab: str, asker: Asker) -> QuerySet[Case]:
    return cases_visible_to(asker.actor).filter(TABS[tab][1](asker))


def _counts_of(tabs: Iterable[str]) -> PreparedCounts:
    return PreparedCounts(
        lambda actor, at, groups: {tab: _of_tab(tab, Asker(actor, at, groups)) for tab in tabs}, COUNT_LIMIT
    )


_COUNTS, _WORK_COUNTS = _counts_of(TABS), _counts_of(("mine", "unassigned", "open", "overdue"))
_GROUPS_OF = Prepared(
    lambda person: CaseGroup.objects.filter(owner=person).values_list("pk", flat=True)[:ANSWERED_FOR_MOST]
)


def _answered_for(actor: Actor) -> list[UUID]:
    person = _person(actor)
    return [] if person is None else _GROUPS_OF.all(person)
