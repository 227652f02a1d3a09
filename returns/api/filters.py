"""Which orders and returns a list shows. Several statuses are given by repeating the parameter."""

from typing import ClassVar

from django_filters import rest_framework as filters

from returns.enums import (
    ErpState,
    InspectionState,
    Logistics,
    MoneyState,
    ReturnKind,
    ReturnStatus,
    StockState,
)
from returns.models import Order, Return


class OrderFilter(filters.FilterSet):
    """Filters of orders."""

    channel = filters.CharFilter()
    number = filters.CharFilter()
    external_id = filters.CharFilter()
    region = filters.CharFilter()
    brand = filters.CharFilter()
    customer_id = filters.UUIDFilter()
    placed_after = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: ClassVar[list[str]] = []


class ReturnFilter(filters.FilterSet):
    """Filters of returns."""

    status = filters.MultipleChoiceFilter(choices=ReturnStatus.choices)
    kind = filters.MultipleChoiceFilter(choices=ReturnKind.choices)
    logistics = filters.MultipleChoiceFilter(choices=Logistics.choices)
    inspection = filters.MultipleChoiceFilter(choices=InspectionState.choices)
    money = filters.MultipleChoiceFilter(choices=MoneyState.choices)
    stock = filters.MultipleChoiceFilter(choices=StockState.choices)
    erp = filters.MultipleChoiceFilter(choices=ErpState.choices)
    channel = filters.CharFilter()
    region = filters.CharFilter()
    brand = filters.CharFilter()
    store = filters.CharFilter()
    source = filters.CharFilter()
    external_id = filters.CharFilter()
    tracking = filters.CharFilter()
    number = filters.CharFilter()
    order_id = filters.UUIDFilter()
    order_number = filters.CharFilter(field_name="order__number")
    order_external_id = filters.CharFilter(field_name="order__external_id")
    customer_id = filters.UUIDFilter()
    correlation_id = filters.UUIDFilter()
    requested_after = filters.IsoDateTimeFilter(field_name="requested_at", lookup_expr="gte")
    requested_before = filters.IsoDateTimeFilter(field_name="requested_at", lookup_expr="lt")
    updated_after = filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lt")

    class Meta:
        model = Return
        fields: ClassVar[list[str]] = []
