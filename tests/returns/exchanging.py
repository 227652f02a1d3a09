"""Stock to exchange for, exchanges in each state, and what became of one, in short."""

from typing import Any

from inventory.services import MoveIn, move_stock
from retailops.accounts.actor import Actor
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.ids import uuid7
from returns.inputs import read
from returns.inputs.exchanges import ExchangeIn, ExchangePaymentIn, ShipmentOut
from returns.models import Exchange, Return
from returns.services import exchange_shipping, exchanges
from tests.factories import SYSTEM, ensure_policy, make_location, make_order, make_return, unique

OFFERED = ["refund", "exchange", "replacement", "store_credit", "none"]


def stocked(sku: str = "", quantity: int = 5, **place: Any) -> str:
    """Return a sku of which so many are sellable at a new place."""
    sku = sku or unique("NEW-")
    stock_up(make_location(**place).code, sku, quantity)
    return sku


def stock_up(place: str, sku: str, quantity: int, source: str = "external", target: str = "sellable") -> None:
    """Move units of a sku at a place."""
    what = MoveIn(unique("m-"), sku, quantity, source, target, place, "adjustment", uuid7(), uuid7())
    move_stock(actor=SYSTEM, moves=[what])


def exchangeable(quantity: int = 1, *, resolution: str = "exchange", order: Any = None, **rules: Any) -> Return:
    """Return an authorized return of units of line 1 (10.00 each) that are to be exchanged."""
    ensure_policy(**({"resolutions": OFFERED} | rules))
    line = {"line_no": 1, "quantity": quantity, "resolution": resolution}
    return make_return(order or make_order(), lines=[line], kind="exchange")


def proposal(sku: str, price: int | None = 1000, *, quantity: int = 1, line_no: int = 1, **fields: Any) -> ExchangeIn:
    """Return a proposal of units of a line for as many of a sku at a price each; None is a replacement."""
    line: dict[str, Any] = {"line_no": line_no, "quantity": quantity, "wanted_sku": sku, "unit_price": price}
    if price is None:
        fields["resolution"] = "replacement"
    wanted = {name: fields.pop(name) for name in ("taxes", "wanted_quantity") if name in fields}
    return read(ExchangeIn, {"lines": [line | wanted]} | fields)


def propose(rma: Return, sku: str = "", price: int | None = 1000, *, actor: Actor = SYSTEM, **fields: Any) -> Exchange:
    """Return an exchange; its goods are held at once unless `reserve` is False."""
    wanted = proposal(sku or stocked(), price, **({"reserve": True} | fields))
    return exchanges.propose_exchange(actor=actor, return_id=rma.id, proposal=wanted)


def paid(exchange: Exchange, amount: int = 0, *, actor: Actor = SYSTEM, reference: str = "pi_x", **fields: Any) -> Any:
    """Record a payment of the balance, or of another amount."""
    payment = {
        "gateway": "stripe",
        "external_reference": reference,
        "amount": amount or exchange.balance,
        "currency": exchange.currency,
    } | fields
    return exchanges.record_payment(actor=actor, exchange_id=exchange.id, payment=read(ExchangePaymentIn, payment))


def shipped(exchange: Exchange, *, actor: Actor = SYSTEM, **fields: Any) -> Exchange:
    """Return the exchange after the warehouse said that it went."""
    told = read(ShipmentOut, {"external_reference": "ship_1", "carrier": "dhl", "tracking": "TRK-X"} | fields)
    return exchange_shipping.ship_exchange(actor=actor, exchange_id=exchange.id, shipment=told)


def now_of(exchange: Exchange) -> Exchange:
    """Return the exchange as the database has it."""
    return Exchange.objects.get(pk=exchange.pk)


def events_of(exchange: Exchange) -> list[str]:
    """Return the exchange's events in order, without their prefix."""
    rows = Event.objects.filter(subject_id=exchange.id, type__startswith="exchange.").order_by("position")
    return [name.removeprefix("exchange.") for name in rows.values_list("type", flat=True)]


def cases_of(exchange: Exchange | Return, status: str = "open") -> list[str]:
    """Return the kinds of the cases about the exchange or return."""
    return sorted(Case.objects.filter(subject_id=exchange.id, status=status).values_list("kind", flat=True))
