"""How returns begin in a storm: each kind by the command that its channel, till or carrier gives."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from connectors.simulation.assortment import REASONS
from connectors.simulation.storm.ground import Ground
from connectors.simulation.storm.selling import Sold
from connectors.simulation.trading import ACTOR
from inventory.enums import Disposition
from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from returns.enums import Resolution, ReturnKind
from returns.inputs import BlindReceiptIn, OrderIn, OrderLineIn, OrderRef, ReceiptLineIn, ReturnIn, ReturnLineIn
from returns.inputs.drafts import DraftIn
from returns.inputs.parcels import ReturnToSenderIn
from returns.inputs.requests import MarketplaceIn
from returns.inputs.store import StoreBatchIn, StoreLineIn, StoreReturnIn
from returns.models import Return
from returns.services.blind import receive_blind
from returns.services.carrier_returns import return_to_sender
from returns.services.drafts import change_draft, discard_draft, save_draft, submit_draft
from returns.services.intake import request_return
from returns.services.store_batches import receive_store_batch
from returns.services.till import return_in_store

K, R = ReturnKind, Resolution
AGENT = Actor.system("storm agent")
# What customers ask for, where the kind leaves a choice.
WISHES = {R.REFUND: 84, R.STORE_CREDIT: 9, R.GIFT_CARD: 4, R.NONE: 3}
PROMISES = {K.EXCHANGE: R.EXCHANGE, K.WARRANTY: R.REPAIR}
DRAFTED, AT_TILL, OFFLINE = 0.08, 0.7, 0.2
Begin = Callable[[Sold, Ground], Return | None]


def begin(sold: Sold, ground: Ground) -> Return | None:
    """Ask for the return; None where it ended before it was one. Raises DomainError where policy refuses."""
    return BEGINNINGS.get(sold.kind, _asked)(sold, ground)


def _asked(sold: Sold, _ground: Ground) -> Return | None:
    request = request_of(sold)
    if sold.kind == K.MAIL_IN and sold.dice.random() < DRAFTED:
        return _drafted(sold, request)
    return request_return(actor=AGENT, request=request)


def request_of(sold: Sold) -> ReturnIn:
    """Return the request; goods whose window is over are asked for beyond policy now and then."""
    order, dice = sold.order, sold.dice
    old = now() - order.placed_at > timedelta(days=31)
    beyond = sold.kind not in (K.WARRANTY, K.MARKETPLACE) and old and dice.random() < 0.6
    asked_there = MarketplaceIn(name="market", return_id=f"mr-{order.external_id}", answer_by=now())
    return ReturnIn(
        order=_ref(order),
        kind=sold.kind,
        source="portal",
        external_id=f"portal-{order.external_id}",
        tracking=f"RT-{order.external_id}",
        lines=_lines(sold),
        override_reason="a good customer" if beyond else "",
        marketplace=asked_there if sold.kind == K.MARKETPLACE else None,
    )


def _lines(sold: Sold) -> list[ReturnLineIn]:
    picked = sold.dice.sample(sold.order.lines, k=sold.dice.randint(1, len(sold.order.lines)))
    wish = PROMISES.get(sold.kind) or _one_of(WISHES, sold.dice)
    if sold.kind == K.MARKETPLACE:
        wish = R.REFUND
    evidence = ["photo"] if sold.kind == K.WARRANTY else []
    return [
        ReturnLineIn(
            external_id=line.external_id, quantity=sold.dice.randint(1, line.quantity), resolution=wish,
            reason="defective" if sold.kind == K.WARRANTY else sold.dice.choice(REASONS), evidence=evidence,
        )
        for line in picked
    ]  # fmt: skip


def _one_of(weights: dict[Resolution, int], dice: Random) -> Resolution:
    return dice.choices(list(weights), list(weights.values()))[0]


def _ref(order: OrderIn) -> OrderRef:
    return OrderRef(channel=order.channel, external_id=order.external_id)


def _drafted(sold: Sold, request: ReturnIn) -> Return | None:
    """Somebody writes it down, changes it, and sends it off or gives it up."""
    draft = DraftIn(order=request.order, kind=request.kind, lines=request.lines)
    rma = save_draft(actor=AGENT, draft=draft)
    if sold.dice.random() < 0.5:
        rma = change_draft(actor=AGENT, return_id=rma.id, lines=request.lines[:1])
    if sold.dice.random() < 0.15:
        discard_draft(actor=AGENT, return_id=rma.id, reason="asked by mistake")
        return None
    return submit_draft(actor=AGENT, return_id=rma.id, override_reason=request.override_reason)


def _at_store(sold: Sold, ground: Ground) -> Return | None:
    chance = sold.dice.random()
    if chance < OFFLINE:
        return _by_offline_till(sold, ground)
    if chance > AT_TILL + OFFLINE:
        return request_return(actor=AGENT, request=request_of(sold))
    till = StoreReturnIn(
        order=_ref(sold.order), store=ground.store, receipt_number=sold.order.external_id,
        kind="store" if sold.kind == K.STORE else "boris", lines=_on_the_counter(sold),
    )  # fmt: skip
    return return_in_store(actor=AGENT, till=till).rma


def _on_the_counter(sold: Sold) -> list[StoreLineIn]:
    found = []
    for line in _lines(sold):
        bad = sold.dice.random() < 0.1
        where = Disposition.DAMAGED if bad else Disposition.SELLABLE
        found.append(StoreLineIn(**line.model_dump(), accepted=not bad or sold.dice.random() < 0.5, disposition=where))
    return found


def _by_offline_till(sold: Sold, ground: Ground) -> Return | None:
    """The till had no line: it took the goods and paid in cash, sometimes another amount than is owed."""
    order, dice = sold.order, sold.dice
    line = dice.choice(order.lines)
    amount = line.unit_price - (line.discount // line.quantity) + (dice.randrange(500) if dice.random() < 0.1 else 0)
    at = (now() - timedelta(hours=2)).isoformat()
    item = {
        "id": f"till-{order.external_id}", "kind": "store" if sold.kind == K.STORE else "boris", "happened_at": at,
        "order_number": order.number if dice.random() > 0.05 else "NOBODY-KNOWS", "reason": "changed_mind",
        "lines": [{"sku": line.sku, "quantity": 1, "reason": "changed_mind"}],
        "refunds": [{"reference": f"cash-{order.external_id}", "amount": max(1, amount), "paid_at": at}],
    }  # fmt: skip
    batch = StoreBatchIn(
        store=ground.store, reference=f"batch-{order.external_id}", region=order.region, brand=order.brand,
        currency=order.currency, items=[item],
    )  # fmt: skip
    receive_store_batch(actor=ACTOR, batch=batch)
    if dice.random() < 0.2:
        receive_store_batch(actor=ACTOR, batch=batch)
    return Return.objects.filter(order__external_id=order.external_id).first()


def _undelivered(sold: Sold, _ground: Ground) -> Return:
    lines = [ReturnLineIn(external_id=line.external_id, quantity=line.quantity) for line in sold.order.lines]
    notice = ReturnToSenderIn(tracking=sold.order.shipments[0].tracking, carrier="DHL", lines=lines)
    return return_to_sender(actor=AGENT, notice=notice)


def _blind(sold: Sold, ground: Ground) -> Return:
    """A parcel without a word: what is in it is of the order, or of nobody's."""
    order = sold.order
    receipt = BlindReceiptIn(
        scan_id=f"blind-{order.external_id}", location=ground.warehouse_of(order.region), region=order.region,
        brand=order.brand,
        currency=order.currency, legal_entity=order.legal_entity,
        lines=[ReceiptLineIn(sku=line.sku, quantity=1) for line in _kinds_of(order.lines)],
    )  # fmt: skip
    return receive_blind(actor=AGENT, receipt=receipt)


def _kinds_of(lines: list[OrderLineIn]) -> list[OrderLineIn]:
    return list({line.sku: line for line in lines}.values())


BEGINNINGS: dict[ReturnKind, Begin] = {
    K.BORIS: _at_store,
    K.STORE: _at_store,
    K.RETURN_TO_SENDER: _undelivered,
    K.BLIND: _blind,
}
