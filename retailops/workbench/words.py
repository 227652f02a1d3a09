"""Plain words, tone and icon for every state that a page shows.

A tone is one of ok, warn, bad, run (in progress) or "" (nothing to do); an icon is a Heroicons name. Color is never
the only sign: a state is shown as icon, text and color together.
"""

from dataclasses import dataclass

from retailops.workbench.event_words import EVENTS

ICONS = {
    "ok": "check-circle",
    "warn": "clock",
    "bad": "exclamation-triangle",
    "run": "arrow-path",
    "": "minus-circle",
}


@dataclass(frozen=True)
class Word:
    """How one state is shown."""

    text: str
    tone: str = ""
    icon: str = ""

    @property
    def icon_name(self) -> str:
        """Return the state's own icon, else that of its tone."""
        return self.icon or ICONS[self.tone]


RETURN = {
    "draft": Word("Draft", icon="pencil"),
    "requested": Word("Requested", "warn", "inbox-arrow-down"),
    "in_review": Word("In review", "warn", "eye"),
    "authorized": Word("Authorized", "run", "check"),
    "declined": Word("Declined", "", "no-symbol"),
    "canceled": Word("Canceled", "", "x-circle"),
    "expired": Word("Expired", "", "clock"),
    "closed": Word("Closed", "ok"),
    "exception": Word("Exception", "bad"),
    "refund_pending": Word("Refund pending", "run", "banknotes"),
    "inspecting": Word("Inspecting", "run", "clipboard-document-check"),
    "partly_received": Word("Partly received", "run", "archive-box"),
    "partially_received": Word("Partly received", "run", "archive-box"),
    "received": Word("Received", "run", "archive-box"),
    "in_transit": Word("In transit", "run", "truck"),
}
FACET = {
    "none": Word("Not started"),
    "in_transit": Word("In transit", "run", "truck"),
    "partial": Word("Partly", "run", "ellipsis-horizontal-circle"),
    "received": Word("Received", "ok"),
    "pending": Word("Pending", "warn"),
    "done": Word("Done", "ok"),
    "refunded": Word("Refunded", "ok"),
    "attention": Word("Needs attention", "bad"),
    "placed": Word("Placed", "ok"),
    "queued": Word("Queued", "warn"),
    "posted": Word("Posted", "ok"),
    "rejected": Word("Rejected", "bad"),
}
REFUND = {
    "proposed": Word("Proposed", "", "document-text"),
    "pending_approval": Word("Waits for approval", "warn", "hand-raised"),
    "approved": Word("Approved", "run", "check"),
    "denied": Word("Denied", "", "no-symbol"),
    "submitting": Word("Being sent", "run"),
    "pending": Word("Pending at gateway", "run"),
    "requires_action": Word("Customer must act", "warn", "user"),
    "succeeded": Word("Refunded", "ok"),
    "failed": Word("Failed", "bad"),
    "unknown": Word("In doubt", "bad", "question-mark-circle"),
    "canceled": Word("Canceled", "", "x-circle"),
    "reversed": Word("Reversed", "bad", "arrow-uturn-left"),
    "superseded": Word("Replaced", "", "arrow-path-rounded-square"),
}
EXCHANGE = {
    "proposed": Word("Proposed", "", "document-text"),
    "reserved": Word("Goods held", "run", "lock-closed"),
    "awaiting_payment": Word("Customer must pay", "warn", "banknotes"),
    "released": Word("Being shipped", "run", "truck"),
    "shipped": Word("Shipped", "ok"),
    "converted": Word("Converted", "", "arrow-path-rounded-square"),
    "canceled": Word("Canceled", "", "x-circle"),
}
RESERVATION = {
    "held": Word("Held", "run", "lock-closed"),
    "consumed": Word("Shipped", "ok"),
    "released": Word("Let go", "", "lock-open"),
    "expired": Word("Expired", "", "clock"),
    "broken": Word("Stock was lost", "bad"),
}
DELIVERY = {
    "ready": Word("Waiting to be sent", "warn"),
    "due": Word("Waiting to be sent", "warn"),
    "leased": Word("Being sent", "run"),
    "scheduled": Word("Next try scheduled", "warn"),
    "held": Word("Held back", "warn", "pause-circle"),
    "blocked": Word("Behind an earlier one", "warn", "queue-list"),
    "in_doubt": Word("In doubt", "bad", "question-mark-circle"),
    "dead": Word("Stopped", "bad"),
    "delivered": Word("Delivered", "ok"),
    "discarded": Word("Discarded", "", "trash"),
    "superseded": Word("Replaced", "", "arrow-path-rounded-square"),
}
ATTEMPT = {
    "ok": Word("Accepted", "ok"),
    "delivered": Word("Accepted", "ok"),
    "success": Word("Accepted", "ok"),
    "transient": Word("Not reachable or busy", "warn"),
    "auth": Word("Sign-in refused", "bad", "lock-closed"),
    "business": Word("Refused", "bad", "no-symbol"),
    "contract": Word("Message not understood", "bad", "code-bracket"),
    "in_doubt": Word("No answer: outcome unknown", "bad", "question-mark-circle"),
    "lost": Word("Sender stopped: outcome unknown", "bad", "question-mark-circle"),
}
# What a question to the other system found: nothing was sent.
LOOK_UP = {
    "delivered": Word("It is there", "ok"),
    "transient": Word("It is not there", "warn"),
    "in_doubt": Word("No answer", "warn", "question-mark-circle"),
}
EFFECT = {
    "intended": Word("Intended, not yet confirmed", "warn"),
    "confirmed": Word("Confirmed there", "ok"),
    "absent": Word("Looked up: not there", "", "magnifying-glass"),
    "reversed": Word("Reversed there", "bad", "arrow-uturn-left"),
}
CASE = {
    "open": Word("Open", "warn", "exclamation-circle"),
    "assigned": Word("Assigned", "run", "user"),
    "in_progress": Word("In work", "run", "user"),
    "resolved": Word("Resolved", "ok"),
}
CIRCUIT = {
    "closed": Word("Working", "ok"),
    "half_open": Word("Trying again", "warn", "arrow-path"),
    "open": Word("Not answering", "bad"),
    "paused": Word("Paused", "warn", "pause-circle"),
}
MEMO = {
    "queued": Word("Queued", "warn"),
    "posted": Word("Posted", "ok"),
    "rejected": Word("Rejected", "bad"),
    "reversed": Word("Reversed", "", "arrow-uturn-left"),
}
DISPOSITION = {
    "decided": Word("Decided", "", "document-text"),
    "posting": Word("Being placed", "run"),
    "posted": Word("Placed", "ok"),
    "post_failed": Word("Not placed", "bad"),
    "reversed": Word("Reversed", "", "arrow-uturn-left"),
}
VERDICT = {
    "safe_repeat": Word("Safe to send again", "ok"),
    "safe_absent": Word("Not there yet: safe to send", "ok", "magnifying-glass"),
    "already_done": Word("Already done there", "ok", "check-badge"),
    "superseded": Word("No longer wanted", "", "arrow-path-rounded-square"),
    "blocked": Word("Behind an earlier one", "warn", "queue-list"),
    "needs_approval": Word("Needs a second person", "warn", "hand-raised"),
    "needs_edit": Word("Must be corrected first", "bad", "pencil-square"),
    "in_doubt": Word("Cannot be known now", "bad", "question-mark-circle"),
}
SEVERITY = {
    "escalated": Word("Escalated", "bad", "arrow-trending-up"),
    "critical": Word("Critical", "bad", "fire"),
    "high": Word("High", "bad"),
    "medium": Word("Medium", "warn", "exclamation-circle"),
    "normal": Word("Normal", "", "exclamation-circle"),
    "low": Word("Low", "", "minus-circle"),
}
ALERT = {
    "open": Word("Open", "warn", "bell-alert"),
    "acknowledged": Word("Somebody looks after it", "run", "user"),
    "over": Word("Over", "ok"),
    "muted": Word("Muted", "", "bell-slash"),
}
CLOCK = {
    "running": Word("Running", "run", "clock"),
    "paused": Word("Stands still", "", "pause"),
    "met": Word("In time", "ok"),
    "canceled": Word("Not needed any more", ""),
    "soon": Word("Due soon", "warn"),
    "late": Word("Late", "bad"),
    "met_late": Word("Done late", "bad"),
}
STOCK = {
    "external": Word("Outside", "", "arrow-right-start-on-rectangle"),
    "in_transit": Word("In transit", "run", "truck"),
    "received": Word("Received", "run", "archive-box"),
    "pending_inspection": Word("Pending inspection", "run", "clipboard-document-check"),
    "quarantine": Word("Quarantine", "warn", "lock-closed"),
    "sellable": Word("Sellable", "ok", "shopping-bag"),
    "damaged": Word("Damaged", "bad", "exclamation-triangle"),
    "refurbish": Word("Refurbish", "run", "wrench-screwdriver"),
    "repair": Word("Repair", "run", "wrench"),
    "return_to_vendor": Word("Return to vendor", "", "arrow-uturn-left"),
    "liquidate": Word("Liquidate", "", "tag"),
    "recycle": Word("Recycle", "", "arrow-path"),
    "donate": Word("Donate", "", "gift"),
    "scrap": Word("Scrap", "", "trash"),
    "keep_it": Word("Kept by the customer", "", "user"),
    "return_to_customer": Word("Return to customer", "", "user"),
    "missing": Word("Missing", "bad", "magnifying-glass"),
    "adjustment": Word("Counted difference", "", "scale"),
}
MAP_CHANGE = {
    "in_force": Word("In force", "ok"),
    "missing": Word("No map: not compared", "bad", "exclamation-triangle"),
    "waiting": Word("A change waits", "warn", "hand-raised"),
    "applied": Word("Applied", "ok"),
    "refused": Word("Refused", "", "x-circle"),
}
TRANSFER = {
    "sent": Word("On its way", "run", "truck"),
    "partial": Word("Partly received", "warn", "truck"),
    "received": Word("Received", "ok"),
    "canceled": Word("Canceled", "", "x-circle"),
}
DRIFT = {
    "watched": Word("Seen once", "", "eye"),
    "raised": Word("To settle", "bad", "exclamation-triangle"),
    "ended": Word("Agrees again", "ok"),
    "timing": Word("Matter of time", "warn", "clock"),
    "mapping": Word("States do not match", "warn", "arrows-right-left"),
    "loss": Word("Units missing", "bad", "magnifying-glass-minus"),
    "unknown": Word("Not explained", "bad", "question-mark-circle"),
}
ADJUSTMENT = {
    "waiting": Word("Waits for approval", "warn", "hand-raised"),
    "booked": Word("Booked", "ok"),
    "refused": Word("Refused", "", "no-symbol"),
}
DISCREPANCY = {
    "open": Word("Open", "warn", "exclamation-circle"),
    "resolved": Word("Settled", "ok"),
}
INBOX = {
    "pending": Word("Not read yet", "warn"),
    "waiting": Word("Waits for an earlier one", "warn", "queue-list"),
    "done": Word("Taken in", "ok"),
    "dead": Word("Not understood", "bad"),
}
POLICY = {
    "draft": Word("Draft", "", "pencil"),
    "submitted": Word("Waits for approval", "warn", "hand-raised"),
    "approved": Word("Approved, not active", "run", "check"),
    "scheduled": Word("Starts later", "run", "calendar"),
    "canary": Word("In force for a share", "run", "arrow-trending-up"),
    "active": Word("In force", "ok"),
    "ended": Word("Followed by a newer one", "", "clock"),
    "retired": Word("Retired", "", "archive-box"),
}
STORE_ITEM = {
    "done": Word("Taken in", "ok"),
    "conflict": Word("Taken in, with a case", "warn", "exclamation-circle"),
    "refused": Word("Not readable", "bad"),
}
CLAIM = {
    "draft": Word("Draft", "warn", "pencil"),
    "pending_approval": Word("Waits for approval", "warn", "hand-raised"),
    "sent": Word("Sent", "run", "paper-airplane"),
    "pending_credit": Word("Credit awaited", "run", "clock"),
    "credited": Word("Credited, rest open", "warn", "banknotes"),
    "refused": Word("Refused", "bad", "no-symbol"),
    "closed": Word("Closed", "ok"),
}
REVIEW = {
    "pending": Word("To decide", "warn", "shield-exclamation"),
    "cleared": Word("Cleared", "ok", "shield-check"),
    "blocked": Word("Blocked", "bad", "no-symbol"),
    "withdrawn": Word("Not needed any more", "", "minus-circle"),
}
ASSESSMENT = {
    "pending": Word("Waits for a verdict", "warn", "clipboard-document-check"),
    "accepted": Word("Accepted", "ok", "check"),
    "rejected": Word("Rejected", "", "no-symbol"),
}
REMEDY = {
    "none": Word("Nothing owed"),
    "in_repair": Word("In repair", "run", "wrench-screwdriver"),
    "repaired": Word("Repaired, to send back", "warn", "truck"),
    "to_send_back": Word("To send back", "warn", "truck"),
    "sent_back": Word("Sent back", "ok"),
    "replacement_due": Word("Replacement owed", "warn", "gift"),
    "replaced": Word("Replaced", "ok"),
    "refunded": Word("Refund by policy", "ok", "banknotes"),
}
STORED = {
    "active": Word("Active", "ok"),
    "expired": Word("Expired", "", "clock"),
    "void": Word("Ended", "", "no-symbol"),
}
ENTRY = {
    "issue": Word("Issued", "ok"),
    "bonus": Word("Bonus", "ok", "gift"),
    "redeem": Word("Redeemed", "", "shopping-cart"),
    "restore": Word("Restored", "ok", "arrow-uturn-left"),
    "void": Word("Taken back", "warn", "no-symbol"),
    "expire": Word("Lapsed", "warn", "clock"),
}
SETTLED = {
    "matched": Word("Matched", "ok"),
    "open": Word("Nothing fits yet", "warn"),
    "differs": Word("Differs", "bad"),
    "kept": Word("Kept", "", "archive-box"),
    "unmapped": Word("Type without a meaning", "bad", "question-mark-circle"),
    "known": Word("Told before", "", "check"),
    "changed": Word("Told before, otherwise", "bad", "pencil-square"),
    "empty": Word("Moves no money", ""),
    "control": Word("Total or head", "", "calculator"),
}
TRIAL = {
    "same": Word("The same", "", "minus"),
    "different": Word("Different", "run", "arrows-right-left"),
    "mended": Word("No longer fails", "ok", "check"),
    "broken": Word("Fails now", "bad", "exclamation-triangle"),
    "still_fails": Word("Fails as before", "warn", "x-circle"),
}
OPERATION = {
    "planning": Word("Verdicts being formed", "run", "magnifying-glass"),
    "planned": Word("Planned", "warn", "clipboard-document-list"),
    "running": Word("Running", "run"),
    "stopped": Word("Stopped by its rule", "bad", "hand-raised"),
    "canceled": Word("Canceled", "", "x-circle"),
    "finished": Word("Finished", "ok"),
}
OPERATION_KINDS = {
    "replay": "Send again",
    "assign_cases": "Assign cases",
    "acknowledge_causes": "Acknowledge causes",
    "ignore_cases": "Ignore cases until",
    "resolve_cases": "Resolve cases",
    "note_cases": "Note on cases",
    "end_cases_of_cause": "End cases of a mended cause",
}
BULK_RESULT = {
    "": Word("Not begun", "", "minus-circle"),
    "done": Word("Done", "ok"),
    "delivered": Word("Delivered", "ok"),
    "retrying": Word("Failed a try, goes on by itself", "warn", "clock"),
    "failed": Word("Failed again", "bad"),
    "already_done": Word("Was there already", "ok", "check-badge"),
    "closed": Word("Closed: no longer wanted", "", "arrow-path-rounded-square"),
    "changed": Word("Changed since, left out", "warn", "exclamation-circle"),
    "left_out": Word("Left out", "", "minus-circle"),
    "refused": Word("Could not be done", "bad"),
    "canceled": Word("Not begun", "", "x-circle"),
}
KINDS = {
    "operation": OPERATION,
    "bulk_result": BULK_RESULT,
    "policy": POLICY,
    "claim": CLAIM,
    "review": REVIEW,
    "assessment": ASSESSMENT,
    "remedy": REMEDY,
    "stored": STORED,
    "entry": ENTRY,
    "inbox": INBOX,
    "stock": STOCK,
    "drift": DRIFT,
    "transfer": TRANSFER,
    "map_change": MAP_CHANGE,
    "adjustment": ADJUSTMENT,
    "store_item": STORE_ITEM,
    "return": RETURN,
    "facet": FACET,
    "refund": REFUND,
    "exchange": EXCHANGE,
    "reservation": RESERVATION,
    "delivery": DELIVERY,
    "attempt": ATTEMPT,
    "look_up": LOOK_UP,
    "effect": EFFECT,
    "case": CASE,
    "circuit": CIRCUIT,
    "memo": MEMO,
    "disposition": DISPOSITION,
    "verdict": VERDICT,
    "severity": SEVERITY,
    "discrepancy": DISCREPANCY,
    "settled": SETTLED,
    "trial": TRIAL,
    "alert": ALERT,
    "clock": CLOCK,
}


def plain(value: str) -> str:
    """Return a code as words: `return_to_vendor` → `Return to vendor`."""
    text = value.replace("_", " ").replace(".", ": ").strip()
    return text[:1].upper() + text[1:]


def word(kind: str, value: str) -> Word:
    """Return how a state is shown; a state without words of its own is shown as its name."""
    return KINDS.get(kind, {}).get(value) or Word(plain(value))


OPERATIONS = {
    "refund.create": "Refund the customer",
    "refund.cancel": "Cancel the refund there",
    "refund.record": "Tell the shop of the refund",
    "credit_memo.post": "Post the credit memo",
    "inbound_notice.create": "Announce the parcel",
    "inbound_notice.expect": "Expect fewer units",
    "inbound_notice.cancel": "Stop expecting the parcel",
    "stock.place": "Place the stock",
    "stock.count": "Count the stock again",
    "stock.transfer": "Bring stock to another place",
    "stock.transfer_cancel": "Call the transfer off",
    "exchange.ship": "Ship the exchange",
    "disposition.record": "Tell the shop what became of the goods",
    "return.approve": "Tell the shop: approved",
    "return.decline": "Tell the shop: declined",
    "return.close": "Tell the shop: closed",
    "webhook.send": "Send the webhook",
    "alert.send": "Send the alert",
}
UNDONE = {
    "refund.create": "Refund",
    "refund.cancel": "Refund cancellation",
    "refund.record": "Refund notice",
    "credit_memo.post": "Credit memo",
    "inbound_notice.create": "Parcel announcement",
    "inbound_notice.expect": "Fewer units in a parcel",
    "inbound_notice.cancel": "Parcel cancellation",
    "stock.place": "Stock placement",
    "stock.count": "Order to count stock",
    "stock.transfer": "Stock transfer",
    "stock.transfer_cancel": "Transfer cancellation",
    "exchange.ship": "Exchange shipment",
    "disposition.record": "Notice about the goods",
    "webhook.send": "Webhook",
}
BAD_EVENTS = frozenset({
    "refund.failed", "refund.reversed", "refund.outcome_unknown", "inventory.post_failed", "credit_memo.rejected",
    "delivery.dead", "delivery.in_doubt", "case.opened", "sla.breached", "return_line.item_mismatch",
    "return_line.over_received", "inventory.drift_found", "chargeback.opened", "chargeback.lost", "claim.refused",
    "fraud_review.blocked", "inventory.reservation_broken", "exchange.stock_lost", "exchange.shipment_failed",
    "order.drift_found",
})  # fmt: skip
GOOD_EVENTS = frozenset({
    "return.closed", "refund.succeeded", "credit_memo.posted", "inventory.disposition_posted", "case.resolved",
    "delivery.replayed", "chargeback.won", "claim.credited", "fraud_review.cleared", "warranty.replaced",
    "warranty.sent_back", "exchange.shipped", "exchange.settled", "discrepancy.resolved",
    "settlement.matched",
})  # fmt: skip
CASE_KINDS = {
    "delivery.dead": "Delivery stopped",
    "delivery.in_doubt": "Outcome not known",
    "connection.refused": "Sign-in refused",
    "order_differs": "Order changed",
    "customer_conflict": "One proof, two customers",
    "order_drift": "Order told differently",
    "settlement": "Money does not match",
    "return_drift": "Return told differently",
    "blind_return": "Parcel without an order",
    "over_receipt": "More arrived than authorized",
    "wrong_item": "Another item arrived",
    "code_unmapped": "Code without a meaning",
    "serial_mismatch": "Serial number does not fit",
    "serial_placed": "Other units placed",
    "stock_drift": "Stock counted otherwise elsewhere",
    "stock_drift_many": "Whole count differs",
    "snapshot_unmapped": "State without a meaning",
    "quarantine_overdue": "Too long in quarantine",
    "transfer_short": "Transfer arrived short",
    "transfer_over": "Transfer brought too much",
    "transfer_overdue": "Transfer overdue",
    "lot_expired": "Expired goods on the shelf",
    "chargeback_opened": "Bank took money back",
    "refund_plus_chargeback": "Refund and chargeback",
    "refund_after_dispute": "Owed after a won dispute",
    "unexpected_arrival": "Unexpected parcel",
    "refund_failed": "Refund failed",
    "refund_reversed": "Refund came back",
    "refund_contradicted": "Contradicting refund news",
    "refund_requires_action": "Customer must act",
    "refund_unrouted": "No connection for the refund",
    "refund_exceeds_tenders": "Payments too small",
    "memo_unrouted": "No connection for the credit memo",
    "marketplace_differs": "Marketplace paid another amount",
    "marketplace_unexpected": "Marketplace refunded unasked",
    "marketplace_silent": "Marketplace says nothing",
    "refund_eaten_by_fees": "Fees take the whole refund",
    "advance_overdue": "Goods overdue",
    "refund_recovery": "Money to recover",
    "store_conflict": "Offline till does not fit",
    "over_refund": "Till paid out too much",
    "store_item_refused": "Till not understood",
    "marketplace_deadline": "Marketplace waits",
    "claim_overdue": "Supplier's credit overdue",
    "claim_refused": "Supplier refused",
    "claim_short": "Supplier credited less",
    "claim_not_drafted": "Goods wait for their supplier",
    "fraud_review": "Fraud review",
    "fraud_overdue": "Fraud review overdue",
    "warranty_replacement": "Replacement owed",
    "exchange_out_of_stock": "Exchange out of stock",
    "exchange_stock_lost": "Held goods lost",
    "exchange_owed": "Exchange to propose",
    "exchange_unrouted": "No warehouse for the exchange",
    "exchange_not_shipped": "Exchange not shipped",
    "exchange_contradicted": "Shipped against our word",
    "exchange_stock_differs": "Shipped without stock",
    "exchange_recovery": "Exchange to recover",
    "exchange_overdue": "Exchanged goods overdue",
    "exchange_payment_stranded": "Payment to give back",
    "exchange_balance_denied": "Balance of an exchange refused",
    "sla.breached": "Not done in time",
    "inbox_refused": "Message refused",
    "inbox_waited": "Message waited in vain",
    "inbox_failed": "Message not understood",
    "inbox_other_body": "Message with two contents",
}
FAILURES = {
    "transient": "{system} could not be reached, or was too busy, until the time for it ran out.",
    "auth": "{system} refused our sign-in. The connection is paused until its credentials are mended.",
    "business": "{system} refused it. Mend the cause there or here, then send it again.",
    "contract": "{system} did not understand the message. Its mapping must be mended before it is sent again.",
}


def operation(name: str) -> str:
    """Return what a delivery is for: `credit_memo.post` → `Post the credit memo`."""
    return OPERATIONS.get(name) or plain(name)


def operation_kind(kind: str) -> str:
    """Return what a bulk operation does to each of its things."""
    return OPERATION_KINDS.get(kind) or plain(kind)


def case_kind(kind: str) -> str:
    """Return what a kind of case is about."""
    return CASE_KINDS.get(kind) or plain(kind)


def event(type: str) -> Word:
    """Return how an event is told."""
    tone = "bad" if type in BAD_EVENTS else "ok" if type in GOOD_EVENTS else ""
    return Word(EVENTS.get(type) or plain(type.replace(".", " ")), tone)


def trouble(system: str, name: str, status: str, failure_class: str) -> str:
    """Say what is wrong with a delivery, what it means for the money and what to do."""
    what = UNDONE.get(name) or operation(name)
    if status == "in_doubt":
        means = "The money stays reserved, and it" if name == "refund.create" else "It"
        return f"{what} not confirmed by {system}. {means} is looked up there before anything is sent again."
    if name == "refund.create" and failure_class == "business":
        return (
            f"{what} not accepted. {system} refused it. The customer is not paid: try the refund again on the return."
        )
    return f"{what} not accepted. {FAILURES.get(failure_class, '{system} did not take it.').format(system=system)}"
