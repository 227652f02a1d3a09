"""A return on the counter of a store: asked for, received, judged and refunded in one command."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from inventory.models import Location
from inventory.selectors import location_of
from retailops.accounts.actor import Actor
from retailops.lib.errors import Conflict, Unprocessable
from returns.enums import ReturnStatus
from returns.inputs import InspectionIn, ReceiptIn, ReceiptLineIn, ReturnIn
from returns.inputs.store import StoreReturnIn
from returns.models import Inspection, Receipt, Refund, Return
from returns.services.inspecting import inspect_return
from returns.services.intake import request_return
from returns.services.receiving import receive_return

STORE = "store"


@dataclass(frozen=True)
class StoreReturn:
    """What a till's command did. `inspection` is None where a person must decide on the return first."""

    rma: Return
    receipt: Receipt
    inspection: Inspection | None
    refunds: list[Refund]


def source_of(store: str) -> str:
    """Return the name under which a store's tills open returns."""
    return f"till:{store}"


def scan_of(store: str, receipt_number: str) -> str:
    """Return the scan id and inspection reference of what happened at the till."""
    return f"till:{store}:{receipt_number}"


def store_of(code: str) -> Location:
    """Return the store of that code. Raises Invalid when there is no such place, Unprocessable when it is no store."""
    location = location_of(code)
    if location.kind != STORE:
        raise Unprocessable(f"{location.name} is no store.", code="not-a-store")
    return location


@transaction.atomic
def return_in_store(*, actor: Actor, till: StoreReturnIn) -> StoreReturn:
    """Take goods back over the counter, once for each receipt number of the store.

    The refund goes back by policy through the payments of the order. Where policy wants a person to look first, the
    goods wait in quarantine, with a case, and are judged when it is decided. Raises as request_return, receive_return
    and inspect_return; Unprocessable where the place is no store; Conflict when the number stands for another order.
    """
    store = store_of(till.store)
    rma = request_return(actor=actor, request=_request(till))
    _same_order(rma, till)
    scan = scan_of(store.code, till.receipt_number)
    lines = [ReceiptLineIn(line_no=number, quantity=each.quantity) for number, each in enumerate(till.lines, start=1)]
    arrived = ReceiptIn(scan_id=scan[:120], location=store.code, received_at=till.happened_at, lines=lines)
    receipt = receive_return(actor=actor, return_id=rma.id, receipt=arrived)
    inspection = _judge(actor, rma.id, till, scan)
    rma = Return.objects.select_related("order", "policy").get(pk=rma.id)
    return StoreReturn(rma, receipt, inspection, list(rma.refunds.select_related("payment").order_by("id")))


def _request(till: StoreReturnIn) -> ReturnIn:
    return ReturnIn(
        order=till.order,
        kind=till.kind,
        source=source_of(till.store),
        external_id=till.receipt_number,
        reason=till.reason,
        requested_at=till.happened_at,
        override_reason=till.override_reason,
        lines=[line.asked() for line in till.lines],
    )


def _same_order(rma: Return, till: StoreReturnIn) -> None:
    order = rma.order
    wanted = till.order
    same = order is not None and (
        order.id == wanted.order_id or (order.channel, order.external_id) == (wanted.channel, wanted.external_id)
    )
    if not same:
        raise Conflict(f"Receipt {till.receipt_number} is of another order.", code="receipt-reused")


def _judge(actor: Actor, return_id: UUID, till: StoreReturnIn, reference: str) -> Inspection | None:
    known = Inspection.objects.filter(reference=reference).first()
    present = Return.objects.get(pk=return_id)
    if known is not None or present.status != ReturnStatus.AUTHORIZED:
        return known
    received = {line.line_no: line.received - line.inspected for line in present.lines.all()}
    slices = [
        line.judged(number, line.quantity)
        for number, line in enumerate(till.lines, start=1)
        if received.get(number, 0) >= line.quantity
    ]
    if not slices:
        return None
    inspection = InspectionIn(reference=reference, location=till.store, inspected_at=till.happened_at, slices=slices)
    return inspect_return(actor=actor, return_id=return_id, inspection=inspection)
