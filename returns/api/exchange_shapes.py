"""What the API answers about exchanges."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from retailops.lib.wire import MoneyShape, Shape
from returns.enums import ComponentKind, ExchangeSide, ExchangeStatus, ExchangeTiming, Resolution
from returns.exchange_terms import standing_of, why_not_released
from returns.models import Exchange, ExchangeComponent, ExchangePayment


class ExchangeComponentShape(Shape):
    """A part of one gross side."""

    side: ExchangeSide
    kind: ComponentKind
    code: str
    amount: MoneyShape


class ExchangeLineShape(Shape):
    """Units that come back, and the goods that go out for them. `reservation` is null until they were held."""

    line_no: int
    sku: str
    quantity: int
    wanted_sku: str
    wanted_title: str
    wanted_quantity: int
    unit_price: MoneyShape
    reservation: str | None = Field(description="held, consumed, released, expired or broken.")


class ExchangePaymentShape(Shape):
    """Money that the customer paid for the balance."""

    id: UUID
    gateway: str
    external_reference: str
    amount: MoneyShape
    recorded_by: str
    recorded_at: datetime


class ExchangeShape(Shape):
    """Other goods for units of a return. Both sides are gross; `balance` is sale less credit: above zero the customer
    owes it, below it is refunded when the goods came and went."""

    id: UUID
    return_id: UUID
    ordinal: int
    status: ExchangeStatus
    resolution: Resolution
    timing: ExchangeTiming
    credit: MoneyShape
    sale: MoneyShape
    balance: MoneyShape
    paid: MoneyShape
    waits_for: str = Field(description="What its release waits for, in words; empty when its goods may go or went.")
    location: str
    reason: str
    policy_version: str
    requested_by: str
    failure: str = Field(description="What the warehouse said when it could not ship.")
    external_reference: str
    carrier: str
    tracking: str
    converted_to: str
    proposed_at: datetime
    released_at: datetime | None
    shipped_at: datetime | None
    settled_at: datetime | None
    ended_at: datetime | None
    lines: list[ExchangeLineShape]
    components: list[ExchangeComponentShape]
    payments: list[ExchangePaymentShape]


class ExchangeList(Shape):
    """All exchanges of one return, oldest first."""

    results: list[ExchangeShape]


def exchange_shape(exchange: Exchange) -> ExchangeShape:
    """Return one exchange with its lines, both sides and payments."""
    currency = exchange.currency
    payments = list(exchange.payments.order_by("id"))
    return ExchangeShape.build(
        id=exchange.id, return_id=exchange.rma_id, ordinal=exchange.ordinal, status=exchange.status,
        resolution=exchange.resolution, timing=exchange.timing, credit=MoneyShape.of(exchange.credit, currency),
        sale=MoneyShape.of(exchange.sale, currency), balance=MoneyShape.of(exchange.balance, currency),
        paid=MoneyShape.of(sum(payment.amount for payment in payments), currency), waits_for=waits_for(exchange),
        location=exchange.location, reason=exchange.reason, policy_version=exchange.policy_version,
        requested_by=exchange.requested_by, failure=exchange.failure, external_reference=exchange.external_reference,
        carrier=exchange.carrier, tracking=exchange.tracking, converted_to=exchange.converted_to,
        proposed_at=exchange.proposed_at, released_at=exchange.released_at, shipped_at=exchange.shipped_at,
        settled_at=exchange.settled_at, ended_at=exchange.ended_at, lines=_lines(exchange),
        components=[_component(part, currency) for part in exchange.components.order_by("id")],
        payments=[payment_shape(payment) for payment in payments],
    )  # fmt: skip


def waits_for(exchange: Exchange) -> str:
    """Return what the release of a live exchange waits for; "" for one that was released or has ended."""
    if exchange.status == ExchangeStatus.PROPOSED:
        return "Its goods are not reserved."
    if exchange.status not in (ExchangeStatus.RESERVED, ExchangeStatus.AWAITING_PAYMENT):
        return ""
    return why_not_released(standing_of(exchange.rma), exchange, list(exchange.lines.all()))


def payment_shape(payment: ExchangePayment) -> ExchangePaymentShape:
    """Return one payment."""
    return ExchangePaymentShape.build(
        id=payment.id, gateway=payment.gateway, external_reference=payment.external_reference,
        amount=MoneyShape.of(payment.amount, payment.currency), recorded_by=payment.recorded_by,
        recorded_at=payment.recorded_at,
    )  # fmt: skip


def _component(part: ExchangeComponent, currency: str) -> ExchangeComponentShape:
    return ExchangeComponentShape.build(
        side=part.side, kind=part.kind, code=part.code, amount=MoneyShape.of(part.amount, currency)
    )


def _lines(exchange: Exchange) -> list[ExchangeLineShape]:
    return [
        ExchangeLineShape.build(
            line_no=row.line.line_no, sku=row.line.sku, quantity=row.quantity, wanted_sku=row.wanted_sku,
            wanted_title=row.wanted_title, wanted_quantity=row.wanted_quantity,
            unit_price=MoneyShape.of(row.unit_price, exchange.currency),
            reservation=row.reservation and str(row.reservation.status),
        )
        for row in exchange.lines.select_related("line", "reservation").order_by("id")
    ]  # fmt: skip
