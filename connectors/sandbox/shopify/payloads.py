"""Webhook bodies in their REST-era shape, and how they are signed."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from decimal import Decimal

from connectors.sandbox.exchange import Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.shopify import catalog
from connectors.sandbox.shopify.catalog import SHOP, SYSTEM, amount, gid, text
from connectors.sandbox.webhooks import Outgoing

API_VERSION = "2026-07"


def send(world: World, topic: str, order_id: str, body: Json) -> None:
    """Queue a webhook; the messages about one order keep their order."""
    world.hooks.emit(SYSTEM, lane=order_id, topic=topic, message_id=str(uuid.uuid4()), body=body)


def sign(message: Outgoing) -> Mapping[str, str]:
    """`X-Shopify-Hmac-Sha256`: base64 HMAC-SHA256 of the raw body under the newest secret."""
    digest = hmac.new(message.secrets[0].encode(), message.body, hashlib.sha256).digest()
    return {
        "X-Shopify-Topic": message.topic,
        "X-Shopify-Webhook-Id": message.message_id,
        "X-Shopify-Event-Id": message.message_id,
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-API-Version": API_VERSION,
    }


def order(world: World, doc: Json) -> Json:
    currency, lines = doc["currency"], doc["lines"]
    refunds = world.store.find(SYSTEM, "refund", ref=doc["id"])
    subtotal = sum((catalog.net(line) for line in lines), Decimal(0))
    total = catalog.order_total(doc)
    return {
        "id": int(doc["id"]),
        "admin_graphql_api_id": gid("Order", doc["id"]),
        "name": doc["name"],
        "number": int(doc["number"]),
        "order_number": int(doc["number"]),
        "token": hashlib.sha256(doc["id"].encode()).hexdigest()[:32],
        "email": doc["email"],
        "contact_email": doc["email"],
        "phone": None,
        "created_at": doc["created_at"],
        "updated_at": doc["updated_at"],
        "processed_at": doc["created_at"],
        "cancelled_at": None,
        "cancel_reason": None,
        "closed_at": None,
        "confirmed": True,
        "buyer_accepts_marketing": False,
        "test": True,
        "taxes_included": False,
        "currency": currency,
        "presentment_currency": currency,
        "financial_status": catalog.financial_status(doc, refunds).lower(),
        "fulfillment_status": "fulfilled" if doc["fulfilled"] else None,
        "gateway": doc["gateway"],
        "payment_gateway_names": [doc["gateway"]],
        "source_name": "web",
        "note": doc["note"],
        "note_attributes": doc["note_attributes"],
        "tags": ", ".join(doc["tags"]),
        "subtotal_price": text(subtotal, currency),
        "total_line_items_price": text(sum((catalog.gross(line) for line in lines), Decimal(0)), currency),
        "total_discounts": text(sum((amount(line["discount"]) for line in lines), Decimal(0)), currency),
        "total_tax": text(sum((amount(line["tax"]) for line in lines), Decimal(0)), currency),
        "total_price": text(total, currency),
        "total_shipping_price_set": _money_set(amount(doc["shipping"]), currency),
        "total_weight": 0,
        "user_id": None,
        "location_id": None,
        "customer": _customer(doc),
        "discount_codes": [],
        "tax_lines": [],
        "line_items": [line_item(doc, line, refunds) for line in lines],
        "shipping_lines": _shipping_lines(doc),
        "fulfillments": [_fulfillment(doc, refunds)] if doc["fulfilled"] else [],
        "refunds": [refund(doc, item) for item in refunds],
    }


def line_item(doc: Json, line: Json, refunds: list[Json]) -> Json:
    currency, quantity = doc["currency"], line["quantity"]
    rate = float(amount(line["tax"]) / catalog.net(line)) if catalog.net(line) else 0.0
    discount = text(amount(line["discount"]), currency)
    return {
        "id": line["id"],
        "admin_graphql_api_id": gid("LineItem", line["id"]),
        "sku": line["sku"],
        "title": line["title"],
        "name": line["title"],
        "variant_id": None,
        "variant_title": None,
        "product_id": None,
        "product_exists": True,
        "vendor": None,
        "quantity": quantity,
        "current_quantity": quantity - catalog.refunded_quantity(line, refunds),
        "fulfillable_quantity": 0 if doc["fulfilled"] else quantity,
        "fulfillment_service": "manual",
        "fulfillment_status": "fulfilled" if doc["fulfilled"] else None,
        "price": text(amount(line["price"]), currency),
        "price_set": _money_set(amount(line["price"]), currency),
        "total_discount": "0.00",
        "discount_allocations": [{"amount": discount, "discount_application_index": 0}] if amount(discount) else [],
        "tax_lines": [{"title": "Tax", "price": text(amount(line["tax"]), currency), "rate": rate}],
        "grams": 0,
        "requires_shipping": True,
        "taxable": True,
        "gift_card": False,
        "properties": [],
        "variant_inventory_management": "shopify",
    }


def refund(doc: Json, item: Json) -> Json:
    currency = doc["currency"]
    return {
        "id": int(item["id"]),
        "admin_graphql_api_id": gid("Refund", item["id"]),
        "order_id": int(doc["id"]),
        "created_at": item["created_at"],
        "processed_at": item["created_at"],
        "note": item["note"],
        "restock": any(line["restock_type"] in {"RETURN", "CANCEL"} for line in item["lines"]),
        "user_id": None,
        "return": item["return"] and {"id": int(item["return"]), "admin_graphql_api_id": gid("Return", item["return"])},
        "refund_line_items": [_refund_line(doc, line) for line in item["lines"]],
        "transactions": [_transaction(doc, part, currency) for part in item["transactions"]],
        "order_adjustments": [],
    }


def returned(order_doc: Json, doc: Json) -> Json:
    """Body of `returns/*`."""
    return {
        "id": int(doc["id"]),
        "admin_graphql_api_id": gid("Return", doc["id"]),
        "name": doc["name"],
        "status": doc["status"].lower(),
        "created_at": doc["created_at"],
        "order": {"id": int(order_doc["id"]), "admin_graphql_api_id": gid("Order", order_doc["id"])},
        "total_return_line_items": len(doc["lines"]),
        "decline": doc["decline"],
        "return_line_items": [_return_line(order_doc, line) for line in doc["lines"]],
    }


def disposed(doc: Json, lines: list[Json]) -> Json:
    """Body of `reverse_fulfillment_orders/dispose`."""
    reverse = doc["reverse"]
    return {
        "id": int(reverse["id"]),
        "admin_graphql_api_id": gid("ReverseFulfillmentOrder", reverse["id"]),
        "return": {"id": int(doc["id"]), "admin_graphql_api_id": gid("Return", doc["id"])},
        "dispositions": lines,
    }


def _return_line(order_doc: Json, line: Json) -> Json:
    source = next(item for item in order_doc["lines"] if item["id"] == line["line"])
    fulfillment_line = {
        "id": source["fulfillment_line"],
        "admin_graphql_api_id": gid("FulfillmentLineItem", source["fulfillment_line"]),
        "line_item": {"id": source["id"], "admin_graphql_api_id": gid("LineItem", source["id"]), "sku": source["sku"]},
    }
    return {
        "id": line["id"],
        "admin_graphql_api_id": gid("ReturnLineItem", line["id"]),
        "fulfillment_line_item": fulfillment_line,
        "quantity": line["quantity"],
        "refundable_quantity": line["quantity"] - line["refunded"],
        "refunded_quantity": line["refunded"],
        "return_reason": line["reason"].lower(),
        "return_reason_note": line["reason_note"],
        "customer_note": line["customer_note"],
    }


def _refund_line(doc: Json, item: Json) -> Json:
    line = next(line for line in doc["lines"] if line["id"] == item["line"])
    quantity = item["quantity"]
    return {
        "id": item["id"],
        "line_item_id": line["id"],
        "quantity": quantity,
        "restock_type": item["restock_type"].lower(),
        "location_id": int(item["location"]) if item["location"] else None,
        "subtotal": float(text(catalog.share(line, catalog.net(line), quantity), doc["currency"])),
        "total_tax": float(text(catalog.share(line, amount(line["tax"]), quantity), doc["currency"])),
        "line_item": line_item(doc, line, []),
    }


def _transaction(doc: Json, part: Json, currency: str) -> Json:
    return {
        "id": part["id"],
        "admin_graphql_api_id": gid("OrderTransaction", part["id"]),
        "order_id": int(doc["id"]),
        "amount": text(amount(part["amount"]), currency),
        "currency": currency,
        "kind": part["kind"].lower(),
        "gateway": part["gateway"],
        "status": "success",
        "message": None,
        "created_at": part["created_at"],
        "processed_at": part["created_at"],
        "test": True,
        "authorization": None,
        "parent_id": doc["sale"]["id"],
        "location_id": None,
        "user_id": None,
        "device_id": None,
        "error_code": None,
        "receipt": {},
        "source_name": "web",
    }


def _fulfillment(doc: Json, refunds: list[Json]) -> Json:
    return {
        "id": doc["fulfillment"],
        "admin_graphql_api_id": gid("Fulfillment", doc["fulfillment"]),
        "order_id": int(doc["id"]),
        "status": "success",
        "created_at": doc["created_at"],
        "updated_at": doc["created_at"],
        "service": "manual",
        "tracking_company": None,
        "tracking_number": None,
        "tracking_numbers": [],
        "tracking_url": None,
        "tracking_urls": [],
        "receipt": {},
        "line_items": [line_item(doc, line, refunds) for line in doc["lines"]],
    }


def _shipping_lines(doc: Json) -> list[Json]:
    price = text(amount(doc["shipping"]), doc["currency"])
    return [{"id": int(doc["id"]), "title": "Standard", "code": "standard", "price": price, "source": "shopify"}]


def _customer(doc: Json) -> Json | None:
    customer = doc["customer"]
    if not customer:
        return None
    return {
        "id": int(customer["legacyResourceId"]),
        "admin_graphql_api_id": customer["id"],
        "email": customer["email"],
        "first_name": customer["firstName"],
        "last_name": customer["lastName"],
        "created_at": doc["created_at"],
        "updated_at": doc["created_at"],
        "state": "disabled",
        "verified_email": True,
        "note": None,
        "tags": "",
    }


def _money_set(value: Decimal, currency: str) -> Json:
    money = {"amount": text(value, currency), "currency_code": currency}
    return {"shop_money": money, "presentment_money": money}
