"""What the API answers about orders. No personal data: a customer is an id."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from retailops.lib.wire import MoneyShape, Shape
from returns.enums import ChargebackStatus
from returns.models import Chargeback, Order, OrderLine, Payment
from returns.services.orders import CaptureResult


class OrderShape(Shape):
    """An order as its channel told it last."""

    id: UUID
    channel: str
    external_id: str
    number: str
    version: int
    region: str
    brand: str
    store: str
    legal_entity: str
    country: str
    currency: str
    customer_id: UUID | None
    shipping_charged: MoneyShape
    shipping_tax: MoneyShape
    placed_at: datetime
    captured_at: datetime
    updated_at: datetime
    correlation_id: UUID


class OrderTax(Shape):
    """One tax on all units of a line."""

    code: str
    amount: MoneyShape
    included: bool


class OrderLineShape(Shape):
    """A line with its frozen allocation: `net` was paid for all its units, after every discount."""

    line_no: int
    external_id: str
    sku: str
    title: str
    category: str
    quantity: int
    shipped_quantity: int
    shipped_at: datetime | None
    delivered_at: datetime | None
    final_sale: bool
    net: MoneyShape
    discount: MoneyShape
    taxes: list[OrderTax]
    duty: MoneyShape


class ChargebackShape(Shape):
    """A dispute of a payment; opened and lost ones have taken its amount."""

    id: UUID
    external_id: str
    status: ChargebackStatus
    amount: MoneyShape
    reason: str
    opened_at: datetime
    answer_by: datetime | None
    closed_at: datetime | None


class PaymentShape(Shape):
    """A captured tender."""

    id: UUID
    external_id: str
    gateway: str
    tender: str
    captured: MoneyShape
    charged_back: MoneyShape
    captured_at: datetime
    chargebacks: list[ChargebackShape]


class ShipmentShape(Shape):
    """A parcel that went to the customer."""

    tracking: str
    carrier: str
    shipped_at: datetime


class OrderDetail(OrderShape):
    """An order with its lines, payments and shipments."""

    lines: list[OrderLineShape]
    payments: list[PaymentShape]
    shipments: list[ShipmentShape]


class OrderList(Shape):
    """One page of orders."""

    results: list[OrderShape]
    next_cursor: str


class CapturedOrder(OrderShape):
    """An order after it was told."""

    created: bool
    superseded: bool = Field(description="A newer version replaced an older one.")
    kept: list[str] = Field(description="What a return relies on and the newer version wanted changed.")


def _fields(order: Order) -> dict[str, Any]:
    return {
        "id": order.id, "channel": order.channel, "external_id": order.external_id, "number": order.number,
        "version": order.version, "region": order.region, "brand": order.brand, "store": order.store,
        "legal_entity": order.legal_entity, "country": order.country, "currency": order.currency,
        "customer_id": order.customer_id,
        "shipping_charged": MoneyShape.of(order.shipping_charged, order.currency),
        "shipping_tax": MoneyShape.of(order.shipping_tax, order.currency), "placed_at": order.placed_at,
        "captured_at": order.captured_at, "updated_at": order.updated_at, "correlation_id": order.correlation_id,
    }  # fmt: skip


def order_shape(order: Order) -> OrderShape:
    """Return one order without what hangs on it."""
    return OrderShape.build(**_fields(order))


def captured_order(result: CaptureResult) -> CapturedOrder:
    """Return the order with what became of the message."""
    return CapturedOrder.build(
        **_fields(result.order), created=result.created, superseded=result.superseded, kept=result.kept
    )


def order_detail(order: Order) -> OrderDetail:
    """Return one order with lines, payments chargebacks and shipments (four queries)."""
    currency = order.currency
    return OrderDetail.build(
        **_fields(order),
        lines=[_line(line, currency) for line in order.lines.all()],
        payments=[_payment(payment) for payment in order.payments.prefetch_related("chargebacks").order_by("id")],
        shipments=[ShipmentShape.model_validate(parcel) for parcel in order.shipments.order_by("id")],
    )


def _line(line: OrderLine, currency: str) -> OrderLineShape:
    taxes = [
        OrderTax.build(
            code=tax["code"], amount=MoneyShape.of(tax["amount"], currency), included=tax.get("included", False)
        )
        for tax in line.taxes
    ]
    return OrderLineShape.build(
        line_no=line.line_no, external_id=line.external_id, sku=line.sku, title=line.title, category=line.category,
        quantity=line.quantity, shipped_quantity=line.shipped_quantity, shipped_at=line.shipped_at,
        delivered_at=line.delivered_at, final_sale=line.final_sale, net=MoneyShape.of(line.net, currency),
        discount=MoneyShape.of(line.discount, currency), taxes=taxes, duty=MoneyShape.of(line.duty, currency),
    )  # fmt: skip


def _payment(payment: Payment) -> PaymentShape:
    return PaymentShape.build(
        id=payment.id, external_id=payment.external_id, gateway=payment.gateway, tender=payment.tender,
        captured=MoneyShape.of(payment.captured, payment.currency),
        charged_back=MoneyShape.of(payment.charged_back, payment.currency), captured_at=payment.captured_at,
        chargebacks=[_chargeback(each) for each in payment.chargebacks.all()],
    )  # fmt: skip


def _chargeback(chargeback: Chargeback) -> ChargebackShape:
    return ChargebackShape.build(
        id=chargeback.id, external_id=chargeback.external_id, status=chargeback.status,
        amount=MoneyShape.of(chargeback.amount, chargeback.currency), reason=chargeback.reason,
        opened_at=chargeback.opened_at, answer_by=chargeback.answer_by, closed_at=chargeback.closed_at,
    )  # fmt: skip
