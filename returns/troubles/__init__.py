"""Open cases: every return that cannot go on by itself has one, with a cause and a next action; a module per stage."""

from returns.troubles.arrivals import blind_return, late_arrival, over_receipt, serial_mismatch, wrong_item
from returns.troubles.chargebacks import chargeback_opened, refund_after_dispute, refund_plus_chargeback
from returns.troubles.codes import code_unmapped, unmapped_key
from returns.troubles.customers import customer_conflict
from returns.troubles.money import (
    advance_overdue,
    memo_unrouted,
    no_tender,
    refund_canceled,
    refund_contradicted,
    refund_failed,
    refund_needs_customer,
    refund_reversed,
    refund_unrouted,
    refunded_but_rejected,
)
from returns.troubles.orders import order_differs
from returns.troubles.store import marketplace_waits, over_refund, store_conflict, store_item_refused
from returns.troubles.stored_value import (
    marketplace_differs,
    marketplace_silent,
    marketplace_unexpected,
    nothing_left_after_fees,
)

__all__ = [
    "advance_overdue",
    "blind_return",
    "chargeback_opened",
    "code_unmapped",
    "customer_conflict",
    "late_arrival",
    "marketplace_differs",
    "marketplace_silent",
    "marketplace_unexpected",
    "marketplace_waits",
    "memo_unrouted",
    "no_tender",
    "nothing_left_after_fees",
    "order_differs",
    "over_receipt",
    "over_refund",
    "refund_after_dispute",
    "refund_canceled",
    "refund_contradicted",
    "refund_failed",
    "refund_needs_customer",
    "refund_plus_chargeback",
    "refund_reversed",
    "refund_unrouted",
    "refunded_but_rejected",
    "serial_mismatch",
    "store_conflict",
    "store_item_refused",
    "unmapped_key",
    "wrong_item",
]
