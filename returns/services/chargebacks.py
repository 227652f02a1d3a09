"""Disputes: what a gateway says of one, what it takes of the payment, and what becomes of refunds beside it.

A payment's `charged_back` is the sum of its opened and lost chargebacks. While one is opened, nothing is refunded by
that payment: the bank has paid the customer, and a refund would pay it twice. What waits is denied, what was not sent
yet is stopped; what is at the gateway or paid cannot be called back, and is a case.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases.services import resolve_troubles
from retailops.events.publish import publish
from retailops.lib.errors import NotFound, Unprocessable, hidden
from retailops.lib.fsm import fire
from returns import troubles
from returns.enums import LIVE_REFUNDS, TAKING_CHARGEBACKS, ChargebackStatus, RefundStatus, ReturnStatus
from returns.events.chargebacks import ChargebackFact, ChargebackLost, ChargebackOpened, ChargebackWon
from returns.inputs.chargebacks import ChargebackIn
from returns.models import Chargeback, Payment, Refund, Return
from returns.services.closing import end_trouble, finish
from returns.services.holding import withdraw_empty_reviews
from returns.services.refunds import refund_by_policy
from returns.services.stopping import stop_refund
from returns.troubles.chargebacks import PLUS_CHARGEBACK

C = ChargebackStatus
STOPPED = "charged_back"
ENDED_UNPAID = (RefundStatus.DENIED, RefundStatus.FAILED)
EVENTS: dict[str, type[ChargebackFact]] = {C.OPENED: ChargebackOpened, C.WON: ChargebackWon, C.LOST: ChargebackLost}


def payment_of_gateway(gateway: str, references: dict[str, str]) -> Payment:
    """Return the payment that a gateway calls by one of these ids (`charge`, `payment_intent` …). Raises NotFound."""
    named = Q(pk__in=[])
    for name, value in references.items():
        named |= Q(references__contains={name: value}) | Q(external_id=value)
    found = Payment.objects.filter(named, gateway=gateway).order_by("id").first() if references else None
    if found is None:
        raise NotFound("No payment here has that reference.")
    return found


@transaction.atomic
def record_chargeback(*, actor: Actor, payment_id: UUID, told: ChargebackIn) -> Chargeback:
    """Record what the gateway says of a dispute; once, and never backwards by an older message.

    Raises Unprocessable (another currency than the payment's), NotFound, Denied.
    """
    payment = _locked(actor, payment_id)
    if told.currency != payment.currency:
        raise Unprocessable(
            f"The dispute is in {told.currency}, the payment in {payment.currency}.", code="currency-differs"
        )
    returns = _lock_returns(payment)
    found = Chargeback.objects.filter(payment=payment, external_id=told.external_id).first()
    chargeback = found or _opened(payment, told)
    changed = _move(chargeback, told) or found is None
    if changed:
        payment.charged_back = _taken(payment)
        payment.save(update_fields=["charged_back"])
        _tell(actor, chargeback)
        _follow(actor, chargeback, returns)
    return chargeback


def _locked(actor: Actor, payment_id: UUID) -> Payment:
    rows = Payment.objects.select_for_update(no_key=True, of=("self",)).select_related("order")
    payment = rows.filter(pk=payment_id).first()
    if payment is None:
        raise hidden()
    order = payment.order
    require(actor, Permission.REFUNDS_SETTLE, region=order.region, brand=order.brand, view=Permission.ORDERS_VIEW)
    return payment


def _lock_returns(payment: Payment) -> list[Return]:
    """Lock the order's returns: their refunds may have to be stopped, or go on."""
    rows = Return.objects.select_for_update(no_key=True).filter(order_id=payment.order_id).order_by("id")
    return list(rows)


def _opened(payment: Payment, told: ChargebackIn) -> Chargeback:
    return Chargeback.objects.create(
        payment=payment,
        external_id=told.external_id,
        amount=told.amount,
        currency=told.currency,
        reason=told.reason,
        answer_by=told.answer_by,
        told_at=told.told_at,
        opened_at=told.told_at,
    )


def _move(chargeback: Chargeback, told: ChargebackIn) -> bool:
    """Move the chargeback by what was told and save it; tell whether anything changed.

    An end follows an opening whenever it was told; between two ends, and of two amounts, the later word counts.
    """
    later = told.told_at > chargeback.told_at
    status = ChargebackStatus(told.status)
    if status == chargeback.status:
        moved = later and chargeback.amount != told.amount
    else:
        moved = status != C.OPENED and (later or chargeback.status == C.OPENED)
    if not moved:
        return False
    if status != chargeback.status:
        fire(chargeback.win if status == C.WON else chargeback.lose)
    chargeback.amount = told.amount
    chargeback.told_at = max(told.told_at, chargeback.told_at)
    chargeback.save()
    return True


def _taken(payment: Payment) -> int:
    rows = Chargeback.objects.filter(payment=payment, status__in=TAKING_CHARGEBACKS)
    return int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def _tell(actor: Actor, chargeback: Chargeback) -> None:
    payment = chargeback.payment
    fact = EVENTS[chargeback.status](
        chargeback_id=str(chargeback.id),
        payment_id=str(payment.id),
        order_id=str(payment.order_id),
        order_external_id=payment.order.external_id,
        gateway=payment.gateway,
        external_id=chargeback.external_id,
        amount=chargeback.amount,
        currency=chargeback.currency,
        charged_back=payment.charged_back,
        reason=chargeback.reason,
    )
    publish(fact, subject=chargeback.as_subject(), actor=actor, reason_code=chargeback.reason[:80])


def _follow(actor: Actor, chargeback: Chargeback, returns: Sequence[Return]) -> None:
    """Let cases and refunds follow; the payment and the returns are locked."""
    trouble = f"chargeback_opened:{chargeback.id}"
    if chargeback.status == C.OPENED:
        troubles.chargeback_opened(actor, chargeback)
    else:
        evidence = {"dispute": chargeback.external_id, "outcome": str(chargeback.status)}
        resolve_troubles(actor, trouble, f"The dispute was {chargeback.status}.", evidence)
    for rma in returns:
        if chargeback.status == C.WON:
            _free(actor, chargeback, rma)
        else:
            _confront(actor, chargeback, rma)


def _confront(actor: Actor, chargeback: Chargeback, rma: Return) -> None:
    """Stop what can be stopped of the return's refunds of this payment, and open the case of what both take."""
    payment = chargeback.payment
    rows = Refund.objects.filter(rma=rma, payment=payment, status__in=LIVE_REFUNDS)
    refunds = list(rows.select_related("payment", "approval", "rma__order").order_by("id"))
    if not refunds:
        return
    stopped = [refund for refund in refunds if chargeback.status == C.OPENED and _stopped(actor, refund, rma)]
    withdraw_empty_reviews(actor, rma, "The payment is disputed: its refunds were stopped.")
    left = sum(refund.amount for refund in refunds if refund not in stopped)
    twice = max(0, _held(payment) + payment.charged_back - payment.captured)
    under_way = any(refund not in stopped and refund.status != RefundStatus.SUCCEEDED for refund in refunds)
    if stopped or twice or (under_way and chargeback.status == C.OPENED):
        what = "stopped before it was sent" if stopped and not left else "which pay the customer twice"
        amount = sum(refund.amount for refund in stopped) if not left else min(left, twice) or left
        troubles.refund_plus_chargeback(actor, rma, str(payment.id), amount, what)
    finish(actor, rma)


def _stopped(actor: Actor, refund: Refund, rma: Return) -> bool:
    refund.rma = rma
    return stop_refund(actor, refund, code=STOPPED, why="The payment is disputed: the bank took it back.")


def _held(payment: Payment) -> int:
    live = Refund.objects.filter(payment=payment, status__in=LIVE_REFUNDS)
    return int(live.aggregate(total=Sum("amount"))["total"] or 0)


def _free(actor: Actor, chargeback: Chargeback, rma: Return) -> None:
    """The money is ours again: the case of both ends, and what policy held back because of it goes."""
    payment = chargeback.payment
    if payment.charged_back and _held(payment) + payment.charged_back > payment.captured:
        return
    evidence = {"dispute": chargeback.external_id, "outcome": "won"}
    end_trouble(actor, rma, f"{PLUS_CHARGEBACK}:{rma.id}:{payment.id}", "The dispute was won.", evidence)
    if rma.status != ReturnStatus.AUTHORIZED:
        return
    refund_by_policy(rma)
    stopped = Refund.objects.filter(rma=rma, payment=payment, failure_code=STOPPED, status__in=ENDED_UNPAID)
    amount = int(stopped.aggregate(total=Sum("amount"))["total"] or 0)
    if amount:
        troubles.refund_after_dispute(actor, rma, amount)
    finish(actor, rma)
