"""Exchanges by API: proposed, reserved, paid, released, shipped, converted, canceled; once for each key."""

from typing import Any

import pytest

from inventory.selectors import available_to_promise
from retailops.lib.ids import uuid7
from returns.models import Exchange, ExchangePayment
from tests.api.bodies import money
from tests.api.conftest import Api, MakeApi
from tests.factories import fresh, make_inspection, make_receipt
from tests.returns.exchanging import exchangeable, propose, stocked

pytestmark = pytest.mark.django_db


def body(sku: str, price: int = 1500, **fields: Any) -> dict[str, Any]:
    line = {
        "line_no": 1, "quantity": 1, "wanted_sku": sku, "unit_price": money(price),
        "taxes": [{"code": "VAT", "amount": money(250), "included": True}],
    }  # fmt: skip
    return {"lines": [line], "reserve": True} | fields


def test_an_exchange_from_proposal_to_shipping(api: Api) -> None:
    rma, sku = exchangeable(), stocked(quantity=1)
    made = api.post(f"/returns/{rma.number}/exchanges", body(sku), key="x1").ok(201)
    again = api.post(f"/returns/{rma.number}/exchanges", body(sku), key="x1").ok(200)
    assert (again["id"], Exchange.objects.count()) == (made["id"], 1)
    assert (made["status"], made["waits_for"]) == ("awaiting_payment", "The customer has not paid the balance.")
    assert (made["credit"], made["sale"], made["balance"]) == (money(1000), money(1500), money(500))
    parts = [(part["side"], part["kind"], part["amount"]["amount"]) for part in made["components"]]
    assert parts == [("credit", "item", 1000), ("sale", "item", 1250), ("sale", "tax", 250)]
    assert made["lines"][0]["reservation"] == "held"
    assert available_to_promise(sku) == 0
    address = f"/exchanges/{made['id']}"
    payment = {"gateway": "stripe", "external_reference": "pi_1", "amount": money(500)}
    for _ in range(2):
        paid = api.post(f"{address}/record-payment", payment).ok()
        assert (paid["status"], paid["paid"]) == ("reserved", money(500))
    assert ExchangePayment.objects.count() == 1
    assert "inspected" in api.post(f"{address}/release", {}).problem(409, "not-ready")["detail"]
    make_receipt(rma)
    make_inspection(rma)
    assert api.get(address).ok()["status"] == "released"
    gone = api.post(f"{address}/ship", {"carrier": "dhl", "tracking": "T1"}).ok()
    assert (gone["status"], gone["tracking"], gone["settled_at"] is not None) == ("shipped", "T1", True)
    [listed] = api.get(f"/returns/{rma.id}/exchanges").ok()["results"]
    assert listed == api.get(address).ok()
    detail = api.get(f"/returns/{rma.id}").ok()
    assert (detail["lines"][0]["exchanged"], detail["credit_memos"][0]["exchange_id"]) == (1, made["id"])


def test_too_little_stock_is_told_and_converted(api: Api) -> None:
    rma = exchangeable()
    made = api.post(f"/returns/{rma.id}/exchanges", body("GONE"), key="x1").ok(201)
    assert (made["status"], made["waits_for"]) == ("proposed", "Its goods are not reserved.")
    address = f"/exchanges/{made['id']}"
    assert api.post(f"{address}/reserve", {}).ok()["status"] == "proposed"
    assert fresh(rma).open_cases == 1
    done = api.post(f"{address}/convert", {"to": "refund", "reason": "not to be had"}).ok()
    assert (done["status"], done["converted_to"], fresh(rma).open_cases) == ("converted", "refund", 0)
    api.post(f"{address}/cancel", {"reason": "x"}).problem(409, "on-its-way")


def test_a_replacement_is_without_a_price(api: Api) -> None:
    rma = exchangeable()
    sku = stocked(rma.lines.get().sku)
    wanted = {"resolution": "replacement", "lines": [{"line_no": 1, "quantity": 1}], "reserve": True}
    made = api.post(f"/returns/{rma.id}/exchanges", wanted, key="r").ok(201)
    assert (made["status"], made["credit"], made["components"]) == ("reserved", money(0), [])
    assert made["lines"][0]["wanted_sku"] == sku
    assert api.post(f"/exchanges/{made['id']}/cancel", {"reason": "found it"}).ok()["status"] == "canceled"
    assert available_to_promise(sku) == 5


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"lines": []}, 400, "invalid"),
        ({"lines": [{"line_no": 1, "quantity": 1}]}, 400, "invalid"),
        ({"lines": [{"line_no": 1, "quantity": 9, "wanted_sku": "X", "unit_price": money(1)}]}, 422, "too-many"),
        ({"lines": [{"line_no": 1, "quantity": 1, "wanted_sku": "X", "unit_price": money(1, "EUR")}]}, 400, "invalid"),
        ({"price": 5}, 400, "invalid"),
    ],
    ids=["no-lines", "no-price", "too-many", "currency", "unknown"],
)
def test_what_is_wrong_is_told(api: Api, changes: dict[str, Any], status: int, code: str) -> None:
    rma = exchangeable()
    api.post(f"/returns/{rma.id}/exchanges", body("X", **changes), key="x").problem(status, code)
    assert not Exchange.objects.exists()


def test_three_persons(api: Api, stranger: Api, make_api: MakeApi) -> None:
    rma = exchangeable()
    exchange = propose(rma, price=1500)
    reader = make_api("returns:read")
    payment = {"gateway": "stripe", "external_reference": "pi_1", "amount": money(500)}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("reserve", {}), ("record-payment", payment), ("release", {}), ("ship", {}),
        ("convert", {"to": "refund", "reason": "x"}), ("cancel", {"reason": "x"}),
    ]  # fmt: skip
    for verb, given in calls:
        stranger.post(f"/exchanges/{exchange.id}/{verb}", given).problem(404, "not-found")
        reader.post(f"/exchanges/{exchange.id}/{verb}", given).problem(403, "denied")
        api.post(f"/exchanges/{uuid7()}/{verb}", given).problem(404, "not-found")
    assert reader.get(f"/exchanges/{exchange.id}").ok()["status"] == "awaiting_payment"
    stranger.get(f"/exchanges/{exchange.id}").problem(404, "not-found")
    assert (Exchange.objects.get().status, ExchangePayment.objects.count()) == ("awaiting_payment", 0)
