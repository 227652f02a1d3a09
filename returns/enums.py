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

# States in which something is still to come of a return.
OPEN_RETURNS = (ReturnStatus.REQUESTED, ReturnStatus.IN_REVIEW, ReturnStatus.AUTHORIZED)


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


class ExchangeStatus(TextChoices):
    """States of an exchange: other goods go out for units that come back."""

    PROPOSED = "proposed"
    RESERVED = "reserved"
    AWAITING_PAYMENT = "awaiting_payment", "Waits for payment"
    RELEASED = "released"
    SHIPPED = "shipped"
    CONVERTED = "converted"
    CANCELED = "canceled"


# Exchanges that nothing was sent for yet, those that still must come to an end, and those that have their units.
PENDING_EXCHANGES = (ExchangeStatus.PROPOSED, ExchangeStatus.RESERVED, ExchangeStatus.AWAITING_PAYMENT)
LIVE_EXCHANGES = (*PENDING_EXCHANGES, ExchangeStatus.RELEASED)
CLAIMING_EXCHANGES = (*LIVE_EXCHANGES, ExchangeStatus.SHIPPED)


class ExchangeTiming(TextChoices):
    """When the new goods may go: policy. Before inspection it is an advance."""

    ON_AUTHORIZATION = "on_authorization", "On authorization (advance)"
    ON_SCAN = "on_scan", "On carrier scan (advance)"
    ON_RECEIPT = "on_receipt", "On receipt"
    ON_INSPECTION = "on_inspection", "On inspection"


class ExchangeSide(TextChoices):
    """Which of the two gross sides of an exchange an amount belongs to; only the settlement is netted."""

    CREDIT = "credit", "Credit for what comes back"
    SALE = "sale", "Sale of what goes out"


class Destination(TextChoices):
    """Where a refund's money goes: back through its payment, or as value that we keep for the customer."""

    TENDER = "tender", "Tender"
    STORE_CREDIT = "store_credit", "Store credit"
    GIFT_CARD = "gift_card", "Gift card"


class StoredKind(TextChoices):
    """What an account of stored value is."""

    STORE_CREDIT = "store_credit", "Store credit"
    GIFT_CARD = "gift_card", "Gift card"


class StoredStatus(TextChoices):
    """An account's life; what is not active is worth nothing and takes nothing."""

    ACTIVE = "active"
    EXPIRED = "expired"
    VOID = "void"


class EntryKind(TextChoices):
    """Why a balance changed."""

    ISSUE = "issue", "Issued"
    BONUS = "bonus"
    REDEEM = "redeem", "Redeemed"
    RESTORE = "restore", "Restored"
    VOID = "void", "Taken back"
    EXPIRE = "expire", "Expired"


class ComponentKind(TextChoices):
    """What a refund is made of; fees are negative, a bonus comes on top of the amount."""

    ITEM = "item"
    TAX = "tax"
    SHIPPING = "shipping"
    SHIPPING_TAX = "shipping_tax", "Tax on shipping"
    DUTY = "duty"
    RESTOCKING_FEE = "restocking_fee", "Restocking fee"
    LABEL_FEE = "label_fee", "Return label"
    WEAR = "wear", "Use before the fault"
    MANUAL = "manual", "Manual amount"
    EXCHANGE_BALANCE = "exchange_balance", "Balance of an exchange"
    ROUNDING = "rounding", "Rounded to what the gateway pays"
    BONUS = "bonus"


class CreditMemoStatus(TextChoices):
    """The ERP's document: queued → posted | rejected → reversed."""

    QUEUED = "queued"
    POSTED = "posted"
    REJECTED = "rejected"
    REVERSED = "reversed"


class ClaimStatus(TextChoices):
    """A claim on a supplier; `refused` may still be credited, when the supplier comes round."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    SENT = "sent"
    PENDING_CREDIT = "pending_credit"
    CREDITED = "credited"
    REFUSED = "refused"
    CLOSED = "closed"


class ReviewStatus(TextChoices):
    """A fraud review: pending → cleared | blocked, or withdrawn when what it was about ended by itself."""

    PENDING = "pending"
    CLEARED = "cleared"
    BLOCKED = "blocked"
    WITHDRAWN = "withdrawn"


class AssessmentStatus(TextChoices):
    """The verdict on units that came back under warranty."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Remedy(TextChoices):
    """What an accepted warranty claim gets."""

    REPAIR = "repair"
    REPLACE = "replace"
    REFUND = "refund"


class RemedyStatus(TextChoices):
    """How far what was promised is done: none → in_repair → repaired → sent_back, or none → due → sent."""

    NONE = "none"
    IN_REPAIR = "in_repair"
    REPAIRED = "repaired"
    TO_SEND_BACK = "to_send_back"
    SENT_BACK = "sent_back"
    REPLACEMENT_DUE = "replacement_due"
    REPLACED = "replaced"
    REFUNDED = "refunded"


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
    """A policy version's life: drafted, submitted, approved by a second person, in force, retired."""

    DRAFT = "draft"
    SUBMITTED = "submitted", "Waits for approval"
    APPROVED = "approved", "Approved, not active"
    ACTIVE = "active"
    RETIRED = "retired"


class ChargebackStatus(TextChoices):
    """A dispute at the gateway: opened → won | lost. Opened and lost ones take their amount of the payment."""

    OPENED = "opened"
    WON = "won"
    LOST = "lost"


# Chargebacks whose amount is gone from the payment.
TAKING_CHARGEBACKS = (ChargebackStatus.OPENED, ChargebackStatus.LOST)
