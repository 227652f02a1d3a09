"""Situations about goods: a claim on a supplier, a large return, a broken camera, an exchange for something dearer."""

from typing import Any

from connectors.demo.orders import BY_SKU, SOLD_CAMERA, VAT
from connectors.demo.people import acting_as
from connectors.demo.shelves import WAREHOUSE
from inventory.enums import Disposition
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Role
from returns.enums import Resolution, ReturnKind
from returns.inputs import InspectionIn, OrderRef, ReceiptIn, ReceiptLineIn, ReturnIn, ReturnLineIn, SliceIn, TaxIn
from returns.inputs.claims import ClaimIn, ClaimLineIn
from returns.inputs.exchanges import ExchangeIn, ExchangeLineIn
from returns.models import Exchange, Inspection, Order, Return, SupplierClaim
from returns.services.claim_drafting import draft_claim
from returns.services.exchanges import propose_exchange
from returns.services.inspecting import inspect_return
from returns.services.intake import request_return
from returns.services.receiving import receive_return

DEARER = "VAS-0216"


def agent() -> Actor:
    """Return who works on returns."""
    return acting_as(Role.OPS_AGENT)


def asked(order: Order, *, reason: str, kind: ReturnKind = ReturnKind.MAIL_IN, **line: Any) -> Return:
    """Return a return of the order's first line, whole unless a quantity is given."""
    first = order.lines.order_by("line_no")[0]
    wanted = {"external_id": first.external_id, "quantity": first.quantity, "reason": reason} | line
    request = ReturnIn(
        order=OrderRef(order_id=order.id), kind=kind, source="portal", external_id=f"portal-{order.number}",
        tracking=f"BACK-{order.number}", lines=[ReturnLineIn(**wanted)],
    )  # fmt: skip
    return request_return(actor=agent(), request=request)


def arrived(rma: Return, *serials: str) -> Return:
    """Have all of it arrive at the warehouse."""
    line = rma.lines.get()
    told = ReceiptIn(
        scan_id=f"dock-{rma.number}", parcel=f"BACK-{rma.number}", location=WAREHOUSE,
        lines=[ReceiptLineIn(line_no=line.line_no, quantity=line.authorized, serials=list(serials))],
    )  # fmt: skip
    receive_return(actor=agent(), return_id=rma.id, receipt=told)
    return rma


def judged(rma: Return, disposition: Disposition, condition: str, reason: str) -> Inspection:
    """Have all of it accepted."""
    line = rma.lines.get()
    part = SliceIn(
        line_no=line.line_no, quantity=line.received, accepted=True, condition=condition, disposition=disposition,
        reason=reason,
    )  # fmt: skip
    told = InspectionIn(reference=f"bench-{rma.number}", location=WAREHOUSE, slices=[part])
    return inspect_return(actor=agent(), return_id=rma.id, inspection=told)


def claim_on_supplier(order: Order) -> SupplierClaim:
    """Two speakers came back defective; a claim on their maker is drafted and is above what goes by itself."""
    rma = arrived(asked(order, reason="defective"))
    verdict = judged(rma, Disposition.RETURN_TO_VENDOR, "damaged", "no sound from the left channel")
    claim = ClaimIn(reason="Defective within the warranty", lines=[ClaimLineIn(slice_id=verdict.slices.get().id)])
    return draft_claim(actor=agent(), claim=claim)


def large_return(order: Order) -> Return:
    """A customer sends back more than the fraud threshold: the return waits for a review."""
    return asked(order, reason="changed_mind")


def broken_camera(order: Order) -> Return:
    """A camera came back under warranty, read by its number; it waits for a verdict."""
    rma = asked(
        order, reason="defective", kind=ReturnKind.WARRANTY, resolution=Resolution.REPAIR,
        evidence=["The shutter sticks; video sent by e-mail"],
    )  # fmt: skip
    return arrived(rma, SOLD_CAMERA)


def dearer_exchange(order: Order) -> Exchange:
    """A cushion goes back for a dearer vase: the vase is held until the difference is paid."""
    rma = asked(order, reason="changed_mind", kind=ReturnKind.EXCHANGE, resolution=Resolution.EXCHANGE)
    vase = BY_SKU[DEARER]
    tax = TaxIn(code=f"VAT{VAT}", amount=vase.price * VAT // (100 + VAT), included=True)
    line = ExchangeLineIn(
        line_no=1, quantity=1, wanted_sku=vase.sku, wanted_title=vase.title, unit_price=vase.price, taxes=[tax]
    )
    return propose_exchange(actor=agent(), return_id=rma.id, proposal=ExchangeIn(lines=[line], reserve=True))
