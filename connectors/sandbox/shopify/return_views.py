"""Returns, reverse fulfillment orders and inventory as GraphQL sources."""

from typing import Any

from connectors.sandbox.exchange import Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.shopify import catalog
from connectors.sandbox.shopify.catalog import SYSTEM, bag, gid
from connectors.sandbox.shopify.views import OrderViews, paged

ACTIVE = {"REQUESTED", "OPEN", "CLOSED"}


class ReturnViews:
    def __init__(self, world: World, orders: OrderViews) -> None:
        self._store, self._orders = world.store, orders
        orders.returns_of = self.of_order
        orders.return_by_number = self.by_number

    def by_number(self, number: str) -> Json | None:
        doc = self._store.get(SYSTEM, "return", number)
        return self.view(doc) if doc else None

    def of_order(self, order_id: str) -> list[Json]:
        return [self.view(doc) for doc in self._store.find(SYSTEM, "return", ref=order_id)]

    def view(self, doc: Json) -> Json:
        order = self._order(doc)
        return {
            "__typename": "Return",
            "id": gid("Return", doc["id"]),
            "name": doc["name"],
            "status": doc["status"],
            "order": lambda _info: self._orders.of_order(order),
            "createdAt": doc["created_at"],
            "closedAt": doc["closed_at"],
            "requestApprovedAt": doc["approved_at"],
            "totalQuantity": sum(line["quantity"] for line in doc["lines"]),
            "decline": doc["decline"],
            "returnLineItems": paged(lambda: [self._line(order, line) for line in doc["lines"]]),
            "refunds": paged(lambda: [self._orders.refund(order, item) for item in self._refunds(doc)]),
            "transactions": paged(lambda: self._transactions(order, doc)),
            "reverseFulfillmentOrders": paged(lambda: [self.reverse_order(doc)] if doc["reverse"] else []),
        }

    def reverse_order(self, doc: Json) -> Json:
        order, reverse = self._order(doc), doc["reverse"]
        return {
            "__typename": "ReverseFulfillmentOrder",
            "id": gid("ReverseFulfillmentOrder", reverse["id"]),
            "status": reverse["status"],
            "order": lambda _info: self._orders.of_order(order),
            "lineItems": paged(lambda: [self.reverse_line(order, line) for line in reverse["lines"]]),
        }

    def reverse_line(self, order: Json, line: Json) -> Json:
        return {
            "__typename": "ReverseFulfillmentOrderLineItem",
            "id": gid("ReverseFulfillmentOrderLineItem", line["id"]),
            "totalQuantity": line["quantity"],
            "fulfillmentLineItem": lambda _info: self._fulfillment_line(order, line["line"]),
            "dispositions": [self._disposition(item) for item in line["dispositions"]],
        }

    def returnable(self, order_id: str) -> list[Json]:
        """What of an order's fulfillment can still be returned."""
        order = self._store.get(SYSTEM, "order", order_id)
        if order is None or not order["fulfilled"]:
            return []
        left = returnable_quantities(self._store.find(SYSTEM, "return", ref=order_id), order)
        items = [
            {"quantity": left[line["id"]], "fulfillmentLineItem": self._fulfillment_line(order, line["id"])}
            for line in order["lines"]
            if left[line["id"]] > 0
        ]
        view = {
            "__typename": "ReturnableFulfillment",
            "id": gid("ReturnableFulfillment", order["fulfillment"]),
            "fulfillment": self._orders.fulfillment(order),
            "returnableFulfillmentLineItems": paged(lambda: items),
        }
        return [view] if items else []

    def _line(self, order: Json, line: Json) -> Json:
        open_quantity = line["quantity"] - line["processed"]
        source = next(item for item in order["lines"] if item["id"] == line["line"])
        price = catalog.share(source, catalog.net(source), line["quantity"])
        return {
            "__typename": "ReturnLineItem",
            "id": gid("ReturnLineItem", line["id"]),
            "customerNote": line["customer_note"],
            "fulfillmentLineItem": lambda _info: self._fulfillment_line(order, line["line"]),
            "quantity": line["quantity"],
            "processableQuantity": open_quantity,
            "processedQuantity": line["processed"],
            "unprocessedQuantity": open_quantity,
            "refundableQuantity": line["quantity"] - line["refunded"],
            "refundedQuantity": line["refunded"],
            "returnReason": line["reason"],
            "returnReasonDefinition": reason_definition(line["reason"]),
            "returnReasonNote": line["reason_note"],
            "withCodeDiscountedTotalPriceSet": bag(price, order["currency"]),
        }

    def _disposition(self, item: Json) -> Json:
        return {
            "__typename": "ReverseFulfillmentOrderDisposition",
            "id": gid("ReverseFulfillmentOrderDisposition", item["id"]),
            "type": item["type"],
            "quantity": item["quantity"],
            "location": catalog.location(item["location"]) if item["location"] else None,
            "createdAt": item["created_at"],
        }

    def _fulfillment_line(self, order: Json, line_id: int) -> Json:
        line = next(item for item in order["lines"] if item["id"] == line_id)
        return self._orders.fulfillment_line(order, line)

    def _refunds(self, doc: Json) -> list[Json]:
        return [refund for refund in self._orders.refunds_of(doc["order"]) if refund["return"] == doc["id"]]

    def _transactions(self, order: Json, doc: Json) -> list[Json]:
        parts = [part for refund in self._refunds(doc) for part in refund["transactions"]]
        return [self._orders.transaction(order, part) for part in parts]

    def _order(self, doc: Json) -> Json:
        order = self._store.get(SYSTEM, "order", doc["order"])
        if order is None:
            raise LookupError(f"order {doc['order']} of return {doc['id']} is gone")
        return order


def returnable_quantities(returns: list[Json], order: Json) -> dict[int, int]:
    """Per order line: fulfilled less what is in active returns."""
    taken: dict[int, int] = {}
    for doc in returns:
        if doc["status"] in ACTIVE:
            for line in doc["lines"]:
                taken[line["line"]] = taken.get(line["line"], 0) + line["quantity"]
    return {line["id"]: line["quantity"] - taken.get(line["id"], 0) for line in order["lines"]}


REASONS = (
    "UNKNOWN", "OTHER", "UNWANTED", "DEFECTIVE", "NOT_AS_DESCRIBED", "WRONG_ITEM", "SIZE_TOO_SMALL", "SIZE_TOO_LARGE",
    "STYLE", "COLOR",
)  # fmt: skip


def reason_definition(reason: str) -> Json:
    return {
        "__typename": "ReturnReasonDefinition",
        "id": gid("ReturnReasonDefinition", REASONS.index(reason) + 1),
        "handle": reason.lower().replace("_", "-"),
        "name": reason.replace("_", " ").capitalize(),
        "deleted": False,
    }


def reason_of(line: Json) -> str:
    """The reason that an input line names, by enum or by definition."""
    definition = catalog.number_of(str(line.get("returnReasonDefinitionId") or ""), "ReturnReasonDefinition")
    if definition.isdigit() and 1 <= int(definition) <= len(REASONS):
        return REASONS[int(definition) - 1]
    reason: Any = line.get("returnReason")
    return reason or "UNKNOWN"
