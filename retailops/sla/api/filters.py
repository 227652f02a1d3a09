"""Which clocks a list shows."""

from typing import ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from retailops.sla.models import ClockState, PolicyStatus, SlaClock, SlaPolicy


class ClockFilter(filters.FilterSet):
    """Filters of clocks."""

    name = filters.CharFilter()
    state = filters.ChoiceFilter(choices=ClockState.choices)
    breached = filters.BooleanFilter(method="_breached", label="Whether its time passed before it was done.")
    subject_type = filters.CharFilter()
    subject_id = filters.UUIDFilter()
    correlation_id = filters.UUIDFilter()
    region = filters.CharFilter()
    brand = filters.CharFilter()
    channel = filters.CharFilter()
    connection = filters.CharFilter()
    due_after = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="gte")
    due_before = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")
    ended_after = filters.IsoDateTimeFilter(field_name="ended_at", lookup_expr="gte")
    ended_before = filters.IsoDateTimeFilter(field_name="ended_at", lookup_expr="lt")

    class Meta:
        model = SlaClock
        fields: ClassVar[list[str]] = []

    def _breached(self, rows: QuerySet[SlaClock], name: str, value: bool) -> QuerySet[SlaClock]:
        return rows.filter(breached_at__isnull=not value)


class PromiseFilter(filters.FilterSet):
    """Filters of promises."""

    name = filters.CharFilter()
    status = filters.ChoiceFilter(choices=PolicyStatus.choices)

    class Meta:
        model = SlaPolicy
        fields: ClassVar[list[str]] = []
