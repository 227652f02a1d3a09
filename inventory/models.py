"""Stock as facts: locations, legal transitions, append-only moves, and balances that equal their sum."""

from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from inventory.enums import Disposition, ReservationStatus
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.ids import uuid7


class Location(models.Model):
    """A place where goods are: warehouse, store, third party."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, default="warehouse")
    region = models.CharField(max_length=32, blank=True, default="")
    sellable = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.code


class LegalTransition(models.Model):
    """A pair of dispositions between which stock may move; every move refers to one (foreign key)."""

    key = models.CharField(max_length=40, primary_key=True)
    source = models.CharField(max_length=20, choices=Disposition.choices)
    target = models.CharField(max_length=20, choices=Disposition.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "target"], name="one_transition_a_pair")]

    def __str__(self) -> str:
        return self.key


class StockMove(models.Model):
    """A quantity that went from one disposition to another; append-only, corrected by a compensating move."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    effect_key = models.CharField(max_length=160, unique=True)
    transition = models.ForeignKey(LegalTransition, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64)
    quantity = models.PositiveIntegerField()
    source_location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=20, choices=Disposition.choices)
    target_location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    target = models.CharField(max_length=20, choices=Disposition.choices)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    cause_event_id = models.UUIDField(null=True)
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversal")
    actor = models.CharField(max_length=120)
    reason = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="move_has_quantity"),
            models.CheckConstraint(
                condition=~Q(source=F("target")) | ~Q(source_location=F("target_location")), name="move_goes_somewhere"
            ),
        ]
        indexes = [
            models.Index(fields=["sku", "at"], name="move_of_sku"),
            models.Index(fields=["subject_id"], name="move_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku} {self.source} → {self.target}"


class StockBalance(models.Model):
    """How much of a sku stands where; maintained with each move in one transaction, equal to the sum of the moves."""

    id = models.BigAutoField(primary_key=True)
    sku = models.CharField(max_length=64)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="balances")
    disposition = models.CharField(max_length=20, choices=Disposition.choices)
    quantity = models.BigIntegerField(default=0)
    # How much of a sellable quantity is held for somebody: a trigger on reservations keeps it.
    reserved = models.BigIntegerField(default=0, db_default=0)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sku", "location", "disposition"], name="one_balance_a_place"),
            # Only the far ends may be negative: what came in is owed by the outside world.
            models.CheckConstraint(
                condition=Q(quantity__gte=0) | Q(disposition__in=[Disposition.EXTERNAL, Disposition.ADJUSTMENT]),
                name="balance_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(reserved=0)
                | Q(disposition=Disposition.SELLABLE, reserved__gt=0, quantity__gte=F("reserved")),
                name="reserved_within_sellable",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.disposition}: {self.quantity}"


class Reservation(models.Model):
    """Sellable units at one place that are held for one subject. What, where and how many never change (a trigger)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    effect_key = models.CharField(max_length=160, unique=True)
    status = FSMField(max_length=10, choices=ReservationStatus.choices, default=ReservationStatus.HELD)
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
