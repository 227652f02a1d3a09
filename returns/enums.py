"""Vocabulary of orders, returns and refunds."""

from django.db.models import TextChoices


class ReturnStatus(TextChoices):
    """The decision on a return; everything else about it is a facet."""

    DRAFT = "draft"
    REQUESTED = "requested"
    IN_REVIEW = "in_review", "In review"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    CANCELED = "canceled"
    EXPIRED = "expired"
    CLOSED = "closed"


# States in which a return's units count as taken (invariant 2).
LIVE_STATUSES = (
    ReturnStatus.DRAFT,
    ReturnStatus.REQUESTED,
    ReturnStatus.IN_REVIEW,
    ReturnStatus.AUTHORIZED,
    ReturnStatus.CLOSED,
)


class ReturnKind(TextChoices):
    """How the goods come back."""

    MAIL_IN = "mail_in", "Mail-in"
    BORIS = "boris", "Bought online, returned in store"
    STORE = "store", "Bought and returned in store"
    MARKETPLACE = "marketplace"
    DROP_OFF = "drop_off", "Drop-off"
    BLIND = "blind", "Blind (no order found)"
    RETURNLESS = "returnless", "Returnless (customer keeps it)"
    EXCHANGE = "exchange"
    WARRANTY = "warranty", "Warranty claim"
    RETURN_TO_SENDER = "return_to_sender", "Carrier return to sender"


class Resolution(TextChoices):
    """What the customer gets for a line."""

    REFUND = "refund", "Refund to tender"
    STORE_CREDIT = "store_credit", "Store credit"
    GIFT_CARD = "gift_card", "Gift card"
    EXCHANGE = "exchange"
    REPAIR = "repair"
    REPLACEMENT = "replacement"
    NONE = "none"


class Logistics(TextChoices):
    """Facet: where the goods are."""

    NONE = "none"
    IN_TRANSIT = "in_transit", "In transit"
    PARTIAL = "partial", "Partly received"
    RECEIVED = "received"


class InspectionState(TextChoices):
    """Facet: how far the goods were inspected."""

    NONE = "none"
    PENDING = "pending"
    PARTIAL = "partial"
    DONE = "done"


class MoneyState(TextChoices):
    """Facet: how far the money is back."""

    NONE = "none"
    PENDING = "pending"
    PARTIAL = "partial"
    REFUNDED = "refunded"
    ATTENTION = "attention"


class StockState(TextChoices):
    """Facet: how far disposed goods are placed by their owner."""

    NONE = "none"
    PENDING = "pending"
    PARTIAL = "partial"
    PLACED = "placed"


class ErpState(TextChoices):
    """Facet: the ERP's credit memos."""

    NONE = "none"
    QUEUED = "queued"
    POSTED = "posted"
    REJECTED = "rejected"


class RefundStatus(TextChoices):
    """States of a refund; `unknown` is left only by looking the outcome up."""

    PROPOSED = "proposed"
    PENDING_APPROVAL = "pending_approval", "Waits for approval"
    APPROVED = "approved"
    DENIED = "denied"
    SUBMITTING = "submitting"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action", "Needs the customer"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown", "In doubt"
    CANCELED = "canceled"
    REVERSED = "reversed"
    SUPERSEDED = "superseded"


# Refunds that hold money of their payment (invariants 1 and 16): unknown is not failed.
LIVE_REFUNDS = (
    RefundStatus.PROPOSED,
    RefundStatus.PENDING_APPROVAL,
    RefundStatus.APPROVED,
    RefundStatus.SUBMITTING,
    RefundStatus.PENDING,
    RefundStatus.REQUIRES_ACTION,
    RefundStatus.SUCCEEDED,
    RefundStatus.UNKNOWN,
)
TERMINAL_REFUNDS = (
    RefundStatus.DENIED,
    RefundStatus.SUCCEEDED,
    RefundStatus.FAILED,
    RefundStatus.CANCELED,
    RefundStatus.REVERSED,
    RefundStatus.SUPERSEDED,
)


class RefundTiming(TextChoices):
    """When a refund may go: policy."""

    ON_SCAN = "on_scan", "On carrier scan (advance)"
    ON_RECEIPT = "on_receipt", "On receipt"
    ON_INSPECTION = "on_inspection", "On inspection"


class ComponentKind(TextChoices):
    """What a refund is made of; fees are negative."""

    ITEM = "item"
    TAX = "tax"
    SHIPPING = "shipping"
    SHIPPING_TAX = "shipping_tax", "Tax on shipping"
    DUTY = "duty"
    RESTOCKING_FEE = "restocking_fee", "Restocking fee"
    LABEL_FEE = "label_fee", "Return label"
    MANUAL = "manual", "Manual amount"


class CreditMemoStatus(TextChoices):
    """The ERP's document: queued → posted | rejected → reversed."""

    QUEUED = "queued"
    POSTED = "posted"
    REJECTED = "rejected"
    REVERSED = "reversed"


class DispositionStatus(TextChoices):
    """How far a decided disposition is posted at the owner of the stock."""

    DECIDED = "decided"
    POSTING = "posting"
    POSTED = "posted"
    POST_FAILED = "post_failed", "Posting failed"
    REVERSED = "reversed"


class ReceiptMatch(TextChoices):
    """How what arrived compares with what was expected."""

    EXPECTED = "expected"
    OVER = "over"
    WRONG_ITEM = "wrong_item", "Wrong item"


class StoreItemStatus(TextChoices):
    """What became of a thing that an offline till handed in."""

    DONE = "done", "Taken in"
    CONFLICT = "conflict", "Taken in, with a case"
    REFUSED = "refused", "Not readable, with a case"


class PolicyStatus(TextChoices):
    """A policy version's life."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"
