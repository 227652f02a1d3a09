"""What the API answers about orders, returns and refunds. No personal data: a customer is an id."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from retailops.lib.wire import MoneyShape, Shape
from returns.enums import (
    ComponentKind,
    CreditMemoStatus,
    Destination,
    DispositionStatus,
    ErpState,
    InspectionState,
    Logistics,
    MoneyState,
    ReceiptMatch,
    RefundStatus,
    RefundTiming,
    Resolution,
    ReturnKind,
    ReturnStatus,
    StockState,
)
from returns.models import CreditMemo, Inspection, Receipt, Refund, Return, ReturnLine
from returns.selectors import status_shown


class OrderName(Shape):
    """Which order: our id, and what its channel calls it."""

    id: UUID
    channel: str
    external_id: str
    number: str


class ReturnLineShape(Shape):
    """A line as counters: how many units were asked for, arrived, were judged, paid."""

    line_no: int
    sku: str
    title: str
    order_line_external_id: str | None
    requested: int
    authorized: int
    received: int
    missing: int
    kept: int
    canceled: int
    accepted: int
    rejected: int
    refunded: int
    exchanged: int
    replaced: int = Field(description="Units for which new ones were sent under warranty.")
    sent_back: int = Field(description="Units that went back to the customer, repaired or rejected.")
    resolution: Resolution
    instead: dict[str, int] = Field(
        description="How many units bring something else, by resolution, since their exchange was converted."
    )
    reason: str


class Facets(Shape):
    """How far each side of the return is."""

    logistics: Logistics
    inspection: InspectionState
    money: MoneyState
    stock: StockState
    erp: ErpState


class ReturnShape(Shape):
    """One return. `status` is the decision, `facets` say how far goods, money, stock and ledger are."""

    id: UUID
    number: str = Field(examples=["RMA-2026-000123"])
    status: ReturnStatus
    shown: str = Field(description="Where it stands in one word: exception, refund_pending, inspecting, in_transit …")
    kind: ReturnKind
    order: OrderName | None
    customer_id: UUID | None
    channel: str
    region: str
    brand: str
    store: str
    currency: str
    source: str
    external_id: str
    tracking: str
    facets: Facets
    open_cases: int
    policy_version: str
    decision_reason: str
    requested_by: str
    requested_at: datetime
    authorized_at: datetime | None
    expires_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    correlation_id: UUID
    version: int = Field(
        description="Rises with every change; send it as `expected_version` to refuse a stale command."
    )


class ComponentShape(Shape):
    """A signed part of a refund."""

    kind: ComponentKind
    code: str
    amount: MoneyShape


class RefundAttemptShape(Shape):
    """What one call or message of the gateway said."""

    at: datetime
    leg: int
    outcome: str
    external_reference: str
    code: str
    message: str
    actor: str


class RefundShape(Shape):
    """The intent to pay money back through one payment, or as stored value with a bonus on top.

    `unknown` is not failed: it is being looked up.
    """

    id: UUID
    return_id: UUID
    payment_id: UUID
    status: RefundStatus
    amount: MoneyShape
    destination: Destination
    bonus: MoneyShape
    timing: RefundTiming
    gateway: str
    tender: str
    reason: str
    policy_version: str
    approval_id: UUID | None
    requested_by: str
    approved_by: str
    external_reference: str
    failure_code: str
    failure_message: str
    superseded_by: UUID | None
    proposed_at: datetime
    submitted_at: datetime | None
    settled_at: datetime | None
    components: list[ComponentShape]
    lines: list["RefundLineShape"]


class RefundLineShape(Shape):
    """Units that a refund pays for."""

    line_no: int
    quantity: int


class RefundDetail(RefundShape):
    """A refund with everything that its gateway said of it."""

    attempts: list[RefundAttemptShape]


class ReceiptLineShape(Shape):
    """A quantity that arrived; `line_no` is null for an item that nobody announced."""

    line_no: int | None
    sku: str
    quantity: int
    match: ReceiptMatch


class ReceiptShape(Shape):
    """Goods that arrived; append-only, a mistake has a reversing receipt."""

    id: UUID
    return_id: UUID
    scan_id: str
    parcel: str
    location: str
    received_at: datetime
    actor: str
    reverses: UUID | None
    lines: list[ReceiptLineShape]


class SliceShape(Shape):
    """A quantity with one verdict and one disposition, and how far its owner has posted it."""

    id: UUID
    line_no: int
    quantity: int
    accepted: bool
    condition: str
    grade: str
    disposition: str
    reason: str
    status: DispositionStatus
    external_reference: str
    failure: str
    posted_at: datetime | None


class InspectionShape(Shape):
    """One act of inspection."""

    id: UUID
    return_id: UUID
    reference: str
    location: str
    inspected_at: datetime
    actor: str
    slices: list[SliceShape]


class CreditMemoShape(Shape):
    """The ERP's document for one refund, or for the gross credit of one exchange."""

    id: UUID
    refund_id: UUID | None
    exchange_id: UUID | None
    status: CreditMemoStatus
    amount: MoneyShape
    external_reference: str
    failure: str
    posted_at: datetime | None


class ReturnDetail(ReturnShape):
    """A return with all that hangs on it, and what the caller may do next."""

    lines: list[ReturnLineShape]
    receipts: list[ReceiptShape]
    inspections: list[InspectionShape]
    refunds: list[RefundShape]
    credit_memos: list[CreditMemoShape]
    next_actions: list[str] = Field(description="Commands that its state and the caller's permissions allow.")


def return_fields(rma: Return) -> dict[str, Any]:
    """Return the members of ReturnShape; reads the order and policy that are loaded with it."""
    order = rma.order
    return {
        "id": rma.id, "number": rma.number, "status": rma.status, "shown": status_shown(rma), "kind": rma.kind,
        "order": order and OrderName.build(
            id=order.id, channel=order.channel, external_id=order.external_id, number=order.number
        ),
        "customer_id": rma.customer_id, "channel": rma.channel, "region": rma.region, "brand": rma.brand,
        "store": rma.store, "currency": rma.currency, "source": rma.source, "external_id": rma.external_id,
        "tracking": rma.tracking,
        "facets": Facets.build(
            logistics=rma.logistics, inspection=rma.inspection, money=rma.money, stock=rma.stock, erp=rma.erp
        ),
        "open_cases": rma.open_cases, "policy_version": rma.policy_facts.get("policy", ""),
        "decision_reason": rma.decision_reason, "requested_by": rma.requested_by, "requested_at": rma.requested_at,
        "authorized_at": rma.authorized_at, "expires_at": rma.expires_at, "closed_at": rma.closed_at,
        "updated_at": rma.updated_at, "correlation_id": rma.correlation_id, "version": rma.version,
    }  # fmt: skip


def return_shape(rma: Return) -> ReturnShape:
    """Return one return without what hangs on it."""
    return ReturnShape.build(**return_fields(rma))


def line_shape(line: ReturnLine) -> ReturnLineShape:
    """Return one line; its order line is loaded with it."""
    return ReturnLineShape.build(
        line_no=line.line_no, sku=line.sku, title=line.title,
        order_line_external_id=line.order_line.external_id if line.order_line else None,
        requested=line.requested, authorized=line.authorized, received=line.received, missing=line.missing,
        kept=line.kept, canceled=line.canceled, accepted=line.accepted, rejected=line.rejected,
        refunded=line.refunded, exchanged=line.exchanged, replaced=line.replaced,
        sent_back=line.sent_back, resolution=line.resolution, reason=line.customer_reason,
        instead={str(resolution): units for resolution, units in line.brings_instead},
    )  # fmt: skip


def refund_fields(refund: Refund) -> dict[str, Any]:
    """Return the members of RefundShape."""
    return {
        "id": refund.id, "return_id": refund.rma_id, "payment_id": refund.payment_id, "status": refund.status,
        "amount": MoneyShape.of(refund.amount, refund.currency), "timing": refund.timing,
        "destination": refund.destination, "bonus": MoneyShape.of(refund.bonus, refund.currency),
        "gateway": refund.payment.gateway, "tender": refund.payment.tender, "reason": refund.reason,
        "policy_version": refund.policy_version, "approval_id": refund.approval_id,
        "requested_by": refund.requested_by, "approved_by": refund.approved_by,
        "external_reference": refund.external_reference, "failure_code": refund.failure_code,
        "failure_message": refund.failure_message, "superseded_by": refund.superseded_by_id,
        "proposed_at": refund.proposed_at, "submitted_at": refund.submitted_at, "settled_at": refund.settled_at,
        "components": [
            ComponentShape.build(
                kind=part.kind, code=part.code, amount=MoneyShape.of(part.amount, refund.currency)
            )
            for part in refund.components.all()
        ],
        "lines": [
            RefundLineShape.build(line_no=line.line.line_no, quantity=line.quantity)
            for line in refund.lines.all()
        ],
    }  # fmt: skip


def refund_shape(refund: Refund) -> RefundShape:
    """Return one refund without its attempts."""
    return RefundShape.build(**refund_fields(refund))


def refund_detail(refund: Refund) -> RefundDetail:
    """Return one refund with its attempts, oldest first."""
    attempts = [
        RefundAttemptShape.model_validate(attempt) for attempt in sorted(refund.attempts.all(), key=lambda a: a.id)
    ]
    return RefundDetail.build(**refund_fields(refund), attempts=attempts)


def receipt_shape(receipt: Receipt) -> ReceiptShape:
    """Return one receipt with its lines."""
    return ReceiptShape.build(
        id=receipt.id, return_id=receipt.rma_id, scan_id=receipt.scan_id, parcel=receipt.parcel,
        location=receipt.location.code, received_at=receipt.received_at, actor=receipt.actor,
        reverses=receipt.reverses_id,
        lines=[
            ReceiptLineShape.build(
                line_no=line.line.line_no if line.line else None, sku=line.sku, quantity=line.quantity,
                match=line.match,
            )
            for line in receipt.lines.all()
        ],
    )  # fmt: skip


def inspection_shape(inspection: Inspection) -> InspectionShape:
    """Return one inspection with its slices."""
    return InspectionShape.build(
        id=inspection.id, return_id=inspection.rma_id, reference=inspection.reference,
        location=inspection.location.code, inspected_at=inspection.inspected_at, actor=inspection.actor,
        slices=[
            SliceShape.build(
                id=part.id, line_no=part.line.line_no, quantity=part.quantity, accepted=part.accepted,
                condition=part.condition, grade=part.grade, disposition=part.disposition, reason=part.reason,
                status=part.status, external_reference=part.external_reference, failure=part.failure,
                posted_at=part.posted_at,
            )
            for part in inspection.slices.all()
        ],
    )  # fmt: skip


def memo_shape(memo: CreditMemo) -> CreditMemoShape:
    """Return one credit memo."""
    return CreditMemoShape.build(
        id=memo.id, refund_id=memo.refund_id, exchange_id=memo.exchange_id, status=memo.status,
        amount=MoneyShape.of(memo.amount, memo.currency), external_reference=memo.external_reference,
        failure=memo.failure, posted_at=memo.posted_at,
    )  # fmt: skip


def return_detail_shape(rma: Return, next_actions: Iterable[str]) -> ReturnDetail:
    """Return a return with all that hangs on it; `selectors.return_detail` has loaded that."""
    return ReturnDetail.build(
        **return_fields(rma),
        lines=[line_shape(line) for line in rma.lines.all()],
        receipts=[receipt_shape(receipt) for receipt in rma.receipts.all()],
        inspections=[inspection_shape(inspection) for inspection in rma.inspections.all()],
        refunds=[refund_shape(refund) for refund in rma.refunds.all()],
        credit_memos=[memo_shape(memo) for memo in rma.credit_memos.all()],
        next_actions=list(next_actions),
    )  # fmt: skip
