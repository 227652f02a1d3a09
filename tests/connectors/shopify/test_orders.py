"""Shopify's order payload → what is captured: Shopify's own example, and one that has everything."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.shopify import mapping, orders
from connectors.shopify.config import ShopifyConfig, ShopifyMapping
from connectors.shopify.mapping import Unmapped
from returns.inputs import OrderIn, read
from tests.connectors.mutations import field_names, noticed
from tests.connectors.shopify import payloads

CONFIG = ShopifyConfig(
    base_url="https://shop.test", region="ROW", brand="acme", legal_entity="Acme Inc", default_location_id="68001"
)
NAMES = ShopifyMapping(
    regions={"GB": "UK"},
    legal_entities={"GB": "UK Ltd"},
    gateways={"manual": "till"},
    locations={"LON": "68002"},
    return_reasons={"size_too_small": "too_small"},
)


def fields(payload: dict[str, Any], module: Any = mapping, names: ShopifyMapping = NAMES) -> dict[str, Any]:
    made: dict[str, Any] = module.order_fields(
        payload, channel="shopify-uk", system="shop-uk", config=CONFIG, mapping=names
    )
    return made


def test_an_order_with_everything_is_captured_in_the_money_that_was_paid() -> None:
    captured = read(OrderIn, fields(payloads.order())).model_dump()
    parts = {name: captured.pop(name) for name in ("customer", "lines", "payments", "shipments")}
    assert captured == {
        "channel": "shopify-uk",
        "source": "",
        "external_id": "5001",
        "number": "#1042",
        "version": int(datetime(2026, 11, 3, 8, 0, 0, 250000, tzinfo=UTC).timestamp() * 1_000_000),
        "region": "UK",
        "brand": "acme",
        "store": "77",
        "legal_entity": "UK Ltd",
        "country": "GB",
        "currency": "GBP",
        "placed_at": datetime(2026, 11, 1, 8, 59, 30, tzinfo=UTC),
        "shipping_charged": 450,
        "shipping_tax": 90,
        "discount": 0,
    }
    assert parts["customer"] == {
        "system": "shop-uk",
        "external_id": "31",
        "name": "Ada Buyer",
        "email": "ada@example.com",
        "email_verified": False,
        "phone": "",
        "phone_verified": False,
        "loyalty_id": "",
        "group": "",
    }
    assert parts["payments"] == [
        {
            "external_id": "pi_123",
            "gateway": "stripe",
            "tender": "card",
            "captured": 6000,
            "references": {"payment_intent": "pi_123"},
            "captured_at": None,
        }
    ]
    assert parts["shipments"] == [
        {"tracking": "RM1", "carrier": "Royal Mail", "shipped_at": datetime(2026, 11, 2, 10, tzinfo=UTC)},
        {"tracking": "RM2", "carrier": "", "shipped_at": datetime(2026, 11, 2, 12, tzinfo=UTC)},
    ]


def test_lines_have_their_discounts_taxes_duty_and_what_was_shipped() -> None:
    assert read(OrderIn, fields(payloads.order())).model_dump()["lines"] == [
        {
            "external_id": "9001",
            "sku": "TEE",
            "title": "Tee - red",
            "category": "Apparel",
            "quantity": 3,
            "unit_price": 1000,
            "discount": 350,
            "taxes": [
                {"code": "VAT", "amount": 530, "included": False},
                {"code": "Eco", "amount": 10, "included": False},
            ],
            "duty": 75,
            "shipped_quantity": 2,
            "shipped_at": datetime(2026, 11, 2, 12, tzinfo=UTC),
            "delivered_at": None,
            "final_sale": True,
            "serials": [],
        },
        {
            "external_id": "9002",
            "sku": "variant-72",
            "title": "Card",
            "category": "gift_card",
            "quantity": 1,
            "unit_price": 2000,
            "discount": 0,
            "taxes": [],
            "duty": 0,
            "shipped_quantity": 0,
            "shipped_at": None,
            "delivered_at": None,
            "final_sale": False,
            "serials": [],
        },
    ]


@pytest.mark.contract
def test_shopifys_own_example_is_captured(shared_dir: Path) -> None:
    """The published order has order-level tax only and no allocations; nothing of it was paid or shipped."""
    payload = json.loads((shared_dir / "contracts/shopify/rest-fixtures/order.json").read_text())["order"]
    captured = read(OrderIn, fields(payload))
    assert (captured.external_id, captured.number, captured.currency) == ("450789469", "#1001", "USD")
    assert (captured.region, captured.legal_entity, captured.country) == ("ROW", "Acme Inc", "US")
    assert captured.placed_at == datetime(2008, 1, 10, 16, tzinfo=UTC)
    assert [(line.external_id, line.sku, line.quantity, line.unit_price) for line in captured.lines] == [
        ("466157049", "IPOD2008GREEN", 1, 19900),
        ("518995019", "IPOD2008RED", 1, 19900),
        ("703073504", "IPOD2008BLACK", 1, 19900),
    ]
    assert [line.taxes[0].amount for line in captured.lines] == [398, 398, 398]
    assert {line.taxes[0].code for line in captured.lines} == {"State Tax"}
    assert [line.shipped_quantity for line in captured.lines] == [0, 0, 0]
    assert captured.payments == []
    assert captured.shipments == []
    assert captured.customer is not None
    assert captured.customer.external_id == "207119551"


@pytest.mark.contract
def test_money_adds_up_to_what_shopifys_example_says(shared_dir: Path) -> None:
    payload = json.loads((shared_dir / "contracts/shopify/rest-fixtures/order.json").read_text())["order"]
    captured = read(OrderIn, fields(payload | {"financial_status": "paid", "total_tax": "11.94"}))
    goods = sum(line.unit_price * line.quantity - line.discount for line in captured.lines)
    tax = sum(tax.amount for line in captured.lines for tax in line.taxes)
    # 398.00 of goods is the example's own mistake: three lines of 199.00.
    assert (goods, tax, captured.shipping_charged) == (59700, 1194, 0)
    assert captured.payments[0].captured == 40994
    assert captured.payments[0].external_id == "450789469-stripe"


def test_order_level_tax_is_allocated_to_the_last_penny() -> None:
    items = [dict(item, tax_lines=[]) for item in payloads.order()["line_items"]]
    payload = payloads.order(line_items=items, tax_lines=[{"title": "VAT", "price": "1.01"}], taxes_included=True)
    taxes = [
        [(tax["code"], tax["amount"], tax["included"]) for tax in line["taxes"]] for line in fields(payload)["lines"]
    ]
    # Weights 3 × 10.00 and 20.00: 60.6 and 40.4 pence, the larger remainder first.
    assert taxes == [[("VAT", 61, True)], [("VAT", 40, True)]]


def test_a_discount_without_allocations_stays_the_orders() -> None:
    items = [{name: value for name, value in item.items() if name != "discount_allocations"} for item in plain_items()]
    payload = payloads.order(line_items=items, total_discounts_set=None, total_discounts="12.49")
    assert fields(payload)["discount"] == 1249 - 999 - 250
    assert [line["discount"] for line in fields(payload)["lines"]] == [999, 0]


def plain_items() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = payloads.order()["line_items"]
    return items


@pytest.mark.parametrize(
    ("person", "told"),
    [
        ({"email": "ada@example.com", "verified_email": True}, ("ada@example.com", True)),
        ({"email": "ada@example.com", "verified_email": False}, ("ada@example.com", False)),
        ({"verified_email": True}, ("order@example.com", False)),
    ],
    ids=["verified", "not verified", "of the order"],
)
def test_only_the_customers_own_address_is_verified(person: dict[str, Any], told: tuple[str, bool]) -> None:
    made = fields(payloads.order(customer={"id": 31, **person}))["customer"]
    assert (made["email"], made["email_verified"]) == told


@pytest.mark.parametrize("status", ["pending", "authorized", "voided", "expired", None])
def test_money_that_was_not_captured_is_no_payment(status: str | None) -> None:
    assert fields(payloads.order(financial_status=status))["payments"] == []


def test_gateways_are_named_by_the_mapping_and_else_by_the_connection() -> None:
    assert fields(payloads.order(payment_gateway_names=["manual"]))["payments"][0]["gateway"] == "till"
    assert fields(payloads.order(payment_gateway_names=["other"]))["payments"][0]["gateway"] == "stripe"
    assert fields(payloads.order(payment_gateway_names=["gift_card"]))["payments"][0]["tender"] == "gift_card"


def test_yen_have_no_minor_unit() -> None:
    item = {"id": 1, "sku": "TEE", "title": "Tee", "quantity": 1, "price": "1200", "tax_lines": []}
    small = payloads.order(
        currency="JPY", presentment_currency="JPY", line_items=[item], shipping_lines=[], fulfillments=[],
        total_price_set=None, total_price="1200", total_outstanding_set=None, total_outstanding="0",
        financial_status="paid", total_discounts_set=None, total_discounts="0",
    )  # fmt: skip
    made = fields(small)
    assert (made["lines"][0]["unit_price"], made["payments"][0]["captured"]) == (1200, 1200)


def test_a_later_change_has_a_greater_version() -> None:
    assert orders.version("2026-11-03T08:00:01Z") - orders.version("2026-11-03T09:00:00+01:00") == 1_000_000


@pytest.mark.parametrize("field", ["id", "updated_at", "line_items"])
def test_a_payload_without_what_an_order_needs_is_refused(field: str) -> None:
    payload = payloads.order()
    del payload[field]
    with pytest.raises(Unmapped, match="orders"):
        fields(payload)


def test_more_decimals_than_the_currency_has_are_refused() -> None:
    with pytest.raises(Unmapped, match="more decimals"):
        fields(payloads.order(presentment_currency="JPY"))


def arrived(*days: int, under_way: int = 0) -> list[dict[str, Any]]:
    """The parcels, all of them with the first line, delivered on days of November, and so many still under way."""
    parcel = {"status": "success", "created_at": "2026-11-02T10:00:00Z", "line_items": [{"id": 9001, "quantity": 1}]}
    there = [parcel | {"shipment_status": "delivered", "updated_at": f"2026-11-{day:02}T09:00:00Z"} for day in days]
    return there + [parcel | {"shipment_status": "in_transit", "updated_at": "2026-11-09T09:00:00Z"}] * under_way


def test_a_line_is_delivered_when_its_last_parcel_is() -> None:
    def delivered(*days: int, under_way: int = 0) -> list[datetime | None]:
        lines = fields(payloads.order(fulfillments=arrived(*days, under_way=under_way)))["lines"]
        return [line["delivered_at"] for line in lines]

    assert delivered(4, 6, 5) == [datetime(2026, 11, 6, 9, tzinfo=UTC), None]
    assert delivered(4, under_way=1) == [None, None]
    assert delivered(under_way=1) == [None, None]


def golden(module: Any) -> Any:
    """Every way through the reader: present and absent alternatives."""
    no_sets = [{name: value for name, value in item.items() if not name.endswith("_set")} for item in plain_items()]
    old = [{k: v for k, v in item.items() if k not in {"discount_allocations", "tax_lines"}} for item in plain_items()]
    vat = {"title": "VAT", "price": "1.01"}
    bare = {"id": 1, "title": "Thing", "quantity": 1, "price": "1.00"}
    examples = [
        payloads.order(),
        payloads.order(presentment_currency=None, processed_at=None, shipping_address=None, customer=None),
        payloads.order(line_items=no_sets, name=None, payment_gateway_names=None, gateway="manual", note_attributes=[]),
        payloads.order(
            line_items=old,
            tax_lines=[vat],
            total_discounts_set=None,
            total_discounts="50.00",
        ),
        payloads.order(payment_gateway_names=["manual"], line_items=[bare], fulfillments=[]),
        payloads.order(customer={"id": 31, "email": "a@b.example", "verified_email": True, "phone": "+441"}),
        payloads.order(fulfillments=arrived(4, 6)),
        payloads.order(customer={"id": 31, "first_name": "Ada"}, shipping_lines=None, taxes_included=True),
    ]
    read = [
        module.Order(example, channel="shopify-uk", system="shop-uk", config=CONFIG, mapping=NAMES)
        for example in examples
    ]
    return [(each.fields(), each.state()) for each in read]


@pytest.mark.parametrize("place", field_names(orders), ids=lambda place: f"{place[0]}-{place[1]}")
def test_breaking_any_field_name_is_noticed(place: tuple[str, int, int]) -> None:
    assert noticed(golden, orders, place)
