"""Inventory items per SKU, their levels per location, and adjustments."""

from connectors.sandbox.exchange import Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.shopify import catalog
from connectors.sandbox.shopify.catalog import SYSTEM, gid, next_number
from connectors.sandbox.shopify.views import paged

NAMES = ("available", "on_hand", "committed", "reserved", "damaged", "safety_stock", "quality_control", "incoming")
# Quantities that lie on the shelf, so that a change of them is a change of on_hand.
ON_SHELF = {"available", "committed", "reserved", "damaged", "safety_stock", "quality_control"}
REASONS = {"correction", "cycle_count_available", "damaged", "movement_created", "movement_updated",
           "movement_received", "movement_canceled", "other", "promotion", "quality_control", "received",
           "reservation_created", "reservation_deleted", "reservation_updated", "restock", "safety_stock",
           "shrinkage"}  # fmt: skip


def item_for(world: World, sku: str) -> Json:
    """The inventory item of a SKU, made when it is new."""
    found = world.store.find(SYSTEM, "item", ref=sku)
    if found:
        return found[0]
    item = {"id": str(next_number(world)), "sku": sku}
    world.store.save(SYSTEM, "item", item, ref=sku)
    return item


def add(world: World, item_id: str, location: int | str, name: str, delta: int) -> int:
    """Change one quantity (and on_hand with it); the quantity afterwards."""
    key = f"{item_id}|{location}"
    level = world.store.get(SYSTEM, "level", key) or {
        "id": key,
        "item": item_id,
        "location": str(location),
        "quantities": dict.fromkeys(NAMES, 0),
        "updated_at": catalog.stamp(),
    }
    quantities = level["quantities"]
    quantities[name] += delta
    if name in ON_SHELF:
        quantities["on_hand"] += delta
    level["updated_at"] = catalog.stamp()
    world.store.save(SYSTEM, "level", level, ref=item_id)
    return int(quantities[name])


def adjust(world: World, change: Json) -> Json:
    """`inventoryAdjustQuantities`: all changes or none."""
    errors = _complaints(world, change)
    if errors:
        return {"inventoryAdjustmentGroup": None, "userErrors": errors}
    made = [_adjusted(world, change["name"], item) for item in change["changes"]]
    group = {
        "id": str(next_number(world)),
        "created_at": catalog.stamp(),
        "reason": change["reason"],
        "reference": change.get("referenceDocumentUri"),
        "changes": made,
    }
    world.store.save(SYSTEM, "adjustment", group, ref=group["reference"] or "")
    return {"inventoryAdjustmentGroup": group["id"], "userErrors": []}


def group_view(world: World, number: str) -> Json | None:
    group = world.store.get(SYSTEM, "adjustment", number)
    if group is None:
        return None
    changes = [
        {**change, "item": item_view(world, change["item"]), "location": catalog.location(change["location"])}
        for change in group["changes"]
    ]
    return {
        "__typename": "InventoryAdjustmentGroup",
        "id": gid("InventoryAdjustmentGroup", number),
        "createdAt": group["created_at"],
        "reason": group["reason"],
        "referenceDocumentUri": group["reference"],
        "changes": changes,
    }


def item_view(world: World, number: str) -> Json | None:
    item = world.store.get(SYSTEM, "item", number)
    if item is None:
        return None
    levels = world.store.find(SYSTEM, "level", ref=number)
    return {
        "__typename": "InventoryItem",
        "id": gid("InventoryItem", number),
        "legacyResourceId": number,
        "sku": item["sku"],
        "tracked": True,
        "inventoryLevel": lambda _info, locationId, **_args: next(
            (_level_view(world, level) for level in levels if gid("Location", level["location"]) == locationId), None
        ),
        "inventoryLevels": paged(lambda: [_level_view(world, level) for level in levels]),
    }


def _level_view(world: World, level: Json) -> Json:
    return {
        "__typename": "InventoryLevel",
        "id": gid("InventoryLevel", level["id"].replace("|", "-")),
        "item": lambda _info: item_view(world, level["item"]),
        "location": catalog.location(level["location"]),
        "isActive": True,
        "quantities": lambda _info, names: [_quantity(level, name) for name in names if name in NAMES],
    }


def _quantity(level: Json, name: str) -> Json:
    return {
        "__typename": "InventoryQuantity",
        "id": gid("InventoryQuantity", f"{level['id'].replace('|', '-')}-{name}"),
        "name": name,
        "quantity": level["quantities"][name],
        "updatedAt": level["updated_at"],
    }


def _adjusted(world: World, name: str, change: Json) -> Json:
    item, place = _numbers(change)
    after = add(world, item, place, name, change["delta"])
    return {
        "item": item,
        "location": place,
        "name": name,
        "delta": change["delta"],
        "quantityAfterChange": after,
        "ledgerDocumentUri": change.get("ledgerDocumentUri"),
    }


def _complaints(world: World, change: Json) -> list[Json]:
    if change["name"] not in NAMES or change["name"] == "on_hand":
        return [_error(["input", "name"], "INVALID_QUANTITY_NAME", "The specified quantity name is invalid.")]
    if change["reason"] not in REASONS:
        return [_error(["input", "reason"], "INVALID_REASON", "The specified reason is invalid.")]
    found = [_complaint(world, change["name"], place, item) for place, item in enumerate(change["changes"])]
    return [error for error in found if error]


def _complaint(world: World, name: str, place: int, change: Json) -> Json | None:
    item, where = _numbers(change)
    field = ["input", "changes", str(place)]
    if world.store.get(SYSTEM, "item", item) is None:
        message = "The specified inventory item could not be found."
        return _error([*field, "inventoryItemId"], "INVALID_INVENTORY_ITEM", message)
    if not where.isdigit():
        return _error([*field, "locationId"], "INVALID_LOCATION", "The specified location could not be found.")
    level = world.store.get(SYSTEM, "level", f"{item}|{where}")
    held = level["quantities"][name] if level else 0
    expected = change.get("changeFromQuantity")
    if expected is not None and expected != held:
        message = "The changeFromQuantity argument no longer matches the persisted quantity."
        return _error([*field, "changeFromQuantity"], "CHANGE_FROM_QUANTITY_STALE", message)
    return None


def _numbers(change: Json) -> tuple[str, str]:
    item = catalog.number_of(change["inventoryItemId"], "InventoryItem")
    return item, catalog.number_of(change["locationId"], "Location")


def _error(field: list[str], code: str, message: str) -> Json:
    return {"field": field, "code": code, "message": message}
