"""Canonical ↔ Shopify, pure: no I/O, no database. Amounts go out as decimal strings in major units."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.meanings import Meaning, published
from connectors.shopify.codes import RETURN_REASONS
from connectors.shopify.config import ShopifyConfig, ShopifyMapping
from connectors.shopify.orders import Order
from retailops.lib.money import major

Json = dict[str, Any]
GID = "gid://shopify/"
# How a refund that we recorded is told from one that the shop made by itself.
OURS = re.compile(r"\brefund:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:\d+\b")
RESTOCKED = "RESTOCKED"
# docs: design, "Stock: slices of quantity"; what is not listed never goes back on Shopify's shelf.
DISPOSITIONS = {
    "sellable": RESTOCKED,
    "quarantine": "PROCESSING_REQUIRED",
    "pending_inspection": "PROCESSING_REQUIRED",
    "refurbish": "PROCESSING_REQUIRED",
    "repair": "PROCESSING_REQUIRED",
    "missing": "MISSING",
    "damaged": "NOT_RESTOCKED",
    "return_to_vendor": "NOT_RESTOCKED",
    "return_to_customer": "NOT_RESTOCKED",
    "liquidate": "NOT_RESTOCKED",
    "recycle": "NOT_RESTOCKED",
    "donate": "NOT_RESTOCKED",
    "scrap": "NOT_RESTOCKED",
    "keep_it": "NOT_RESTOCKED",
}


class Unmapped(Exception):
    """A code or field that the mapping does not know: nothing is guessed, a person completes the mapping."""


@dataclass(frozen=True)
class ReverseLine:
    """A line of a shop return's reverse fulfillment order, with what was disposed of it already, by type."""

    id: str
    line_item: str
    total: int
    disposed: dict[str, int]


@dataclass(frozen=True)
class ShopRefund:
    """A refund that the shop tells of. `ours` is our effect key when we recorded it. Amount as the shop writes it."""

    id: str
    order_id: str
    ours: str
    note: str
    amounts: tuple[tuple[str, str], ...]


def gid(kind: str, external_id: str) -> str:
    """Return the global id of a REST number; one that is global already stays."""
    return external_id if external_id.startswith(GID) else f"{GID}{kind}/{external_id}"


def number_of(global_id: str) -> str:
    """Return the number at the end of a global id."""
    return global_id.rpartition("/")[2]


# Out -----------------------------------------------------------------------------------------------------------------


def refund_input(fact: Json, effect_key: str) -> Json:
    """Return the `RefundInput` that records a refund whose money went another way.

    `transactions` is empty, so that Shopify moves none; the lines are marked refunded and nothing is restocked, since
    stock follows its own disposition.
    """
    recorded: Json = {
        "orderId": gid("Order", fact["order_external_id"]),
        "note": f"{fact['number']} {effect_key}",
        "notify": False,
        "transactions": [],
        "refundLineItems": [
            {
                "lineItemId": gid("LineItem", line["order_line_external_id"]),
                "quantity": line["quantity"],
                "restockType": "NO_RESTOCK",
            }
            for line in fact["lines"]
        ],
    }
    if fact.get("shipping"):
        recorded["shipping"] = {"amount": str(major(fact["shipping"], fact["currency"]))}
    return recorded


def records_something(fact: Json) -> bool:
    """Tell whether a refund has units or shipping to mark; a second tender of the same units has none."""
    return bool(fact["lines"] or fact.get("shipping"))


def disposition_type(disposition: str) -> str:
    """Return Shopify's disposition type. Raises Unmapped."""
    if disposition not in DISPOSITIONS:
        raise Unmapped(f"the disposition {disposition!r} has no counterpart at Shopify")
    return DISPOSITIONS[disposition]


def disposal(fact: Json, line: ReverseLine, config: ShopifyConfig, mapping: ShopifyMapping) -> Json:
    """Return the `ReverseFulfillmentOrderDisposeInput` of a posted disposition."""
    kind = disposition_type(fact["disposition"])
    made: Json = {
        "reverseFulfillmentOrderLineItemId": line.id,
        "quantity": fact["quantity"],
        "dispositionType": kind,
    }
    # Shopify demands a location where goods go back on the shelf, and takes none where they do not.
    return made | ({"locationId": location_id(fact["location"], config, mapping)} if kind == RESTOCKED else {})


def restock(fact: Json, effect_key: str, item_id: str, config: ShopifyConfig, mapping: ShopifyMapping) -> Json:
    """Return the `InventoryAdjustQuantitiesInput` that makes goods available that came by a return of ours."""
    change = {
        "delta": fact["quantity"],
        "inventoryItemId": item_id,
        "locationId": location_id(fact["location"], config, mapping),
    }
    return {
        "name": "available",
        "reason": "restock",
        "referenceDocumentUri": f"retailops://{effect_key.replace(':', '/')}",
        "changes": [change],
    }


def location_id(code: str, config: ShopifyConfig, mapping: ShopifyMapping) -> str:
    """Return Shopify's global id of our location. Raises Unmapped."""
    found = mapping.locations.get(code) or config.default_location_id
    if not found:
        raise Unmapped(f"the location {code!r} has no id at Shopify: add it to the connection's mapping")
    return gid("Location", found)


def decline_input(return_id: str, reason: str, mapping: ShopifyMapping) -> Json:
    """Return the `ReturnDeclineRequestInput`; our own reason goes along as the note."""
    declined: Json = {"id": return_id, "declineReason": mapping.decline_reasons.get(reason, "OTHER")}
    return declined | ({"declineNote": reason} if reason else {})


def reverse_lines(answer: Json) -> list[ReverseLine]:
    """Read the lines of a return's reverse fulfillment orders from a `LinesOfReturn` answer."""
    orders = ((answer.get("return") or {}).get("reverseFulfillmentOrders") or {}).get("nodes") or []
    return [_reverse_line(line) for order in orders for line in order["lineItems"]["nodes"]]


def _reverse_line(line: Json) -> ReverseLine:
    disposed: dict[str, int] = {}
    for part in line["dispositions"]:
        disposed[part["type"]] = disposed.get(part["type"], 0) + part["quantity"]
    item = (line.get("fulfillmentLineItem") or {}).get("lineItem") or {}
    return ReverseLine(line["id"], number_of(item.get("id", "")), line["totalQuantity"], disposed)


# In ------------------------------------------------------------------------------------------------------------------


def order_fields(payload: Json, *, channel: str, system: str, config: ShopifyConfig, mapping: ShopifyMapping) -> Json:
    """Read `orders/*`. Raises Unmapped for a payload without what an order needs."""
    with _payload("orders"):
        return Order(payload, channel=channel, system=system, config=config, mapping=mapping).fields()


def order_state(state: Json, *, channel: str, system: str, config: ShopifyConfig, mapping: ShopifyMapping) -> Json:
    """Read a `StateOfOrder` answer, as its webhook would be read: the fields of an `OrderTellingIn` that it says.

    Raises Unmapped.
    """
    with _payload("StateOfOrder"):
        told = Order(_as_webhook(state), channel=channel, system=system, config=config, mapping=mapping)
        return told.state()


def _as_webhook(state: Json) -> Json:
    """Return what was read in the shape in which the shop tells it by itself: both are then read in one way."""
    return {
        "id": number_of(state["id"]),
        "name": state["name"],
        "processed_at": state["processedAt"],
        "presentment_currency": state["presentmentCurrencyCode"],
        "financial_status": (state["displayFinancialStatus"] or "").lower(),
        "taxes_included": state["taxesIncluded"],
        "payment_gateway_names": state["paymentGatewayNames"],
        "note_attributes": [{"name": each["key"], "value": each["value"] or ""} for each in state["customAttributes"]],
        "total_price": _amount(state["totalPriceSet"]),
        "total_outstanding": _amount(state["totalOutstandingSet"]),
        "line_items": [_line_as_webhook(line) for line in state["lines"]],
    }


def _line_as_webhook(line: Json) -> Json:
    taxes = [{"title": tax["title"], "price": _amount(tax["priceSet"])} for tax in line["taxLines"]]
    return {
        "id": number_of(line["id"]),
        "sku": line["sku"],
        "quantity": line["quantity"],
        "price": _amount(line["originalUnitPriceSet"]),
        "discount_allocations": [
            {"amount": _amount(part["allocatedAmountSet"])} for part in line["discountAllocations"]
        ],
        "tax_lines": taxes,
    }


def _amount(bag: Json) -> str:
    """Return what the customer saw, in major units."""
    return str(bag["presentmentMoney"]["amount"])


def return_fields(
    payload: Json, *, channel: str, source: str, mapping: ShopifyMapping, meaning: Meaning = published
) -> Json:
    """Read `returns/request` as the fields of a `ReturnIn`. Raises Unmapped, UnmappedCode."""
    with _payload("returns/request"):
        lines = [_return_line(line, mapping, meaning) for line in payload["return_line_items"]]
        return {
            "channel": channel,
            "order_external_id": str(payload["order"]["id"]),
            "source": source,
            "external_id": payload["admin_graphql_api_id"],
            "reason": lines[0]["reason"],
            "lines": lines,
        }


def _return_line(line: Json, mapping: ShopifyMapping, meaning: Meaning) -> Json:
    reason = str(line.get("return_reason") or "unknown").lower()
    usual = mapping.return_reasons.get(reason) or RETURN_REASONS.get(reason, "")
    return {
        "order_line_external_id": str(line["fulfillment_line_item"]["line_item"]["id"]),
        "quantity": line["quantity"],
        "reason": meaning("customer_reason", reason, usual),
    }


def shop_refund(payload: Json) -> ShopRefund:
    """Read `refunds/create`. Raises Unmapped."""
    with _payload("refunds/create"):
        note = payload.get("note") or ""
        found = OURS.search(note)
        return ShopRefund(
            id=str(payload["id"]),
            order_id=str(payload["order_id"]),
            ours=found.group() if found else "",
            note=note,
            amounts=tuple((part["amount"], part.get("currency", "")) for part in payload.get("transactions") or []),
        )


@contextmanager
def _payload(topic: str) -> Iterator[None]:
    """Turn a missing or malformed field into Unmapped that names the topic."""
    try:
        yield
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError) as error:
        raise Unmapped(f"{topic} is not as expected: {type(error).__name__} {error}") from error


# A return's state there → here.
RETURN_STATES = {
    "requested": "requested",
    "open": "authorized",
    "declined": "declined",
    "canceled": "canceled",
    "closed": "closed",
}


def return_state(payload: Json) -> str:
    """Return our word for the state of a return. Raises Unmapped for one that the shop's contract does not have."""
    state = str(payload.get("status", ""))
    if state not in RETURN_STATES:
        raise Unmapped(f"a return's state {state!r} is not one of the contract")
    return RETURN_STATES[state]
