"""Open cases: every return that cannot go on by itself has one, with a cause and a next action; a module per stage."""

from returns.troubles.arrivals import blind_return, late_arrival, over_receipt, wrong_item
from returns.troubles.chargebacks import chargeback_opened, refund_after_dispute, refund_plus_chargeback
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

__all__ = [
    "advance_overdue",
    "blind_return",
    "chargeback_opened",
    "late_arrival",
    "memo_unrouted",
    "no_tender",
    "order_differs",
    "over_receipt",
    "refund_after_dispute",
    "refund_canceled",
    "refund_contradicted",
    "refund_failed",
    "refund_needs_customer",
    "refund_plus_chargeback",
    "refund_reversed",
    "refund_unrouted",
    "refunded_but_rejected",
    "wrong_item",
]
