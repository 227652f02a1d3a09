"""Refunds that were sent, and what is expected of them."""

from typing import Any

from reconciliation.models import Item
from returns.models import Refund, Return
from tests.factories import make_inspected_return, make_order


def sent(quantities: dict[int, int] | None = None, **order: Any) -> Refund:
    """Return a refund of one unit of 10.00 GBP that its gateway was asked for."""
    rma: Return = make_inspected_return(make_order(**order), quantities or {1: 1})
    return rma.refunds.select_related("payment", "rma__order").get()


def expected(lane: str = "payment") -> list[tuple[str, int, str]]:
    """Return type, amount and currency of what is expected in a lane, in the order of writing."""
    rows = Item.objects.filter(lane=lane, side="E").order_by("id")
    return list(rows.values_list("type", "amount", "currency"))


def keys(item: Item) -> set[tuple[str, str]]:
    """Return the keys of an item."""
    return set(item.keys.values_list("key_type", "value"))
