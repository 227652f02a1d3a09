"""Units that are told apart: one row a serial number, and the lots that moves carry."""

from django.db import models

from inventory.enums import Disposition
from inventory.models.stock import Location, StockMove
from retailops.lib.clock import now
from retailops.lib.ids import uuid7


class Lot(models.Model):
    """Units of one production with one date of expiry; moves refer to it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(max_length=64)
    code = models.CharField(max_length=64)
    expires_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sku", "code"], name="one_lot_a_code")]

    def __str__(self) -> str:
        return self.code


class SerialUnit(models.Model):
    """One unit of a serialized sku and where it stands.

    Its place is that of `last_move` and is written by a trigger alone, when a step is added.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(max_length=64)
    serial = models.CharField(max_length=120)
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    disposition = models.CharField(max_length=20, choices=Disposition.choices, default=Disposition.EXTERNAL)
    last_move = models.ForeignKey(StockMove, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Nobody named it in its last move: it was taken as one of the units that went.
    presumed = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sku", "serial"], name="one_unit_a_serial")]
        indexes = [
            models.Index(fields=["sku", "location", "disposition"], name="serial_of_place"),
            models.Index(fields=["serial"], name="serial_number"),
        ]

    def __str__(self) -> str:
        return self.serial


class SerialStep(models.Model):
    """A unit took part in a move; append-only. `presumed`: the move did not name it."""

    unit = models.ForeignKey(SerialUnit, on_delete=models.PROTECT, related_name="steps", db_index=False)
    move = models.ForeignKey(StockMove, on_delete=models.PROTECT, related_name="steps")
    presumed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "move"], name="one_step_a_move")]

    def __str__(self) -> str:
        return f"{self.unit_id} in {self.move_id}"
