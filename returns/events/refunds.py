"""Events of refunds."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@dataclass(frozen=True)
class RefundFact:
    """What every refund event tells. `references` are the gateway's ids of the payment; `effect_key` goes to it.

    `destination` other than tender is stored value: `amount` against the payment, and `bonus` on top of it.
    """

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
    destination: str = "tender"
    bonus: int = 0


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


@event("refund.superseded")
@dataclass(frozen=True)
class RefundSuperseded(RefundFact):
    """Another refund takes its place."""


@event("refund.cancel_requested")
@dataclass(frozen=True)
class RefundCancelRequested(RefundFact):
    """The gateway is asked to cancel it: owed to the payment's connection. Its money stays reserved."""


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
