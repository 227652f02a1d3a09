"""Cases as a person works them: tabs, filters, one keyset page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from retailops.accounts.actor import Actor
from retailops.cases.models import Case, CaseQueue, CaseStatus
from retailops.cases.selectors import cases_visible_to
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid
from retailops.lib.keyset import KeysetPage, capped_count, keyset_page

OPEN = Q(status=CaseStatus.OPEN)
Condition = Callable[[Actor], Q]
TABS: Mapping[str, tuple[str, Condition]] = {
    "open": ("Open", lambda actor: OPEN & (Q(snoozed_until=None) | Q(snoozed_until__lte=now()))),
    "mine": ("Mine", lambda actor: OPEN & Q(owner=_person(actor))),
    "unassigned": ("Nobody's", lambda actor: OPEN & Q(owner=None)),
    "overdue": ("Overdue", lambda actor: OPEN & Q(due_at__lt=now())),
    "snoozed": ("Put off", lambda actor: OPEN & Q(snoozed_until__gt=now())),
    "resolved": ("Resolved", lambda actor: Q(status=CaseStatus.RESOLVED)),
}


def _person(actor: Actor) -> object:
    return parse_uuid(actor.id) if actor.kind == "user" else None


class CaseFilter(django_filters.FilterSet):
    """Queue, kind and number."""

    q = django_filters.CharFilter(
        method="by_text",
        label="Words",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Words of the title, or an id"}),
    )
    queue = django_filters.ChoiceFilter(choices=CaseQueue.choices, label="Queue", empty_label="Queue: any")
    region = django_filters.CharFilter(label="Region", widget=forms.TextInput(attrs={"placeholder": "Region"}))

    class Meta:
        model = Case
        fields: tuple[str, ...] = ()

    def by_text(self, rows: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """Find by words of the title, or by an id that the case is about."""
        text = value.strip()
        if (id := parse_uuid(text)) is not None:
            return rows.filter(Q(id=id) | Q(subject_id=id) | Q(correlation_id=id) | Q(delivery_id=id))
        return rows.filter(title__icontains=text)


@dataclass(frozen=True)
class CaseTab:
    """One view of the cases with how many it holds."""

    key: str
    title: str
    count: int
    current: bool


@dataclass(frozen=True)
class CaseListing:
    """What the list page shows."""

    page: KeysetPage[Case]
    filter: CaseFilter
    tabs: list[CaseTab]
    total: int


def cases_of_tab(actor: Actor, tab: str = "open") -> QuerySet[Case]:
    """Return the cases of one tab that the actor may see."""
    return cases_visible_to(actor).filter(TABS[tab][1](actor))


def case_listing(actor: Actor, query: QueryDict) -> CaseListing:
    """Return one page of the cases that the actor may see, narrowed by the query."""
    current = query.get("tab", "") if query.get("tab") in TABS else "open"
    found = CaseFilter(query, queryset=cases_of_tab(actor, current))
    page = keyset_page(found.qs, after=query.get("after", ""), before=query.get("before", ""))
    tabs = [
        CaseTab(key, title, capped_count(cases_of_tab(actor, key)), key == current) for key, (title, _) in TABS.items()
    ]
    return CaseListing(page, found, tabs, capped_count(found.qs))
