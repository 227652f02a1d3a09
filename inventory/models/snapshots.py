"""What other systems say of our stock, how it compares with our books, and the differences that stayed."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from inventory.enums import Disposition
from inventory.models.stock import Location
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7


class DriftClass(models.TextChoices):
    """Why a difference may be there."""

    TIMING = "timing"
    MAPPING = "mapping"
    LOSS = "loss"
    UNKNOWN = "unknown"


class DriftStatus(models.TextChoices):
    """watched → raised → ended; a difference that goes away ends from either."""

    WATCHED = "watched"
    RAISED = "raised"
    ENDED = "ended"


class StateMap(models.Model):
    """A version of what a source's states mean here: their state → our disposition, or "" for "not our stock"."""

    source = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    states = models.JSONField()
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "version"], name="one_state_map_a_version")]

    def __str__(self) -> str:
        return f"{self.source} v{self.version}"


class Snapshot(models.Model):
    """Stock of one location as another system had it at an instant; `source` and `reference` make it come once.

    `complete`: a sku that it does not name stands at nothing there. Written once, and once more when it is compared.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=64)
    reference = models.CharField(max_length=120)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="snapshots")
    as_of = models.DateTimeField()
    complete = models.BooleanField(default=True)
    row_count = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    actor = models.CharField(max_length=120)
    received_at = models.DateTimeField(default=now)
    state_map = models.ForeignKey(StateMap, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    compared_at = models.DateTimeField(null=True, blank=True)
    sku_count = models.PositiveIntegerField(default=0)
    # Skus with a difference that nothing in flight explains; and states that the map does not know.
    differing_count = models.PositiveIntegerField(default=0)
    unmapped = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "reference"], name="one_snapshot_a_reference")]
        indexes = [
            models.Index(fields=["as_of"], condition=Q(compared_at__isnull=True), name="snapshot_to_compare"),
            models.Index(fields=["location", "source", "-as_of"], name="snapshot_of_place"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.reference}"


class SnapshotRow(models.Model):
    """A quantity of a sku in one of the source's states; append-only."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="rows", db_index=False)
    sku = models.CharField(max_length=64)
    state = models.CharField(max_length=64)
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["snapshot", "sku", "state"], name="one_row_a_state")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku} {self.state}"


class SnapshotDifference(models.Model):
    """Where theirs and ours differ as of the instant, and how much of it nothing in flight explains."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="differences", db_index=False)
    sku = models.CharField(max_length=64)
    disposition = models.CharField(max_length=20, choices=Disposition.choices)
    theirs = models.BigIntegerField()
    ours = models.BigIntegerField()
    # Decided, not acknowledged: units that may stand here at the owner already, or may have left already.
    coming = models.BigIntegerField(default=0)
    leaving = models.BigIntegerField(default=0)
    # theirs - ours, less what is in flight.
    unexplained = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "sku", "disposition"], name="one_difference_a_disposition")
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.disposition}: {self.unexplained:+}"


class StockDrift(models.Model):
    """A difference of one sku at one location with one source, as long as it lasts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=64)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="drifts")
    sku = models.CharField(max_length=64)
    kind = models.CharField(max_length=10, choices=DriftClass.choices)
    status = StateField(max_length=10, choices=DriftStatus.choices, default=DriftStatus.WATCHED)
    first_snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+", db_index=False)
    last_snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+", db_index=False)
    # Snapshots in a row that show it.
    seen = models.PositiveIntegerField(default=1)
    # Units in all that are elsewhere or not there: the sum of the unexplained, without sign.
    units = models.BigIntegerField()
    # Their total less ours.
    net = models.BigIntegerField()
    value = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    explanation = models.CharField(max_length=300, blank=True, default="")
    explained_by = models.CharField(max_length=120, blank=True, default="")
    recount_asked_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(default=now)
    raised_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "difference"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DriftStatus.values), name="drift_status_is_known"),
            models.UniqueConstraint(
                fields=["source", "location", "sku"],
                condition=~Q(status=DriftStatus.ENDED),
                name="one_open_drift_a_place",
            ),
        ]
        indexes = [models.Index(fields=["status", "-id"], name="drift_by_status")]

    def __str__(self) -> str:
        return f"{self.sku}: {self.net:+}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events and cases (location loaded)."""
        return Subject("stock_drift", self.id, self.id, str(self.id), self.location.region)

    @transition(field=status, source=DriftStatus.WATCHED, target=DriftStatus.RAISED)
    def raise_it(self) -> None:
        """It survived two snapshots, or is worth too much to wait."""
        self.raised_at = now()

    @transition(field=status, source=[DriftStatus.WATCHED, DriftStatus.RAISED], target=DriftStatus.ENDED)
    def end(self) -> None:
        """A later snapshot agrees."""
        self.ended_at = now()
