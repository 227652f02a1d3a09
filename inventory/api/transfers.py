"""Transfers between places: sent, received part by part, taken back."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django_filters import rest_framework as filters
from pydantic import Field, StringConstraints
from rest_framework.request import Request

from inventory.enums import Disposition
from inventory.models import StockTransfer, TransferLine, TransferStatus
from inventory.selectors import transfers_visible_to
from inventory.services import cancel_transfer, receive_transfer, send_transfer
from inventory.services.transferring import access_transfer
from inventory.transfer_inputs import TransferIn, TransferReceiptIn
from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, Shape

VIEW, WRITE = Permission.INVENTORY_VIEW, Permission.INVENTORY_WRITE


class TransferLineShape(Shape):
    """What was sent, and what became of it. `over` came beyond it and stands in quarantine."""

    line_no: int
    sku: str
    disposition: Disposition
    quantity: int
    received: int
    missing: int
    over: int
    serials: list[str]
    lot: str


class TransferShape(Shape):
    """A transfer between two places."""

    id: UUID
    number: str
    reference: str
    source: str
    target: str
    status: TransferStatus
    overdue: bool
    reason: str
    carrier: str
    tracking: str
    due_on: date
    sent_by: str
    sent_at: datetime
    ended_at: datetime | None
    lines: list[TransferLineShape]


class TransferList(Shape):
    """One page."""

    results: list[TransferShape]
    next_cursor: str


class CancelTransferBody(Body):
    """Why it is taken back."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)] = Field(
        description="Kept with the transfer."
    )


class TransferFilter(filters.FilterSet):
    """Filters of transfers."""

    status = filters.MultipleChoiceFilter(choices=TransferStatus.choices)
    source = filters.CharFilter(field_name="source__code")
    target = filters.CharFilter(field_name="target__code")
    reference = filters.CharFilter()
    due_before = filters.DateFilter(field_name="due_on", lookup_expr="lt")

    class Meta:
        model = StockTransfer
        fields: ClassVar[list[str]] = []


def transfer_shape(row: StockTransfer) -> TransferShape:
    """Return one transfer (places loaded)."""
    same = (
        "id", "number", "reference", "overdue", "reason", "carrier", "tracking", "due_on", "sent_by", "sent_at",
        "ended_at",
    )  # fmt: skip
    fields: dict[str, Any] = {name: getattr(row, name) for name in same}
    ends = {"source": row.source.code, "target": row.target.code, "status": str(row.status)}
    lines = sorted(row.lines.all(), key=lambda line: line.line_no)
    return TransferShape.build(**fields, **ends, lines=[_line(line) for line in lines])


def _line(line: TransferLine) -> TransferLineShape:
    same = ("line_no", "sku", "quantity", "received", "missing", "over", "serials")
    fields: dict[str, Any] = {name: getattr(line, name) for name in same}
    return TransferLineShape.build(**fields, disposition=str(line.disposition), lot=line.lot_code)


class Transfers(CommandEndpoint, ListEndpoint):
    """Transfers."""

    queryset = StockTransfer.objects.none()
    filterset_class = TransferFilter

    @operation(
        id="listTransfers", summary="Transfers between places", tag="Inventory", permission=VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: TransferList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> TransferList:
        """Those of which the caller may see one of the places."""
        page = self.page(transfers_visible_to(self.actor).prefetch_related("lines"), query)
        return TransferList.build(results=[transfer_shape(row) for row in page.rows], next_cursor=page.next_cursor)

    @operation(
        id="sendTransfer", summary="Send stock to another place", tag="Inventory", permission=WRITE, body=TransferIn,
        answers={201: TransferShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: TransferIn) -> TransferShape:
        """The units are on their way at once, and promised to nobody. The same `reference` answers the transfer that is
        there; with other content it is 409. What waits for a verdict is not sent: it goes with its return."""
        return transfer_shape(send_transfer(actor=self.actor, transfer=body))


class TransferEndpoint(Endpoint):
    """One transfer."""

    @operation(
        id="getTransfer", summary="A transfer", tag="Inventory", permission=VIEW, answers={200: TransferShape},
        problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> TransferShape:
        """With what was sent, received, is missing and came beyond it."""
        return transfer_shape(access_transfer(self.actor, id))


class TransferReceipts(CommandEndpoint):
    """What came of a transfer."""

    @operation(
        id="receiveTransfer", summary="Receive what came of a transfer", tag="Inventory", permission=WRITE,
        body=TransferReceiptIn, answers={201: TransferShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: TransferReceiptIn) -> TransferShape:
        """Once for each `reference`. Units beyond what was sent, other skus and numbers that were not sent stand in
        quarantine, with a case; with `complete`, what did not come is missing, with a case until it turns up."""
        return transfer_shape(receive_transfer(actor=self.actor, transfer_id=id, receipt=body))


class TransferCancel(CommandEndpoint):
    """Taking a transfer back."""

    @operation(
        id="cancelTransfer", summary="Take a transfer back", tag="Inventory", permission=WRITE,
        body=CancelTransferBody, answers={200: TransferShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: CancelTransferBody) -> TransferShape:
        """While nothing of it has arrived: the units stand where they were."""
        return transfer_shape(cancel_transfer(actor=self.actor, transfer_id=id, reason=body.reason))
