"""Bodies as clients send them."""

from typing import Any

from tests.factories import unique


def money(amount: int, currency: str = "GBP") -> dict[str, Any]:
    """Return an amount in minor units as it is on the wire."""
    return {"amount": amount, "currency": currency}


def order_body(**changes: Any) -> dict[str, Any]:
    """Return an order of two lines, 3 × £10.00 with £1.00 off and 1 × £25.50 with VAT, paid by one card."""
    return {
        "number": unique("O-"),
        "version": 1,
        "region": "uk",
        "brand": "acme",
        "legal_entity": "ACME-UK",
        "currency": "GBP",
        "placed_at": "2026-11-10T09:00:00Z",
        "shipping_charged": money(450),
        "customer": {"system": "web", "external_id": unique("c-"), "name": "Ada", "email": "ada@example.com"},
        "lines": [
            {
                "external_id": "L1", "sku": "MUG", "quantity": 3, "unit_price": money(1000), "discount": money(100),
                "shipped_at": "2026-11-12T09:00:00Z",
            },
            {
                "external_id": "L2", "sku": "LAMP", "quantity": 1, "unit_price": money(2550),
                "taxes": [{"code": "VAT20", "amount": money(425), "included": True}],
                "shipped_at": "2026-11-12T09:00:00Z",
            },
        ],
        "payments": [{"external_id": unique("pi_"), "gateway": "stripe", "captured": money(5900)}],
    } | changes  # fmt: skip


def batch_item(**changes: Any) -> dict[str, Any]:
    """Return an order with its address, as a batch holds it."""
    return {"channel": "web", "external_id": unique("E-"), **order_body(), **changes}
