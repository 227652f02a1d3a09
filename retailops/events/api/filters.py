"""Which deliveries a list shows."""

from typing import ClassVar

from django_filters import rest_framework as filters

from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.models import Delivery


class DeliveryFilter(filters.FilterSet):
    """Filters of deliveries. Several statuses are given by repeating the parameter."""

    status = filters.MultipleChoiceFilter(choices=DeliveryStatus.choices)
    destination = filters.CharFilter(field_name="destination__name", label="Name of the connection.")
    system = filters.CharFilter(field_name="destination__system")
    operation = filters.CharFilter()
    event_type = filters.CharFilter(field_name="event__type")
    failure_class = filters.ChoiceFilter(choices=OutcomeClass.choices)
    fingerprint = filters.CharFilter()
    effect_key = filters.CharFilter()
    subject_id = filters.UUIDFilter(field_name="event__subject_id")
    correlation_id = filters.UUIDFilter(field_name="event__correlation_id")
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Delivery
        fields: ClassVar[list[str]] = []
