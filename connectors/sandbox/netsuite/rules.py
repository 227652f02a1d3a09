"""What NetSuite demands of each record and computes for it. Amounts are decimal major units, as on the wire."""

from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sandbox.exchange import Json
from connectors.sandbox.netsuite.errors import invalid
from connectors.sandbox.netsuite.oauth import SYSTEM
from connectors.sandbox.pipeline import World

REQUIRED = {
    "salesOrder": ("entity", "item"),
    "returnAuthorization": ("entity", "item"),
    "creditMemo": ("entity", "item"),
    "customerRefund": ("customer", "apply"),
    "inventoryAdjustment": ("account", "inventory"),
    "itemReceipt": ("createdFrom",),
}
SUBLISTS = {"item", "apply", "inventory"}


def checked(world: World, kind: str, record: Json) -> Json:
    """The record with its computed fields. Raises NetSuiteError for what is missing or does not add up."""
    for name in REQUIRED[kind]:
        if not record.get(name):
            raise invalid(f"Please enter value(s) for: {name}", code="USER_ERROR", path=name)
        if name in SUBLISTS and not _lines(record, name):
            raise invalid(f"You must enter at least one line item for: {name}", code="USER_ERROR", path=name)
    if kind == "customerRefund":
        return record | {"total": _apply(world, record)}
    if kind == "inventoryAdjustment":
        _check_adjustment(record)
        return record
    return record | _totals(kind, record)


def release(world: World, kind: str, record: Json) -> None:
    """Give back what a customer refund took from its credit memos, before it is applied anew."""
    if kind == "customerRefund":
        for memo, amount in _applied(world, record):
            memo["amountRemaining"] = float(_money(memo["amountRemaining"]) + amount)
            world.store.update(SYSTEM, "creditMemo", memo)


def carried(source: Json, kind: str, target: str) -> Json:
    """The fields that a transformation takes over from its source."""
    if target == "customerRefund":
        line = {"doc": {"id": source["id"]}, "apply": True, "amount": source["amountRemaining"]}
        return {"customer": source["entity"], "apply": {"items": [line]}}
    names = ("entity", "item", "currency", "taxTotal", "shippingCost")
    return {name: source[name] for name in names if name in source}


def _totals(kind: str, record: Json) -> Json:
    """Total = lines + tax + shipping; a memo starts with all of it unapplied."""
    lines = sum((_line_amount(line, place) for place, line in enumerate(_lines(record, "item"))), Decimal(0))
    total = lines + _money(record.get("taxTotal", 0)) + _money(record.get("shippingCost", 0))
    totals: Json = {"subtotal": float(lines), "total": float(total)}
    if kind == "creditMemo":
        used = _money(record.get("total", 0)) - _money(record.get("amountRemaining", record.get("total", 0)))
        if used > total:
            raise invalid("The total of a credit memo cannot fall below what is applied.", code="USER_ERROR")
        totals["amountRemaining"] = float(total - used)
    return totals


def _line_amount(line: Json, place: int) -> Decimal:
    path = f"item.items[{place}]"
    if not line.get("item"):
        raise invalid("Please enter value(s) for: Item", code="USER_ERROR", path=f"{path}.item")
    if "amount" in line:
        return _money(line["amount"], path=f"{path}.amount")
    return _money(line.get("rate", 0), path=f"{path}.rate") * _money(line.get("quantity", 1), path=f"{path}.quantity")


def _apply(world: World, record: Json) -> float:
    total = Decimal(0)
    for memo, amount in _applied(world, record):
        left = _money(memo["amountRemaining"])
        if amount <= 0 or amount > left:
            detail = f"Invalid amount {amount}: credit memo {memo['tranId']} has {left} left to apply."
            raise invalid(detail, code="USER_ERROR", path="apply.items")
        memo["amountRemaining"] = float(left - amount)
        world.store.update(SYSTEM, "creditMemo", memo)
        total += amount
    return float(total)


def _applied(world: World, record: Json) -> list[tuple[Json, Decimal]]:
    """Each applied credit memo, read once, with its amount."""
    found: list[tuple[Json, Decimal]] = []
    for line in _lines(record, "apply"):
        if line.get("apply", True) is False:
            continue
        doc = line.get("doc") or {}
        memo_id = str(doc.get("id", "")) if isinstance(doc, dict) else str(doc)
        memo = world.store.get(SYSTEM, "creditMemo", memo_id)
        if memo is None:
            raise invalid(f"Invalid credit memo reference {memo_id}.", path="apply.items")
        if memo_id in {present["id"] for present, _ in found}:
            raise invalid(f"Credit memo {memo_id} is applied twice.", path="apply.items")
        found.append((memo, _money(line.get("amount", memo["amountRemaining"]), path="apply.items")))
    return found


def _check_adjustment(record: Json) -> None:
    for place, line in enumerate(_lines(record, "inventory")):
        path = f"inventory.items[{place}]"
        if not line.get("item"):
            raise invalid("Please enter value(s) for: Item", code="USER_ERROR", path=f"{path}.item")
        if _money(line.get("adjustQtyBy"), path=f"{path}.adjustQtyBy") == 0:
            raise invalid("Please enter value(s) for: Adjust Qty. By", code="USER_ERROR", path=f"{path}.adjustQtyBy")


def _lines(record: Json, name: str) -> list[Json]:
    sublist = record.get(name)
    items = sublist.get("items", []) if isinstance(sublist, dict) else []
    return [line for line in items if isinstance(line, dict)] if isinstance(items, list) else []


def _money(value: Any, *, path: str = "") -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise invalid(f"Invalid number: {value}", path=path) from error
    if not amount.is_finite():
        raise invalid(f"Invalid number: {value}", path=path)
    return amount
