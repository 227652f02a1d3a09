"""What a sku is: how its units are told apart, and what one is worth."""

from django.db import models

from retailops.lib.clock import now
from retailops.lib.ids import uuid7


class Item(models.Model):
    """What is known of a sku. A sku without an item is counted in units alone and has no value."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=200, blank=True, default="")
    serialized = models.BooleanField(default=False)
    lot_tracked = models.BooleanField(default=False)
    updated_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.sku


class ItemValue(models.Model):
    """What one unit is worth in a currency, in minor units: the value of stock, never the price of a refund."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="values")
    currency = models.CharField(max_length=3)
    unit_value = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "currency"], name="one_item_value_a_currency")]

    def __str__(self) -> str:
        return f"{self.unit_value} {self.currency}"
