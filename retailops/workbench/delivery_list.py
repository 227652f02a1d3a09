"""What is owed to other systems and did not get there: tabs with counts and money, filters, one keyset page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.db.models import Count, Q, QuerySet, Sum
from django.http import QueryDict

from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case, CaseStatus
from retailops.events.enums import DeliveryStatus, DestinationKind, OutcomeClass
from retailops.events.models import Delivery, Destination
from retailops.events.selectors import deliveries_visible_to
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid
from retailops.lib.keyset import KeysetPage, capped_count, keyset_page
from retailops.lib.money import Money
from retailops.workbench.words import OPERATIONS

STATES: Mapping[str, tuple[str, Q]] = {
    "dead": ("Stopped", Q(status=DeliveryStatus.DEAD)),
    "in_doubt": ("In doubt", Q(status=DeliveryStatus.IN_DOUBT)),
    "waiting": ("Waiting", Q(status=DeliveryStatus.READY)),
    "finished": (
        "Finished",
        Q(status__in=[DeliveryStatus.DELIVERED, DeliveryStatus.DISCARDED, DeliveryStatus.SUPERSEDED]),
    ),
}
QUEUES: Mapping[str, tuple[str, list[str]]] = {
    "business": ("Business", [OutcomeClass.BUSINESS]),
    "technical": (
        "Technical",
        [OutcomeClass.TRANSIENT, OutcomeClass.AUTH, OutcomeClass.CONTRACT, OutcomeClass.IN_DOUBT],
    ),
}


class DeliveryFilter(django_filters.FilterSet):
    """System, operation, kind of failure and number."""

    q = django_filters.CharFilter(
        method="by_text",
        label="Number",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "RMA, delivery id or key"}),
    )
    state = django_filters.CharFilter(method="by_state", widget=forms.HiddenInput)
    system = django_filters.ChoiceFilter(
        field_name="destination__name", label="System", empty_label="System: any", choices=lambda: systems()
    )
    operation = django_filters.ChoiceFilter(
        label="Operation", empty_label="Operation: any", choices=sorted(OPERATIONS.items(), key=lambda each: each[1])
    )
    queue = django_filters.ChoiceFilter(
        method="by_queue",
        label="Queue",
        empty_label="Queue: any",
        choices=[(key, text) for key, (text, _) in QUEUES.items()],
    )

    cause = django_filters.UUIDFilter(method="by_cause", label="Cause", widget=forms.HiddenInput)

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = ()

    def by_state(self, rows: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
        """Narrow to a tab; an unknown one is the stopped."""
        return rows.filter(STATES.get(value, STATES["dead"])[1])

    def by_queue(self, rows: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
        """Narrow to who works it: operations, or integration."""
        return rows.filter(failure_class__in=QUEUES[value][1])

    def by_cause(self, rows: QuerySet[Delivery], name: str, value: UUID) -> QuerySet[Delivery]:
        """Narrow to what stands behind the open cases of one cause."""
        return rows.filter(pk__in=stopped_for(value))

    def by_text(self, rows: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
        """Find by the return's number, the delivery's id or its key at the other system."""
        text = value.strip()
        matches = Q(effect_key=text) | Q(external_reference=text) | Q(event__data__number__iexact=text)
        if (id := parse_uuid(text)) is not None:
            matches |= Q(id=id) | Q(event__correlation_id=id) | Q(lane_key=str(id))
        return rows.filter(matches)


def stopped_for(group_id: UUID) -> QuerySet[Case, UUID | None]:
    """Return the ids of the deliveries behind the open cases of a cause."""
    rows = Case.objects.filter(group_id=group_id, status=CaseStatus.OPEN, delivery_id__isnull=False)
    return rows.values_list("delivery_id", flat=True)


@dataclass(frozen=True)
class StateTab:
    """One state with how many deliveries are in it."""

    key: str
    title: str
    count: int
    current: bool


@dataclass(frozen=True)
class DeliveryListing:
    """What the list page shows; `money` is what waits on the narrowed rows, one sum per currency."""

    page: KeysetPage[Delivery]
    filter: DeliveryFilter
    tabs: list[StateTab]
    total: int
    money: list[Money]
    # All that match are those that had come by then: what comes while a person looks is not unseen among them.
    as_of: datetime
    may_replay: bool = False


def systems() -> list[tuple[str, str]]:
    """Return the destinations outside this process, by name."""
    rows = Destination.objects.exclude(kind=DestinationKind.HANDLER).filter(retired_at=None)
    return [(each.name, each.name) for each in rows.order_by("name")]


def to_other_systems(actor: Actor) -> QuerySet[Delivery]:
    """Return the deliveries to other systems that the actor may see; those to our own handlers are left out."""
    return deliveries_visible_to(actor).exclude(destination__kind=DestinationKind.HANDLER)


def delivery_listing(actor: Actor, query: QueryDict) -> DeliveryListing:
    """Return one page of the deliveries that the actor may see, narrowed by the query."""
    visible, moment = to_other_systems(actor), now()
    current = query.get("state", "") if query.get("state") in STATES else "dead"
    found = DeliveryFilter(with_state(query, current), queryset=visible)
    rows = found.qs
    page = keyset_page(
        rows.select_related("destination__connection"), after=query.get("after", ""), before=query.get("before", "")
    )
    tabs = [
        StateTab(key, title, capped_count(visible.filter(condition)), key == current)
        for key, (title, condition) in STATES.items()
    ]
    troubled = current in {"dead", "in_doubt"}
    money = money_of(rows) if current != "finished" else []
    may_replay = troubled and can(actor, Permission.DELIVERIES_REPLAY)
    return DeliveryListing(page, found, tabs, capped_count(rows), money, moment, may_replay)


def with_state(query: QueryDict, state: str) -> QueryDict:
    """Return the query with that tab chosen."""
    given = query.copy()
    given["state"] = state
    return given


def money_of(rows: QuerySet[Delivery]) -> list[Money]:
    """Return what waits on the rows, one sum per currency, those of most rows first."""
    sums = rows.filter(amount__isnull=False).order_by().values("currency").annotate(sum=Sum("amount"), n=Count("id"))
    return [Money(row["sum"], row["currency"]) for row in sums.order_by("-n")]


def behind(delivery: Delivery) -> list[dict[str, Any]]:
    """Return the later deliveries of the same lane that wait for this one, by operation with how many."""
    rows = Delivery.objects.filter(
        destination=delivery.destination,
        lane_key=delivery.lane_key,
        lane_seq__gt=delivery.lane_seq,
        status=DeliveryStatus.READY,
    )
    return [dict(row) for row in rows.order_by().values("operation").annotate(count=Count("id"))]
