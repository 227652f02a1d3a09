"""Which lots took part in a move, and how much of each lot stands where."""

from django.db import models
from django.db.models import Q

from inventory.enums import Disposition
from inventory.models.serials import Lot
from inventory.models.stock import Location, StockMove


class LotStep(models.Model):
    """Units of a lot took part in a move; append-only. `presumed`: the move did not name the lot."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="steps", db_index=False)
    move = models.ForeignKey(StockMove, on_delete=models.PROTECT, related_name="lot_steps")
    quantity = models.PositiveIntegerField()
    presumed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="lot_step_has_quantity"),
        ]
        indexes = [models.Index(fields=["lot", "-id"], name="lot_step_of_lot")]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.lot_id} in {self.move_id}"


class LotBalance(models.Model):
    """How much of a lot stands where: the sum of its steps, written by a trigger alone, within the place's balance."""

    id = models.BigAutoField(primary_key=True)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="balances", db_index=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="lot_balances")
    disposition = models.CharField(max_length=20, choices=Disposition.choices)
    quantity = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lot", "location", "disposition"], name="one_lot_balance_a_place"),
            models.CheckConstraint(
                condition=Q(quantity__gte=0) | Q(disposition__in=[Disposition.EXTERNAL, Disposition.ADJUSTMENT]),
                name="lot_balance_is_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lot_id} {self.disposition}: {self.quantity}"
