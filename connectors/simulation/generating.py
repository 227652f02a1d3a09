"""Make orders and return requests from a seed: the same seed makes the same ones."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from connectors.simulation.assortment import MARKETS, PRODUCTS, REASONS, Market
from returns.inputs import (
    CustomerIn,
    OrderIn,
    OrderLineIn,
    OrderRef,
    PaymentIn,
    ReturnIn,
    ReturnLineIn,
    ShipmentIn,
    TaxIn,
)

BRAND = "halden"
GATEWAY = "stripe"
OLDEST_DAYS = 24


def orders(seed: int, count: int, until: datetime, *, markets: Sequence[Market] = ()) -> Iterator[OrderIn]:
    """Yield orders placed over the weeks before `until`, oldest first, captured in full by one card payment.

    They are of the markets given, each as often; without any, of the retailer's own by their size.
    """
    dice = random.Random(seed)  # noqa: S311  # not a secret: the same seed must give the same orders
    for index in range(count):
        age = timedelta(days=OLDEST_DAYS * (count - index) / count, minutes=dice.randrange(60))
        market = dice.choice(markets) if markets else dice.choices(MARKETS, weights=(5, 3, 2, 2))[0]
        yield _order(dice, f"{seed}-{index + 1:05}", until - age, market)


def _order(dice: random.Random, key: str, placed_at: datetime, market: Market) -> OrderIn:
    shipped_at = placed_at + timedelta(hours=dice.randrange(6, 40))
    picked = dice.sample(PRODUCTS, k=dice.choice((1, 1, 2, 2, 3)))
    lines = [_line(dice, number, sku.sku, sku.title, sku.category, _price(sku.price, market), market, shipped_at)
             for number, sku in enumerate(picked, start=1)]  # fmt: skip
    return OrderIn(
        channel=market.channel,
        external_id=key,
        number=f"#H{key}",
        region=market.region,
        brand=BRAND,
        store=market.store,
        legal_entity=market.legal_entity,
        country=market.country,
        currency=market.currency,
        placed_at=placed_at,
        shipping_charged=market.shipping,
        customer=CustomerIn(system=market.channel, external_id=f"customer-{dice.randrange(10_000):05}"),
        lines=lines,
        payments=[_payment(key, lines, market, placed_at)],
        shipments=[ShipmentIn(tracking=f"JD{dice.randrange(10**11):011}", carrier="DHL", shipped_at=shipped_at)],
    )


def _price(gbp: int, market: Market) -> int:
    return int(gbp * market.rate) // 10 * 10


def _line(
    dice: random.Random, number: int, sku: str, title: str, category: str, price: int, market: Market, shipped: datetime
) -> OrderLineIn:
    quantity = dice.choice((1, 1, 1, 2, 3))
    discount = price * quantity // 10 if dice.random() < 0.2 else 0
    tax = (price * quantity - discount) * market.vat // (100 + market.vat)
    return OrderLineIn(
        external_id=f"line-{number}",
        sku=sku,
        title=title,
        category=category,
        quantity=quantity,
        unit_price=price,
        discount=discount,
        taxes=[TaxIn(code=f"VAT{market.vat}", amount=tax, included=True)] if tax else [],
        shipped_quantity=quantity,
        shipped_at=shipped,
    )


def _payment(key: str, lines: list[OrderLineIn], market: Market, at: datetime) -> PaymentIn:
    goods = sum(line.unit_price * line.quantity - line.discount for line in lines)
    intent = f"pi_sim_{key.replace('-', '_')}"
    return PaymentIn(
        external_id=intent,
        gateway=GATEWAY,
        captured=goods + market.shipping,
        references={"payment_intent": intent},
        captured_at=at,
    )


def return_of(order: OrderIn, seed: int) -> ReturnIn:
    """Return a customer's request to send part of the order back."""
    dice = random.Random(f"{seed}:{order.external_id}")  # noqa: S311  # as above
    lines = dice.sample(order.lines, k=dice.randint(1, len(order.lines)))
    return ReturnIn(
        order=OrderRef(channel=order.channel, external_id=order.external_id),
        source="portal",
        external_id=f"portal-{order.number}",
        tracking=f"RT{dice.randrange(10**11):011}",
        lines=[
            ReturnLineIn(
                external_id=line.external_id, quantity=dice.randint(1, line.quantity), reason=dice.choice(REASONS)
            )
            for line in lines
        ],
    )
