"""What the app publishes: ids, amounts (minor units) and codes; never personal data."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@event("order.captured")
@dataclass(frozen=True)
class OrderCaptured:
    """A channel's order was captured or superseded by a newer version."""

    order_id: str
    channel: str
    external_id: str
    number: str
    version: int
    currency: str
    lines: int


@dataclass(frozen=True)
class LineFact:
    """A return line as it stands."""

    line_no: int
    sku: str
    quantity: int
    order_line_external_id: str = ""


@dataclass(frozen=True)
class ReturnFact:
    """What every return event tells. `order_external_id` and `external_id` are the channel's ids."""

    return_id: str
    number: str
    kind: str
    channel: str
    currency: str
    order_id: str = ""
    order_external_id: str = ""
    order_number: str = ""
    source: str = ""
    external_id: str = ""
    lines: list[LineFact] = field(default_factory=list)


@event("return.requested")
@dataclass(frozen=True)
class ReturnRequested(ReturnFact):
    """A return was asked for."""


@event("return.review_required")
@dataclass(frozen=True)
class ReturnReviewRequired(ReturnFact):
    """A person must decide."""


@event("return.authorized")
@dataclass(frozen=True)
class ReturnAuthorized(ReturnFact):
    """Goods may come back; the warehouse is told to expect them."""

    location: str = ""


@event("return.declined")
@dataclass(frozen=True)
class ReturnDeclined(ReturnFact):
    """Refused."""


@event("return.canceled")
@dataclass(frozen=True)
class ReturnCanceled(ReturnFact):
    """Given up."""


@event("return.expired")
@dataclass(frozen=True)
class ReturnExpired(ReturnFact):
    """Nothing came in time."""


@event("return.reinstated")
@dataclass(frozen=True)
class ReturnReinstated(ReturnFact):
    """Alive again."""


@event("return.closed")
@dataclass(frozen=True)
class ReturnClosed(ReturnFact):
    """Nothing is left to do."""


@event("return.reopened")
@dataclass(frozen=True)
class ReturnReopened(ReturnFact):
    """Something came up after all."""


@dataclass(frozen=True)
class ReturnLineFact:
    """A change of one line: how many units, and where it matters the receipt or inspection."""

    return_id: str
    number: str
    line_no: int
    sku: str
    quantity: int
    receipt_id: str = ""
    inspection_id: str = ""
    location: str = ""
    parcel: str = ""
    reason: str = ""


@event("return_line.in_transit")
@dataclass(frozen=True)
class LineInTransit(ReturnLineFact):
    """The carrier scanned the parcel."""


@event("return_line.received")
@dataclass(frozen=True)
class LineReceived(ReturnLineFact):
    """Goods arrived."""


@event("return_line.over_received")
@dataclass(frozen=True)
class LineOverReceived(ReturnLineFact):
    """More arrived than was authorized."""


@event("return_line.item_mismatch")
@dataclass(frozen=True)
class LineItemMismatch(ReturnLineFact):
    """Another item arrived (line_no 0: none of the return's lines)."""


@event("return_line.short")
@dataclass(frozen=True)
class LineShort(ReturnLineFact):
    """Declared missing."""


@event("return_line.inspected")
@dataclass(frozen=True)
class LineInspected(ReturnLineFact):
    """Units were judged."""

    accepted: int = 0
    rejected: int = 0


@event("return_line.accepted")
@dataclass(frozen=True)
class LineAccepted(ReturnLineFact):
    """Units passed inspection."""


@event("return_line.rejected")
@dataclass(frozen=True)
class LineRejected(ReturnLineFact):
    """Units did not pass inspection."""


@event("return_line.kept")
@dataclass(frozen=True)
class LineKept(ReturnLineFact):
    """The customer keeps the units."""


@event("return_line.remaining_canceled")
@dataclass(frozen=True)
class LineRemainingCanceled(ReturnLineFact):
    """What has not come is no longer expected."""


@event("return_line.receipt_reversed")
@dataclass(frozen=True)
class LineReceiptReversed(ReturnLineFact):
    """A receipt was a mistake."""


@dataclass(frozen=True)
class RefundFact:
    """What every refund event tells. `references` are the gateway's ids of the payment; `effect_key` goes to it."""

    refund_id: str
    return_id: str
    number: str
    payment_id: str
    gateway: str
    amount: int
    currency: str
    effect_key: str
    leg: int
    channel: str = ""
    order_external_id: str = ""
    references: dict[str, str] = field(default_factory=dict)
    external_reference: str = ""
    code: str = ""


@event("refund.proposed")
@dataclass(frozen=True)
class RefundProposed(RefundFact):
    """Money is reserved for it."""


@event("refund.approval_requested")
@dataclass(frozen=True)
class RefundApprovalRequested(RefundFact):
    """A second person must decide."""


@event("refund.approved")
@dataclass(frozen=True)
class RefundApproved(RefundFact):
    """May be paid."""


@event("refund.denied")
@dataclass(frozen=True)
class RefundDenied(RefundFact):
    """Will not be paid."""


@event("refund.submitted")
@dataclass(frozen=True)
class RefundSubmitted(RefundFact):
    """Owed to the gateway: this event is what the payment connection delivers."""


@event("refund.outcome_unknown")
@dataclass(frozen=True)
class RefundOutcomeUnknown(RefundFact):
    """Sent, and no answer came."""


@event("refund.pending")
@dataclass(frozen=True)
class RefundPending(RefundFact):
    """The gateway took it."""


@event("refund.action_required")
@dataclass(frozen=True)
class RefundActionRequired(RefundFact):
    """The gateway waits for the customer."""


@dataclass(frozen=True)
class RefundLineFact:
    """Units of an order line that a refund pays for, for systems that book by line.

    `amount` is what of the refund is theirs (goods, tax, duty), in minor units; 0 where it is not told.
    """

    line_no: int
    sku: str
    quantity: int
    order_line_external_id: str = ""
    amount: int = 0


@event("refund.succeeded")
@dataclass(frozen=True)
class RefundSucceeded(RefundFact):
    """The money is on its way; the shop is told."""

    lines: list[RefundLineFact] = field(default_factory=list)
    shipping: int = 0


@event("refund.failed")
@dataclass(frozen=True)
class RefundFailed(RefundFact):
    """The gateway refused."""


@event("refund.reversed")
@dataclass(frozen=True)
class RefundReversed(RefundFact):
    """The money came back."""


@event("refund.canceled")
@dataclass(frozen=True)
class RefundCanceled(RefundFact):
    """The gateway canceled it."""


@dataclass(frozen=True)
class CreditMemoFact:
    """What every credit-memo event tells; `effect_key` is the memo's external id at the ERP."""

    memo_id: str
    refund_id: str
    return_id: str
    number: str
    amount: int
    currency: str
    legal_entity: str
    effect_key: str
    order_number: str = ""
    external_reference: str = ""
    lines: list[RefundLineFact] = field(default_factory=list)


@event("credit_memo.queued")
@dataclass(frozen=True)
class CreditMemoQueued(CreditMemoFact):
    """Owed to the ERP."""


@event("credit_memo.posted")
@dataclass(frozen=True)
class CreditMemoPosted(CreditMemoFact):
    """The ERP has it."""


@event("credit_memo.rejected")
@dataclass(frozen=True)
class CreditMemoRejected(CreditMemoFact):
    """The ERP refused it."""


@event("credit_memo.reversed")
@dataclass(frozen=True)
class CreditMemoReversed(CreditMemoFact):
    """Undone in the ERP."""


@dataclass(frozen=True)
class DispositionFact:
    """A slice of quantity with its disposition; `effect_key` is its reference at the owner of the stock."""

    slice_id: str
    return_id: str
    number: str
    line_no: int
    sku: str
    quantity: int
    disposition: str
    condition: str
    location: str
    effect_key: str
    channel: str = ""
    order_line_external_id: str = ""
    external_reference: str = ""
    reason: str = ""


@event("inventory.disposition_decided")
@dataclass(frozen=True)
class DispositionDecided(DispositionFact):
    """Owed to the owner of the stock (WMS), which acknowledges by posting."""


@event("inventory.disposition_posted")
@dataclass(frozen=True)
class DispositionPosted(DispositionFact):
    """The owner of the stock has it; the shop is told."""


@event("inventory.post_failed")
@dataclass(frozen=True)
class DispositionPostFailed(DispositionFact):
    """The owner of the stock refused it."""


@event("inventory.disposition_reversed")
@dataclass(frozen=True)
class DispositionReversed(DispositionFact):
    """Undone."""
