"""Promises and clocks over the API."""

from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.lib.pagination import PageQuery
from retailops.sla.access import clocks_visible_to, policies_visible_to
from retailops.sla.api.filters import ClockFilter, PromiseFilter
from retailops.sla.api.shapes import ClockList, PromiseList, clock_shape, promise_shape
from retailops.sla.models import SlaClock, SlaPolicy


class Promises(ListEndpoint):
    """What is promised."""

    queryset = SlaPolicy.objects.none()
    filterset_class = PromiseFilter

    @operation(
        id="listSlaPolicies", summary="SLA policies", tag="SLA", permission=Permission.POLICIES_VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: PromiseList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> PromiseList:
        """Every version that holds where the client may look. Of those in force the most narrowly scoped decides."""
        page = self.page(policies_visible_to(self.actor), query)
        return PromiseList.build(results=[promise_shape(each) for each in page.rows], next_cursor=page.next_cursor)


class Clocks(ListEndpoint):
    """How promises stand."""

    queryset = SlaClock.objects.none()
    filterset_class = ClockFilter

    @operation(
        id="listSlaClocks", summary="SLA clocks", tag="SLA", permission=Permission.RETURNS_VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: ClockList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> ClockList:
        """The newest first; `state=running&breached=true` are those that are late and not done."""
        page = self.page(clocks_visible_to(self.actor).select_related("policy"), query)
        return ClockList.build(results=[clock_shape(each) for each in page.rows], next_cursor=page.next_cursor)
