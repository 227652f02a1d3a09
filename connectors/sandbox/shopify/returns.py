"""Returns: request, approve, decline, create, process, close, reopen, cancel, dispose; none takes a repeat key."""

from collections.abc import Callable
from typing import Any

from connectors.sandbox.exchange import BadRequest, Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.shopify import catalog, inventory, payloads, refunds
from connectors.sandbox.shopify.catalog import SYSTEM, next_number, number_of
from connectors.sandbox.shopify.return_views import reason_of, returnable_quantities

FINAL = {"RESTOCKED", "NOT_RESTOCKED", "MISSING"}


class Refusal(Exception):
    """Becomes one entry of `userErrors`."""

    def __init__(self, field: list[str], code: str, message: str) -> None:
        super().__init__(message)
        self.error: Json = {"field": field, "code": code, "message": message}


def payload(name: str, act: Callable[[], str]) -> Json:
    """`{name: id, userErrors: []}`, or the refusal."""
    try:
        return {name: act(), "userErrors": []}
    except Refusal as refusal:
        return {name: None, "userErrors": [refusal.error]}


def request(world: World, given: Json) -> str:
    """`returnRequest`: waits for the merchant's approval."""
    doc = _open(world, given, "REQUESTED")
    _send(world, "returns/request", doc)
    return str(doc["id"])


def create(world: World, given: Json) -> str:
    """`returnCreate`: open at once, as if approved elsewhere."""
    doc = _open(world, given, "OPEN")
    _approve(world, doc)
    _send(world, "returns/approve", doc)
    return str(doc["id"])


def approve(world: World, given: Json) -> str:
    doc = _return(world, given["id"], {"REQUESTED"})
    _approve(world, doc)
    _send(world, "returns/approve", doc)
    return str(doc["id"])


def decline(world: World, given: Json) -> str:
    doc = _return(world, given["id"], {"REQUESTED"})
    doc |= {"status": "DECLINED", "decline": {"reason": given["declineReason"], "note": given.get("declineNote")}}
    return _keep(world, doc, "returns/decline")


def close(world: World, return_id: str) -> str:
    doc = _return(world, return_id, {"OPEN"})
    doc |= {"status": "CLOSED", "closed_at": catalog.stamp()}
    if doc["reverse"]:
        doc["reverse"]["status"] = "CLOSED"
    return _keep(world, doc, "returns/close")


def reopen(world: World, return_id: str) -> str:
    doc = _return(world, return_id, {"CLOSED"})
    doc |= {"status": "OPEN", "closed_at": None}
    return _keep(world, doc, "returns/reopen")


def cancel(world: World, return_id: str) -> str:
    doc = _return(world, return_id, {"OPEN", "REQUESTED"})
    if any(line["processed"] or line["refunded"] for line in doc["lines"]):
        raise Refusal(["id"], "INVALID_STATE", "Return has processed items and cannot be canceled.")
    doc["status"] = "CANCELED"
    if doc["reverse"]:
        doc["reverse"]["status"] = "CANCELED"
    return _keep(world, doc, "returns/cancel")


def process(world: World, given: Json) -> str:
    """`returnProcess`: confirm quantities, dispose of them, optionally refund, all or nothing."""
    doc = _return(world, given["returnId"], {"OPEN"})
    wanted = {number_of(item["id"], "ReturnLineItem"): item for item in given.get("returnLineItems") or []}
    by_id = {str(line["id"]): line for line in doc["lines"]}
    for number, item in wanted.items():
        line = by_id.get(number)
        if line is None:
            raise Refusal(["returnLineItems"], "NOT_FOUND", "Return line item not found.")
        if not 1 <= item["quantity"] <= line["quantity"] - line["processed"]:
            raise Refusal(["returnLineItems", "quantity"], "INVALID", "Quantity exceeds what can be processed.")
        line["processed"] += item["quantity"]
    _refund(world, doc, given, wanted)
    world.store.update(SYSTEM, "return", doc)
    for item in wanted.values():
        if item.get("dispositions"):
            dispose(world, item["dispositions"])
    _send(world, "returns/process", _return(world, given["returnId"], {"OPEN"}))
    return str(doc["id"])


def dispose(world: World, inputs: list[Json]) -> list[str]:
    """`reverseFulfillmentOrderDispose`: ids of the lines touched. Not repeat-safe: the same call disposes again."""
    touched: list[str] = []
    for place, item in enumerate(inputs):
        number = number_of(item["reverseFulfillmentOrderLineItemId"], "ReverseFulfillmentOrderLineItem")
        doc = _by_reverse_line(world, number, place)
        made = _dispose_line(world, doc, number, item, place)
        world.store.update(SYSTEM, "return", doc)
        payloads.send(world, "reverse_fulfillment_orders/dispose", doc["order"], payloads.disposed(doc, [made]))
        touched.append(number)
    return touched


def by_reverse_line(world: World, number: str) -> Json | None:
    """The return whose reverse fulfillment order has this line."""
    link = world.store.get(SYSTEM, "reverse_line", number)
    return world.store.get(SYSTEM, "return", link["return"]) if link else None


def ask(world: World, body: Json) -> Json:
    """Control: a customer asks for a return. `order` is its number or name; `lines` name sku or line, and quantity."""
    order = _order_named(world, str(body.get("order", "")))
    lines = [_asked_line(order, item) for item in body.get("lines", [])]
    try:
        number = request(world, {"orderId": catalog.gid("Order", order["id"]), "returnLineItems": lines})
    except Refusal as refusal:
        raise BadRequest(str(refusal)) from refusal
    doc = world.store.get(SYSTEM, "return", number)
    return doc or {}


def _open(world: World, given: Json, status: str) -> Json:
    order = world.store.get(SYSTEM, "order", number_of(given["orderId"], "Order"))
    if order is None:
        raise Refusal(["orderId"], "NOT_FOUND", "Order not found.")
    if not given["returnLineItems"]:
        raise Refusal(["returnLineItems"], "BLANK", "Return line items can't be blank.")
    earlier = world.store.find(SYSTEM, "return", ref=order["id"])
    left = returnable_quantities(earlier, order) if order["fulfilled"] else {}
    lines = [_line(world, order, left, item, place) for place, item in enumerate(given["returnLineItems"])]
    at = catalog.stamp()
    doc: Json = {
        "id": str(next_number(world)),
        "name": f"{order['name']}-R{len(earlier) + 1}",
        "order": order["id"],
        "status": status,
        "created_at": given.get("requestedAt") or at,
        "approved_at": None,
        "closed_at": None,
        "decline": None,
        "lines": lines,
        "reverse": None,
    }
    world.store.save(SYSTEM, "return", doc, ref=order["id"])
    return doc


def _line(world: World, order: Json, left: dict[int, int], item: Json, place: int) -> Json:
    number = number_of(item["fulfillmentLineItemId"], "FulfillmentLineItem")
    source = next((line for line in order["lines"] if str(line["fulfillment_line"]) == number), None)
    field = ["returnLineItems", str(place)]
    if source is None or source["id"] not in left:
        raise Refusal([*field, "fulfillmentLineItemId"], "NOT_FOUND", "Fulfillment line item not found.")
    if not 1 <= item["quantity"] <= left[source["id"]]:
        raise Refusal([*field, "quantity"], "INVALID", "Quantity is greater than what can be returned.")
    left[source["id"]] -= item["quantity"]
    return {
        "id": next_number(world),
        "line": source["id"],
        "quantity": item["quantity"],
        "processed": 0,
        "refunded": 0,
        "reason": reason_of(item),
        "reason_note": item.get("returnReasonNote") or "",
        "customer_note": item.get("customerNote"),
    }


def _approve(world: World, doc: Json) -> None:
    """Open the return with its reverse fulfillment order."""
    reverse_id = str(next_number(world))
    lines = []
    for line in doc["lines"]:
        number = str(next_number(world))
        lines.append({"id": number, "line": line["line"], "quantity": line["quantity"], "dispositions": []})
        world.store.save(SYSTEM, "reverse_line", {"id": number, "return": doc["id"]})
    reverse = {"id": reverse_id, "status": "OPEN", "lines": lines}
    doc |= {"status": "OPEN", "approved_at": catalog.stamp(), "reverse": reverse}
    world.store.save(SYSTEM, "return", doc, ref=doc["order"], alt=reverse_id)


def _refund(world: World, doc: Json, given: Json, wanted: dict[str, Json]) -> None:
    transfer: Any = (given.get("financialTransfer") or {}).get("issueRefund")
    if not transfer:
        return
    order = world.store.get(SYSTEM, "order", doc["order"]) or {}
    parts = [
        {
            "kind": "REFUND",
            "amount": str(part["transactionAmount"]["amount"]),
            "gateway": order["gateway"],
            "parent": "",
        }
        for part in transfer["orderTransactions"]
    ]
    if refunds.overdrawn(world, order, parts) and not transfer.get("allowOverRefunding"):
        raise Refusal(["financialTransfer"], "INVALID", "Refund amount is greater than what is available.")
    lines = []
    for line in doc["lines"]:
        if item := wanted.get(str(line["id"])):
            line["refunded"] += item["quantity"]
            lines.append(
                {"line": line["line"], "quantity": item["quantity"], "restock_type": "NO_RESTOCK", "location": ""}
            )
    refunds.book(world, order, lines, parts, note=given.get("note"), return_id=doc["id"])


def _dispose_line(world: World, doc: Json, number: str, item: Json, place: int) -> Json:
    line = next(entry for entry in doc["reverse"]["lines"] if entry["id"] == number)
    kind, quantity = item["dispositionType"], item["quantity"]
    location = number_of(item.get("locationId") or "", "Location")
    field = ["dispositionInputs", str(place)]
    done = sum(entry["quantity"] for entry in line["dispositions"] if entry["type"] in FINAL)
    waiting = sum(entry["quantity"] for entry in line["dispositions"] if entry["type"] not in FINAL)
    room = line["quantity"] - done - (0 if kind in FINAL else waiting)
    if doc["reverse"]["status"] != "OPEN":
        raise Refusal(field, "INVALID_STATE", "Reverse fulfillment order is not open.")
    if not 1 <= quantity <= room:
        raise Refusal([*field, "quantity"], "INVALID", "Quantity is greater than what is left to dispose of.")
    if kind == "RESTOCKED" and not location:
        raise Refusal([*field, "locationId"], "BLANK", "Location can't be blank.")
    _take_waiting(line, max(0, quantity - (line["quantity"] - done - waiting)))
    made = {"id": str(next_number(world)), "type": kind, "quantity": quantity}
    made |= {"location": location, "created_at": catalog.stamp()}
    line["dispositions"].append(made)
    if kind == "RESTOCKED":
        _restock(world, doc, line["line"], location, quantity)
    return {"reverse_fulfillment_order_line_item": number, "type": kind.lower(), "quantity": quantity}


def _take_waiting(line: Json, quantity: int) -> None:
    """A final disposition uses up what was put aside as PROCESSING_REQUIRED."""
    for entry in line["dispositions"]:
        if quantity and entry["type"] not in FINAL:
            taken = min(quantity, entry["quantity"])
            entry["quantity"] -= taken
            quantity -= taken
    line["dispositions"] = [entry for entry in line["dispositions"] if entry["quantity"]]


def _restock(world: World, doc: Json, line_id: int, location: str, quantity: int) -> None:
    order = world.store.get(SYSTEM, "order", doc["order"]) or {"lines": []}
    sku = next(line["sku"] for line in order["lines"] if line["id"] == line_id)
    inventory.add(world, inventory.item_for(world, sku)["id"], location, "available", quantity)


def _return(world: World, return_id: str, states: set[str]) -> Json:
    doc = world.store.get(SYSTEM, "return", number_of(return_id, "Return"))
    if doc is None:
        raise Refusal(["id"], "NOT_FOUND", "Return not found.")
    if doc["status"] not in states:
        raise Refusal(["id"], "INVALID_STATE", f"Return is {doc['status']}.")
    return doc


def _by_reverse_line(world: World, number: str, place: int) -> Json:
    doc = by_reverse_line(world, number)
    if doc is None:
        field = ["dispositionInputs", str(place), "reverseFulfillmentOrderLineItemId"]
        raise Refusal(field, "NOT_FOUND", "Reverse fulfillment order line item not found.")
    return doc


def _keep(world: World, doc: Json, topic: str) -> str:
    world.store.update(SYSTEM, "return", doc)
    _send(world, topic, doc)
    return str(doc["id"])


def _send(world: World, topic: str, doc: Json) -> None:
    order = world.store.get(SYSTEM, "order", doc["order"]) or {}
    payloads.send(world, topic, doc["order"], payloads.returned(order, doc))


def _order_named(world: World, name: str) -> Json:
    number = number_of(name, "Order") or name
    order = world.store.get(SYSTEM, "order", number)
    found = [order] if order else world.store.find(SYSTEM, "order", ref=name)
    if not found:
        raise BadRequest(f"No order {name}")
    return found[0]


def _asked_line(order: Json, item: Json) -> Json:
    for line in order["lines"]:
        if item.get("line") == line["id"] or (item.get("sku") and item["sku"] == line["sku"]):
            return {
                "fulfillmentLineItemId": catalog.gid("FulfillmentLineItem", line["fulfillment_line"]),
                "quantity": int(item.get("quantity", line["quantity"])),
                "returnReason": str(item.get("reason", "UNWANTED")).upper(),
                "customerNote": item.get("note"),
            }
    raise BadRequest(f"The order has no line {item}")
