"""Trouble with money that we do not send: marketplaces' own refunds, and fees that take all of a refund."""

from retailops.accounts.actor import Actor
from retailops.lib.money import Money
from returns.models import ObservedRefund, Order, Refund, Return
from returns.troubles.opening import open_trouble


def marketplace_differs(actor: Actor, refund: Refund, told: ObservedRefund, ours: int) -> None:
    """A marketplace refunded another amount than was decided here."""
    open_trouble(
        actor,
        "marketplace_differs",
        refund.as_subject(),
        f"{refund.rma.number}: the marketplace refunded {Money(told.amount, told.currency)}, "
        f"and {Money(ours, refund.currency)} was decided here",
        "Compare with the marketplace's own rules; claim the difference there, or let it be and say why",
        amount=abs(told.amount - ours),
        currency=refund.currency,
        evidence={"external_id": told.external_id, "observed": told.amount, "decided": ours},
        cause="A marketplace refunded another amount than was decided here",
    )


def marketplace_unexpected(actor: Actor, order: Order, told: ObservedRefund) -> None:
    """A marketplace refunded what nobody here had decided."""
    open_trouble(
        actor,
        "marketplace_unexpected",
        order.as_subject(),
        f"Order {order.number}: a marketplace refunded {Money(told.amount, told.currency)}, which nobody here decided",
        "Open the return that it is for, or let it be and say why",
        dedupe=str(told.id),
        amount=told.amount,
        currency=told.currency,
        evidence={"external_id": told.external_id},
        cause="A marketplace refunded what nobody here had decided",
    )


def marketplace_silent(actor: Actor, refund: Refund, days: int) -> None:
    """A marketplace has told of no refund for too long."""
    open_trouble(
        actor,
        "marketplace_silent",
        refund.as_subject(),
        f"{refund.rma.number}: the marketplace has told of no refund of {Money(refund.amount, refund.currency)} "
        f"in {days} days",
        "Look there: record the refund that it made, or cancel ours",
        amount=refund.amount,
        currency=refund.currency,
        cause="A marketplace has told of no refund for too long",
    )


def nothing_left_after_fees(actor: Actor, rma: Return) -> None:
    """Fees take all that units are worth, so that no refund follows."""
    open_trouble(
        actor,
        "refund_eaten_by_fees",
        rma.as_subject(),
        f"{rma.number}: by policy the fees take the whole refund",
        "Waive the fees and propose the refund, or close the return and say why",
        cause="Fees take all that units are worth",
    )
