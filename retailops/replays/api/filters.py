"""Which plans and items a list shows."""

from typing import ClassVar

from django_filters import rest_framework as filters

from retailops.events.verdicts import VerdictKind
from retailops.replays.models import BulkItem, BulkOperation, BulkResult, BulkStage, BulkStatus


class PlanFilter(filters.FilterSet):
    """Filters of plans."""

    status = filters.ChoiceFilter(choices=BulkStatus.choices)
    requested_by = filters.CharFilter()

    class Meta:
        model = BulkOperation
        fields: ClassVar[list[str]] = []


class CaseItemFilter(filters.FilterSet):
    """Filters of the cases of an operation."""

    stage = filters.ChoiceFilter(choices=BulkStage.choices)
    result = filters.ChoiceFilter(choices=BulkResult.choices)

    class Meta:
        model = BulkItem
        fields: ClassVar[list[str]] = []


class ItemFilter(filters.FilterSet):
    """Filters of a plan's items."""

    stage = filters.ChoiceFilter(choices=BulkStage.choices)
    verdict = filters.ChoiceFilter(choices=VerdictKind.choices)
    result = filters.ChoiceFilter(choices=BulkResult.choices)

    class Meta:
        model = BulkItem
        fields: ClassVar[list[str]] = []
