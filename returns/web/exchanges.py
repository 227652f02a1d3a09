"""What the page of a return shows of its exchanges, and what a person may do with each of them now, and why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inventory.selectors import reservations_of
from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.lib.money import Money
from returns.enums import ExchangeSide, ExchangeStatus, ReturnStatus
from returns.exchange_terms import standing_of, why_not_released
from returns.inputs import read
from returns.inputs.exchanges import ExchangePaymentIn, ShipmentOut
from returns.models import Exchange, ExchangeComponent, ExchangeLine, ExchangePayment, Return
from returns.services import exchange_balance, exchange_shipping, exchanges
from returns.services.exchange_balance import why_no_balance
from returns.web import exchange_forms as forms

X = ExchangeStatus
Data = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One command on an exchange as a person is offered it."""

    key: str
    label: str
    icon: str
    permission: Permission
    blocked: Callable[[Exchange], str]
    form: type[forms.StepForm]
    run: Callable[[Actor, Exchange, Data], object]
    consequence: str
    done: str
    danger: bool = False


@dataclass(frozen=True)
class StepOffer:
    """A step with the reason why not now; an empty reason means that it may be done."""

    step: Step
    reason: str


@dataclass(frozen=True)
class ExchangeView:
    """One exchange as the page shows it."""

    exchange: Exchange
    lines: list[ExchangeLine]
    credit: list[ExchangeComponent]
    sale: list[ExchangeComponent]
    payments: list[ExchangePayment]
    held_until: Any
    waits_for: str
    offers: list[StepOffer]

    @property
    def owed(self) -> Money:
        """Return what the customer still owes."""
        paid = sum(payment.amount for payment in self.payments)
        return Money(max(0, self.exchange.balance - paid), self.exchange.currency)

    @property
    def favor(self) -> Money:
        """Return what of the credit the sale does not use up: it goes back to the customer."""
        return Money(max(0, -self.exchange.balance), self.exchange.currency)


def views(actor: Actor, rma: Return) -> list[ExchangeView]:
    """Return the exchanges of the return, oldest first."""
    rows = rma.exchanges.prefetch_related("lines__line", "lines__reservation", "components", "payments").order_by("id")
    return [_view(actor, rma, exchange) for exchange in rows]


def _view(actor: Actor, rma: Return, exchange: Exchange) -> ExchangeView:
    exchange.rma = rma
    parts = sorted(exchange.components.all(), key=lambda part: part.pk)
    held = reservations_of(exchange.id).filter(status="held").order_by("expires_at").first()
    return ExchangeView(
        exchange=exchange,
        lines=sorted(exchange.lines.all(), key=lambda row: row.pk),
        credit=[part for part in parts if part.side == ExchangeSide.CREDIT],
        sale=[part for part in parts if part.side == ExchangeSide.SALE],
        payments=sorted(exchange.payments.all(), key=lambda payment: payment.id),
        held_until=held.expires_at if held else None,
        waits_for=waits_for(exchange),
        offers=offers(actor, exchange),
    )


def waits_for(exchange: Exchange) -> str:
    """Say what an exchange waits for, and for whom; "" when it has ended."""
    if exchange.status == X.PROPOSED:
        return "Waits for you: its goods are not held yet."
    if exchange.status == X.AWAITING_PAYMENT:
        return "Waits for the customer: the balance is not paid."
    if exchange.status == X.RESERVED:
        why = why_not_released(standing_of(exchange.rma), exchange, list(exchange.lines.all()))
        return why or "Waits for you: its goods may go now."
    if exchange.status == X.RELEASED:
        return f"The warehouse cannot ship it: {exchange.failure}." if exchange.failure else "Waits for the warehouse."
    if exchange.status == X.SHIPPED and exchange.settled_at is None:
        return "Waits for the goods of the customer."
    return ""


def offers(actor: Actor, exchange: Exchange) -> list[StepOffer]:
    """Return the steps that the actor's role allows; of an exchange that has ended, at most to pay its balance."""
    if exchange.status in (X.SHIPPED, X.CONVERTED, X.CANCELED) and why_no_balance(exchange):
        return []
    rma = exchange.rma
    allowed = [step for step in STEPS.values() if can(actor, step.permission, region=rma.region, brand=rma.brand)]
    if exchange.status == X.SHIPPED:
        allowed = [step for step in allowed if step.key == "balance"]
    found = [StepOffer(step, step.blocked(exchange)) for step in allowed]
    return [offer for offer in found if not (offer.reason and offer.step.key in _ONLY_WHEN_OPEN)]


def not_proposed(exchange: Exchange) -> str:
    """Say why its goods cannot be reserved."""
    return "" if exchange.status == X.PROPOSED else "Its goods are held already."


def not_owed(exchange: Exchange) -> str:
    """Say why no payment can be recorded."""
    return "" if exchanges.still_owed(exchange) > 0 else "Nothing is owed."


def not_ready(exchange: Exchange) -> str:
    """Say why it cannot be released."""
    return why_not_released(standing_of(exchange.rma), exchange, list(exchange.lines.all()))


def not_released(exchange: Exchange) -> str:
    """Say why it cannot be recorded as shipped."""
    return "" if exchange.status == X.RELEASED else "It is not released."


def _reserve(actor: Actor, exchange: Exchange, data: Data) -> object:
    return exchanges.reserve_exchange(actor=actor, exchange_id=exchange.id)


def _pay(actor: Actor, exchange: Exchange, data: Data) -> object:
    payment = read(ExchangePaymentIn, {**data, "currency": exchange.currency})
    return exchanges.record_payment(actor=actor, exchange_id=exchange.id, payment=payment)


def _release(actor: Actor, exchange: Exchange, data: Data) -> object:
    return exchanges.release_exchange(actor=actor, exchange_id=exchange.id)


def _ship(actor: Actor, exchange: Exchange, data: Data) -> object:
    shipment = read(ShipmentOut, dict(data))
    return exchange_shipping.ship_exchange(actor=actor, exchange_id=exchange.id, shipment=shipment)


def _convert(actor: Actor, exchange: Exchange, data: Data) -> object:
    return exchanges.convert_exchange(actor=actor, exchange_id=exchange.id, to=data["to"], reason=data["reason"])


def _cancel(actor: Actor, exchange: Exchange, data: Data) -> object:
    return exchanges.cancel_exchange(actor=actor, exchange_id=exchange.id, reason=data["reason"])


def _balance(actor: Actor, exchange: Exchange, data: Data) -> object:
    return exchange_balance.propose_balance(actor=actor, exchange_id=exchange.id, reason=data["reason"])


DECIDE = Permission.RETURNS_DECIDE
# Shown only while they can be done: what is past needs no greyed button.
_ONLY_WHEN_OPEN = ("reserve", "pay", "ship", "balance")
STEPS: dict[str, Step] = {
    step.key: step
    for step in (
        Step(
            "reserve", "Hold the goods", "lock-closed", DECIDE, not_proposed, forms.StepForm, _reserve,
            "The new goods are held where most of them are. If nowhere has enough, a case says so.",
            "Asked for the goods; what came of it shows here.",
        ),
        Step(
            "pay", "Record payment", "banknotes", Permission.REFUNDS_PROPOSE, not_owed, forms.PaymentForm, _pay,
            "Nothing is charged here: record only what the gateway shows as paid.", "Payment recorded.",
        ),
        Step(
            "release", "Release", "paper-airplane", DECIDE, not_ready, forms.StepForm, _release,
            "The warehouse is told to ship the new goods. That cannot be called back here.", "Exchange released.",
        ),
        Step(
            "ship", "Record shipping", "truck", Permission.RETURNS_RECEIVE, not_released, forms.ShipmentForm, _ship,
            "The goods leave our books. Use it only for goods that no connected warehouse ships.",
            "Shipping recorded.",
        ),
        Step(
            "convert", "Convert", "arrow-path-rounded-square", DECIDE, exchanges.why_not_stopped, forms.ConvertForm,
            _convert, "The held goods are let go, and the customer gets money or credit for the units by policy.",
            "Exchange converted.",
        ),
        Step(
            "balance", "Propose balance again", "banknotes", Permission.REFUNDS_PROPOSE, why_no_balance, forms.EndForm,
            _balance, "What the exchange owes the customer is reserved once more, and approved like any refund.",
            "Balance proposed.",
        ),
        Step(
            "cancel", "Cancel exchange", "x-circle", DECIDE, exchanges.why_not_stopped, forms.EndForm, _cancel,
            "The held goods are let go. The units stay on the return, for another exchange.", "Exchange canceled.",
            danger=True,
        ),
    )
}  # fmt: skip


def nothing_to_exchange(rma: Return) -> str:
    """Say why no exchange can be proposed."""
    if rma.status != ReturnStatus.AUTHORIZED:
        return "Only while the return is authorized."
    return "" if forms.can_be_exchanged(rma) else "Every unit is refunded, exchanged or given up already."
