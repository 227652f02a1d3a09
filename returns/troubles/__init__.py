"""Open cases: every return that cannot go on by itself has one, with a cause and a next action; a module per stage."""

from returns.troubles.arrivals import blind_return, late_arrival, over_receipt, wrong_item
from returns.troubles.money import (
    advance_overdue,
    memo_unrouted,
    no_tender,
    refund_contradicted,
    refund_failed,
    refund_needs_customer,
    refund_reversed,
    refund_unrouted,
    refunded_but_rejected,
)
from returns.troubles.orders import order_differs
from returns.troubles.store import marketplace_waits, over_refund, store_conflict, store_item_refused

__all__ = [
    "advance_overdue",
    "blind_return",
    "late_arrival",
    "marketplace_waits",
    "memo_unrouted",
    "no_tender",
    "order_differs",
    "over_receipt",
    "over_refund",
    "refund_contradicted",
    "refund_failed",
    "refund_needs_customer",
    "refund_reversed",
    "refund_unrouted",
    "refunded_but_rejected",
    "store_conflict",
    "store_item_refused",
    "wrong_item",
]
