"""What the list of returns can be narrowed to; every choice is in the URL."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from retailops.lib.ids import parse_uuid
from returns.enums import ErpState, InspectionState, Logistics, MoneyState, ReturnKind, ReturnStatus, StockState
from returns.models import Order, Return

# So many returns and orders at most are looked at for one number; a number that more than these bear is none.
MOST_BEARING = 500
Choices = Sequence[tuple[str, Any]]

# The tabs: name → title and condition. The words are those of the work, not of the columns.
VIEWS: dict[str, tuple[str, Q]] = {
    "all": ("All", Q()),
    "decide": ("To decide", Q(status__in=[ReturnStatus.REQUESTED, ReturnStatus.IN_REVIEW])),
    "coming": ("On the way", Q(status=ReturnStatus.AUTHORIZED, logistics__in=[Logistics.NONE, Logistics.IN_TRANSIT])),
    "inspect": (
        "To inspect",
        Q(status=ReturnStatus.AUTHORIZED, inspection__in=[InspectionState.PENDING, InspectionState.PARTIAL]),
    ),
    "refund": ("Refund pending", Q(status=ReturnStatus.AUTHORIZED, money__in=[MoneyState.PENDING, MoneyState.PARTIAL])),
    "trouble": ("In trouble", Q(open_cases__gt=0) | Q(money=MoneyState.ATTENTION)),
    "open": (
        "All open",
        Q(status__in=[ReturnStatus.REQUESTED, ReturnStatus.IN_REVIEW, ReturnStatus.AUTHORIZED]),
    ),
    "closed": ("Closed", Q(status=ReturnStatus.CLOSED)),
}


def choice(name: str, label: str, choices: Choices) -> django_filters.ChoiceFilter:
    """Return a filter whose first option names it, so that the row of filters needs no labels beside it."""
    return django_filters.ChoiceFilter(field_name=name, label=label, choices=choices, empty_label=f"{label}: any")


class ReturnFilter(django_filters.FilterSet):
    """Text, decision, kind, facets, scope and dates."""

    q = django_filters.CharFilter(
        method="by_text",
        label="Number",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "RMA, order, tracking or external id"}),
    )
    view = django_filters.CharFilter(method="by_view", widget=forms.HiddenInput)
    status = choice("status", "Decision", ReturnStatus.choices)
    kind = choice("kind", "Kind", ReturnKind.choices)
    logistics = choice("logistics", "Goods", Logistics.choices)
    inspection = choice("inspection", "Inspection", InspectionState.choices)
    money = choice("money", "Money", MoneyState.choices)
    stock = choice("stock", "Stock", StockState.choices)
    erp = choice("erp", "ERP", ErpState.choices)
    channel = django_filters.CharFilter(label="Channel", widget=forms.TextInput(attrs={"placeholder": "Channel"}))
    region = django_filters.CharFilter(label="Region", widget=forms.TextInput(attrs={"placeholder": "Region"}))
    brand = django_filters.CharFilter(label="Brand", widget=forms.TextInput(attrs={"placeholder": "Brand"}))
    since = django_filters.DateFilter(
        field_name="requested_at", lookup_expr="date__gte", label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = django_filters.DateFilter(
        field_name="requested_at", lookup_expr="date__lte", label="To", widget=forms.DateInput(attrs={"type": "date"})
    )
    closed_since = django_filters.DateFilter(
        field_name="closed_at",
        lookup_expr="date__gte",
        label="Closed from",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    closed_on = django_filters.DateFilter(
        field_name="closed_at", lookup_expr="date", label="Closed on", widget=forms.DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = Return
        fields: tuple[str, ...] = ()

    def by_view(self, rows: QuerySet[Return], name: str, value: str) -> QuerySet[Return]:
        """Narrow to a tab; an unknown tab is all."""
        return rows.filter(VIEWS[value][1]) if value in VIEWS else rows

    def by_text(self, rows: QuerySet[Return], name: str, value: str) -> QuerySet[Return]:
        """Find by any number that a person may hold in the hand; each by its own index."""
        return rows.filter(pk__in=list(bearing(value.strip()).values_list("pk", flat=True)[:MOST_BEARING]))


def bearing(text: str) -> QuerySet[Return]:
    """Return the returns that bear a number, whoever may see them: a union, so that each part has its own index."""
    orders = Order.objects.filter(number=text).union(Order.objects.filter(external_id=text))
    of_orders = list(orders.values_list("pk", flat=True)[:MOST_BEARING])
    asked = [Q(number__in={text, text.upper()}), Q(tracking=text), Q(external_id=text), Q(order__in=of_orders)]
    if (id := parse_uuid(text)) is not None:
        asked += [Q(id=id), Q(correlation_id=id)]
    first, *others = (Return.objects.filter(each).order_by() for each in asked)
    return first.union(*others)
