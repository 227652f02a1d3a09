"""Propose the balance of an exchange again, where what was owed to the customer was refused."""

from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, Invalid
from returns.enums import LIVE_REFUNDS, ComponentKind, RefundStatus
from returns.models import Exchange, Refund, RefundComponent
from returns.services.closing import finish, refuse_closed
from returns.services.exchange_settling import refund_balance
from returns.services.exchange_telling import end_troubles
from returns.services.locking import lock_exchange

AGAIN = (RefundStatus.FAILED, RefundStatus.CANCELED, RefundStatus.REVERSED)


@transaction.atomic
def propose_balance(*, actor: Actor, exchange_id: UUID, reason: str) -> list[Refund]:
    """Reserve what a settled exchange still owes the customer, as it was when it was settled; it is approved like any
    refund. Raises Invalid without a reason, Conflict (nothing is owed, the return is closed), Denied, NotFound.
    """
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    exchange = lock_exchange(actor, exchange_id, Permission.REFUNDS_PROPOSE)
    refuse_closed(exchange.rma)
    if why := why_no_balance(exchange):
        raise Conflict(why, code="nothing-due")
    made = refund_balance(actor, exchange, balance_left(exchange), reason=reason)
    if not made:
        raise Conflict("No payment of the order can take it.", code="exceeds-tenders")
    end_troubles(actor, exchange, "It was proposed again.", "exchange_balance_denied")
    finish(actor, exchange.rma)
    return made


def why_no_balance(exchange: Exchange) -> str:
    """Say why no balance can be proposed; "" where some is owed to the customer and nothing pays it."""
    if exchange.settled_at is None or exchange.proposal is None:
        return "It owes the customer nothing."
    if Refund.objects.filter(proposal=exchange.proposal, status__in=AGAIN).exists():
        return "Its refund is tried again on the return."
    return "" if balance_left(exchange) > 0 else "Its balance is refunded, or on its way."


def balance_left(exchange: Exchange) -> int:
    """Return what is owed to the customer beyond what live refunds of its balance pay, in minor units; what they were
    rounded by is not."""
    if exchange.proposal is None:
        return 0
    live = RefundComponent.objects.filter(
        refund__proposal=exchange.proposal, refund__status__in=LIVE_REFUNDS, kind=ComponentKind.EXCHANGE_BALANCE
    )
    return max(0, -exchange.balance - int(live.aggregate(total=Sum("amount"))["total"] or 0))
