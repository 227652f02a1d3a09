"""`refundCreate` and the refund part of `returnProcess`: never more money than was paid nor units than were bought."""

from decimal import Decimal

from connectors.sandbox.exchange import Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.shopify import catalog, inventory, payloads
from connectors.sandbox.shopify.catalog import SYSTEM, amount, next_number, number_of

RESTOCKING = {"RETURN", "CANCEL"}


def create(world: World, request: Json) -> Json:
    """The payload with ids in place of objects: `refund`, `order`, `userErrors`."""
    order = world.store.get(SYSTEM, "order", number_of(request["orderId"], "Order"))
    if order is None:
        return refused(["orderId"], "Order does not exist")
    lines = [_line(item) for item in request.get("refundLineItems") or []]
    parts = [_part(item) for item in request.get("transactions") or []]
    if error := _line_complaint(world, order, lines) or _part_complaint(
        world, order, parts, bool(request.get("allowOverRefunding"))
    ):
        return error
    refund = book(world, order, lines, parts, note=request.get("note"), return_id=None)
    return {"refund": refund["id"], "order": order["id"], "userErrors": []}


def book(
    world: World, order: Json, lines: list[Json], parts: list[Json], *, note: str | None, return_id: str | None
) -> Json:
    """Write the refund, put goods back where asked, send `refunds/create` and `orders/updated`."""
    at = catalog.stamp()
    for item in lines:
        item["id"] = next_number(world)
        if item["restock_type"] in RESTOCKING:
            _restock(world, order, item)
    for part in parts:
        part |= {"id": next_number(world), "created_at": at, "payment_id": None}
    refund: Json = {"id": str(next_number(world)), "order": order["id"], "return": return_id, "note": note}
    refund |= {"created_at": at, "lines": lines, "transactions": parts}
    world.store.save(SYSTEM, "refund", refund, ref=order["id"])
    order["updated_at"] = at
    world.store.update(SYSTEM, "order", order)
    payloads.send(world, "refunds/create", order["id"], payloads.refund(order, refund))
    payloads.send(world, "orders/updated", order["id"], payloads.order(world, order))
    return refund


def refused(field: list[str], message: str) -> Json:
    return {"refund": None, "order": None, "userErrors": [{"field": field, "message": message}]}


def overdrawn(world: World, order: Json, parts: list[Json]) -> bool:
    """Whether these transactions would give back more than is left of the payment."""
    left = catalog.order_total(order) - catalog.refunded(world.store.find(SYSTEM, "refund", ref=order["id"]))
    return sum((amount(part["amount"]) for part in parts), Decimal(0)) > left


def _line(item: Json) -> Json:
    return {
        "line": int(number_of(item["lineItemId"], "LineItem") or 0),
        "quantity": item["quantity"],
        "restock_type": item.get("restockType") or "NO_RESTOCK",
        "location": number_of(item.get("locationId") or "", "Location"),
    }


def _part(item: Json) -> Json:
    return {
        "kind": item["kind"],
        "amount": str(item["amount"]),
        "gateway": item["gateway"],
        "parent": number_of(item.get("parentId") or "", "OrderTransaction"),
    }


def _line_complaint(world: World, order: Json, lines: list[Json]) -> Json | None:
    refunds = world.store.find(SYSTEM, "refund", ref=order["id"])
    by_id = {line["id"]: line for line in order["lines"]}
    for place, item in enumerate(lines):
        field = ["refundLineItems", str(place)]
        line = by_id.get(item["line"])
        if line is None:
            return refused([*field, "lineItemId"], "Line item does not exist")
        if not 1 <= item["quantity"] <= line["quantity"] - catalog.refunded_quantity(line, refunds):
            return refused([*field, "quantity"], "Quantity cannot refund more items than were purchased")
        if item["restock_type"] == "RETURN" and not item["location"]:
            return refused([*field, "locationId"], "Location is required to restock")
    return None


def _part_complaint(world: World, order: Json, parts: list[Json], over: bool) -> Json | None:
    for place, part in enumerate(parts):
        field = ["transactions", str(place)]
        if part["kind"] != "REFUND":
            return refused([*field, "kind"], "Transaction kind must be refund")
        if part["parent"] and part["parent"] != str(order["sale"]["id"]):
            return refused([*field, "parentId"], "Parent transaction does not exist")
        if amount(part["amount"]) <= 0:
            return refused([*field, "amount"], "Amount must be greater than zero")
    if overdrawn(world, order, parts) and not over:
        return refused(["transactions"], "Refund amount is greater than the amount available to refund")
    return None


def _restock(world: World, order: Json, item: Json) -> None:
    sku = next(line["sku"] for line in order["lines"] if line["id"] == item["line"])
    location = item["location"] or catalog.DEFAULT_LOCATION
    inventory.add(world, inventory.item_for(world, sku)["id"], location, "available", item["quantity"])
