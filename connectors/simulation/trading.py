"""Let the made-up retailer trade: payments are captured, orders told, some customers ask to send goods back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from connectors import sandbox_control
from connectors.simulation.assortment import SHOP
from connectors.simulation.generating import return_of
from retailops.accounts.actor import Actor
from retailops.lib.errors import DomainError
from retailops.lib.money import major
from returns.inputs import OrderIn
from returns.models import Order, Payment, Return
from returns.services.intake import request_return
from returns.services.orders import BATCH_LIMIT, capture_orders

ACTOR = Actor.system("simulation")


@dataclass
class Traded:
    """What came of trading: orders told, returns asked for, and requests that policy refused (with the reason)."""

    orders: int = 0
    shop_orders: int = 0
    returns: int = 0
    shop_returns: int = 0
    refused: int = 0


def trade(orders: Sequence[OrderIn], share: float, seed: int) -> Iterator[Traded]:
    """Capture the orders, then ask for returns of that share of them; yield the running totals after each step.

    Orders of the shop's channel are made in the shop, which tells us by webhook, as it does of their returns.
    Raises SandboxAway.
    """
    totals = Traded()
    seed_payments_of(orders)
    shop = [order for order in orders if order.channel == SHOP]
    direct = [order for order in orders if order.channel != SHOP]
    for start in range(0, len(direct), BATCH_LIMIT):
        totals.orders += len(capture_orders(actor=ACTOR, orders=direct[start : start + BATCH_LIMIT]))
        yield totals
    for order in shop:
        sandbox_control.seed_shop_order(as_shop_order(order))
        totals.shop_orders += 1
        yield totals
    returned = [order for index, order in enumerate(orders) if int(index * share) != int((index + 1) * share)]
    for order in returned:
        _ask(order, seed, totals)
        yield totals


def _ask(order: OrderIn, seed: int, totals: Traded) -> None:
    request = return_of(order, seed)
    if order.channel == SHOP:
        lines = [{"sku": _sku(order, line.external_id), "quantity": line.quantity} for line in request.lines]
        sandbox_control.ask_shop_return({"order": order.number, "lines": lines})
        totals.shop_returns += 1
        return
    try:
        request_return(actor=ACTOR, request=request)
        totals.returns += 1
    except DomainError:
        totals.refused += 1


def _sku(order: OrderIn, line: str) -> str:
    return next(each.sku for each in order.lines if each.external_id == line)


def seed_payments_of(orders: Sequence[OrderIn]) -> None:
    """Make the gateway know the payments of these orders; those that it knows stay as they are."""
    sandbox_control.seed_payments(
        [
            {
                "id": payment.references["payment_intent"],
                "amount": payment.captured,
                "currency": order.currency.lower(),
            }
            for order in orders
            for payment in order.payments
        ]
    )


def seed_payments_behind(returns: Sequence[UUID]) -> int:
    """Make the gateway know the payments of the returns' orders (taken over from a file, say); return how many."""
    orders = Order.objects.filter(returns__id__in=returns).distinct()
    payments = [
        {
            "id": payment.references["payment_intent"],
            "amount": payment.captured,
            "currency": payment.currency.lower(),
        }
        for payment in Payment.objects.filter(order__in=orders, gateway="stripe")
        if "payment_intent" in payment.references and payment.captured
    ]
    sandbox_control.seed_payments(payments)
    return len(payments)


def as_shop_order(order: OrderIn) -> dict[str, object]:
    """Return the order as the shop is told to make it, which then tells us of it."""
    return {
        "name": order.number,
        "currency": order.currency,
        "created_at": order.placed_at.isoformat(),
        "email": f"{order.customer.external_id}@example.com" if order.customer else "",
        "emit": True,
        "gateway": "stripe",
        # Where the shop's checkout notes what it captured, for whoever refunds it.
        "note_attributes": [{"name": name, "value": key} for name, key in order.payments[0].references.items()],
        "shipping": _text(order.shipping_charged, order.currency),
        "lines": [
            {
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "price": _text(line.unit_price, order.currency),
                "discount": _text(line.discount, order.currency),
            }
            for line in order.lines
        ],
    }


def _text(amount: int, currency: str) -> str:
    return str(major(amount, currency))


def unfinished() -> list[UUID]:
    """Return the returns that are neither closed nor ended otherwise, oldest first."""
    ended = ("closed", "declined", "canceled", "expired")
    return list(Return.objects.exclude(status__in=ended).order_by("id").values_list("id", flat=True))
