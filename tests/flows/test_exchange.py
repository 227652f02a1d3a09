"""An exchange, end to end: goods come and go through the warehouse, money and ledger follow, the return closes."""

from typing import Any

import pytest

from connectors.books import compare
from inventory.selectors import available_to_promise
from inventory.services import MoveIn, move_stock
from retailops.events.models import Delivery, Event
from retailops.events.verdicts import verdict
from retailops.lib.ids import uuid7
from returns.inputs import OrderRef, ReturnIn, read
from returns.inputs.exchanges import ExchangeIn, ExchangePaymentIn
from returns.models import CreditMemo, Exchange, Refund, Return
from returns.services.exchanges import convert_exchange, propose_exchange, record_payment
from returns.services.intake import request_return
from tests.connectors.owed import ADMIN
from tests.factories import ensure_policy
from tests.flows.conftest import House
from tests.flows.test_one_return import no_breach

WANTED = "TEE-L"


def on_the_shelf(house: House, quantity: int = 2, *, there: int | None = None) -> None:
    """The new goods stand in our books and, unless told otherwise, as many at the warehouse."""
    what = MoveIn(f"in:{uuid7()}", WANTED, quantity, "external", "sellable", "DC-1", "adjustment", uuid7(), uuid7())
    move_stock(actor=ADMIN, moves=[what])
    if there != 0:
        house.sandbox.control("POST", "/wms/stock", {"sku": WANTED, "quantity": there or quantity})


def exchanged(house: House, price: int) -> Exchange:
    """Both TEEs are to come back for two of another size at a price each."""
    ensure_policy(resolutions=["refund", "exchange", "none"])
    order = house.order()
    line = {"line_no": order.lines.get(sku="TEE").line_no, "quantity": 2, "resolution": "exchange"}
    asked = {"order": OrderRef(order_id=order.id), "kind": "exchange", "lines": [line]}
    rma = request_return(actor=ADMIN, request=read(ReturnIn, asked))
    wanted = {"line_no": 1, "quantity": 2, "wanted_sku": WANTED, "unit_price": price}
    return propose_exchange(
        actor=ADMIN, return_id=rma.id, proposal=read(ExchangeIn, {"lines": [wanted], "reserve": True})
    )


def comes_back(house: House, rma: Return) -> None:
    house.announced(rma)
    house.arrives(rma)
    house.is_inspected(rma)


def shipments(house: House) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = house.sandbox.books("wms")["shipments"]
    return made


@pytest.mark.parametrize("fault", ["", "lost_answer", "error_500", "duplicate_webhooks", "reorder_webhooks"])
def test_a_cheaper_exchange_ships_once_and_pays_the_rest_back(house: House, fault: str) -> None:
    on_the_shelf(house)
    if fault:
        more: dict[str, Any] = {"times": 1, "operations": ["shipments.create"]} if "_w" not in fault else {}
        house.sandbox.faults("wms", {"kind": fault, **more})
    exchange = exchanged(house, 900)
    comes_back(house, exchange.rma)
    rma = house.closes(exchange.rma)
    exchange.refresh_from_db()
    [shipment] = shipments(house)
    assert (shipment["reference"], shipment["status"]) == (f"ship:{exchange.id}", "shipped")
    assert shipment["lines"] == [{"sku": WANTED, "quantity": 2}]
    assert (exchange.status, exchange.external_reference) == ("shipped", shipment["id"])
    assert (exchange.carrier, exchange.tracking) == ("dhl", shipment["tracking_number"])
    refund, memo = Refund.objects.get(rma=rma), CreditMemo.objects.get(rma=rma)
    assert (refund.status, refund.amount, memo.status, memo.amount) == ("succeeded", 200, "posted", 2000)
    [booked] = house.sandbox.books("netsuite")["memos"]
    assert booked["total"] == 20.0
    [paid] = [one for charge in house.sandbox.books("stripe")["charges"] for one in charge["refunds"]]
    assert (paid["amount"], paid["status"]) == (200, "succeeded")
    stock = {(one["sku"], one["disposition"]): one["quantity"] for one in house.sandbox.books("wms")["stock"]}
    assert (stock[WANTED, "sellable"], stock["TEE", "sellable"]) == (0, 2)
    assert (available_to_promise(WANTED), available_to_promise("TEE")) == (0, 2)
    assert (rma.lines.get().exchanged, rma.lines.get().refunded, rma.money, rma.erp) == (2, 0, "refunded", "posted")
    assert compare().differences == []
    no_breach()


def test_a_dearer_exchange_waits_for_its_payment(house: House) -> None:
    on_the_shelf(house)
    exchange = exchanged(house, 1100)
    comes_back(house, exchange.rma)
    house.until(lambda: Return.objects.get(pk=exchange.rma_id).stock == "placed", "the old goods are placed")
    exchange.refresh_from_db()
    assert (exchange.status, shipments(house)) == ("awaiting_payment", [])
    payment = {"gateway": "stripe", "external_reference": "pi_more", "amount": 200, "currency": "GBP"}
    record_payment(actor=ADMIN, exchange_id=exchange.id, payment=read(ExchangePaymentIn, payment))
    rma = house.closes(exchange.rma)
    assert not Refund.objects.filter(rma=rma).exists()
    assert CreditMemo.objects.get(rma=rma).amount == 2000
    steps = Event.objects.filter(subject_id=exchange.id, type__startswith="exchange.").order_by("position")
    assert [step.removeprefix("exchange.") for step in steps.values_list("type", flat=True)] == [
        "proposed", "reserved", "payment_awaited", "payment_recorded", "paid", "released", "shipped", "settled",
    ]  # fmt: skip
    no_breach()


def test_what_the_warehouse_does_not_have_becomes_a_refund(house: House) -> None:
    on_the_shelf(house, there=0)
    exchange = exchanged(house, 1000)
    comes_back(house, exchange.rma)
    owed = Delivery.objects.filter(operation="exchange.ship", status="dead")
    house.until(owed.exists, "the warehouse refused")
    exchange.refresh_from_db()
    assert (exchange.status, exchange.failure.split()[0]) == ("released", "out_of_stock")
    delivery = owed.get()
    convert_exchange(actor=ADMIN, exchange_id=exchange.id, to="refund", reason="not to be had")
    refund = Refund.objects.get(rma=exchange.rma)
    house.until(lambda: Refund.objects.get(pk=refund.pk).status == "succeeded", "the refund is paid")
    assert (refund.amount, shipments(house), available_to_promise(WANTED)) == (2000, [], 2)
    assert "the exchange is converted" in verdict(delivery).why
    no_breach()
