"""Canonical → NetSuite: exact documents, exact money, nothing guessed."""

from typing import Any

import pytest

from connectors.netsuite import mapping
from connectors.netsuite.config import NetSuiteConfig, NetSuiteMapping
from connectors.netsuite.mapping import Unmapped
from tests.connectors.mutations import field_names, noticed

KEY = "memo:0198c0de-0000-7000-8000-000000000001"
CONFIG = NetSuiteConfig(
    base_url="https://example.test",
    client_id="client",
    customer_id="1001",
    goods_item_id="2001",
    adjustment_item_id="2002",
    subsidiary_id="9",
)
NAMES = NetSuiteMapping(
    subsidiaries={"UK Ltd": "3"}, customers={"UK Ltd": "1003"}, currencies={"GBP": "2", "JPY": "5"}, items={"TEE": "77"}
)


def fact(**changes: Any) -> dict[str, Any]:
    return {
        "memo_id": "0198c0de-0000-7000-8000-000000000001",
        "number": "RMA-2026-000007",
        "order_number": "#1001",
        "amount": 2599,
        "currency": "GBP",
        "legal_entity": "UK Ltd",
        "lines": [
            {"line_no": 1, "sku": "TEE", "quantity": 2, "amount": 2000},
            {"line_no": 2, "sku": "CAP", "quantity": 1, "amount": 300},
        ],
    } | changes


def test_external_id_has_only_characters_that_netsuite_allows() -> None:
    assert mapping.external_id(KEY) == "memo-0198c0de-0000-7000-8000-000000000001"


def test_credit_memo_books_goods_by_sku_and_the_rest_on_its_own_line() -> None:
    assert mapping.credit_memo(fact(), KEY, CONFIG, NAMES) == {
        "externalId": "memo-0198c0de-0000-7000-8000-000000000001",
        "entity": {"id": "1003"},
        "memo": "RMA-2026-000007 #1001",
        "subsidiary": {"id": "3"},
        "currency": {"id": "2"},
        "item": {
            "items": [
                {"item": {"id": "77"}, "quantity": 2, "amount": 20.0, "description": "TEE"},
                {"item": {"id": "2001"}, "quantity": 1, "amount": 3.0, "description": "CAP"},
                {"item": {"id": "2002"}, "quantity": 1, "amount": 2.99, "description": "Shipping, duty and fees"},
            ]
        },
    }


def test_a_fee_is_a_negative_line_so_that_the_total_is_the_money_that_moved() -> None:
    memo = mapping.credit_memo(fact(amount=2000), KEY, CONFIG, NAMES)
    assert [line["amount"] for line in memo["item"]["items"]] == [20.0, 3.0, -3.0]


def test_without_amounts_by_line_the_whole_money_is_one_line_that_tells_the_goods() -> None:
    lines = [{"line_no": 1, "sku": "TEE", "quantity": 2}, {"line_no": 2, "sku": "CAP", "quantity": 1}]
    memo = mapping.credit_memo(fact(lines=lines), KEY, CONFIG, NAMES)
    assert memo["item"]["items"] == [
        {"item": {"id": "2002"}, "quantity": 1, "amount": 25.99, "description": "2 x TEE, 1 x CAP"}
    ]


def test_goods_that_are_all_of_the_money_leave_no_rest() -> None:
    memo = mapping.credit_memo(fact(amount=2300), KEY, CONFIG, NAMES)
    assert [line["amount"] for line in memo["item"]["items"]] == [20.0, 3.0]


def test_yen_have_no_minor_unit() -> None:
    memo = mapping.credit_memo(fact(currency="JPY", amount=2300), KEY, CONFIG, NAMES)
    assert [line["amount"] for line in memo["item"]["items"]] == [2000.0, 300.0]
    assert memo["currency"] == {"id": "5"}


def test_an_unknown_currency_is_refused_not_guessed() -> None:
    with pytest.raises(Unmapped, match="EUR"):
        mapping.credit_memo(fact(currency="EUR"), KEY, CONFIG, NAMES)


def test_another_legal_entity_takes_the_connections_own_ids_and_no_table_sends_no_currency() -> None:
    memo = mapping.credit_memo(fact(legal_entity="DE GmbH"), KEY, CONFIG, NetSuiteMapping())
    assert (memo["entity"], memo["subsidiary"], "currency" in memo) == ({"id": "1001"}, {"id": "9"}, False)


def test_return_authorization_carries_quantities_and_no_money() -> None:
    made = mapping.return_authorization(fact(order_number=""), "rma:1", CONFIG, NAMES)
    assert made["externalId"] == "rma-1"
    assert made["memo"] == "RMA-2026-000007"
    assert made["item"]["items"] == [
        {"item": {"id": "77"}, "quantity": 2, "description": "TEE"},
        {"item": {"id": "2001"}, "quantity": 1, "description": "CAP"},
    ]


@pytest.mark.parametrize(("total", "amount"), [(25.99, 2599), ("25.99", 2599), (0, 0), (1234567.89, 123456789)])
def test_the_total_is_read_to_the_minor_unit(total: Any, amount: int) -> None:
    assert mapping.total_of({"total": total}, "GBP") == amount


@pytest.mark.parametrize("record", [{}, {"total": None}, {"total": "much"}, {"total": 25.999}])
def test_a_total_that_is_no_amount_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(Unmapped):
        mapping.total_of(record, "GBP")


def test_people_know_a_record_by_its_number() -> None:
    assert mapping.reference_of({"id": "501", "tranId": "CM501"}) == "CM501"
    assert mapping.reference_of({"id": "501"}) == "501"


def golden(module: Any) -> Any:
    unpriced = fact(lines=[{"line_no": 1, "sku": "TEE", "quantity": 2}])
    return [
        module.credit_memo(fact(), KEY, CONFIG, NAMES),
        module.credit_memo(unpriced, KEY, CONFIG, NAMES),
        module.return_authorization(fact(), "rma:1", CONFIG, NAMES),
        module.total_of({"total": 25.99}, "GBP"),
        module.reference_of({"id": "501", "tranId": "CM501"}),
        module.reference_of({"id": "501"}),
    ]


@pytest.mark.parametrize("place", field_names(mapping), ids=lambda place: f"{place[0]}-{place[1]}")
def test_breaking_any_field_name_is_noticed(place: tuple[str, int, int]) -> None:
    assert noticed(golden, mapping, place)
