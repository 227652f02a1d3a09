"""Where two systems do not say the same, until somebody or something settles it."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from retailops.lib.money import Money
from returns.models import Order, TruthObject
from returns.truth import MONEY


class DiscrepancyType(models.TextChoices):
    """What kind of disagreement it is."""

    ORDER_DRIFT = "order_drift", "Order told differently"
    RETURN_DRIFT = "return_drift", "Return told differently"
    MISSING_SETTLEMENT = "missing_settlement", "Refund not in any settlement"
    MISSING_CREDIT_MEMO = "missing_credit_memo", "Credit memo not in the books"
    MISSING_TAX_REVERSAL = "missing_tax_reversal", "Tax reversal did not come"
    GIFT_CARD_MISMATCH = "gift_card_mismatch", "Gift card movement did not come"
    AMOUNT_VARIANCE = "amount_variance", "Another amount came"
    CURRENCY_MISMATCH = "currency_mismatch", "Another currency came"
    DUPLICATE_REFUND = "duplicate_refund", "Refunded once more"
    OVER_REFUND = "over_refund", "More was refunded"
    REFUND_FAILED_AFTER_SETTLEMENT = "refund_failed_after_settlement", "Refund came back after it settled"
    REFUND_PLUS_CHARGEBACK = "refund_plus_chargeback", "Refunded and charged back"
    ORPHAN_LINE = "orphan_line", "Nobody here expected it"
    PAYOUT_SHORT = "payout_short", "Payout differs from its lines"
    LATE_CORRECTION = "late_correction", "Told again with another amount"
    UNMAPPED = "unmapped", "Type without a meaning"


# Those of money that was expected or came; they end by themselves when it is matched.
DRIFT = (DiscrepancyType.ORDER_DRIFT, DiscrepancyType.RETURN_DRIFT)
SETTLEMENT_TYPES = tuple(each for each in DiscrepancyType if each not in DRIFT)
# What `order_drift` is about: told with the order, in its versions.
OF_ORDERS = (TruthObject.ORDER, TruthObject.ORDER_LINE, TruthObject.PAYMENT)


class DiscrepancyStatus(models.TextChoices):
    """Open until it is settled."""

    OPEN = "open"
    RESOLVED = "resolved"


class Resolution(models.TextChoices):
    """How a discrepancy ended."""

    TOOK_THEIRS = "took_theirs", "Took their value over"
    TOLD_OURS = "told_ours", "Told them ours"
    LEFT = "left", "Left as it is, explained"
    AGREED = "agreed", "They say the same now"
    CASE = "case", "Ended with its case"
    MATCHED = "matched", "Matched since"


class Discrepancy(models.Model):
    """One field of one object on which a system and we do not agree. `amount`: what is at risk, minor units.

    At most one is open for a field and a system (`anchor`); told again, it occurs once more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    type = models.CharField(max_length=40, choices=DiscrepancyType.choices, default=DiscrepancyType.ORDER_DRIFT)
    anchor = models.CharField(max_length=400)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Of money: what it is about, and what stands against it.
    item = models.ForeignKey("Item", null=True, blank=True, on_delete=models.PROTECT, related_name="discrepancies")
    other = models.ForeignKey("Item", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The row that differs; null where it is not here at all.
    object = models.CharField(max_length=12)
    object_id = models.UUIDField(null=True, blank=True)
    external_id = models.CharField(max_length=120, blank=True, default="")
    field = models.CharField(max_length=40)
    ours = models.TextField(blank=True, default="")
    theirs = models.TextField(blank=True, default="")
    owner = models.CharField(max_length=64)
    system = models.CharField(max_length=64)
    # Of the order, when it was last told so.
    order_version = models.BigIntegerField(default=0)
    amount = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=64)
    suggestion = models.CharField(max_length=12, choices=Resolution.choices)
    case_id = models.UUIDField(null=True, blank=True)
    occurrences = models.PositiveIntegerField(default=1)
    status = StateField(max_length=10, choices=DiscrepancyStatus.choices, default=DiscrepancyStatus.OPEN)
    opened_at = models.DateTimeField(default=now)
    last_seen_at = models.DateTimeField(default=now)
    resolution = models.CharField(max_length=12, choices=Resolution.choices, blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=120, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")
    evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = "discrepancy"
        verbose_name_plural = "discrepancies"
        constraints = [
            models.UniqueConstraint(
                fields=["anchor"], condition=Q(status=DiscrepancyStatus.OPEN), name="one_open_discrepancy_an_anchor"
            ),
            models.CheckConstraint(condition=Q(status__in=DiscrepancyStatus.values), name="discrepancy_status_known"),
            models.CheckConstraint(
                condition=Q(status=DiscrepancyStatus.OPEN)
                | (Q(resolved_at__isnull=False) & ~Q(resolved_by="") & ~Q(resolution="") & ~Q(reason="")),
                name="discrepancy_ends_with_actor_and_reason",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="discrepancy_risk_not_negative"),
            models.CheckConstraint(
                condition=Q(order__isnull=False) | ~Q(type=DiscrepancyType.ORDER_DRIFT), name="drift_is_of_an_order"
            ),
        ]
        indexes = [
            models.Index(fields=["order"], condition=Q(status=DiscrepancyStatus.OPEN), name="open_discrepancies"),
            models.Index(fields=["type"], condition=Q(status=DiscrepancyStatus.OPEN), name="open_discrepancy_type"),
            models.Index(fields=["case_id"], condition=Q(case_id__isnull=False), name="discrepancy_of_case"),
        ]

    def __str__(self) -> str:
        return f"{self.object} {self.field}: {self.system}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events: told with its order's story in the order's lane, else in its own."""
        order = self.order
        if order is None:
            story = (self.item.correlation_id if self.item else None) or self.id
            return Subject("discrepancy", self.id, story, str(self.id), self.region, self.brand, self.channel)
        return Subject(
            "discrepancy", self.id, order.correlation_id, str(order.id), self.region, self.brand, self.channel
        )

    @property
    def of_money(self) -> bool:
        """Tell whether it is of money that was expected or came, and not of an order's or a return's field."""
        return self.type in SETTLEMENT_TYPES

    @property
    def name(self) -> str:
        """What it is about, in short: the number of the order or the return, or the reference of the money."""
        by_order = self.type == DiscrepancyType.ORDER_DRIFT and self.order
        return self.order.number if self.order and by_order else self.external_id

    @property
    def ours_shown(self) -> str:
        """Our value as people read it: an amount with its currency."""
        return self._shown(self.ours)

    @property
    def theirs_shown(self) -> str:
        """Their value as people read it."""
        return self._shown(self.theirs)

    def _shown(self, text: str) -> str:
        is_money = text and (self.field in MONEY or (self.object == "payment" and self.field == "payment"))
        return str(Money(int(text), self.currency)) if is_money else text

    @transition(field=status, source=DiscrepancyStatus.OPEN, target=DiscrepancyStatus.RESOLVED)
    def resolve(self) -> None:
        """Settled, with an actor, a reason and evidence; the service writes them."""
        self.resolved_at = now()
