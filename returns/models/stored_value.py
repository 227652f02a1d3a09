"""Value that we keep for customers (store credit, gift cards), and what marketplaces told us that they refunded."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.enums import EntryKind, StoredKind, StoredStatus
from returns.models.orders import Customer, Order, Payment
from returns.models.refunds import Refund
from returns.models.returns import Return

S = StoredStatus


class StoredAccount(models.Model):
    """One customer's store credit (or one order's, where there is no customer), or one gift card.

    `balance` is the sum of the entries and `booked` their number, kept in their transaction under this row's lock, in
    minor units. A gift card's code is shown once and stored as its SHA-256.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=12, choices=StoredKind.choices)
    status = StateField(max_length=8, choices=StoredStatus.choices, default=StoredStatus.ACTIVE)
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="stored_accounts"
    )
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="stored_accounts")
    # The return that a gift card was made for: later units of it go onto the same card.
    rma = models.ForeignKey(Return, null=True, blank=True, on_delete=models.PROTECT, related_name="stored_accounts")
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64, blank=True, default="")
    currency = models.CharField(max_length=3)
    balance = models.BigIntegerField(default=0)
    booked = models.PositiveIntegerField(default=0)
    code_hash = models.CharField(max_length=64, blank=True, default="")
    last_four = models.CharField(max_length=4, blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    correlation_id = models.UUIDField(default=uuid7)
    opened_by = models.CharField(max_length=120)
    opened_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "account"
        constraints = [
            models.CheckConstraint(condition=Q(balance__gte=0), name="stored_value_not_negative"),
            models.CheckConstraint(condition=Q(status__in=StoredStatus.values), name="stored_status_is_known"),
            models.CheckConstraint(condition=Q(kind__in=StoredKind.values), name="stored_kind_is_known"),
            models.UniqueConstraint(
                fields=["customer", "currency", "region", "brand"],
                condition=Q(kind="store_credit", status="active", customer__isnull=False),
                name="one_store_credit_a_customer",
            ),
            models.UniqueConstraint(
                fields=["order", "currency"],
                condition=Q(kind="store_credit", status="active", customer__isnull=True),
                name="one_store_credit_an_order",
            ),
            models.UniqueConstraint(
                fields=["rma"], condition=Q(kind="gift_card", status="active"), name="one_gift_card_a_return"
            ),
            models.UniqueConstraint(fields=["code_hash"], condition=~Q(code_hash=""), name="one_card_a_code"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(status="active", expires_at__isnull=False), name="stored_expiry"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {f'···{self.last_four}' if self.last_four else self.id}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events, in a lane of its own."""
        return Subject("stored_account", self.id, self.correlation_id, str(self.id), self.region, self.brand)

    def alive(self) -> bool:
        """Tell whether value may be put on it and taken off now."""
        return self.status == StoredStatus.ACTIVE and (self.expires_at is None or self.expires_at > now())

    @transition(field=status, source=S.ACTIVE, target=S.EXPIRED)
    def expire(self) -> None:
        """Its time is over; what was left of it lapses."""

    @transition(field=status, source=S.ACTIVE, target=S.VOID)
    def void(self) -> None:
        """Lost, stolen or issued by mistake: it is worth nothing any more."""


class StoredEntry(models.Model):
    """A signed change of a balance; append-only. `effect_key` makes it happen once, `number` counts on the account."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(StoredAccount, on_delete=models.PROTECT, related_name="entries", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=EntryKind.choices)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    balance_after = models.BigIntegerField()
    effect_key = models.CharField(max_length=200, unique=True)
    refund = models.ForeignKey(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="stored_entries")
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversal")
    # What the one who redeems calls it: the payment of the order that it pays bears the same id.
    reference = models.CharField(max_length=120, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")
    actor = models.CharField(max_length=120)
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["account_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["account", "number"], name="one_entry_a_number"),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_moves_something"),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="entry_kind_is_known"),
            models.CheckConstraint(condition=Q(balance_after__gte=0), name="entry_leaves_no_debt"),
        ]
        indexes = [
            models.Index(fields=["reference"], condition=~Q(reference=""), name="stored_entry_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class ObservedRefund(models.Model):
    """A refund that a marketplace made by itself and told us of; append-only. Its id there makes it happen once.

    `refund` is ours that it settled; without one it moved money that nobody here had decided.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="observed_refunds")
    external_id = models.CharField(max_length=160)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    observed_at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    recorded_at = models.DateTimeField(default=now)
    refund = models.OneToOneField(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="observation")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="observed_is_positive"),
            models.UniqueConstraint(fields=["payment", "external_id"], name="one_observation_an_id"),
        ]

    def __str__(self) -> str:
        return f"observed {self.external_id}"
