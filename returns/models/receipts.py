"""What arrived (append-only) and what was decided about it."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from inventory.enums import Disposition
from inventory.models import Location
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.enums import DispositionStatus, ReceiptMatch
from returns.models.returns import Return, ReturnLine

D = DispositionStatus


class Receipt(models.Model):
    """A fact of arrival; append-only. A correction is a reversing receipt. `scan_id` makes it happen once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="receipts")
    scan_id = models.CharField(max_length=120, unique=True)
    parcel = models.CharField(max_length=120, blank=True, default="")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversal")
    recorded_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.scan_id


class ReceiptLine(models.Model):
    """A quantity that arrived: of a line as expected, beyond it, or of an item nobody announced (`line` is null)."""

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(ReturnLine, null=True, blank=True, on_delete=models.PROTECT, related_name="receipt_lines")
    sku = models.CharField(max_length=64)
    quantity = models.PositiveIntegerField()
    match = models.CharField(max_length=12, choices=ReceiptMatch.choices, default=ReceiptMatch.EXPECTED)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="receipt_line_has_quantity")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class Inspection(models.Model):
    """One act of inspection; `reference` (the warehouse's id of it, or ours) makes it happen once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="inspections")
    reference = models.CharField(max_length=160, unique=True)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    inspected_at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    recorded_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.reference


class DispositionSlice(models.Model):
    """A quantity with one verdict and one disposition, and how far its owner has posted it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="slices")
    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="slices")
    quantity = models.PositiveIntegerField()
    accepted = models.BooleanField()
    condition = models.CharField(max_length=40, blank=True, default="")
    grade = models.CharField(max_length=10, blank=True, default="")
    disposition = models.CharField(max_length=20, choices=Disposition.choices)
    reason = models.CharField(max_length=120, blank=True, default="")
    evidence = models.JSONField(default=list, blank=True)
    # The verdict that this one corrects.
    replaces = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replacement")
    status = StateField(max_length=12, choices=DispositionStatus.choices, default=DispositionStatus.DECIDED)
    external_reference = models.CharField(max_length=200, blank=True, default="")
    failure = models.CharField(max_length=300, blank=True, default="")
    posted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "disposition"
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="slice_has_quantity"),
            models.CheckConstraint(condition=Q(status__in=DispositionStatus.values), name="slice_status_is_known"),
            # Rejected goods never become sellable (invariant 5).
            models.CheckConstraint(
                condition=Q(accepted=True) | ~Q(disposition=Disposition.SELLABLE), name="rejected_is_not_sellable"
            ),
        ]
        indexes = [
            # What the sweep of supplier claims looks through.
            models.Index(
                fields=["id"],
                condition=Q(disposition=Disposition.RETURN_TO_VENDOR, status=DispositionStatus.POSTED),
                name="slice_for_vendor",
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} → {self.disposition}"

    @transition(field=status, source=[D.DECIDED, D.POST_FAILED], target=D.POSTING)
    def start_posting(self) -> None:
        """It was handed to the owner of the stock."""

    @transition(field=status, source=[D.DECIDED, D.POSTING, D.POST_FAILED], target=D.POSTED)
    def post(self) -> None:
        """The owner of the stock acknowledged it."""
        self.posted_at = now()

    @transition(field=status, source=[D.DECIDED, D.POSTING], target=D.POST_FAILED)
    def fail_posting(self) -> None:
        """The owner of the stock refused it."""

    @transition(field=status, source=[D.DECIDED, D.POSTED, D.POST_FAILED], target=D.REVERSED)
    def reverse(self) -> None:
        """Undone by a compensating move."""
