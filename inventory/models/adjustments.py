"""Counted differences: what a person says stands there, booked at once or after a second person's word."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from inventory.enums import Disposition
from inventory.models.stock import Location, StockMove
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7


class AdjustmentStatus(models.TextChoices):
    """waiting → booked | refused."""

    WAITING = "waiting"
    BOOKED = "booked"
    REFUSED = "refused"


class StockAdjustment(models.Model):
    """A change of one balance with its reason; `reference` makes it happen once. Above the limit it waits."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=120, unique=True)
    sku = models.CharField(max_length=64)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="adjustments")
    disposition = models.CharField(max_length=20, choices=Disposition.choices)
    # Positive: more stands there than is booked.
    change = models.IntegerField()
    reason = models.CharField(max_length=200)
    serials = models.JSONField(default=list, blank=True)
    lot_code = models.CharField(max_length=64, blank=True, default="")
    # Minor units of the location's currency; null: the value of a unit is not known.
    value = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    drift = models.ForeignKey(
        "inventory.StockDrift", null=True, blank=True, on_delete=models.PROTECT, related_name="adjustments"
    )
    status = StateField(max_length=10, choices=AdjustmentStatus.choices, default=AdjustmentStatus.WAITING)
    move = models.OneToOneField(StockMove, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    requested_by = models.CharField(max_length=120)
    requested_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "adjustment"
        constraints = [
            models.CheckConstraint(condition=~Q(change=0), name="adjustment_changes_something"),
            models.CheckConstraint(condition=Q(status__in=AdjustmentStatus.values), name="adjustment_status_is_known"),
            models.CheckConstraint(
                condition=Q(status=AdjustmentStatus.BOOKED, move__isnull=False)
                | (~Q(status=AdjustmentStatus.BOOKED) & Q(move__isnull=True)),
                name="booked_adjustment_has_its_move",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change:+} × {self.sku}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events and of its approval."""
        return Subject("stock_adjustment", self.id, self.id, str(self.id), self.location.region)

    @transition(field=status, source=AdjustmentStatus.WAITING, target=AdjustmentStatus.BOOKED)
    def book(self) -> None:
        """Its move was booked."""
        self.ended_at = now()

    @transition(field=status, source=AdjustmentStatus.WAITING, target=AdjustmentStatus.REFUSED)
    def refuse(self) -> None:
        """The second person said no, or nobody said anything in time."""
        self.ended_at = now()
