"""Serial numbers: sold with an order line, come with a parcel, judged with a disposition."""

from django.db import models

from inventory.models import SerialUnit
from returns.models.orders import OrderLine
from returns.models.receipts import DispositionSlice, ReceiptLine


class SerialFinding(models.TextChoices):
    """How a number that was read fits what is known of it."""

    FITS = "fits"
    NOT_SOLD = "not_sold", "not sold on this order"
    TWICE = "twice", "comes twice"
    ELSEWHERE = "elsewhere", "stands elsewhere"
    NOT_RECEIVED = "not_received", "did not come with this return"


class SoldSerial(models.Model):
    """A unit that was sold with an order line, as the channel told it."""

    order_line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="serials", db_index=False)
    serial = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order_line", "serial"], name="one_sold_serial_a_line")]
        indexes = [models.Index(fields=["serial"], name="sold_serial")]

    def __str__(self) -> str:
        return self.serial


class ReceiptSerial(models.Model):
    """A number read on a unit that arrived; append-only. Without a unit, another unit bears that number here."""

    line = models.ForeignKey(ReceiptLine, on_delete=models.PROTECT, related_name="serials")
    serial = models.CharField(max_length=120)
    finding = models.CharField(max_length=12, choices=SerialFinding.choices, default=SerialFinding.FITS)
    unit = models.ForeignKey(SerialUnit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.serial


class SliceSerial(models.Model):
    """A number read on a unit that was judged; append-only."""

    part = models.ForeignKey(DispositionSlice, on_delete=models.PROTECT, related_name="serials")
    serial = models.CharField(max_length=120)
    finding = models.CharField(max_length=12, choices=SerialFinding.choices, default=SerialFinding.FITS)
    unit = models.ForeignKey(SerialUnit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.serial
