"""Items of money, expected or actual, the keys that they are found by, and which of them wait to be matched."""

from django.db import models
from django.db.models import Q

from reconciliation.models.files import ImportFile, SettlementBatch, Source
from retailops.lib.clock import now
from returns.models import Refund


class Lane(models.TextChoices):
    """Where an item belongs: like is compared with like."""

    PAYMENT = "payment", "Payments"
    ERP_MEMO = "erp_memo", "ERP credit memos"
    GIFT_CARD = "gift_card", "Gift cards"
    TAX = "tax", "Tax reversals"
    # Kept for totals and payouts; nothing is expected here.
    SALE = "sale", "Sales"
    FEE = "fee", "Fees"
    PAYOUT = "payout", "Payouts"
    OTHER = "other", "Other"


# Lanes in which what is expected is matched with what came.
MATCHED_LANES = (Lane.PAYMENT, Lane.ERP_MEMO, Lane.GIFT_CARD, Lane.TAX)


class Side(models.TextChoices):
    """Whether we expect it, or somebody told that it happened."""

    EXPECTED = "E", "Expected"
    ACTUAL = "A", "Actual"


class ItemType(models.TextChoices):
    """What an item is."""

    REFUND = "refund", "Refund"
    REFUND_FAILURE = "refund_failure", "Refund that came back"
    CHARGEBACK = "chargeback", "Chargeback"
    CHARGEBACK_WON = "chargeback_won", "Chargeback won"
    CREDIT_MEMO = "credit_memo", "Credit memo"
    MEMO_REVERSAL = "memo_reversal", "Reversal of a credit memo"
    GIFT_CARD = "gift_card", "Gift card movement"
    TAX = "tax", "Tax reversal"
    CHARGE = "charge", "Sale"
    FEE = "fee", "Fee"
    PAYOUT = "payout", "Payout"
    ADJUSTMENT = "adjustment", "Adjustment"
    UNMAPPED = "unmapped", "Unknown type"


class KeyType(models.TextChoices):
    """What kind of id a key is."""

    REFUND = "refund", "Our refund reference"
    PROVIDER_REFUND = "provider_refund", "Provider's refund id"
    DISPUTE = "dispute", "Dispute"
    MEMO = "memo", "Memo number"
    PAYMENT = "payment", "Payment reference"
    ORDER = "order", "Order"


# Keys that name one refund, memo or dispute; the others name what it belongs to. In the order in which they are tried.
STRONG_KEYS = (KeyType.REFUND, KeyType.PROVIDER_REFUND, KeyType.DISPUTE, KeyType.MEMO)


class Item(models.Model):
    """One movement of money, expected or actual. Append-only: a mistake is mended by another item.

    `amount` is in minor units with the merchant's sign (a refund is negative), never zero. `presentment_amount` is what
    the customer saw, where the provider settles in another currency; it is what is compared.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="items", db_index=False)
    file = models.ForeignKey(ImportFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    line = models.PositiveIntegerField(null=True, blank=True)
    batch = models.ForeignKey(SettlementBatch, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    lane = models.CharField(max_length=10, choices=Lane.choices)
    side = models.CharField(max_length=1, choices=Side.choices)
    natural_key = models.CharField(max_length=160)
    type = models.CharField(max_length=16, choices=ItemType.choices)
    # The provider's own word for the type.
    told_type = models.CharField(max_length=80, blank=True, default="")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    presentment_amount = models.BigIntegerField(null=True, blank=True)
    presentment_currency = models.CharField(max_length=3, blank=True, default="")
    occurred_at = models.DateTimeField()
    value_date = models.DateField()
    # Until when the other side should have come.
    due_on = models.DateField(null=True, blank=True)
    gateway = models.CharField(max_length=100, blank=True, default="")
    refund = models.ForeignKey(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # The story that it belongs to, where it is known.
    correlation_id = models.UUIDField(null=True, blank=True)
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "natural_key"], name="one_item_a_natural_key"),
            models.CheckConstraint(condition=~Q(amount=0), name="item_moves_money"),
            models.CheckConstraint(condition=Q(lane__in=Lane.values), name="item_lane_known"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="item_side_known"),
            models.CheckConstraint(
                condition=Q(presentment_amount__isnull=True, presentment_currency="")
                | Q(presentment_amount__isnull=False) & ~Q(presentment_currency="") & ~Q(presentment_amount=0),
                name="item_presentment_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["file", "line"], condition=Q(file__isnull=False), name="item_of_line"),
            models.Index(fields=["side", "lane", "type", "occurred_at"], name="item_by_type"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.natural_key}"

    @property
    def compared(self) -> tuple[int, str]:
        """Return amount and currency as they are held against the other side's."""
        if self.presentment_amount is not None:
            return self.presentment_amount, self.presentment_currency
        return self.amount, self.currency


class ItemKey(models.Model):
    """One id that an item is found by. `key_hash` is of type and normalized value; append-only."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="keys", db_index=False)
    side = models.CharField(max_length=1, choices=Side.choices)
    key_type = models.CharField(max_length=16, choices=KeyType.choices)
    key_hash = models.UUIDField()
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "key_hash"], name="one_key_an_item"),
            models.CheckConstraint(condition=Q(key_type__in=KeyType.values), name="item_key_type_known"),
        ]
        indexes = [models.Index(fields=["key_hash", "side"], include=["item", "key_type"], name="item_by_key")]

    def __str__(self) -> str:
        return f"{self.key_type} {self.value}"


class OpenItem(models.Model):
    """What of an item is not matched yet; a trigger keeps it equal to the item less its allocations.

    `queued` says that it has not been tried since it came or since one of its keys came.
    """

    item = models.OneToOneField(Item, primary_key=True, on_delete=models.PROTECT, related_name="open")
    lane = models.CharField(max_length=10, choices=Lane.choices)
    side = models.CharField(max_length=1, choices=Side.choices)
    remaining = models.BigIntegerField()
    due_on = models.DateField(null=True, blank=True)
    queued = models.BooleanField(default=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(remaining=0), name="open_item_has_remainder")]
        indexes = [
            models.Index(fields=["lane"], condition=Q(queued=True), name="open_item_queued"),
            models.Index(fields=["lane", "side", "due_on"], name="open_item_due"),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of item {self.item_id}"
