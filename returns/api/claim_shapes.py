"""Claims and suppliers as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from inventory.enums import Disposition
from retailops.lib.wire import MoneyShape, Shape
from returns.enums import ClaimStatus
from returns.models import Supplier, SupplierClaim


class ClaimLineShape(Shape):
    """Units that are claimed."""

    line_no: int
    sku: str
    quantity: int
    unit_cost: MoneyShape
    disposition: Disposition
    location: str
    slice_id: UUID | None = Field(description="The verdict of an inspection that they are of; null for stock.")
    sent: int = Field(description="Units that left for the supplier.")
    came_back: int = Field(description="Units of them that are here again.")


class ClaimCreditShape(Shape):
    """One credit note."""

    reference: str
    amount: MoneyShape
    at: datetime


class ClaimShape(Shape):
    """A claim on a supplier. claimed = value - deduction; outstanding is what is still owed."""

    id: UUID
    number: str
    status: ClaimStatus
    supplier: str
    return_id: UUID | None
    region: str
    brand: str
    send_back: bool
    value: MoneyShape
    deduction: MoneyShape
    claimed: MoneyShape
    credited: MoneyShape
    written_off: MoneyShape
    outstanding: MoneyShape
    reason: str
    difference_reason: str
    supplier_reference: str
    tracking: str
    reference: str
    approval_id: UUID | None
    requested_by: str
    approved_by: str
    drafted_at: datetime
    sent_at: datetime | None
    due_at: datetime | None
    closed_at: datetime | None
    correlation_id: UUID
    version: int


class ClaimDetail(ClaimShape):
    """A claim with its units and credits."""

    lines: list[ClaimLineShape]
    credits: list[ClaimCreditShape]


class SupplierShape(Shape):
    """A supplier with its terms."""

    code: str
    name: str
    takes_back: bool
    restocking_basis_points: int = Field(description="What it keeps of goods that come back: 1250 is 12.5 %.")
    claim_window_days: int = Field(description="0: no limit.")
    credit_days: int
    approval_above: dict[str, int] = Field(
        description="Minor units by currency above which a second person agrees; `*` is every other currency."
    )
    updated_at: datetime


def claim_shape(claim: SupplierClaim) -> ClaimShape:
    """Return one claim without its units."""
    return ClaimShape.build(**_fields(claim))


def claim_detail(claim: SupplierClaim) -> ClaimDetail:
    """Return one claim with its units and credits."""
    lines = [
        ClaimLineShape.build(
            line_no=line.line_no, sku=line.sku, quantity=line.quantity,
            unit_cost=MoneyShape.of(line.unit_cost, claim.currency), disposition=line.disposition,
            location=line.location.code, slice_id=line.slice_id, sent=line.sent, came_back=line.came_back,
        )
        for line in claim.lines.select_related("location")
    ]  # fmt: skip
    credits = [
        ClaimCreditShape.build(
            reference=note.reference, amount=MoneyShape.of(note.amount, note.currency), at=note.at
        )
        for note in claim.credits.order_by("id")
    ]  # fmt: skip
    return ClaimDetail.build(**_fields(claim), lines=lines, credits=credits)


def _fields(claim: SupplierClaim) -> dict[str, object]:
    amounts = ("value", "deduction", "claimed", "credited", "written_off", "outstanding")
    return {
        "id": claim.id, "number": claim.number, "status": claim.status, "supplier": claim.supplier.code,
        "return_id": claim.rma_id, "region": claim.region, "brand": claim.brand, "send_back": claim.send_back,
        **{name: MoneyShape.of(getattr(claim, name), claim.currency) for name in amounts},
        "reason": claim.reason, "difference_reason": claim.difference_reason,
        "supplier_reference": claim.supplier_reference, "tracking": claim.tracking, "reference": claim.reference,
        "approval_id": claim.approval_id, "requested_by": claim.requested_by, "approved_by": claim.approved_by,
        "drafted_at": claim.drafted_at, "sent_at": claim.sent_at, "due_at": claim.due_at, "closed_at": claim.closed_at,
        "correlation_id": claim.correlation_id, "version": claim.version,
    }  # fmt: skip


def supplier_shape(supplier: Supplier) -> SupplierShape:
    """Return one supplier."""
    return SupplierShape.build(
        code=supplier.code, name=supplier.name, takes_back=supplier.takes_back,
        restocking_basis_points=int(supplier.restocking_percent * 100), claim_window_days=supplier.claim_window_days,
        credit_days=supplier.credit_days, approval_above=supplier.approval_above, updated_at=supplier.updated_at,
    )  # fmt: skip
