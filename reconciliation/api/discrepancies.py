"""Discrepancies: listed."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django_filters import rest_framework as filters
from rest_framework.request import Request

from reconciliation.access import discrepancies_visible_to
from reconciliation.models import Discrepancy, DiscrepancyStatus, DiscrepancyType
from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import MoneyShape, Shape


class DiscrepancyShape(Shape):
    """One field, or one movement of money, on which a system and we do not agree.

    `at_risk` is what may be paid wrongly because of it. Of an order's field there is an order, of money an item.
    """

    id: UUID
    type: str
    status: str
    order_id: UUID | None
    order_number: str
    item_id: int | None
    object: str
    external_id: str
    field: str
    ours: str
    theirs: str
    owner: str
    system: str
    at_risk: MoneyShape
    suggestion: str
    region: str
    brand: str
    channel: str
    occurrences: int
    case_id: UUID | None
    opened_at: datetime
    last_seen_at: datetime
    resolution: str
    resolved_at: datetime | None


class DiscrepancyList(Shape):
    """One page of discrepancies."""

    results: list[DiscrepancyShape]
    next_cursor: str


class DiscrepancyFilter(filters.FilterSet):
    """Filters of discrepancies."""

    status = filters.ChoiceFilter(choices=DiscrepancyStatus.choices)
    type = filters.MultipleChoiceFilter(choices=DiscrepancyType.choices)
    system = filters.CharFilter()
    owner = filters.CharFilter()
    object = filters.CharFilter()
    field = filters.CharFilter()
    region = filters.CharFilter()
    brand = filters.CharFilter()
    channel = filters.CharFilter()
    order_id = filters.UUIDFilter()
    opened_after = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="gte")
    opened_before = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="lt")

    class Meta:
        model = Discrepancy
        fields: ClassVar[list[str]] = []


class Discrepancies(ListEndpoint):
    """Discrepancies."""

    queryset = Discrepancy.objects.none()
    filterset_class = DiscrepancyFilter

    @operation(
        id="listDiscrepancies", summary="Discrepancies", tag="Reconciliation",
        permission=Permission.DISCREPANCIES_VIEW, query=PageQuery, orderings=("-id", "id"),
        answers={200: DiscrepancyList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> DiscrepancyList:
        """The newest first; `status=open` are those that somebody must settle."""
        page = self.page(discrepancies_visible_to(self.actor), query)
        return DiscrepancyList.build(results=[shape_of(found) for found in page.rows], next_cursor=page.next_cursor)


NAMES = [
    "id", "type", "status", "order_id", "object", "external_id", "field", "ours", "theirs", "owner", "system",
    "suggestion", "region", "brand", "channel", "occurrences", "case_id", "opened_at", "last_seen_at", "resolution",
    "resolved_at",
]  # fmt: skip


def shape_of(found: Discrepancy) -> DiscrepancyShape:
    """Return one discrepancy; its order must be loaded, where it has one."""
    return DiscrepancyShape.build(
        **{name: getattr(found, name) for name in NAMES},
        order_number=found.order.number if found.order else "",
        item_id=found.item_id,
        at_risk=MoneyShape.of(found.amount, found.currency),
    )
