"""The Shopify fake: one GraphQL endpoint, its credential, its resolvers."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLResolveInfo, OperationType

from connectors.sandbox.exchange import BadRequest, Call, Json, Reply
from connectors.sandbox.keys import KeyMemory
from connectors.sandbox.pipeline import World
from connectors.sandbox.shopify import catalog, execution, inventory, orders, payloads, refunds, returns
from connectors.sandbox.shopify.catalog import SHOP, SYSTEM, number_of
from connectors.sandbox.shopify.execution import Bucket
from connectors.sandbox.shopify.return_views import REASONS, ReturnViews, reason_definition
from connectors.sandbox.shopify.schema import schema
from connectors.sandbox.shopify.views import OrderViews, connection

PATH = "/admin/api/2026-07/graphql.json"
KEY_MEMORY_S = 24 * 3600


class ShopifyFake:
    name = SYSTEM
    concurrency_limit: int | None = None

    def __init__(self, world: World) -> None:
        self._world = world
        self._keys = KeyMemory(world.store, SYSTEM, KEY_MEMORY_S)
        self._orders = OrderViews(world)
        self._returns = ReturnViews(world, self._orders)
        self._bucket = Bucket()
        self._root = {**self._reads(), **self._writes()}
        world.hooks.register(SYSTEM, payloads.sign)

    def operations(self) -> list[str]:
        types = [schema().query_type, schema().mutation_type]
        return sorted(name for kind in types if kind for name in kind.fields)

    def classify(self, call: Call) -> tuple[str, bool]:
        body = _body(call)
        document, _ = execution.checked(str(body.get("query", ""))) if body else (None, [])
        operation = execution.operation_of(document, body.get("operationName")) if document and body else None
        if operation is None:
            return "unknown", True
        return execution.root_fields(operation)[0], operation.operation is OperationType.QUERY

    def authorized(self, call: Call) -> bool:
        return call.headers.get("X-Shopify-Access-Token", "").startswith("shpat_")

    def refuse(self, status: int, *, retry_after_s: int | None = None) -> Reply:
        if status == 401:
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return Reply(401, {"errors": message})
        if status == 429:
            return _throttled(self._bucket, execution.MUTATION_COST, retry_after_s)
        return Reply(500, {"errors": "Internal Server Error"})

    def busy_key(self, call: Call) -> str | None:
        return None

    def overlap(self) -> Reply:
        return Reply(409, {"errors": "Conflict"})

    def answer(self, call: Call, *, fails: bool, after_effect: bool) -> Reply:
        """HTTP 200 also for refusals: they are in `userErrors`, or in `errors` when the document is bad."""
        if fails and not after_effect:
            return self.refuse(500)
        if call.path != PATH or call.method != "POST":
            return Reply(404, {"errors": "Not Found"})
        body = _body(call)
        if body is None:
            return Reply(400, {"errors": {"query": "Required parameter missing or invalid"}})
        document, errors = execution.checked(str(body.get("query", "")))
        operation = execution.operation_of(document, body.get("operationName")) if document else None
        if document is None or operation is None:
            return Reply(200, {"errors": [dict(error.formatted) for error in errors] or [{"message": "No operation"}]})
        cost = execution.cost_of(operation)
        if not self._bucket.take(cost):
            return _throttled(self._bucket, cost, None)
        answer = execution.run(document, self._root, body)
        actual = execution.used(operation, answer, cost)
        self._bucket.give_back(cost - actual)
        return self.refuse(500) if fails else Reply(200, answer | {"extensions": self._bucket.shown(cost, actual)})

    def books(self) -> Json:
        return orders.books(self._world)

    def controls(self) -> list[tuple[str, str, Callable[..., Any]]]:
        world = self._world
        return [
            ("POST", "/orders", lambda body: orders.seed(world, body)),
            ("POST", "/order-edits", lambda body: orders.edit(world, body)),
            ("POST", "/return-requests", lambda body: returns.ask(world, body)),
            ("POST", "/age-keys", lambda body: {"aged": self._keys.age(float(body.get("hours", 25)))}),
            ("PUT", "/bucket", self._set_bucket),
        ]

    def _set_bucket(self, body: Json) -> Json:
        maximum, restore = body.get("maximum"), body.get("restore_per_s")
        if not isinstance(maximum, int | float) or not isinstance(restore, int | float):
            raise BadRequest("maximum and restore_per_s must be numbers")
        self._bucket = Bucket(maximum, restore)
        return {"maximum": maximum, "restore_per_s": restore}

    # Resolvers ---------------------------------------------------------------------------------------------------

    def _reads(self) -> Json:
        world = self._world
        return {
            "order": lambda _i, id: self._orders.order(number_of(id, "Order")),
            "orders": lambda _i, query=None, **args: connection(
                [self._orders.of_order(doc) for doc in orders.search(world, query)], args
            ),
            "return": lambda _i, id: self._returns.by_number(number_of(id, "Return")),
            "returnableFulfillments": lambda _i, orderId, **args: connection(
                self._returns.returnable(number_of(orderId, "Order")), args
            ),
            "reverseFulfillmentOrder": lambda _i, id: self._reverse_order(number_of(id, "ReverseFulfillmentOrder")),
            "inventoryItem": lambda _i, id: inventory.item_view(world, number_of(id, "InventoryItem")),
            "inventoryItems": lambda _i, query=None, **args: connection(self._items(query), args),
            "location": lambda _i, id=None: catalog.location(
                number_of(id or "", "Location") or catalog.DEFAULT_LOCATION
            ),
            "locations": lambda _i, query=None, **args: connection([catalog.location(catalog.DEFAULT_LOCATION)], args),
            "node": lambda _i, id: self._node(id),
            "shop": lambda _i: _shop(),
            "returnReasonDefinitions": lambda _i, handles=None, ids=None, query=None, **args: connection(
                _reasons(handles, ids), args
            ),
        }

    def _writes(self) -> Json:
        world = self._world
        return {
            "refundCreate": self._refund_create,
            "inventoryAdjustQuantities": self._adjust,
            "returnRequest": lambda _i, input: self._returned(lambda: returns.request(world, input)),
            "returnCreate": lambda _i, returnInput: self._returned(lambda: returns.create(world, returnInput)),
            "returnApproveRequest": lambda _i, input: self._returned(lambda: returns.approve(world, input)),
            "returnDeclineRequest": lambda _i, input: self._returned(lambda: returns.decline(world, input)),
            "returnClose": lambda _i, id: self._returned(lambda: returns.close(world, id)),
            "returnReopen": lambda _i, id: self._returned(lambda: returns.reopen(world, id)),
            "returnCancel": lambda _i, id, notifyCustomer=None: self._returned(lambda: returns.cancel(world, id)),
            "returnProcess": lambda _i, input: self._returned(lambda: returns.process(world, input)),
            "reverseFulfillmentOrderDispose": self._dispose,
        }

    def _refund_create(self, info: GraphQLResolveInfo[Any], input: Json) -> Json:
        made = execution.once(self._keys, info, input, lambda: refunds.create(self._world, input), coded=False)
        refund = self._world.store.get(SYSTEM, "refund", made.get("refund") or "")
        order = self._world.store.get(SYSTEM, "order", made.get("order") or "")
        return {
            "refund": self._orders.refund(order, refund) if refund and order else None,
            "order": self._orders.of_order(order) if order else None,
            "userErrors": made["userErrors"],
        }

    def _adjust(self, info: GraphQLResolveInfo[Any], input: Json) -> Json:
        made = execution.once(self._keys, info, input, lambda: inventory.adjust(self._world, input), coded=True)
        group = made.get("inventoryAdjustmentGroup")
        view = inventory.group_view(self._world, group) if group else None
        return {"inventoryAdjustmentGroup": view, "userErrors": made["userErrors"]}

    def _returned(self, act: Callable[[], str]) -> Json:
        made = self._all_or_nothing(lambda: returns.payload("return", act))
        return made | {"return": self._returns.by_number(made["return"] or "")}

    def _dispose(self, _info: GraphQLResolveInfo[Any], dispositionInputs: list[Json]) -> Json:
        touched: list[str] = []

        def act() -> str:
            touched.extend(returns.dispose(self._world, dispositionInputs))
            return ""

        made = self._all_or_nothing(lambda: returns.payload("done", act))
        views = None if made["userErrors"] else [self._reverse_line(number) for number in dict.fromkeys(touched)]
        return {"reverseFulfillmentOrderLineItems": views, "userErrors": made["userErrors"]}

    def _all_or_nothing(self, act: Callable[[], Json]) -> Json:
        """A refusal half way leaves nothing behind."""
        store = self._world.store
        store.execute("savepoint mutation")
        made = act()
        if made["userErrors"]:
            store.execute("rollback to mutation")
        store.execute("release mutation")
        return made

    def _reverse_line(self, number: str) -> Json:
        doc = returns.by_reverse_line(self._world, number) or {}
        order = self._world.store.get(SYSTEM, "order", doc["order"]) or {}
        line = next(item for item in doc["reverse"]["lines"] if item["id"] == number)
        return self._returns.reverse_line(order, line)

    def _reverse_order(self, number: str) -> Json | None:
        found = self._world.store.find(SYSTEM, "return", alt=number) if number else []
        return self._returns.reverse_order(found[0]) if found else None

    def _items(self, query: str | None) -> list[Json]:
        sku = (query or "").removeprefix("sku:").strip("'\"") or None
        found = self._world.store.find(SYSTEM, "item", ref=sku)
        views = [inventory.item_view(self._world, item["id"]) for item in found]
        return [view for view in views if view]

    def _node(self, global_id: str) -> Json | None:
        if number := number_of(global_id, "Refund"):
            refund = self._world.store.get(SYSTEM, "refund", number)
            order = self._world.store.get(SYSTEM, "order", refund["order"]) if refund else None
            return self._orders.refund(order, refund) if order and refund else None
        return (
            self._orders.order(number_of(global_id, "Order"))
            or self._returns.by_number(number_of(global_id, "Return"))
            or self._reverse_order(number_of(global_id, "ReverseFulfillmentOrder"))
            or inventory.item_view(self._world, number_of(global_id, "InventoryItem"))
        )


def _body(call: Call) -> Json | None:
    try:
        body = call.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("query"), str) else None


def _throttled(bucket: Bucket, cost: int, retry_after_s: int | None) -> Reply:
    error = {
        "message": "Throttled",
        "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/limits"},
    }
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Reply(200, {"errors": [error], "extensions": bucket.shown(cost, None)}, headers)


def _shop() -> Json:
    return {
        "id": catalog.gid("Shop", 1),
        "name": "Sandbox",
        "currencyCode": "USD",
        "myshopifyDomain": SHOP,
    }


def _reasons(handles: list[str] | None, ids: list[str] | None) -> list[Json]:
    found = [reason_definition(reason) for reason in REASONS]
    return [item for item in found if (not handles or item["handle"] in handles) and (not ids or item["id"] in ids)]
