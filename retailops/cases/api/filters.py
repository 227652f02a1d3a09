"""Which cases a list shows."""

from typing import ClassVar

from django_filters import rest_framework as filters

from retailops.cases.models import Case, CaseQueue, CaseStatus


class CaseFilter(filters.FilterSet):
    """Filters of cases."""

    status = filters.ChoiceFilter(choices=CaseStatus.choices)
    queue = filters.ChoiceFilter(choices=CaseQueue.choices)
    kind = filters.CharFilter()
    owner = filters.UUIDFilter(field_name="owner_id")
    group = filters.UUIDFilter(field_name="group_id")
    region = filters.CharFilter()
    brand = filters.CharFilter()
    channel = filters.CharFilter()
    subject_id = filters.UUIDFilter()
    correlation_id = filters.UUIDFilter()
    opened_after = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="gte")
    opened_before = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="lt")

    class Meta:
        model = Case
        fields: ClassVar[list[str]] = []
