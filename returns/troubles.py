"""Open cases: every return that cannot go on by itself has one, with a cause and a next action."""

from collections.abc import Iterable
from typing import Any

from retailops.accounts.actor import Actor
from retailops.cases.inputs import CaseIn
from retailops.cases.models import CaseQueue
from retailops.cases.services import open_case
from retailops.events.catalog import Subject
from retailops.lib.money import Money
from returns.enums import RefundStatus
from returns.models import Order, Refund, Return


def _open(
    actor: Actor,
    kind: str,
    subject: Subject,
    title: str,
    next_action: str,
    *,
    cause: str,
    dedupe: str = "",
    queue: str = CaseQueue.BUSINESS,
    amount: int | None = None,
    currency: str = "",
    detail: str = "",
    evidence: dict[str, Any] | None = None,
) -> None:
    case = CaseIn(
        kind=kind,
        queue=queue,
        title=title,
        dedupe_key=f"{kind}:{dedupe or subject.id}"[:200],
        subject=subject,
        detail=detail,
        next_action=next_action,
        group_title=cause,
        money=None if amount is None else Money(amount, currency),
        evidence=evidence or {},
    )
    open_case(actor, case)


def order_differs(actor: Actor, order: Order, kept: Iterable[str]) -> None:
    """A newer version of an order changes what a return relies on."""
    changes = list(kept)
    _open(
        actor,
        "order_differs",
        order.as_subject(),
        f"Order {order.number} changed after a return relied on it",
        "Compare with the channel; mend the return where it matters",
        detail="Not taken over: " + "; ".join(changes),
        evidence={"version": order.version, "kept": changes},
        cause="A newer version of an order changes what a return relies on",
    )


def blind_return(actor: Actor, rma: Return, skus: Iterable[str]) -> None:
    """A parcel came that no order explains."""
    _open(
        actor,
        "blind_return",
        rma.as_subject(),
        f"{rma.number}: no order found for a parcel",
        "Match it with an order, or inspect it and close without a refund",
        detail="Items: " + ", ".join(skus),
        cause="A parcel came that no order explains",
    )


def over_receipt(actor: Actor, rma: Return, scan_id: str, sku: str, quantity: int) -> None:
    """More arrived than was authorized."""
    _open(
        actor,
        "over_receipt",
        rma.as_subject(),
        f"{rma.number}: {quantity} more of {sku} arrived than authorized",
        "Accept the extra units, or have them sent back",
        dedupe=f"{scan_id}:{sku}",
        evidence={"scan_id": scan_id, "sku": sku, "quantity": quantity},
        cause="More arrived than was authorized",
    )


def wrong_item(actor: Actor, rma: Return, scan_id: str, sku: str, quantity: int) -> None:
    """An item arrived that is not on the return."""
    _open(
        actor,
        "wrong_item",
        rma.as_subject(),
        f"{rma.number}: {quantity} of {sku} arrived, which is not on the return",
        "Ask the customer; have the goods sent back or placed",
        dedupe=f"{scan_id}:{sku}",
        evidence={"scan_id": scan_id, "sku": sku, "quantity": quantity},
        cause="An item arrived that is not on the return",
    )


def late_arrival(actor: Actor, rma: Return, scan_id: str, former: str) -> None:
    """A parcel came for a return that was expired, declined, canceled or closed, or not decided yet."""
    _open(
        actor,
        "unexpected_arrival",
        rma.as_subject(),
        f"{rma.number}: a parcel arrived although the return was {former.replace('_', ' ')}",
        "Decide whether the return goes on",
        dedupe=f"{rma.id}:{scan_id}",
        evidence={"scan_id": scan_id, "status": former},
        cause="A parcel came for a return that was expired, declined, canceled or closed, or not decided yet",
    )


def refund_failed(actor: Actor, refund: Refund, *, late: bool) -> None:
    """The gateway refused, or a success failed late."""
    money = Money(refund.amount, refund.currency)
    when = f"the refund of {money} failed after it was paid" if late else f"the refund of {money} was refused"
    _open(
        actor,
        "refund_failed",
        refund.as_subject(),
        f"{refund.rma.number}: {when}, so the customer does not have the money",
        "Open the return and try the refund again, by another payment if need be; or pay outside and record that",
        detail=refund.failure_message,
        amount=refund.amount,
        currency=refund.currency,
        evidence={"code": refund.failure_code, "reference": refund.external_reference},
        cause="The gateway refused, or a success failed late",
    )


def refund_reversed(actor: Actor, refund: Refund) -> None:
    """Money that was refunded came back."""
    _open(
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
    _open(
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
    _open(
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
    _open(
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
    _open(
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
    _open(
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
    _open(
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
    _open(
        actor,
        "refund_recovery",
        rma.as_subject(),
        f"{rma.number}: {quantity} units of line {line_no} were refunded, but not accepted",
        "Recover the money, or let it be and say why",
        dedupe=f"{rma.id}:{line_no}",
        cause="Units were paid for before inspection, and inspection rejected them or they are missing",
    )
