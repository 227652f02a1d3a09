"""Stock that goes from one of our places to another: sent, on its way, received, short or over."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from inventory.enums import Disposition
from inventory.models.stock import Location, StockMove
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7


class TransferStatus(models.TextChoices):
    """sent → (partial →) received; sent → canceled."""

    SENT = "sent", "On its way"
    PARTIAL = "partial", "Partly received"
    RECEIVED = "received", "Received"
    CANCELED = "canceled", "Canceled"


OPEN = (TransferStatus.SENT, TransferStatus.PARTIAL)


class StockTransfer(models.Model):
    """Units of several skus under way between two places; `reference` makes it happen once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=120, unique=True)
    content_hash = models.CharField(max_length=64)
    source = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="transfers_out")
    target = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="transfers_in")
    status = StateField(max_length=10, choices=TransferStatus.choices, default=TransferStatus.SENT)
    reason = models.CharField(max_length=200)
    carrier = models.CharField(max_length=64, blank=True, default="")
    tracking = models.CharField(max_length=80, blank=True, default="")
    # When all of it should have arrived.
    due_on = models.DateField()
    # The due day for which its case was opened.
    reminded_on = models.DateField(null=True, blank=True)
    sent_by = models.CharField(max_length=120)
    sent_at = models.DateTimeField(default=now)
    ended_by = models.CharField(max_length=120, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name = "transfer"
        constraints = [
            models.CheckConstraint(condition=~Q(source=F("target")), name="transfer_goes_elsewhere"),
            models.CheckConstraint(condition=Q(status__in=TransferStatus.values), name="transfer_status_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, ended_at__isnull=True)
                | (~Q(status__in=OPEN) & Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="transfer_ends_with_an_actor",
            ),
        ]
        indexes = [models.Index(fields=["due_on"], condition=Q(status__in=OPEN), name="transfer_under_way")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """Return what people call it."""
        return f"TR-{str(self.id)[-8:].upper()}"

    @property
    def overdue(self) -> bool:
        """Tell whether some of it should have arrived by now."""
        return self.status in OPEN and self.due_on < _today()

    def as_subject(self) -> Subject:
        """Return it as the subject of its events and cases: it is the target's to receive (places loaded)."""
        return Subject("stock_transfer", self.id, self.id, str(self.id), self.target.region)

    @transition(field=status, source=[TransferStatus.SENT, TransferStatus.PARTIAL], target=TransferStatus.PARTIAL)
    def receive_part(self) -> None:
        """Some of it came."""

    @transition(field=status, source=[TransferStatus.SENT, TransferStatus.PARTIAL], target=TransferStatus.RECEIVED)
    def end_received(self) -> None:
        """All of it came, or nothing more is waited for."""
        self.ended_at = now()

    @transition(field=status, source=TransferStatus.SENT, target=TransferStatus.CANCELED)
    def cancel(self) -> None:
        """It stands where it was again."""
        self.ended_at = now()


def _today() -> date:
    return now().date()


class TransferLine(models.Model):
    """Units of one sku in one disposition (and of one lot), and what became of them."""

    transfer = models.ForeignKey(StockTransfer, on_delete=models.CASCADE, related_name="lines", db_index=False)
    line_no = models.PositiveSmallIntegerField()
    sku = models.CharField(max_length=64)
    disposition = models.CharField(max_length=20, choices=Disposition.choices)
    quantity = models.PositiveIntegerField()
    serials = models.JSONField(default=list, blank=True)
    lot_code = models.CharField(max_length=64, blank=True, default="")
    received = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    # Beyond what was sent: they stand in quarantine there.
    over = models.PositiveIntegerField(default=0)
    move = models.OneToOneField(StockMove, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "line_no"], name="one_transfer_line_a_number"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="transfer_line_has_quantity"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("received") + F("missing")), name="transfer_received_within_sent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def outstanding(self) -> int:
        """Return how many units are still on their way."""
        return self.quantity - self.received - self.missing


class TransferReceipt(models.Model):
    """What came at once, as it was told; append-only. `reference` makes it count once."""

    transfer = models.ForeignKey(StockTransfer, on_delete=models.PROTECT, related_name="receipts", db_index=False)
    reference = models.CharField(max_length=120)
    told = models.JSONField()
    actor = models.CharField(max_length=120)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "reference"], name="one_transfer_receipt_a_reference")
        ]

    def __str__(self) -> str:
        return self.reference
