"""Returns: requested, listed, read."""

from typing import Any

from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Shape
from returns import selectors
from returns.api.filters import ReturnFilter
from returns.api.next_actions import next_actions
from returns.api.shapes import ReturnDetail, ReturnShape, return_detail_shape, return_shape
from returns.inputs import ReturnIn
from returns.models import Return
from returns.services.intake import request_return

VIEW = Permission.RETURNS_VIEW
ORDERINGS = ("-id", "id", "-updated_at", "updated_at", "-requested_at", "requested_at")


class ReturnList(Shape):
    """One page of returns."""

    results: list[ReturnShape]
    next_cursor: str


class Returns(CommandEndpoint, ListEndpoint):
    """Returns."""

    queryset = Return.objects.none()
    filterset_class = ReturnFilter

    @operation(
        id="listReturns", summary="Returns", tag="Returns", permission=VIEW, query=PageQuery, orderings=ORDERINGS,
        answers={200: ReturnList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> ReturnList:
        """Those of the caller's regions and brands, the newest first."""
        page = self.page(selectors.returns_visible_to(self.actor), query)
        return ReturnList.build(results=[return_shape(rma) for rma in page.rows], next_cursor=page.next_cursor)

    @operation(
        id="requestReturn", summary="Request a return", tag="Returns", permission=Permission.RETURNS_REQUEST,
        body=ReturnIn, answers={201: ReturnShape}, key="required", problems=(404,),
    )  # fmt: skip
    def post(self, request: Request, body: ReturnIn) -> ReturnShape:
        """Judged by policy: authorized at once, or sent to review, or refused (422) with a pointer to each line. The
        same key with the same body answers 200 with the stored return."""
        return return_shape(request_return(actor=self.actor, request=body))


class ReturnEndpoint(Endpoint):
    """One return."""

    @operation(
        id="getReturn", summary="A return with all that hangs on it", tag="Returns", permission=VIEW,
        answers={200: ReturnDetail},
    )  # fmt: skip
    def get(self, request: Request, id: str) -> Any:
        """By id or number: lines, facets, receipts, inspections, refunds, credit memos, next actions."""
        rma = selectors.return_detail(self.actor, id)
        return return_detail_shape(rma, next_actions(self.actor, rma))
