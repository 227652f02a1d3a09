"""Orders: seeding, look-up by search query, the books."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.sandbox.exchange import BadRequest, Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.shopify import catalog, inventory, payloads
from connectors.sandbox.shopify.catalog import SYSTEM, gid, next_number

MONEY = r"^\d+(\.\d+)?$"


class SeedLine(BaseModel):
    """`price` per unit, `discount` and `tax` for the whole line; decimal strings in major units."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: int | None = None
    sku: str = Field(min_length=1)
    title: str = ""
    quantity: int = Field(ge=1)
    price: str = Field(pattern=MONEY)
    discount: str = Field(default="0", pattern=MONEY)
    tax: str = Field(default="0", pattern=MONEY)


class SeedOrder(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str = Field(default="", pattern=r"^\d*$")
    name: str = ""
    email: str = Field(default="", description="Empty: one of its own, so that no two buyers share a verified one.")
    first_name: str = "Ada"
    last_name: str = "Buyer"
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    created_at: str = ""
    lines: list[SeedLine] = Field(min_length=1)
    shipping: str = Field(default="0", pattern=MONEY)
    gateway: str = "shopify_payments"
    payment_id: str = ""
    fulfilled: bool = True
    note: str | None = None
    note_attributes: list[Json] = []
    tags: list[str] = []
    emit: bool = False


class EditLine(BaseModel):
    """What staff change of a line; what is left out stays."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: int
    quantity: int | None = Field(default=None, ge=1)
    price: str | None = Field(default=None, pattern=MONEY)
    discount: str | None = Field(default=None, pattern=MONEY)


class Edit(BaseModel):
    """A change of an order by staff; with `emit` it is announced by `orders/updated`."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str
    updated_at: str
    lines: list[EditLine] = []
    emit: bool = False


def edit(world: World, body: Any) -> Json:
    """Change an order as staff would, in silence unless asked otherwise."""
    try:
        wanted = Edit.model_validate(body)
    except ValidationError as error:
        raise BadRequest(f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
    order = world.store.get(SYSTEM, "order", wanted.id)
    if order is None:
        raise BadRequest(f"There is no order {wanted.id}")
    changes = {line.id: line.model_dump(exclude={"id"}, exclude_none=True) for line in wanted.lines}
    order["lines"] = [line | changes.get(line["id"], {}) for line in order["lines"]]
    order["updated_at"] = wanted.updated_at
    world.store.update(SYSTEM, "order", order)
    if wanted.emit:
        payloads.send(world, "orders/updated", order["id"], payloads.order(world, order))
    return {"id": order["id"], "updated_at": order["updated_at"]}


def seed(world: World, body: Any) -> Json:
    """One order or `{"orders": [...]}`; with `emit` each new one is announced by `orders/create`."""
    items = body.get("orders", [body]) if isinstance(body, dict) else body
    return {"orders": [_seed_one(world, item) for item in items]}


def search(world: World, query: str | None) -> list[Json]:
    """Orders, newest first, narrowed by `name:`, `id:`, `email:`, `created_at:`, `updated_at:` terms, all of them."""
    found = world.store.find(SYSTEM, "order", newest=True)
    for term in (query or "").split():
        name, _, value = term.partition(":")
        found = [order for order in found if _matches(order, name, value.strip("'\""))]
    return found


def books(world: World) -> Json:
    """Orders with what was paid and refunded, returns, refunds, inventory levels; decimal strings."""
    refunds = world.store.find(SYSTEM, "refund")
    return {
        "orders": [_account(order, refunds) for order in world.store.find(SYSTEM, "order")],
        "returns": world.store.find(SYSTEM, "return"),
        "refunds": refunds,
        "levels": world.store.find(SYSTEM, "level"),
        "adjustments": world.store.find(SYSTEM, "adjustment"),
    }


def _account(order: Json, refunds: list[Json]) -> Json:
    own = [refund for refund in refunds if refund["order"] == order["id"]]
    paid, back = catalog.order_total(order), catalog.refunded(own)
    return {
        "id": order["id"],
        "name": order["name"],
        "currency": order["currency"],
        "paid": catalog.text(paid, order["currency"]),
        "refunded": catalog.text(back, order["currency"]),
        "refunds": [refund["id"] for refund in own],
    }


def _seed_one(world: World, item: Any) -> Json:
    try:
        seed_order = SeedOrder.model_validate(item)
    except ValidationError as error:
        raise BadRequest(f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
    order = world.store.get(SYSTEM, "order", seed_order.id) if seed_order.id else None
    if order is None:
        order = _built(world, seed_order)
        world.store.save(SYSTEM, "order", order, ref=order["name"])
        if seed_order.emit:
            payloads.send(world, "orders/create", order["id"], payloads.order(world, order))
    lines = [
        {"id": line["id"], "fulfillment_line": line["fulfillment_line"], "sku": line["sku"]} for line in order["lines"]
    ]
    return {"id": order["id"], "gid": gid("Order", order["id"]), "name": order["name"], "lines": lines}


def _built(world: World, given: SeedOrder) -> Json:
    number = world.store.next_number(SYSTEM, "order_number", start=1001)
    at = given.created_at or catalog.stamp()
    order: Json = {
        "id": given.id or str(next_number(world)),
        "number": number,
        "name": given.name or f"#{number}",
        "created_at": at,
        "updated_at": at,
        "lines": [_line(world, line) for line in given.lines],
        "fulfillment": next_number(world),
        "customer": _customer(world, given),
    }
    order["email"] = order["customer"]["email"]
    kept = ("currency", "shipping", "gateway", "fulfilled", "note", "note_attributes", "tags")
    order |= {name: getattr(given, name) for name in kept}
    total = catalog.text(catalog.order_total(order), given.currency)
    sale = {"id": next_number(world), "kind": "SALE", "amount": total, "gateway": given.gateway}
    return order | {"sale": sale | {"created_at": at, "payment_id": given.payment_id or None}}


def _line(world: World, line: SeedLine) -> Json:
    inventory.item_for(world, line.sku)
    return line.model_dump() | {
        "id": line.id or next_number(world),
        "title": line.title or line.sku,
        "fulfillment_line": next_number(world),
    }


def _customer(world: World, given: SeedOrder) -> Json:
    number = next_number(world)
    return {
        "id": gid("Customer", number),
        "legacyResourceId": str(number),
        "displayName": f"{given.first_name} {given.last_name}",
        "email": given.email or f"customer-{number}@example.com",
        "firstName": given.first_name,
        "lastName": given.last_name,
    }


def _matches(order: Json, name: str, value: str) -> bool:
    if name in {"created_at", "updated_at"}:
        return _in_time(order[name], value)
    if name == "name":
        return bool(order["name"].lstrip("#") == value.lstrip("#"))
    return name in {"id", "email"} and bool(order[name] == value)


def _in_time(at: str, bound: str) -> bool:
    operator = "".join(char for char in bound[:2] if char in "<>=")
    left, right = _moment(at), _moment(bound[len(operator) :])
    return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}.get(operator, left == right)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
