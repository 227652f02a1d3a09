"""Which plans and items a list shows."""

from typing import ClassVar

from django_filters import rest_framework as filters

from retailops.events.verdicts import VerdictKind
from retailops.replays.models import BulkItem, BulkOperation, ItemResult, ItemStage, OperationStatus


class PlanFilter(filters.FilterSet):
    """Filters of plans."""

    status = filters.ChoiceFilter(choices=OperationStatus.choices)
    requested_by = filters.CharFilter()

    class Meta:
        model = BulkOperation
        fields: ClassVar[list[str]] = []


class ItemFilter(filters.FilterSet):
    """Filters of a plan's items."""

    stage = filters.ChoiceFilter(choices=ItemStage.choices)
    verdict = filters.ChoiceFilter(choices=VerdictKind.choices)
    result = filters.ChoiceFilter(choices=ItemResult.choices)

    class Meta:
        model = BulkItem
        fields: ClassVar[list[str]] = []
