"""How many returns came and went a quarter of an hour: sums that a trigger on returns keeps exact."""

from django.db import models
from django.db.models import Q


class ReturnFlow(models.Model):
    """A part of what came (was asked for) and went (was closed) in one quarter of an hour, in one region and brand.

    Each change of a return adds a row, so that no two of them wait for each other; `returns.flow.fold` puts the rows of
    one quarter together. The sum over the rows is exact at every instant, folded or not. Every zone's day begins with
    a quarter of an hour.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64)
    came = models.IntegerField()
    went = models.IntegerField()
    folded = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["at"], include=["region", "brand", "came", "went"], name="return_flow_at"),
            models.Index(fields=["id"], condition=Q(folded=False), name="return_flow_loose"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%F %R} {self.region}/{self.brand}: +{self.came} -{self.went}"
