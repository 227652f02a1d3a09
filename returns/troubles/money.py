"""Trouble with refunds and credit memos."""

from retailops.accounts.actor import Actor
from retailops.cases.models import CaseQueue
from retailops.lib.money import Money
from returns.enums import RefundStatus
from returns.models import Refund, Return
from returns.troubles.opening import open_trouble


def refund_failed(actor: Actor, refund: Refund, *, late: bool) -> None:
    """The gateway refused, or a success failed late."""
    money = Money(refund.amount, refund.currency)
    when = f"the refund of {money} failed after it was paid" if late else f"the refund of {money} was refused"
    open_trouble(
        actor,
        "refund_failed",
        refund.as_subject(),
        f"{refund.rma.number}: {when}, so the customer does not have the money",
        "Its money is free again: try the refund again, by another payment if need be; or pay outside and record that",
        detail=refund.failure_message,
        amount=refund.amount,
        currency=refund.currency,
        evidence={"code": refund.failure_code, "reference": refund.external_reference},
        cause="The gateway refused, or a success failed late",
    )


def refund_canceled(actor: Actor, refund: Refund) -> None:
    """The gateway canceled the refund, by our wish or its own: nothing was paid."""
    money = Money(refund.amount, refund.currency)
    open_trouble(
        actor,
        "refund_failed",
        refund.as_subject(),
        f"{refund.rma.number}: the refund of {money} was canceled, so the customer does not have the money",
        "Its money is free again: try the refund again, by another payment if need be; or pay outside and record that",
        detail=refund.failure_message,
        amount=refund.amount,
        currency=refund.currency,
        evidence={"code": refund.failure_code, "reference": refund.external_reference},
        cause="The gateway canceled a refund",
    )


def refund_reversed(actor: Actor, refund: Refund) -> None:
    """Money that was refunded came back."""
    open_trouble(
        actor,
        "refund_reversed",
        refund.as_subject(),
        f"{refund.rma.number}: the refund of {Money(refund.amount, refund.currency)} came back",
        "Ask the customer for another account, then refund again; reverse the credit memo",
        amount=refund.amount,
        currency=refund.currency,
        cause="Money that was refunded came back",
    )


def refund_contradicted(actor: Actor, refund: Refund, outcome: str) -> None:
    """The gateway says something of a finished refund that cannot follow from its state."""
    open_trouble(
        actor,
        "refund_contradicted",
        refund.as_subject(),
        f"{refund.rma.number}: the gateway says “{RefundStatus(outcome).label}” of a refund that is "
        f"{refund.get_status_display().lower()} here",
        "Look the refund up at the gateway: the customer may have too much or too little",
        dedupe=f"{refund.id}:{outcome}",
        amount=refund.amount,
        currency=refund.currency,
        cause="The gateway says something of a finished refund that cannot follow from its state",
    )


def refund_needs_customer(actor: Actor, refund: Refund) -> None:
    """The gateway waits for the customer."""
    open_trouble(
        actor,
        "refund_requires_action",
        refund.as_subject(),
        f"{refund.rma.number}: the refund of {Money(refund.amount, refund.currency)} waits for the customer",
        "Ask the customer to give the gateway what it needs",
        amount=refund.amount,
        currency=refund.currency,
        cause="The gateway waits for the customer",
    )


def refund_unrouted(actor: Actor, refund: Refund) -> None:
    """No connection serves the payment's gateway."""
    open_trouble(
        actor,
        "refund_unrouted",
        refund.as_subject(),
        f"{refund.rma.number}: no connection pays its refund (payment by {refund.payment.gateway})",
        "Pay it outside and record that, or configure the connection",
        queue=CaseQueue.TECHNICAL,
        amount=refund.amount,
        currency=refund.currency,
        cause="No connection serves the payment's gateway",
    )


def no_tender(actor: Actor, rma: Return, missing: int) -> None:
    """The payments cannot take all of what is owed."""
    open_trouble(
        actor,
        "refund_exceeds_tenders",
        rma.as_subject(),
        f"{rma.number}: the order's payments cannot take the whole refund",
        "Refund the rest by another way, or record why not",
        amount=missing,
        currency=rma.currency,
        cause="The payments cannot take all of what is owed",
    )


def memo_unrouted(actor: Actor, rma: Return, memo_id: str) -> None:
    """No connection takes credit memos."""
    open_trouble(
        actor,
        "memo_unrouted",
        rma.as_subject(),
        f"{rma.number}: no ERP connection takes its credit memo",
        "Configure the ERP's connection, or post it there and record that",
        dedupe=memo_id,
        queue=CaseQueue.TECHNICAL,
        cause="No connection takes credit memos",
    )


def advance_overdue(actor: Actor, refund: Refund) -> None:
    """A refund went in advance, and its goods did not come."""
    open_trouble(
        actor,
        "advance_overdue",
        refund.as_subject(),
        f"{refund.rma.number}: refunded in advance, and the goods are overdue",
        "Ask the customer for the goods, or recover the money",
        amount=refund.amount,
        currency=refund.currency,
        cause="A refund went in advance, and its goods did not come",
    )


def refunded_but_rejected(actor: Actor, rma: Return, line_no: int, quantity: int) -> None:
    """Units were paid for before inspection, and inspection rejected them or they are missing."""
    open_trouble(
        actor,
        "refund_recovery",
        rma.as_subject(),
        f"{rma.number}: {quantity} units of line {line_no} were refunded, but not accepted",
        "Recover the money, or let it be and say why",
        dedupe=f"{rma.id}:{line_no}",
        cause="Units were paid for before inspection, and inspection rejected them or they are missing",
    )
