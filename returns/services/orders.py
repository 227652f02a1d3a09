"""Capture orders as their channels tell them: new ones set-based, newer versions of known ones by supersession.

An older version changes nothing. What a return relies on (its lines' value and quantity, what a payment captured) is
never rewritten: a newer version that differs there is taken for all the rest and opens a case.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.publish import append, compose
from retailops.lib.clock import now
from retailops.lib.money import allocate
from returns.facts import order_fact
from returns.inputs import OrderIn, OrderLineIn, PaymentIn
from returns.models import CustomerIdentity, Order, OrderLine, Payment, Return, Shipment
from returns.services.comparing import compare
from returns.services.identifying import identify, key_of
from returns.services.serials import record_sold
from returns.services.superseding import Superseded, supersede
from returns.services.surviving import Telling, take_claims

BATCH_LIMIT = 500
ADDED_LATER = ("email_verified", "phone", "phone_verified", "loyalty_id")
Key = tuple[str, str]


@dataclass(frozen=True)
class CaptureResult:
    """What became of one order. `kept` names what a newer version wanted changed but a return relies on."""

    order: Order
    created: bool
    superseded: bool = False
    kept: list[str] = field(default_factory=list)


def capture_order(*, actor: Actor, order: OrderIn) -> CaptureResult:
    """Capture one order; see capture_orders."""
    return capture_orders(actor=actor, orders=[order])[0]


@transaction.atomic
def capture_orders(*, actor: Actor, orders: Sequence[OrderIn]) -> list[CaptureResult]:
    """Capture up to 500 orders in one transaction; the results are in the order of the input.

    Idempotent by channel, external id and version. Publishes `order.captured` for each that is new or newer. Raises
    Denied unless the actor may write orders in each one's region and brand, ValueError above the limit.
    """
    if len(orders) > BATCH_LIMIT:
        raise ValueError(f"at most {BATCH_LIMIT} orders at once")
    for order in orders:
        require(actor, Permission.ORDERS_WRITE, region=order.region, brand=order.brand)
    results: dict[int, CaptureResult] = {}
    for turn in _turns(orders):
        results.update(_capture(actor, turn))
    return [results[index] for index in range(len(orders))]


def _turns(orders: Sequence[OrderIn]) -> list[dict[int, OrderIn]]:
    """Split so that no turn has the same order twice: versions of one order are taken one after another."""
    turns: list[dict[int, OrderIn]] = []
    seen: dict[Key, int] = {}
    for index, order in enumerate(orders):
        turn = seen[_key(order)] = seen.get(_key(order), -1) + 1
        if turn == len(turns):
            turns.append({})
        turns[turn][index] = order
    return turns


def _key(order: OrderIn | Order) -> Key:
    return order.channel, order.external_id


def _capture(actor: Actor, wanted: dict[int, OrderIn]) -> dict[int, CaptureResult]:
    people = identify(actor, wanted.values())
    known = _locked(wanted.values())
    fresh = {i: _order(each, people) for i, each in wanted.items() if _key(each) not in known}
    Order.objects.bulk_create(fresh.values(), ignore_conflicts=True)
    if fresh:  # somebody else may have captured one of them in between
        present = _locked(wanted[i] for i in fresh)
        lost = [i for i, order in fresh.items() if present[_key(order)].id != order.id]
        known.update({_key(wanted[i]): present[_key(wanted[i])] for i in lost})
        fresh = {i: order for i, order in fresh.items() if i not in lost}
    _write_parts([(order, wanted[i]) for i, order in fresh.items()])
    results = {i: CaptureResult(order, created=True) for i, order in fresh.items()}
    for i in wanted.keys() - fresh.keys():
        results[i] = _newer(actor, known[_key(wanted[i])], wanted[i], people)
    changed = [i for i in sorted(results) if results[i].created or results[i].superseded]
    heard = [each for i, each in sorted(wanted.items()) if i in changed or each.source]
    take_claims(_tellings(heard, people))
    record_sold([(results[i].order, wanted[i]) for i in changed])
    _tell(actor, [(results[i], wanted[i]) for i in changed])
    return results


def _locked(orders: Iterable[OrderIn]) -> dict[Key, Order]:
    by_channel: dict[str, list[str]] = {}
    for order in orders:
        by_channel.setdefault(order.channel, []).append(order.external_id)
    found: dict[Key, Order] = {}
    for channel, ids in sorted(by_channel.items()):
        rows = Order.objects.select_for_update(no_key=True).filter(channel=channel, external_id__in=ids)
        found.update({_key(row): row for row in rows.order_by("id")})
    return found


def _identity(order: OrderIn, people: dict[Key, CustomerIdentity]) -> CustomerIdentity | None:
    return people[key_of(order.customer)] if order.customer else None


def _tellings(orders: Iterable[OrderIn], people: dict[Key, CustomerIdentity]) -> list[Telling]:
    return [
        Telling(people[key_of(each.customer)], each.customer, each.country, each.placed_at)
        for each in orders
        if each.customer
    ]


def _order(order: OrderIn, people: dict[Key, CustomerIdentity]) -> Order:
    identity = _identity(order, people)
    by_channel = order.source in ("", order.channel)
    return Order(
        channel=order.channel,
        external_id=order.external_id,
        number=order.number,
        # Another system's versions do not count with the channel's.
        version=order.version if by_channel else 0,
        content_hash=content_hash(order) if by_channel else "",
        customer=identity.customer if identity else None,
        identity=identity,
        region=order.region,
        brand=order.brand,
        store=order.store,
        legal_entity=order.legal_entity,
        country=order.country,
        currency=order.currency,
        shipping_charged=order.shipping_charged,
        shipping_tax=order.shipping_tax,
        placed_at=order.placed_at,
    )


def content_hash(order: OrderIn) -> str:
    """Return the hash by which a re-sent order is recognized as unchanged.

    Of what tellings did not use to have, only what is said counts: a hash of former days stays good.
    """
    unsaid: dict[str, Any] = {} if order.source else {"source": True}
    if order.customer:
        unsaid["customer"] = {name for name in ADDED_LATER if not getattr(order.customer, name)}
    unsaid["lines"] = {index: {"serials"} for index, line in enumerate(order.lines) if not line.serials}
    return hashlib.sha256(order.model_dump_json(exclude=unsaid).encode()).hexdigest()


def _write_parts(orders: Sequence[tuple[Order, OrderIn]]) -> None:
    OrderLine.objects.bulk_create([line for order, told in orders for line in order_lines(order, told)])
    Payment.objects.bulk_create([payment_row(order, each) for order, told in orders for each in told.payments])
    Shipment.objects.bulk_create(
        [Shipment(order=order, **each.model_dump()) for order, told in orders for each in told.shipments]
    )


def order_lines(order: Order, told: OrderIn) -> list[OrderLine]:
    """Return the lines with their frozen allocation: the order's discount spread by value, largest remainder."""
    values = [line.unit_price * line.quantity - line.discount for line in told.lines]
    shares = allocate(told.discount, values)
    return [
        _line(order, number, line, net=value - share, discount=line.discount + share)
        for number, (line, value, share) in enumerate(zip(told.lines, values, shares, strict=True), start=1)
    ]


def _line(order: Order, number: int, line: OrderLineIn, *, net: int, discount: int) -> OrderLine:
    shipped = line.quantity if line.shipped_quantity is None else line.shipped_quantity
    return OrderLine(
        order=order,
        line_no=number,
        external_id=line.external_id,
        sku=line.sku,
        title=line.title,
        category=line.category,
        quantity=line.quantity,
        shipped_quantity=shipped,
        shipped_at=line.shipped_at,
        delivered_at=line.delivered_at,
        final_sale=line.final_sale,
        net=net,
        discount=discount,
        taxes=[tax.model_dump() for tax in line.taxes],
        tax=sum(tax.amount for tax in line.taxes if not tax.included),
        duty=line.duty,
    )


def payment_row(order: Order, told: PaymentIn) -> Payment:
    """Return the payment as captured, in the order's currency."""
    return Payment(
        order=order,
        external_id=told.external_id,
        gateway=told.gateway,
        tender=told.tender,
        captured=told.captured,
        currency=order.currency,
        references=told.references,
        captured_at=told.captured_at or order.placed_at,
    )


def _newer(actor: Actor, order: Order, told: OrderIn, people: dict[Key, CustomerIdentity]) -> CaptureResult:
    """Take a version over an existing order. The actor must hold the permission where the order already is, too."""
    require(actor, Permission.ORDERS_WRITE, region=order.region, brand=order.brand, view=Permission.ORDERS_VIEW)
    lines, payments = order_lines(order, told), [payment_row(order, each) for each in told.payments]
    if told.source not in ("", order.channel):
        # Another system's versions do not count with the channel's: its word is compared, and taken where it is owner.
        return CaptureResult(order, created=False, kept=compare(actor, order, told, lines, payments))
    if told.version < order.version or content_hash(told) == order.content_hash:
        return CaptureResult(order, created=False)
    order.version, order.content_hash, order.updated_at = told.version, content_hash(told), now()
    other = _join_customer(order, _identity(told, people))
    outcome: Superseded = supersede(actor, order, told, lines, payments, other_customer=other)
    return CaptureResult(order, created=False, superseded=True, kept=outcome.kept)


def _join_customer(order: Order, identity: CustomerIdentity | None) -> bool:
    """Give an order without a customer the one that is told now; tell whether it is another than the order has."""
    if identity is None:
        return False
    if order.customer_id is None:
        order.customer, order.identity = identity.customer, identity
        Return.objects.filter(order=order, customer__isnull=True).update(customer=identity.customer)
    return order.customer_id != identity.customer_id


def _tell(actor: Actor, captured: Sequence[tuple[CaptureResult, OrderIn]]) -> None:
    events, lanes = [], {}
    for result, told in captured:
        order = result.order
        subject = order.as_subject()
        fact = order_fact(order, len(told.lines), superseded=not result.created)
        event = compose(fact, subject=subject, actor=actor, occurred_at=order.updated_at)
        events.append(event)
        lanes[event.id] = subject.lane
    if events:
        append(events, lanes)
