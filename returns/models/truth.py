"""Which system owns which field of what is captured here."""

from django.db import models
from django.db.models import Q

from retailops.lib.clock import now


class TruthObject(models.TextChoices):
    """What has fields that other systems own."""

    ORDER = "order"
    ORDER_LINE = "order_line", "Order line"
    PAYMENT = "payment"
    CUSTOMER = "customer"
    RETURN = "return"
    STOCK = "stock"


class SourceOfTruth(models.Model):
    """One field of one kind of object, for one channel or for all (empty), is owned by one system.

    Where no row says otherwise, an order with its lines and payments is its channel's, and a return and its stock are
    ours.
    """

    object = models.CharField(max_length=12, choices=TruthObject.choices)
    field = models.CharField(max_length=40)
    channel = models.CharField(max_length=64, blank=True, default="")
    system = models.CharField(max_length=64)
    changed_by = models.CharField(max_length=120)
    reason = models.CharField(max_length=200)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "sources of truth"
        constraints = [
            models.UniqueConstraint(fields=["object", "field", "channel"], name="one_owner_a_field"),
            models.CheckConstraint(condition=~Q(system=""), name="truth_has_an_owner"),
            models.CheckConstraint(condition=Q(object__in=TruthObject.values), name="truth_object_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.object}.{self.field}: {self.system}"
