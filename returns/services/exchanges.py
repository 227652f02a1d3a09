"""Propose an exchange, hold its goods, take its payment, release it; or convert it, or give it up.

Both gross sides are frozen at proposal. A balance that the customer owes is never charged here: the exchange waits
until a payment is recorded.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from inventory.selectors import place_with
from inventory.services import ReservationIn, hold, let_go
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Invalid, Unprocessable
from retailops.lib.fsm import fire
from retailops.lib.money import Money
from returns.allocation import count
from returns.enums import PENDING_EXCHANGES, ExchangeSide, ExchangeStatus, Resolution, ReturnKind, ReturnStatus
from returns.events import (
    ExchangeCanceled,
    ExchangeConverted,
    ExchangePaid,
    ExchangePaymentAwaited,
    ExchangePaymentRecorded,
    ExchangeProposed,
    ExchangeReserved,
)
from returns.exchange_terms import Agreed, agree, standing_of, why_not_released
from returns.inputs.exchanges import ConvertTo, ExchangeIn, ExchangePaymentIn, units_wanted
from returns.models import (
    Exchange,
    ExchangeComponent,
    ExchangeLine,
    ExchangePayment,
    Return,
    ReturnLine,
    WarrantyAssessment,
)
from returns.policy import Rules, rules_of
from returns.promises import forget, promise
from returns.services.closing import finish
from returns.services.exchange_progress import follow_exchanges, release, wanted_by_sku
from returns.services.exchange_telling import end_troubles, tell
from returns.services.locking import lock_exchange, lock_return
from returns.services.refunds import refund_by_policy
from returns.services.warranty_following import refunded_instead
from returns.troubles import exchanges as troubles
from returns.troubles.warranty import replacement_due

X = ExchangeStatus
ENDED = (X.CONVERTED, X.CANCELED)
# Cases that are over when an exchange has ended without its goods.
MOOT = ("exchange_out_of_stock", "exchange_stock_lost", "exchange_unrouted", "exchange_not_shipped")


@transaction.atomic
def propose_exchange(*, actor: Actor, return_id: UUID, proposal: ExchangeIn) -> Exchange:
    """Agree on other goods for units of an authorized return: its units are taken, its prices frozen.

    With `reserve` its goods are held at once, where there are enough. Raises Conflict unless the return is authorized
    and of no warranty, Unprocessable (not offered, too few units, another sku as replacement), Invalid, Denied,
    NotFound.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, with_payments=True)
    if rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {rma.status}: only an authorized one is exchanged.", code="not-authorized")
    if rma.kind == ReturnKind.WARRANTY:
        raise Conflict("Under warranty only a verdict replaces units.", code="assess-instead")
    return propose_for(actor, rma, proposal)


def propose_for(
    actor: Actor, rma: Return, proposal: ExchangeIn, assessment: WarrantyAssessment | None = None
) -> Exchange:
    """Propose an exchange of the locked, authorized return (payments locked), or the replacement of a warranty."""
    standing = standing_of(rma)
    agreed = agree(standing, proposal)
    exchange = _write(actor, rma, proposal, agreed, standing.rules, assessment)
    tell(actor, ExchangeProposed, exchange, proposal.reason)
    if proposal.reserve:
        _reserve(actor, exchange, proposal.location)
    return _finished(actor, exchange)


def _write(
    actor: Actor,
    rma: Return,
    proposal: ExchangeIn,
    agreed: Sequence[Agreed],
    rules: Rules,
    assessment: WarrantyAssessment | None,
) -> Exchange:
    exchange = Exchange.objects.create(
        rma=rma,
        ordinal=rma.exchanges.count() + 1,
        resolution=proposal.resolution,
        currency=rma.currency,
        credit=sum(part.amount for each in agreed for part in each.credit),
        sale=sum(part.amount for each in agreed for part in each.sale),
        timing=rules.exchange_timing,
        policy_version=rma.policy.label if rma.policy else "",
        reason=proposal.reason,
        assessment=assessment,
        requested_by=actor.key,
    )
    for each in agreed:
        _write_line(exchange, each)
    return exchange


def _write_line(exchange: Exchange, agreed: Agreed) -> None:
    asked, line = agreed.asked, agreed.line
    if line.instead:
        forget(line, agreed.units)
        line.save(update_fields=["instead"])
    row = ExchangeLine.objects.create(
        exchange=exchange,
        line=line,
        quantity=count(agreed.units),
        units=agreed.units,
        wanted_sku=asked.wanted_sku or line.sku,
        wanted_title=asked.wanted_title or (line.title if asked.wanted_sku in ("", line.sku) else ""),
        wanted_quantity=units_wanted(asked),
        unit_price=asked.unit_price or 0,
        taxes=[tax.model_dump(mode="json") for tax in asked.taxes],
    )
    sides = ((ExchangeSide.CREDIT, agreed.credit), (ExchangeSide.SALE, agreed.sale))
    ExchangeComponent.objects.bulk_create(
        [
            ExchangeComponent(
                exchange=exchange,
                exchange_line=row,
                side=side,
                kind=part.kind,
                order_line=part.order_line,
                code=part.code,
                amount=part.amount,
            )
            for side, parts in sides
            for part in parts
        ]
    )


@transaction.atomic
def reserve_exchange(*, actor: Actor, exchange_id: UUID, location: str = "") -> Exchange:
    """Hold the new goods at one place: the one given, or the one that has the most to spare.

    Where no place has them all, nothing is held, the exchange stays proposed and a case opens. A balance that the
    customer owes makes it wait for payment. Raises TransitionRefused unless it is proposed, Denied, NotFound.
    """
    exchange = lock_exchange(actor, exchange_id, Permission.RETURNS_DECIDE)
    _reserve(actor, exchange, location)
    return _finished(actor, exchange)


def _reserve(actor: Actor, exchange: Exchange, location: str) -> None:
    lines = list(exchange.lines.order_by("id"))
    wanted = wanted_by_sku(lines)
    fire(exchange.reserve)
    place = location or place_with(wanted, region=exchange.rma.region)
    if not place or not _held(actor, exchange, lines, place):
        exchange.refresh_from_db(fields=["status"])
        spoken = ", ".join(f"{quantity} × {sku}" for sku, quantity in sorted(wanted.items()))
        troubles.exchange_out_of_stock(actor, exchange, spoken)
        return
    exchange.location = place
    exchange.tries += 1
    exchange.save(update_fields=["status", "location", "tries"])
    tell(actor, ExchangeReserved, exchange)
    end_troubles(actor, exchange, "Its goods are held.", "exchange_out_of_stock", "exchange_stock_lost")
    if exchange.balance > _paid(exchange):
        fire(exchange.await_payment)
        exchange.save(update_fields=["status"])
        tell(actor, ExchangePaymentAwaited, exchange)


def _held(actor: Actor, exchange: Exchange, lines: Sequence[ExchangeLine], place: str) -> bool:
    until = now() + timedelta(days=rules_of(exchange.rma.policy).exchange_hold_days)
    subject = exchange.as_subject()
    asked = [
        ReservationIn(
            f"exchange:{row.pk}:{exchange.tries + 1}", row.wanted_sku, row.wanted_quantity, place, subject, until
        )
        for row in lines
    ]
    try:
        with transaction.atomic():
            made = hold(actor, asked)
    except Conflict:  # somebody else was faster, or the place has too few
        return False
    for row, reservation in zip(lines, made, strict=True):
        row.reservation = reservation
        row.save(update_fields=["reservation"])
    return True


@transaction.atomic
def record_payment(*, actor: Actor, exchange_id: UUID, payment: ExchangePaymentIn) -> ExchangePayment:
    """Record what the customer paid for the balance, once for each reference of the gateway; a repeat returns it.

    When the balance is paid the exchange goes on. Money for an exchange that has ended is kept with a case, because it
    must go back. Raises Conflict (the reference is of something else, nothing is owed), Unprocessable (more than is
    owed, another currency), Denied, NotFound.
    """
    exchange = lock_exchange(actor, exchange_id, Permission.REFUNDS_PROPOSE)
    known = _same_payment(exchange, payment)
    if known is not None:
        return known
    _check_owed(exchange, payment)
    made = ExchangePayment.objects.create(
        exchange=exchange,
        gateway=payment.gateway,
        external_reference=payment.external_reference,
        amount=payment.amount,
        currency=payment.currency,
        recorded_by=actor.key,
    )
    tell(actor, ExchangePaymentRecorded, exchange, gateway=made.gateway, paid=made.amount)
    if exchange.status in ENDED:
        troubles.exchange_payment_stranded(actor, exchange, _paid(exchange))
    elif exchange.status == X.AWAITING_PAYMENT and _paid(exchange) >= exchange.balance:
        fire(exchange.take_payment)
        exchange.save(update_fields=["status"])
        tell(actor, ExchangePaid, exchange)
    _finished(actor, exchange)
    return made


def _same_payment(exchange: Exchange, payment: ExchangePaymentIn) -> ExchangePayment | None:
    rows = ExchangePayment.objects.filter(gateway=payment.gateway, external_reference=payment.external_reference)
    known = rows.first()
    if known is None:
        return None
    if (known.exchange_id, known.amount, known.currency) != (exchange.id, payment.amount, payment.currency):
        raise Conflict(
            f"{payment.gateway} {payment.external_reference} is recorded for something else.", code="reference-reused"
        )
    return known


def _check_owed(exchange: Exchange, payment: ExchangePaymentIn) -> None:
    if payment.currency != exchange.currency:
        raise Unprocessable(f"The exchange is in {exchange.currency}.", code="other-currency")
    if exchange.status in ENDED:
        return
    owed = exchange.balance - _paid(exchange)
    if owed <= 0:
        raise Conflict("Nothing is owed for this exchange.", code="not-owed")
    if payment.amount > owed:
        raise Unprocessable(f"Only {Money(owed, exchange.currency)} is owed.", code="more-than-owed", owed=owed)


def still_owed(exchange: Exchange) -> int:
    """Return what the customer still owes of the balance of a live exchange, in minor units; 0 for one that ended."""
    if exchange.status in (*ENDED, X.RELEASED, X.SHIPPED):
        return 0
    return max(0, exchange.balance - _paid(exchange))


def _paid(exchange: Exchange) -> int:
    return int(exchange.payments.aggregate(total=Sum("amount"))["total"] or 0)


@transaction.atomic
def release_exchange(*, actor: Actor, exchange_id: UUID) -> Exchange:
    """Let the new goods go: `exchange.released` is what the warehouse's connection delivers.

    Raises Conflict saying what it waits for, Denied, NotFound.
    """
    exchange = lock_exchange(actor, exchange_id, Permission.RETURNS_DECIDE)
    why = why_not_released(standing_of(exchange.rma), exchange, list(exchange.lines.all()))
    if why:
        raise Conflict(why, code="not-ready", present=str(exchange.status))
    release(actor, exchange)
    return _finished(actor, exchange)


@transaction.atomic
def convert_exchange(*, actor: Actor, exchange_id: UUID, to: ConvertTo, reason: str) -> Exchange:
    """Give money or credit instead: its goods are let go, its units bring `to`, others of their lines stay as they are.

    What was earned is refunded by policy at once; units that a warranty was to replace have earned it. Raises Invalid
    without a reason, Unprocessable for a gift card that policy does not offer, Conflict once the goods are on their
    way, TransitionRefused when it has ended, Denied, NotFound.
    """
    exchange = _stoppable(actor, exchange_id, reason)
    if to == "gift_card" and Resolution(to) not in rules_of(exchange.rma.policy).resolutions:
        raise Unprocessable("Policy does not offer a gift card.", code="not-offered")
    fire(exchange.convert)
    exchange.converted_to = to
    for row in exchange.lines.select_related("line").order_by("id"):
        line = ReturnLine.objects.get(pk=row.line_id)
        promise(line, row.units, Resolution(to))
        line.save(update_fields=["resolution", "instead"])
    _end(actor, exchange, reason)
    tell(actor, ExchangeConverted, exchange, reason)
    refunded_instead(actor, exchange, reason)
    return _finished(actor, exchange)


@transaction.atomic
def cancel_exchange(*, actor: Actor, exchange_id: UUID, reason: str) -> Exchange:
    """Give an exchange up: its goods are let go, its units are free for another one. Raises as convert_exchange."""
    exchange = _stoppable(actor, exchange_id, reason)
    fire(exchange.cancel)
    _end(actor, exchange, reason)
    tell(actor, ExchangeCanceled, exchange, reason)
    if exchange.assessment is not None:
        replacement_due(actor, exchange.assessment, why=f"Its exchange was given up: {reason}")
    return _finished(actor, exchange)


def _stoppable(actor: Actor, exchange_id: UUID, reason: str) -> Exchange:
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    exchange = lock_exchange(actor, exchange_id, Permission.RETURNS_DECIDE)
    if why := why_not_stopped(exchange):
        raise Conflict(why, code="on-its-way", present=str(exchange.status))
    return exchange


def why_not_stopped(exchange: Exchange) -> str:
    """Say why an exchange can no longer be converted or canceled; "" where it can."""
    if exchange.status in PENDING_EXCHANGES or (exchange.status == X.RELEASED and exchange.failure):
        return ""
    if exchange.status == X.RELEASED:
        return "Its goods are on their way: only what the warehouse could not ship is taken back."
    return f"It is {exchange.get_status_display().lower()}."


def _end(actor: Actor, exchange: Exchange, reason: str) -> None:
    """Save an exchange that ended without its goods, let them go, and ask for what was paid to be given back."""
    exchange.exposure_due_at = None
    exchange.save()
    let_go(actor, exchange.lines.exclude(reservation=None).values_list("reservation_id", flat=True), reason)
    if paid := _paid(exchange):
        troubles.exchange_payment_stranded(actor, exchange, paid)


def _finished(actor: Actor, exchange: Exchange) -> Exchange:
    follow_exchanges(exchange.rma)
    refund_by_policy(exchange.rma)
    if exchange.status in ENDED:
        end_troubles(actor, exchange, f"The exchange is {exchange.get_status_display().lower()}.", *MOOT)
    finish(actor, exchange.rma)
    rma = exchange.rma
    exchange.refresh_from_db()
    exchange.rma = rma
    return exchange
