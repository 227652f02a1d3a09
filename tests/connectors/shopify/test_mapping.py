"""Canonical → Shopify and returns, refunds → canonical: exact, by the published schema, nothing guessed."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, coerce_input_value, is_input_type, parse, type_from_ast, validate
from graphql.language import OperationDefinitionNode

from connectors.meanings import UnmappedCode
from connectors.shopify import documents, mapping
from connectors.shopify.config import ShopifyMapping
from connectors.shopify.mapping import ReverseLine, Unmapped
from inventory.enums import ENDS, Disposition
from tests.connectors.mutations import field_names, noticed
from tests.connectors.shopify import payloads
from tests.connectors.shopify.test_orders import CONFIG, NAMES

KEY = "refund:0198c0de-0000-7000-8000-000000000001:1"
PLACE = "place:0198c0de-0000-7000-8000-000000000002"
LINE = ReverseLine("gid://shopify/ReverseFulfillmentOrderLineItem/1", "9001", 2, {})


def refunded(**changes: Any) -> dict[str, Any]:
    return {
        "number": "RMA-2026-000007",
        "order_external_id": "5001",
        "currency": "GBP",
        "amount": 2599,
        "shipping": 450,
        "lines": [{"line_no": 1, "sku": "TEE", "quantity": 2, "order_line_external_id": "9001"}],
    } | changes


def posted(**changes: Any) -> dict[str, Any]:
    return {
        "sku": "TEE",
        "quantity": 2,
        "disposition": "sellable",
        "location": "LON",
        "order_line_external_id": "9001",
    } | changes


@pytest.fixture(scope="module")
def schema(shared_dir: Path) -> GraphQLSchema:
    """The whole Admin schema as Shopify publishes it."""
    text = (shared_dir / "contracts/shopify/admin-2026-07.nodesc.graphql").read_text()
    # Shopify's own dump breaks one rule of GraphQL (a deprecated field of an interface), which does not concern us.
    return build_schema(text, assume_valid=True)


@pytest.mark.contract
@pytest.mark.parametrize("name", sorted(documents.DOCUMENTS))
def test_every_document_is_valid_under_the_published_schema(schema: GraphQLSchema, name: str) -> None:
    assert validate(schema, parse(documents.DOCUMENTS[name])) == []


def variables() -> dict[str, dict[str, Any]]:
    """What is sent with each document."""
    gid = "gid://shopify/Return/8001"
    adjustment = mapping.restock(posted(), PLACE, "gid://shopify/InventoryItem/1", CONFIG, NAMES)
    return {
        "REFUND_CREATE": {"input": mapping.refund_input(refunded(), KEY), "key": KEY},
        "ORDER_REFUNDS": {"id": "gid://shopify/Order/5001"},
        "ORDER_STATE": {"id": "gid://shopify/Order/5001", "after": "eyJ"},
        "RETURN_STATE": {"id": gid},
        "RETURN_LINES": {"id": gid},
        "DISPOSE": {"inputs": [mapping.disposal(posted(), LINE, CONFIG, NAMES)]},
        "INVENTORY_ITEM": {"query": 'sku:"TEE"'},
        "ADJUST": {"input": adjustment, "key": PLACE},
        "APPROVE": {"input": {"id": gid}},
        "DECLINE": {"input": mapping.decline_input(gid, "window", NAMES)},
        "CLOSE": {"id": gid},
        "SHOP": {},
    }


@pytest.mark.contract
@pytest.mark.parametrize("name", sorted(documents.DOCUMENTS))
def test_every_set_of_variables_is_valid_under_the_published_schema(schema: GraphQLSchema, name: str) -> None:
    given = variables()[name]
    operation = parse(documents.DOCUMENTS[name]).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    declared = {variable.variable.name.value: variable.type for variable in operation.variable_definitions or ()}
    assert set(declared) == set(given)
    for variable, kind in declared.items():
        declared_type = type_from_ast(schema, kind)
        assert is_input_type(declared_type)
        coerce_input_value(given[variable], declared_type)


def test_a_refund_is_recorded_without_moving_money_or_stock() -> None:
    assert mapping.refund_input(refunded(), KEY) == {
        "orderId": "gid://shopify/Order/5001",
        "note": f"RMA-2026-000007 {KEY}",
        "notify": False,
        "transactions": [],
        "refundLineItems": [{"lineItemId": "gid://shopify/LineItem/9001", "quantity": 2, "restockType": "NO_RESTOCK"}],
        "shipping": {"amount": "4.50"},
    }


def test_a_refund_without_shipping_leaves_the_shops_shipping_alone() -> None:
    assert "shipping" not in mapping.refund_input(refunded(shipping=0), KEY)
    assert mapping.refund_input(refunded(currency="JPY", shipping=450), KEY)["shipping"] == {"amount": "450"}


@pytest.mark.parametrize(("lines", "shipping", "expected"), [([], 0, False), ([], 1, True), ([{}], 0, True)])
def test_only_units_and_shipping_can_be_recorded(lines: list[Any], shipping: int, expected: bool) -> None:
    assert mapping.records_something({"lines": lines, "shipping": shipping}) is expected


@pytest.mark.parametrize(
    "disposition", sorted(set(Disposition) - ENDS - {Disposition.IN_TRANSIT, Disposition.RECEIVED})
)
def test_every_disposition_that_goods_end_in_has_a_type(disposition: Disposition) -> None:
    kind = mapping.disposition_type(disposition)
    # Only sellable goods may come back onto the shop's shelf.
    assert (kind == "RESTOCKED") == (disposition == Disposition.SELLABLE)


def test_a_disposition_without_counterpart_is_refused() -> None:
    with pytest.raises(Unmapped, match="in_transit"):
        mapping.disposition_type("in_transit")


def test_restocked_goods_name_a_location_and_others_do_not() -> None:
    assert mapping.disposal(posted(), LINE, CONFIG, NAMES) == {
        "reverseFulfillmentOrderLineItemId": LINE.id,
        "quantity": 2,
        "dispositionType": "RESTOCKED",
        "locationId": "gid://shopify/Location/68002",
    }
    assert mapping.disposal(posted(disposition="scrap"), LINE, CONFIG, NAMES) == {
        "reverseFulfillmentOrderLineItemId": LINE.id,
        "quantity": 2,
        "dispositionType": "NOT_RESTOCKED",
    }


def test_goods_of_a_return_that_the_shop_does_not_know_are_made_available() -> None:
    assert mapping.restock(posted(), PLACE, "gid://shopify/InventoryItem/1", CONFIG, NAMES) == {
        "name": "available",
        "reason": "restock",
        "referenceDocumentUri": "retailops://place/0198c0de-0000-7000-8000-000000000002",
        "changes": [
            {
                "delta": 2,
                "inventoryItemId": "gid://shopify/InventoryItem/1",
                "locationId": "gid://shopify/Location/68002",
            }
        ],
    }


def test_an_unknown_location_takes_the_default_or_is_refused() -> None:
    assert mapping.location_id("NYC", CONFIG, NAMES) == "gid://shopify/Location/68001"
    with pytest.raises(Unmapped, match="NYC"):
        mapping.location_id("NYC", CONFIG.model_copy(update={"default_location_id": ""}), ShopifyMapping())


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("final_sale", {"id": "r", "declineReason": "FINAL_SALE", "declineNote": "final_sale"}),
        ("window", {"id": "r", "declineReason": "RETURN_PERIOD_ENDED", "declineNote": "window"}),
        ("fraud", {"id": "r", "declineReason": "OTHER", "declineNote": "fraud"}),
        ("", {"id": "r", "declineReason": "OTHER"}),
    ],
)
def test_decline_reasons(reason: str, expected: dict[str, str]) -> None:
    assert mapping.decline_input("r", reason, NAMES) == expected


def lines_answer() -> dict[str, Any]:
    dispositions = [
        {"type": "RESTOCKED", "quantity": 1},
        {"type": "RESTOCKED", "quantity": 2},
        {"type": "MISSING", "quantity": 1},
    ]
    line = {
        "id": "gid://shopify/ReverseFulfillmentOrderLineItem/1",
        "totalQuantity": 5,
        "dispositions": dispositions,
        "fulfillmentLineItem": {"lineItem": {"id": "gid://shopify/LineItem/9001", "sku": "TEE"}},
    }
    gone = line | {"id": "gid://shopify/ReverseFulfillmentOrderLineItem/2", "fulfillmentLineItem": None}
    order = {"id": "gid://shopify/ReverseFulfillmentOrder/1", "lineItems": {"nodes": [line, gone]}}
    return {"return": {"id": "gid://shopify/Return/8001", "reverseFulfillmentOrders": {"nodes": [order]}}}


def test_reverse_lines_sum_what_was_disposed_by_type() -> None:
    first, second = mapping.reverse_lines(lines_answer())
    assert first == ReverseLine(
        "gid://shopify/ReverseFulfillmentOrderLineItem/1", "9001", 5, {"RESTOCKED": 3, "MISSING": 1}
    )
    assert second.line_item == ""
    assert mapping.reverse_lines({"return": None}) == []


def test_a_request_to_return_names_order_lines_and_reason() -> None:
    asked = mapping.return_fields(payloads.return_request(), channel="shopify-uk", source="shop-uk", mapping=NAMES)
    assert asked == {
        "channel": "shopify-uk",
        "order_external_id": "5001",
        "source": "shop-uk",
        "external_id": "gid://shopify/Return/8001",
        "reason": "too_small",
        "lines": [{"order_line_external_id": "9001", "quantity": 2, "reason": "too_small"}],
    }


def test_shopifys_own_reasons_have_their_meaning_and_others_none() -> None:
    payload = payloads.return_request()
    asked = mapping.return_fields(payload, channel="c", source="s", mapping=ShopifyMapping())
    assert asked["reason"] == "too_small"
    payload["return_line_items"][0]["return_reason"] = "mystery"
    with pytest.raises(UnmappedCode) as unknown:
        mapping.return_fields(payload, channel="c", source="s", mapping=ShopifyMapping())
    assert (unknown.value.vocabulary, unknown.value.code) == ("customer_reason", "mystery")


@pytest.mark.parametrize("field", ["admin_graphql_api_id", "order", "return_line_items"])
def test_a_request_without_what_a_return_needs_is_refused(field: str) -> None:
    payload = payloads.return_request()
    del payload[field]
    with pytest.raises(Unmapped, match="returns/request"):
        mapping.return_fields(payload, channel="c", source="s", mapping=NAMES)


@pytest.mark.contract
def test_shopifys_own_refund_is_one_that_we_did_not_make(shared_dir: Path) -> None:
    payload = json.loads((shared_dir / "contracts/shopify/rest-fixtures/refund.json").read_text())["refund"]
    assert mapping.shop_refund(payload) == mapping.ShopRefund(
        "509562969", "450789469", "", "it broke during shipping", (("209.00", "USD"),)
    )


@pytest.mark.parametrize(
    ("note", "ours"),
    [
        (f"RMA-2026-000007 {KEY}", KEY),
        (KEY, KEY),
        ("refund: customer was angry", ""),
        (f"x{KEY}", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_our_own_refund_is_known_by_its_key(note: str | None, ours: str) -> None:
    payload: dict[str, Any] = {"id": 1, "order_id": 2, "note": note, "transactions": []}
    assert mapping.shop_refund(payload).ours == ours


def bag(amount: str) -> dict[str, Any]:
    return {"presentmentMoney": {"amount": amount}}


def state(**changes: Any) -> dict[str, Any]:
    """An order as it is read: two units for 20.00 less 3.00, with included tax, 5.00 of it not paid yet."""
    line = {
        "id": "gid://shopify/LineItem/9001",
        "sku": "TEE",
        "quantity": 2,
        "originalUnitPriceSet": bag("10.0"),
        "discountAllocations": [{"allocatedAmountSet": bag("3.0")}],
        "taxLines": [{"title": "VAT", "priceSet": bag("2.83")}],
    }
    return {
        "id": "gid://shopify/Order/5001",
        "name": "#1042",
        "processedAt": "2026-11-01T08:59:30Z",
        "presentmentCurrencyCode": "GBP",
        "displayFinancialStatus": "PARTIALLY_PAID",
        "taxesIncluded": True,
        "paymentGatewayNames": ["manual"],
        "customAttributes": [{"key": "payment_intent", "value": "pi_1"}, {"key": "gift", "value": None}],
        "totalPriceSet": bag("17.0"),
        "totalOutstandingSet": bag("5.0"),
        "lines": [line],
    } | changes


def read_state(module: Any, **changes: Any) -> Any:
    return module.order_state(state(**changes), channel="c", system="s", config=CONFIG, mapping=NAMES)


def test_what_is_read_of_an_order_is_what_it_says() -> None:
    line = {
        "external_id": "9001", "sku": "TEE", "quantity": 2, "discount": 300, "net": 1700,
        "taxes": [{"code": "VAT", "amount": 283, "included": True}],
    }  # fmt: skip
    assert read_state(mapping) == {
        "number": "#1042",
        "currency": "GBP",
        "placed_at": datetime(2026, 11, 1, 8, 59, 30, tzinfo=UTC),
        "lines": [line],
        "payments": [{"external_id": "pi_1", "captured": 1200}],
    }
    assert read_state(mapping, customAttributes=[])["payments"] == [{"external_id": "5001-till", "captured": 1200}]
    assert read_state(mapping, displayFinancialStatus=None)["payments"] == []
    bare = state()["lines"][0] | {"sku": None}
    assert "sku" not in read_state(mapping, lines=[bare])["lines"][0]
    with pytest.raises(mapping.Unmapped, match="StateOfOrder"):
        read_state(mapping, lines=[{"id": "gid://shopify/LineItem/1"}])


def golden(module: Any) -> Any:
    line = module.ReverseLine(LINE.id, "9001", 2, {})
    return [
        module.refund_input(refunded(), KEY),
        read_state(module),
        read_state(module, customAttributes=[]),
        module.records_something({"lines": [], "shipping": 1}),
        module.records_something({"lines": [], "shipping": 0}),
        module.records_something({"lines": [{}]}),
        [module.disposition_type(name) for name in mapping.DISPOSITIONS],
        module.disposal(posted(), line, CONFIG, NAMES),
        module.restock(posted(), PLACE, "item", CONFIG, NAMES),
        module.decline_input("r", "window", NAMES),
        module.decline_input("r", "fraud", NAMES),
        [module.return_state({"status": told}) for told in ("requested", "open", "declined", "canceled", "closed")],
        [asdict(one) for one in module.reverse_lines(lines_answer())],
        module.return_fields(payloads.return_request(), channel="c", source="s", mapping=NAMES),
        asdict(
            module.shop_refund(
                {"id": 1, "order_id": 2, "note": KEY, "transactions": [{"amount": "1.00", "currency": "GBP"}]}
            )
        ),
    ]


@pytest.mark.parametrize("place", field_names(mapping), ids=lambda place: f"{place[0]}-{place[1]}")
def test_breaking_any_field_name_is_noticed(place: tuple[str, int, int]) -> None:
    assert noticed(golden, mapping, place)
