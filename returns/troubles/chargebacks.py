"""Trouble with chargebacks: a bank took money that a refund gives back too, or would."""

from retailops.accounts.actor import Actor
from retailops.lib.money import Money
from returns.models import Chargeback, Return
from returns.troubles.opening import open_trouble

PLUS_CHARGEBACK, AFTER_DISPUTE = "refund_plus_chargeback", "refund_after_dispute"


def chargeback_opened(actor: Actor, chargeback: Chargeback) -> None:
    """A customer's bank took the money of a payment back."""
    order = chargeback.payment.order
    until = f" Evidence is taken until {chargeback.answer_by:%Y-%m-%d %H:%M} UTC." if chargeback.answer_by else ""
    open_trouble(
        actor,
        "chargeback_opened",
        order.as_subject(),
        f"Order {order.number}: the bank took {Money(chargeback.amount, chargeback.currency)} back",
        "Answer the dispute at the gateway with evidence, or accept it there",
        dedupe=str(chargeback.id),
        detail=f"Reason given: {chargeback.reason.replace('_', ' ') or 'none'}.{until}",
        amount=chargeback.amount,
        currency=chargeback.currency,
        evidence={"dispute": chargeback.external_id, "gateway": chargeback.payment.gateway},
        cause="A customer's bank took money back",
    )


def refund_plus_chargeback(actor: Actor, rma: Return, payment_id: str, amount: int, what: str) -> None:
    """A return's refund meets a chargeback of the same payment: the customer has, or would have, the money twice."""
    open_trouble(
        actor,
        PLUS_CHARGEBACK,
        rma.as_subject(),
        f"{rma.number}: refund and chargeback of one payment, {what}",
        "Answer the dispute with proof of the refund, or recover the money; do not refund it again meanwhile",
        dedupe=f"{rma.id}:{payment_id}",
        amount=amount,
        currency=rma.currency,
        evidence={"payment": payment_id},
        cause="A refund meets a chargeback of the same payment",
    )


def refund_after_dispute(actor: Actor, rma: Return, amount: int) -> None:
    """A dispute was won, and a refund that was stopped because of it is owed again."""
    open_trouble(
        actor,
        AFTER_DISPUTE,
        rma.as_subject(),
        f"{rma.number}: the dispute was won, and {Money(amount, rma.currency)} of refund was stopped for it",
        "Look whether the customer is still owed it, and propose the refund again",
        amount=amount,
        currency=rma.currency,
        cause="A dispute was won after a refund was stopped for it",
    )
