"""What is sold before a storm: orders of every market, one for each life, as its kind of return needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from connectors.simulation.assortment import FURTHER_MARKETS, MARKETS, SHOP, Market
from connectors.simulation.generating import orders
from connectors.simulation.storm.ground import CAMERA
from connectors.simulation.trading import ACTOR
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from returns.enums import ReturnKind, StoredKind
from returns.inputs import CustomerIn, OrderIn, PaymentIn
from returns.inputs.stored_value import GiftIn, RedemptionIn
from returns.models import Order
from returns.money_paths import OWN_LEDGER
from returns.services.giving_value import give_stored_value
from returns.services.orders import capture_orders
from returns.services.redeeming import redeem_stored_value

K = ReturnKind
# Of a hundred returns, how many come back how, about as retailers publish it.
KINDS = {
    K.MAIL_IN: 46, K.DROP_OFF: 13, K.BORIS: 10, K.STORE: 7, K.MARKETPLACE: 6, K.EXCHANGE: 6, K.RETURNLESS: 4,
    K.WARRANTY: 3, K.RETURN_TO_SENDER: 3, K.BLIND: 2,
}  # fmt: skip
STORE_MARKET = next(market for market in MARKETS if market.store)
MARKETPLACE = FURTHER_MARKETS[-1]
ONLINE = [market for market in (*MARKETS, *FURTHER_MARKETS[:-1]) if not market.store]
WEIGHTS = (45, 25, 15, 9, 6)
SPLIT, STORED, LATE, SERIALIZED, TWIN = 0.14, 0.05, 0.06, 0.03, 0.03


@dataclass(frozen=True)
class Sold:
    """An order and the kind of return that will be asked for of it; `dice` throws everything else of that life."""

    kind: ReturnKind
    order: OrderIn
    dice: Random


def sell(seed: int, chunk: int, count: int, *, shop: bool) -> list[Sold]:
    """Return orders that have been captured, one a life, but for those of which a return was asked for already; the
    same seed and chunk sell the same. Without `shop` the channel of the shop, which would have to know its orders, is
    another one."""
    dice = Random(f"{seed}:{chunk}")  # noqa: S311  # the same seed must give the same storm
    kinds = dice.sample([kind for kind, share in KINDS.items() for _ in range(share)], k=count)
    sold = [Sold(kind, _order(seed, chunk, place, kind, dice, shop=shop), Random(f"{seed}:{chunk}:{place}"))  # noqa: S311  # as above
            for place, kind in enumerate(kinds)]  # fmt: skip
    begun = _begun([each.order for each in sold])
    left = [each for each in sold if not {each.order.external_id, _again(each.order)} & begun]
    capture_orders(actor=ACTOR, orders=[each.order for each in left])
    return [_partly_by_credit(each) if each.dice.random() < STORED else each for each in left]


def _begun(told: Sequence[OrderIn]) -> set[str]:
    """Return those of which a storm before this one, which was stopped, has asked for a return."""
    names = [name for order in told for name in (order.external_id, _again(order))]
    rows = Order.objects.filter(external_id__in=names, returns__isnull=False)
    return set(rows.values_list("external_id", flat=True))


def _again(order: OrderIn) -> str:
    return f"{order.external_id}-again"


def _market(kind: ReturnKind, dice: Random) -> Market:
    if kind == K.STORE:
        return STORE_MARKET
    if kind == K.MARKETPLACE:
        return MARKETPLACE
    return dice.choices(ONLINE, WEIGHTS)[0]


def _order(seed: int, chunk: int, place: int, kind: ReturnKind, dice: Random, *, shop: bool) -> OrderIn:
    market = _market(kind, dice)
    [made] = orders(dice.randrange(10**9), 1, now(), markets=[market])
    key = f"storm-{seed}-{chunk}-{place}"
    age = timedelta(days=dice.randrange(40, 300) if kind == K.WARRANTY else 0)
    age = age or timedelta(days=dice.randrange(35, 60) if dice.random() < LATE else dice.randrange(1, 20))
    shipped = now() - age
    lines = [line.model_copy(update={"shipped_at": shipped}) for line in made.lines]
    if dice.random() < SERIALIZED and market.currency == "GBP":
        numbers = [f"{key}-{unit}" for unit in range(lines[0].quantity)]
        lines[0] = lines[0].model_copy(update={"sku": CAMERA.sku, "serials": numbers})
    parcel = made.shipments[0].model_copy(update={"tracking": f"OUT-{key}", "shipped_at": shipped})
    changes = {
        "external_id": key, "number": f"#{key}", "placed_at": shipped - timedelta(days=1), "lines": lines,
        "shipments": [parcel], "customer": _customer(market, key, dice),
        "payments": _payments(made.payments[0].captured, key, kind, dice),
    }  # fmt: skip
    if market.channel == SHOP and not shop:
        changes["channel"] = "web-uk"
    return made.model_copy(update=changes)


def _customer(market: Market, key: str, dice: Random) -> CustomerIn:
    """Return who bought; now and then somebody whom another channel knows by the same name and address."""
    twin = dice.random() < TWIN
    who = f"twin-{dice.randrange(50)}" if twin else f"customer-{dice.randrange(50_000)}"
    return CustomerIn(
        system=market.channel, external_id=f"{who}-{key[-3:]}" if twin else who, name=who,
        email=f"{who}@example.com", email_verified=dice.random() < 0.5,
    )  # fmt: skip


def _payments(captured: int, key: str, kind: ReturnKind, dice: Random) -> list[PaymentIn]:
    if kind == K.MARKETPLACE:
        return [PaymentIn(external_id=f"mp_{key}", gateway="marketplace", tender="marketplace", captured=captured)]
    parts = [captured]
    if dice.random() < SPLIT and captured > 10:
        first = dice.randrange(1, captured)
        parts = [first, captured - first]
    return [_card(amount, f"{key}_{number}") for number, amount in enumerate(parts)]


def _card(amount: int, key: str) -> PaymentIn:
    intent = f"pi_{key.replace('-', '_')}"
    return PaymentIn(external_id=intent, gateway="stripe", captured=amount, references={"payment_intent": intent})


def _partly_by_credit(sold: Sold) -> Sold:
    """Give the customer a little value for this order, and sell another one that is partly paid by it."""
    order, captured = sold.order, sum(payment.captured for payment in sold.order.payments)
    if sold.kind == K.MARKETPLACE or captured < 10:
        return sold
    former = Order.objects.get(channel=order.channel, external_id=order.external_id)
    amount = sold.dice.randrange(1, min(3_000, captured))
    kind = sold.dice.choice((StoredKind.STORE_CREDIT, StoredKind.GIFT_CARD))
    gift = GiftIn(kind=kind, order_id=former.id, amount=amount, reason="late parcel", key="storm")
    try:
        given = give_stored_value(actor=ACTOR, gift=gift)
    except Conflict:
        return sold  # a storm before this one, which was stopped, has asked for it
    if given.entry is None:
        return sold  # so much waits for a second person
    reference = f"rd-{order.external_id}"
    redemption = RedemptionIn(
        account_id=given.account.id, amount=amount, currency=order.currency, reference=reference
    )  # fmt: skip
    redeem_stored_value(actor=ACTOR, redemption=redemption)
    payments = [
        PaymentIn(external_id=reference, gateway=OWN_LEDGER, tender=kind, captured=amount),
        _card(captured - amount, f"{order.external_id}_rest"),
    ]
    again = order.model_copy(
        update={
            "external_id": _again(order),
            "number": f"{order.number}-again",
            "payments": payments,
            "shipments": [order.shipments[0].model_copy(update={"tracking": f"OUT-{_again(order)}"})],
            "lines": [line.model_copy(update={"serials": []}) for line in order.lines],
        }
    )
    capture_orders(actor=ACTOR, orders=[again])
    return Sold(sold.kind, again, sold.dice)
