"""Settle an exchange whose goods came and went: the ledger's memo, and a balance in the customer's favor.

Once. The memo is of the gross credit; the refund of what the sale did not use up is of the normal kind, reserved on the
payments and approved like any other, and is part of that memo.
"""

from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.enums import ComponentKind
from returns.events import ExchangeSettled
from returns.models import Exchange, Refund
from returns.refund_calculation import Calculation
from returns.refund_planning import Plan
from returns.refund_terms import read_terms
from returns.rounding import rounded
from returns.services.credit_memos import queue_exchange_memo
from returns.services.exchange_telling import tell
from returns.services.refunds import carry_out
from returns.tenders import split
from returns.troubles import no_tender
from returns.worth import Part


def settle(actor: Actor, exchange: Exchange) -> None:
    """Settle a shipped exchange, its return and payments locked; whoever calls saw that its units are earned."""
    exchange.settled_at, exchange.exposure_due_at = now(), None
    refunded = -exchange.balance
    if refunded > 0:
        exchange.proposal = uuid7()
    exchange.save(update_fields=["settled_at", "exposure_due_at", "proposal"])
    tell(actor, ExchangeSettled, exchange)
    if exchange.rma.memo_required and exchange.credit:
        queue_exchange_memo(actor, exchange)
    if refunded > 0:
        refund_balance(actor, exchange, refunded, reason="balance of an exchange")


def refund_balance(actor: Actor, exchange: Exchange, amount: int, *, reason: str) -> list[Refund]:
    """Reserve a balance in the customer's favor, return and payments locked; a case names what no payment can take."""
    terms = read_terms(exchange.rma, by_itself=False)
    spread = split(amount, terms.tenders, terms.rules.tender_order)
    possible = sum(part for _, part in spread)
    if possible < amount:
        no_tender(actor, exchange.rma, amount - possible)
    payable = rounded(spread, terms.tenders)
    if not payable.spread:
        return []
    parts = [Part(ComponentKind.EXCHANGE_BALANCE, possible, code=str(exchange.id))]
    parts += [Part(ComponentKind.ROUNDING, payable.by)] if payable.by else []
    permitted = amount + payable.by
    plan = Plan(Calculation({}, parts), payable.spread, permitted, reason=reason, proposal=exchange.proposal)
    return carry_out(actor, terms, plan)
