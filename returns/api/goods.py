"""Goods: receipts, blind receipts, inspections, and lines that do not come."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from returns import vocabulary
from returns.api.addresses import ReturnCommand
from returns.api.bodies import QuantityBody
from returns.api.shapes import (
    InspectionShape,
    ReceiptShape,
    ReturnShape,
    inspection_shape,
    receipt_shape,
    return_shape,
)
from returns.inputs import BlindReceiptIn, InspectionIn, ReceiptIn
from returns.models import Return
from returns.services import extra_units, inspecting, intake, quantities, receiving


class Receipts(ReturnCommand):
    """Goods that arrived for a known return."""

    @operation(
        id="receiveReturn", summary="Goods arrived", tag="Goods", permission=Permission.RETURNS_RECEIVE,
        body=ReceiptIn, answers={201: ReceiptShape}, key="optional", problems=(409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: ReceiptIn) -> ReceiptShape:
        """Record what a parcel held. The same `scan_id` answers the receipt that is there; one of another return is
        409. What was not expected is received all the same, and becomes a case."""
        receipt = receiving.receive_return(actor=self.actor, return_id=self.return_id(id), receipt=body)
        return receipt_shape(receipt)


class BlindReceipts(CommandEndpoint):
    """Goods that no return explains."""

    @operation(
        id="receiveBlind", summary="Goods arrived with no return", tag="Goods",
        permission=Permission.RETURNS_RECEIVE, body=BlindReceiptIn, answers={201: ReturnShape}, key="optional",
        problems=(409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: BlindReceiptIn) -> ReturnShape:
        """Record the parcel as a blind return with its receipt and a case. The same `scan_id` answers the same one."""
        return return_shape(intake.receive_blind(actor=self.actor, receipt=body))


class Inspections(ReturnCommand):
    """Judgments on goods that arrived."""

    @operation(
        id="inspectReturn", summary="Goods were judged", tag="Goods", permission=Permission.RETURNS_INSPECT,
        body=InspectionIn, answers={201: InspectionShape}, key="optional", problems=(409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: InspectionIn) -> InspectionShape:
        """Condition (a code of the vocabulary `condition`), grade and disposition of slices of quantity. The same
        `reference` answers what is there. Where units came by number, `serials` says which a slice is about, unless it
        is about all that wait."""
        for index, part in enumerate(body.slices):
            vocabulary.check("condition", part.condition, f"/slices/{index}/condition")
        found = inspecting.inspect_return(actor=self.actor, return_id=self.return_id(id), inspection=body)
        return inspection_shape(found)


def line_command(
    verb: str, permission: Permission, summary: str, text: str, command: Callable[..., Return]
) -> type[ReturnCommand]:
    """Return the endpoint of a command on units of one line."""

    class LineCommand(ReturnCommand):
        @operation(
            id=verb, summary=summary, tag="Goods", permission=permission, body=QuantityBody,
            answers={200: ReturnShape}, key="required", text=text,
        )  # fmt: skip
        def post(self, request: Request, id: str, line_no: int, body: Any) -> ReturnShape:
            rma = command(
                actor=self.actor,
                return_id=self.return_id(id),
                line_no=line_no,
                quantity=body.quantity,
                reason=body.reason,
            )
            return return_shape(rma)

    LineCommand.__name__ = verb[0].upper() + verb[1:]
    return LineCommand


RECEIVE, DECIDE = Permission.RETURNS_RECEIVE, Permission.RETURNS_DECIDE
LINE_COMMANDS: dict[str, type[ReturnCommand]] = {
    "keep": line_command(
        "keepUnits", DECIDE, "The customer keeps units", "Units that need not come back; refunded as if accepted.",
        quantities.keep_units,
    ),
    "missing": line_command(
        "declareMissing", RECEIVE, "Units are missing", "Units that were sent and did not come; not refunded.",
        quantities.declare_missing,
    ),
    "accept-extra": line_command(
        "acceptExtra", DECIDE, "Accept extra units", "Units that arrived beyond what was authorized: taken over.",
        extra_units.accept_over_receipt,
    ),
    "cancel-remaining": line_command(
        "cancelRemaining", DECIDE, "Units are no longer expected", "Units that were not sent: the order's again.",
        quantities.cancel_remaining,
    ),
}  # fmt: skip
