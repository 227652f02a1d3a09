"""What tills did while they were offline, and money that they paid out."""

from django.db import models
from django.db.models import F, Q

from inventory.models import Location
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.enums import StoreItemStatus
from returns.models.returns import Return


class StoreBatch(models.Model):
    """What one till handed in at once; the same batch may be handed in again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    # The till's own id of the batch.
    reference = models.CharField(max_length=120)
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64, blank=True, default="")
    currency = models.CharField(max_length=3)
    actor = models.CharField(max_length=120)
    received_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "store batch"
        constraints = [models.UniqueConstraint(fields=["location", "reference"], name="one_store_batch_a_reference")]
        indexes = [models.Index(fields=["region", "-id"], name="store_batch_by_region")]

    def __str__(self) -> str:
        return self.reference

    def as_subject(self) -> Subject:
        """Return the batch as the subject of events; it is a transaction of its own."""
        return Subject("store_batch", self.id, self.id, str(self.id), self.region, self.brand)


class StoreBatchItem(models.Model):
    """One thing that a till did, as it told it, and what became of it. Kept whatever it says."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(StoreBatch, on_delete=models.PROTECT, related_name="items", db_index=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The till's own id; empty where the item could not be read at all.
    external_id = models.CharField(max_length=120, blank=True, default="")
    position = models.PositiveIntegerField()
    raw = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=StoreItemStatus.choices)
    # What did not fit: [{"code": "units_taken", "detail": "…"}]
    conflicts = models.JSONField(default=list, blank=True)
    rma = models.ForeignKey(Return, null=True, blank=True, on_delete=models.PROTECT, related_name="store_items")
    taken_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="one_store_item_a_position"),
            models.UniqueConstraint(
                fields=["location", "external_id"], condition=~Q(external_id=""), name="one_store_item_an_id"
            ),
            models.CheckConstraint(condition=Q(status__in=StoreItemStatus.values), name="store_item_status_is_known"),
            models.CheckConstraint(
                condition=Q(status=StoreItemStatus.REFUSED) | Q(rma__isnull=False), name="store_item_has_return"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id or f"item {self.position}"


class TillRefund(models.Model):
    """Money that a till paid out by itself: a fact. What payments of the order can bear of it is reserved by refunds
    that are observed and not sent (`proposal`); what they cannot is `excess`, and a case."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="till_refunds")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The till's own id of the payout.
    reference = models.CharField(max_length=120)
    tender = models.CharField(max_length=32)
    # The payment that it was paid back to, as its system calls it; empty where the till does not know.
    payment = models.CharField(max_length=120, blank=True, default="")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    paid_at = models.DateTimeField()
    reserved = models.BigIntegerField(default=0)
    excess = models.BigIntegerField()
    proposal = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "till refund"
        constraints = [
            models.UniqueConstraint(fields=["location", "reference"], name="one_till_refund_a_reference"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, reserved__gte=0, excess__gte=0, amount=F("reserved") + F("excess")),
                name="till_refund_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
