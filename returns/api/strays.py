"""Goods that nobody expected, and what was recorded wrongly: accepted, sent back, matched, corrected."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from inventory.enums import Disposition
from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import NotFound
from retailops.lib.wire import Body, Shape
from returns import selectors
from returns.api.addresses import ReturnCommand
from returns.api.bodies import QuantityBody, Reason
from returns.api.shapes import ReceiptShape, ReturnShape, receipt_shape, return_shape
from returns.enums import ReceiptMatch
from returns.inputs import OrderRef
from returns.models import Receipt
from returns.services.blind import match_return
from returns.services.correcting import reverse_receipt
from returns.services.placing import redecide_disposition, reverse_disposition
from returns.services.strays import accept_stray, send_back, strays_of

DECIDE, INSPECT, RECEIVE = Permission.RETURNS_DECIDE, Permission.RETURNS_INSPECT, Permission.RETURNS_RECEIVE


class StrayShape(Shape):
    """Units in quarantine that nobody expected."""

    id: int = Field(description="The receipt line: name it in the addresses below.")
    sku: str
    line_no: int | None
    match: ReceiptMatch
    left: int
    location: str
    scan_id: str


class StrayList(Shape):
    """What stands in quarantine of a return."""

    results: list[StrayShape]


class StrayBody(QuantityBody):
    """Units that become a line of their own."""

    instead_of: int | None = Field(None, gt=0, description="The line that the customer sent them instead of.")


class MatchBody(Body):
    """The order that explains a blind return."""

    order: OrderRef
    lines: dict[int, Annotated[str, StringConstraints(min_length=1, max_length=120)]] = Field(
        description="Line number of the return → the order line's external id.", min_length=1
    )
    reason: Reason


class RedecideBody(Body):
    """Another verdict."""

    disposition: Disposition
    accepted: bool | None = Field(None, description="Left out: as before.")
    reason: Reason


class ReasonBody(Body):
    """Why."""

    reason: Reason


class Strays(ReturnCommand):
    """What nobody expected."""

    @operation(
        id="listStrays", summary="Goods that nobody expected", tag="Goods", permission=Permission.RETURNS_VIEW,
        answers={200: StrayList},
    )  # fmt: skip
    def get(self, request: Request, id: str) -> StrayList:
        """Extra units and other items of this return that stand in quarantine."""
        rows = strays_of(selectors.return_detail(self.actor, id))
        return StrayList.build(
            results=[
                StrayShape.build(
                    id=stray.row.pk, sku=stray.row.sku, match=stray.row.match, left=stray.left,
                    line_no=stray.row.line.line_no if stray.row.line else None,
                    location=stray.row.receipt.location.code, scan_id=stray.row.receipt.scan_id,
                )
                for stray in rows
            ]
        )  # fmt: skip


class AcceptStray(ReturnCommand):
    """Taking another item."""

    @operation(
        id="acceptStray", summary="Take another item over", tag="Goods", permission=DECIDE, body=StrayBody,
        answers={200: ReturnShape}, key="required", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: str, stray: int, body: StrayBody) -> ReturnShape:
        """It becomes a line of its own and waits for inspection; refunded where the order has such units left."""
        rma = accept_stray(
            actor=self.actor, return_id=self.return_id(id), receipt_line_id=stray, quantity=body.quantity,
            reason=body.reason, instead_of=body.instead_of,
        )  # fmt: skip
        return return_shape(rma)


class SendBack(ReturnCommand):
    """Sending back."""

    @operation(
        id="sendStrayBack", summary="Send goods back to the customer", tag="Goods", permission=DECIDE,
        body=QuantityBody,
        answers={200: ReturnShape}, key="required", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: str, stray: int, body: QuantityBody) -> ReturnShape:
        """They leave quarantine and are never refunded; the case ends with the last of them."""
        rma = send_back(
            actor=self.actor, return_id=self.return_id(id), receipt_line_id=stray, quantity=body.quantity,
            reason=body.reason,
        )  # fmt: skip
        return return_shape(rma)


class Match(ReturnCommand):
    """Finding the order of a blind return."""

    @operation(
        id="matchReturn", summary="Match a blind return with its order", tag="Goods", permission=DECIDE,
        body=MatchBody, answers={200: ReturnShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: MatchBody) -> ReturnShape:
        """Its units are taken from the order and the order's policy applies from now on."""
        rma = match_return(
            actor=self.actor, return_id=self.return_id(id), order=body.order, lines=body.lines, reason=body.reason
        )
        return return_shape(rma)


class ReverseReceipt(ReturnCommand):
    """Undoing a receipt."""

    @operation(
        id="reverseReceipt", summary="A receipt was a mistake", tag="Goods", permission=RECEIVE, body=ReasonBody,
        answers={200: ReceiptShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: str, receipt: UUID, body: ReasonBody) -> ReceiptShape:
        """A reversing receipt is written; the first one stays. A repeat answers the one that is there."""
        return_id = self.return_id(id)
        scan = Receipt.objects.filter(pk=receipt, rma_id=return_id).values_list("scan_id", flat=True).first()
        if scan is None:
            raise NotFound("The return has no such receipt.")
        found = reverse_receipt(actor=self.actor, return_id=return_id, scan_id=scan, reason=body.reason)
        return receipt_shape(found)


class Redecide(CommandEndpoint):
    """Correcting a verdict."""

    @operation(
        id="redecideDisposition", summary="Correct a verdict", tag="Goods", permission=INSPECT, body=RedecideBody,
        answers={200: ReturnShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: RedecideBody) -> ReturnShape:
        """The former one is reversed by a compensating move, and the new one handed to the owner of the stock."""
        part = redecide_disposition(
            actor=self.actor, slice_id=id, disposition=body.disposition, reason=body.reason, accepted=body.accepted
        )
        return return_shape(part.line.rma)


class ReverseDisposition(CommandEndpoint):
    """Taking a verdict back."""

    @operation(
        id="reverseDisposition", summary="Take a verdict back", tag="Goods", permission=INSPECT, body=ReasonBody,
        answers={200: ReturnShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ReasonBody) -> ReturnShape:
        """Its units wait for inspection again."""
        return return_shape(reverse_disposition(actor=self.actor, slice_id=id, reason=body.reason).line.rma)
