"""Stored documents as GraphQL sources: plain values, and callables for what is fetched only when asked for."""

import base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.sandbox.exchange import Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.shopify import catalog
from connectors.sandbox.shopify.catalog import SYSTEM, amount, bag, gid


def connection(items: list[Any], args: Json) -> Json:
    """One page of a list: `first`/`after`, `last`/`before`, `reverse`. Cursors are opaque places in the list."""
    if args.get("reverse"):
        items = items[::-1]
    start = _place(args["after"]) + 1 if args.get("after") else 0
    end = _place(args["before"]) if args.get("before") else len(items)
    if args.get("first") is not None:
        end = min(end, start + int(args["first"]))
    if args.get("last") is not None:
        start = max(start, end - int(args["last"]))
    edges = [{"cursor": _cursor(place), "node": items[place]} for place in range(start, min(end, len(items)))]
    info = {
        "hasNextPage": end < len(items),
        "hasPreviousPage": start > 0,
        "startCursor": edges[0]["cursor"] if edges else None,
        "endCursor": edges[-1]["cursor"] if edges else None,
    }
    return {"edges": edges, "nodes": [edge["node"] for edge in edges], "pageInfo": info}


def paged(items: Callable[[], list[Any]]) -> Callable[..., Json]:
    return lambda _info, **args: connection(items(), args)


def head(items: Callable[[], list[Any]]) -> Callable[..., list[Any]]:
    return lambda _info, first=None, **_args: items() if first is None else items()[:first]


class OrderViews:
    """Views of one shop's orders, payments and refunds."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        # Set by the composition of both view classes: returns of an order, a return by number.
        self.returns_of: Callable[[str], list[Json]] = lambda _order: []
        self.return_by_number: Callable[[str], Json | None] = lambda _number: None

    def order(self, number: str) -> Json | None:
        doc = self._store.get(SYSTEM, "order", number)
        return self.of_order(doc) if doc else None

    def refunds_of(self, order_id: str) -> list[Json]:
        return self._store.find(SYSTEM, "refund", ref=order_id)

    def of_order(self, doc: Json) -> Json:
        refunds = self.refunds_of(doc["id"])
        return {**self._identity(doc), **self._totals(doc, refunds), **self._parts(doc, refunds)}

    def _identity(self, doc: Json) -> Json:
        customer = doc["customer"]
        return {
            "__typename": "Order",
            "id": gid("Order", doc["id"]),
            "legacyResourceId": doc["id"],
            "name": doc["name"],
            "number": int(doc["number"]),
            "email": doc["email"],
            "phone": None,
            "createdAt": doc["created_at"],
            "updatedAt": doc["updated_at"],
            "processedAt": doc["created_at"],
            "cancelledAt": None,
            "closed": False,
            "closedAt": None,
            "confirmed": True,
            "currencyCode": doc["currency"],
            "presentmentCurrencyCode": doc["currency"],
            "displayFulfillmentStatus": "FULFILLED" if doc["fulfilled"] else "UNFULFILLED",
            "returnStatus": lambda _info: self._return_status(doc),
            "note": doc["note"],
            "tags": doc["tags"],
            "test": True,
            "restockable": True,
            "sourceName": "web",
            "sourceIdentifier": None,
            "paymentGatewayNames": [doc["gateway"]],
            "taxesIncluded": False,
            "customAttributes": [{"key": each["name"], "value": str(each["value"])} for each in doc["note_attributes"]],
            "customer": customer and {"__typename": "Customer", **customer},
        }

    def _totals(self, doc: Json, refunds: list[Json]) -> Json:
        currency, total, back = doc["currency"], catalog.order_total(doc), catalog.refunded(refunds)
        lines = doc["lines"]
        amounts = {
            "totalPriceSet": total,
            "originalTotalPriceSet": total,
            "currentTotalPriceSet": total - back,
            "subtotalPriceSet": sum((catalog.net(line) for line in lines), Decimal(0)),
            "totalTaxSet": sum((amount(line["tax"]) for line in lines), Decimal(0)),
            "totalDiscountsSet": sum((amount(line["discount"]) for line in lines), Decimal(0)),
            "totalShippingPriceSet": amount(doc["shipping"]),
            "totalRefundedSet": back,
            "totalReceivedSet": total,
            "netPaymentSet": total - back,
            "totalOutstandingSet": Decimal(0),
        }
        status = catalog.financial_status(doc, refunds)
        sets = {name: bag(value, currency) for name, value in amounts.items()}
        return {"displayFinancialStatus": status, "refundable": back < total, **sets}

    def _parts(self, doc: Json, refunds: list[Json]) -> Json:
        return {
            "lineItems": paged(lambda: [self.line(doc, line, refunds) for line in doc["lines"]]),
            "fulfillments": head(lambda: [self.fulfillment(doc)] if doc["fulfilled"] else []),
            "refunds": head(lambda: [self.refund(doc, refund) for refund in refunds]),
            "returns": paged(lambda: self.returns_of(doc["id"])),
            "transactions": head(lambda: self.transactions(doc, refunds)),
        }

    def line(self, doc: Json, line: Json, refunds: list[Json]) -> Json:
        currency, quantity = doc["currency"], int(line["quantity"])
        back = catalog.refunded_quantity(line, refunds)
        net_unit = catalog.net(line) / quantity
        rate = float(amount(line["tax"]) / catalog.net(line)) if catalog.net(line) else 0.0
        tax = {
            "title": "Tax",
            "rate": rate,
            "ratePercentage": rate * 100,
            "priceSet": bag(amount(line["tax"]), currency),
        }
        return {
            "__typename": "LineItem",
            "id": gid("LineItem", line["id"]),
            "name": line["title"],
            "title": line["title"],
            "sku": line["sku"],
            "quantity": quantity,
            "currentQuantity": quantity - back,
            "refundableQuantity": quantity - back,
            "nonFulfillableQuantity": 0,
            "unfulfilledQuantity": 0 if doc["fulfilled"] else quantity,
            "requiresShipping": True,
            "restockable": True,
            "taxable": True,
            "isGiftCard": False,
            "variantTitle": None,
            "vendor": None,
            "taxLines": head(lambda: [tax]),
            "discountAllocations": _allocations(amount(line["discount"]), currency),
            "originalUnitPriceSet": bag(amount(line["price"]), currency),
            "originalTotalSet": bag(catalog.gross(line), currency),
            "discountedTotalSet": bag(catalog.net(line), currency),
            "discountedUnitPriceSet": bag(net_unit, currency),
            "discountedUnitPriceAfterAllDiscountsSet": bag(net_unit, currency),
            "totalDiscountSet": bag(amount(line["discount"]), currency),
        }

    def fulfillment(self, doc: Json) -> Json:
        items = [self.fulfillment_line(doc, line) for line in doc["lines"]]
        return {
            "__typename": "Fulfillment",
            "id": gid("Fulfillment", doc["fulfillment"]),
            "legacyResourceId": str(doc["fulfillment"]),
            "name": f"{doc['name']}-F1",
            "status": "SUCCESS",
            "createdAt": doc["created_at"],
            "updatedAt": doc["created_at"],
            "deliveredAt": doc["created_at"],
            "totalQuantity": sum(line["quantity"] for line in doc["lines"]),
            "requiresShipping": True,
            "order": lambda _info: self.of_order(doc),
            "location": catalog.location(catalog.DEFAULT_LOCATION),
            "fulfillmentLineItems": paged(lambda: items),
        }

    def fulfillment_line(self, doc: Json, line: Json) -> Json:
        return {
            "__typename": "FulfillmentLineItem",
            "id": gid("FulfillmentLineItem", line["fulfillment_line"]),
            "quantity": line["quantity"],
            "lineItem": lambda _info: self.line(doc, line, self.refunds_of(doc["id"])),
            "originalTotalSet": bag(catalog.gross(line), doc["currency"]),
            "discountedTotalSet": bag(catalog.net(line), doc["currency"]),
        }

    def transactions(self, doc: Json, refunds: list[Json]) -> list[Json]:
        made = [self.transaction(doc, part) for refund in refunds for part in refund["transactions"]]
        return [self.transaction(doc, doc["sale"]), *made]

    def transaction(self, doc: Json, part: Json) -> Json:
        sale = part["kind"] == "SALE"
        left = catalog.order_total(doc) - catalog.refunded(self.refunds_of(doc["id"])) if sale else None
        return {
            "__typename": "OrderTransaction",
            "id": gid("OrderTransaction", part["id"]),
            "kind": part["kind"],
            "status": "SUCCESS",
            "gateway": part["gateway"],
            "formattedGateway": part["gateway"].replace("_", " ").title(),
            "amountSet": bag(amount(part["amount"]), doc["currency"]),
            "createdAt": part["created_at"],
            "processedAt": part["created_at"],
            "paymentId": part["payment_id"],
            "test": True,
            "parentTransaction": None if sale else lambda _info: self.transaction(doc, doc["sale"]),
            "order": lambda _info: self.of_order(doc),
            "maximumRefundableV2": None if left is None else bag(left, doc["currency"])["shopMoney"],
        }

    def refund(self, doc: Json, refund: Json) -> Json:
        currency = doc["currency"]
        return {
            "__typename": "Refund",
            "id": gid("Refund", refund["id"]),
            "legacyResourceId": refund["id"],
            "note": refund["note"],
            "createdAt": refund["created_at"],
            "updatedAt": refund["created_at"],
            "processedAt": refund["created_at"],
            "order": lambda _info: self.of_order(doc),
            "return": lambda _info: self.return_by_number(refund["return"] or ""),
            "totalRefundedSet": bag(catalog.refunded([refund]), currency),
            "refundLineItems": paged(lambda: [self._refund_line(doc, item) for item in refund["lines"]]),
            "transactions": paged(lambda: [self.transaction(doc, part) for part in refund["transactions"]]),
        }

    def _refund_line(self, doc: Json, item: Json) -> Json:
        line = next(line for line in doc["lines"] if line["id"] == item["line"])
        currency, quantity = doc["currency"], item["quantity"]
        return {
            "id": gid("RefundLineItem", item["id"]),
            "lineItem": lambda _info: self.line(doc, line, self.refunds_of(doc["id"])),
            "quantity": quantity,
            "restockType": item["restock_type"],
            "restocked": item["restock_type"] in {"RETURN", "CANCEL"},
            "location": catalog.location(item["location"]) if item["location"] else None,
            "priceSet": bag(amount(line["price"]), currency),
            "subtotalSet": bag(catalog.share(line, catalog.net(line), quantity), currency),
            "totalTaxSet": bag(catalog.share(line, amount(line["tax"]), quantity), currency),
        }

    def _return_status(self, doc: Json) -> str:
        statuses = {item["status"] for item in self._store.find(SYSTEM, "return", ref=doc["id"])}
        for status, shown in (("REQUESTED", "RETURN_REQUESTED"), ("OPEN", "IN_PROGRESS"), ("CLOSED", "RETURNED")):
            if status in statuses:
                return shown
        return "NO_RETURN"


def _allocations(discount: Decimal, currency: str) -> list[Json]:
    return [{"allocatedAmountSet": bag(discount, currency)}] if discount else []


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"place:{place}".encode()).decode()


def _place(cursor: str) -> int:
    return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("place:"))
