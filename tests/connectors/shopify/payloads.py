"""Payloads as the shop sends them, in the shape of the REST-era webhooks of API 2026-07."""

from typing import Any

Json = dict[str, Any]


def money(amount: str, currency: str = "GBP", *, shop: str = "0.00", shop_currency: str = "USD") -> Json:
    return {
        "shop_money": {"amount": shop, "currency_code": shop_currency},
        "presentment_money": {"amount": amount, "currency_code": currency},
    }


def order(**changes: Any) -> Json:
    """A shop in USD sold in GBP: discounts by line and on shipping, two taxes, two parcels, one line not shipped."""
    return {
        "id": 5001,
        "admin_graphql_api_id": "gid://shopify/Order/5001",
        "name": "#1042",
        "order_number": 1042,
        "currency": "USD",
        "presentment_currency": "GBP",
        "created_at": "2026-11-01T10:00:00+01:00",
        "processed_at": "2026-11-01T09:59:30+01:00",
        "updated_at": "2026-11-03T08:00:00.250Z",
        "taxes_included": False,
        "financial_status": "partially_paid",
        "payment_gateway_names": ["shopify_payments"],
        "total_price": "99.99",
        "total_price_set": money("64.50"),
        "total_outstanding": "1.00",
        "total_outstanding_set": money("4.50"),
        "total_discounts": "9.00",
        "total_discounts_set": money("6.00"),
        "location_id": 77,
        "email": "order@example.com",
        "customer": {"id": 31, "email": "ada@example.com", "first_name": "Ada", "last_name": "Buyer"},
        "shipping_address": {"country_code": "GB"},
        "billing_address": {"country_code": "FR"},
        "note_attributes": [
            {"name": "payment_intent", "value": "pi_123"},
            {"name": "gift message", "value": "Happy birthday"},
        ],
        "line_items": order_lines(),
        "shipping_lines": shipping_lines(),
        "fulfillments": fulfillments(),
    } | changes


def order_lines() -> list[Json]:
    """Three shirts with discounts, two taxes and duty, and a gift card of no sku."""
    return [
        {
            "id": 9001,
            "sku": "TEE",
            "title": "Tee",
            "name": "Tee - red",
            "variant_id": 71,
            "quantity": 3,
            "price": "30.00",
            "price_set": money("10.00"),
            "total_discount": "9.99",
            "discount_allocations": [
                {"amount": "2.00", "amount_set": money("1.00")},
                {"amount": "3.00", "amount_set": money("2.50")},
            ],
            "tax_lines": [
                {"title": "VAT", "price": "9.00", "price_set": money("5.30")},
                {"title": "Eco", "price": "0.20", "price_set": money("0.10")},
            ],
            "duties": [{"price": "1.00", "price_set": money("0.75")}],
            "properties": [{"name": "_final_sale", "value": "true"}],
            "gift_card": False,
            "product_type": "Apparel",
        },
        {
            "id": 9002,
            "sku": None,
            "title": "Card",
            "name": None,
            "variant_id": 72,
            "quantity": 1,
            "price": "25.00",
            "price_set": money("20.00"),
            "discount_allocations": [],
            "tax_lines": [],
            "properties": [],
            "gift_card": True,
        },
    ]


def shipping_lines() -> list[Json]:
    """Express, discounted and taxed."""
    return [
        {
            "title": "Express",
            "price": "9.00",
            "price_set": money("7.00"),
            "discount_allocations": [{"amount": "3.00", "amount_set": money("2.50")}],
            "tax_lines": [{"title": "VAT", "price": "1.00", "price_set": money("0.90")}],
        }
    ]


def fulfillments() -> list[Json]:
    """Two parcels, one of them told twice, and one that was called off."""
    return [
        {
            "status": "success",
            "created_at": "2026-11-02T10:00:00Z",
            "tracking_company": "Royal Mail",
            "tracking_numbers": ["RM1", "RM2"],
            "line_items": [{"id": 9001, "quantity": 1}],
        },
        {
            "status": "success",
            "created_at": "2026-11-02T12:00:00Z",
            "tracking_company": None,
            "tracking_numbers": ["RM2"],
            "line_items": [{"id": 9001, "quantity": 1}],
        },
        {
            "status": "cancelled",
            "created_at": "2026-11-02T13:00:00Z",
            "tracking_numbers": ["NEVER"],
            "line_items": [{"id": 9001, "quantity": 1}, {"id": 9002, "quantity": 1}],
        },
    ]


def return_request(**changes: Any) -> Json:
    return {
        "id": 8001,
        "admin_graphql_api_id": "gid://shopify/Return/8001",
        "name": "#1042-R1",
        "status": "requested",
        "order": {"id": 5001, "admin_graphql_api_id": "gid://shopify/Order/5001"},
        "total_return_line_items": 1,
        "return_line_items": [
            {
                "id": 8101,
                "admin_graphql_api_id": "gid://shopify/ReturnLineItem/8101",
                "fulfillment_line_item": {
                    "id": 8201,
                    "line_item": {"id": 9001, "admin_graphql_api_id": "gid://shopify/LineItem/9001"},
                },
                "quantity": 2,
                "return_reason": "size_too_small",
                "return_reason_note": "",
                "customer_note": None,
            }
        ],
    } | changes
