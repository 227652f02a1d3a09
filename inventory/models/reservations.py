"""Sellable units that are held for somebody."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from inventory.enums import ReservationStatus
from inventory.models.stock import Location
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7


class Reservation(models.Model):
    """Sellable units at one place that are held for one subject. What, where and how many never change (a trigger)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    effect_key = models.CharField(max_length=160, unique=True)
    status = StateField(max_length=10, choices=ReservationStatus.choices, default=ReservationStatus.HELD)
    sku = models.CharField(max_length=64)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="reservations")
    quantity = models.PositiveIntegerField()
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    correlation_id = models.UUIDField()
    lane = models.CharField(max_length=120, blank=True, default="")
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=64, blank=True, default="")
    actor = models.CharField(max_length=120)
    reason = models.CharField(max_length=200, blank=True, default="")
    # None: held until it is used or let go.
    expires_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_has_quantity"),
            models.CheckConstraint(
                condition=Q(status__in=ReservationStatus.values), name="reservation_status_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["subject_id"], name="reservation_of_subject"),
            models.Index(fields=["sku", "location"], condition=Q(status="held"), name="reservation_held"),
            models.Index(fields=["expires_at"], condition=Q(status="held"), name="reservation_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku} {self.status}"

    def as_subject(self) -> Subject:
        """Return what it is held for, as the subject of its events."""
        where = (self.region, self.brand, self.channel)
        lane = self.lane or str(self.subject_id)
        return Subject(self.subject_type, self.subject_id, self.correlation_id, lane, *where)

    @transition(field=status, source=ReservationStatus.HELD, target=ReservationStatus.CONSUMED)
    def consume(self) -> None:
        """The units went out to whom they were held for."""
        self.ended_at = now()

    @transition(field=status, source=ReservationStatus.HELD, target=ReservationStatus.RELEASED)
    def release(self) -> None:
        """Nobody needs them any more."""
        self.ended_at = now()

    @transition(field=status, source=ReservationStatus.HELD, target=ReservationStatus.EXPIRED)
    def expire(self) -> None:
        """They were not used in time."""
        self.ended_at = now()

    @transition(field=status, source=ReservationStatus.HELD, target=ReservationStatus.BROKEN)
    def lose_stock(self) -> None:
        """They were found to be damaged, missing or not there."""
        self.ended_at = now()
