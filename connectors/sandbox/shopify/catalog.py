"""Names, numbers and money of the fake shop. Amounts are decimal strings in major units, as Shopify writes them."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.sandbox.exchange import Json
from connectors.sandbox.pipeline import World

SYSTEM = "shopify"
SHOP = "sandbox.myshopify.com"
DEFAULT_LOCATION = 68001
ZERO_DECIMAL = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
                "XOF", "XPF"}  # fmt: skip
THREE_DECIMAL = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


def gid(kind: str, number: int | str) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: str, kind: str) -> str:
    """The number in `gid://shopify/<kind>/<number>`, empty when it is of another kind."""
    prefix = gid(kind, "")
    return global_id.removeprefix(prefix) if global_id.startswith(prefix) else ""


def next_number(world: World) -> int:
    """Unlike any other number of this shop, so that no two kinds can be mistaken for each other."""
    return world.store.next_number(SYSTEM, "number", start=450_789_469)


def amount(value: Any) -> Decimal:
    return Decimal(str(value))


def text(value: Decimal, currency: str) -> str:
    """Rounded half up to the currency's own digits."""
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return str(value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))


def bag(value: Decimal, currency: str) -> Json:
    money = {"amount": text(value, currency), "currencyCode": currency}
    return {"shopMoney": money, "presentmentMoney": money}


def stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def location(number: int | str) -> Json:
    name = "Main warehouse" if int(number) == DEFAULT_LOCATION else f"Location {number}"
    return {
        "__typename": "Location",
        "id": gid("Location", number),
        "legacyResourceId": str(number),
        "name": name,
        "isActive": True,
    }


# What lines and orders add up to ---------------------------------------------------------------------------------


def gross(line: Json) -> Decimal:
    return amount(line["price"]) * int(line["quantity"])


def net(line: Json) -> Decimal:
    """After discounts, before tax."""
    return gross(line) - amount(line["discount"])


def share(line: Json, total: Decimal, quantity: int) -> Decimal:
    return total * quantity / int(line["quantity"])


def order_total(order: Json) -> Decimal:
    goods = sum((net(line) + amount(line["tax"]) for line in order["lines"]), Decimal(0))
    return goods + amount(order["shipping"])


def refunded(refunds: list[Json]) -> Decimal:
    return sum((amount(part["amount"]) for refund in refunds for part in refund["transactions"]), Decimal(0))


def refunded_quantity(line: Json, refunds: list[Json]) -> int:
    return sum(item["quantity"] for refund in refunds for item in refund["lines"] if item["line"] == line["id"])


def financial_status(order: Json, refunds: list[Json]) -> str:
    back = refunded(refunds)
    if back <= 0:
        return "PAID"
    return "REFUNDED" if back >= order_total(order) else "PARTIALLY_REFUNDED"
