"""How goods travel back: parcels with labels and scans, drop-off codes, what a marketplace asked."""

from django.db import models
from django.db.models import Q

from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.models.returns import Return


class Parcel(models.Model):
    """One parcel of a return. Whether it has arrived is said by the receipts that name it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="parcels", db_index=False)
    tracking = models.CharField(max_length=80)
    carrier = models.CharField(max_length=64, blank=True, default="")
    label_url = models.URLField(max_length=500, blank=True, default="")
    # What the label costs us, in minor units of the return's currency; null where nobody said.
    label_cost = models.BigIntegerField(null=True, blank=True)
    in_transit_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["rma", "tracking"], name="one_parcel_a_tracking"),
            models.CheckConstraint(condition=~Q(tracking=""), name="parcel_has_tracking"),
            models.CheckConstraint(condition=Q(label_cost=None) | Q(label_cost__gte=0), name="label_cost_not_negative"),
        ]
        indexes = [models.Index(fields=["tracking"], name="parcel_tracking")]

    def __str__(self) -> str:
        return self.tracking


class ParcelScan(models.Model):
    """What a carrier or drop-off partner said of a parcel; append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="scans", db_index=False)
    what = models.CharField(max_length=80)
    place = models.CharField(max_length=120, blank=True, default="")
    scanned_at = models.DateTimeField()
    actor = models.CharField(max_length=120)

    class Meta:
        ordering = ["scanned_at"]
        constraints = [
            models.UniqueConstraint(fields=["parcel", "scanned_at", "what"], name="one_parcel_scan_a_moment")
        ]

    def __str__(self) -> str:
        return f"{self.what} at {self.scanned_at:%Y-%m-%d %H:%M}"


class DropOffCode(models.Model):
    """The code that a customer shows at a drop-off point instead of a label."""

    rma = models.OneToOneField(Return, primary_key=True, on_delete=models.PROTECT, related_name="drop_off")
    token = models.CharField(max_length=40, unique=True)
    made_at = models.DateTimeField(default=now)
    used_at = models.DateTimeField(null=True, blank=True)
    partner = models.CharField(max_length=80, blank=True, default="")

    def __str__(self) -> str:
        return self.token


class MarketplaceReturn(models.Model):
    """What a marketplace calls the return, and until when it wants to know whether the goods may come back."""

    rma = models.OneToOneField(Return, primary_key=True, on_delete=models.PROTECT, related_name="marketplace")
    name = models.CharField(max_length=64)
    return_id = models.CharField(max_length=120)
    answer_by = models.DateTimeField(null=True, blank=True)
    # When a person was asked to decide in time; once.
    warned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "return_id"], name="one_return_a_marketplace_id")]
        indexes = [
            models.Index(fields=["answer_by"], condition=Q(warned_at__isnull=True), name="marketplace_answer_by")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.return_id}"
