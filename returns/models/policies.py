"""Versioned rules; a decision stores the version and the facts that it saw."""

from django.db import models
from django.db.models import Q

from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.enums import PolicyStatus


class ReturnPolicy(models.Model):
    """One version of one policy. An empty scope field means any; the most specific active policy applies.

    `rules` holds a `returns.policy.Rules` document; an active version is never edited, only followed by a newer one.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=PolicyStatus.choices, default=PolicyStatus.DRAFT)
    channel = models.CharField(max_length=64, blank=True, default="")
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    category = models.CharField(max_length=64, blank=True, default="")
    customer_group = models.CharField(max_length=40, blank=True, default="")
    effective_from = models.DateTimeField(default=now)
    effective_to = models.DateTimeField(null=True, blank=True)
    rules = models.JSONField(default=dict)
    created_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "return policies"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="one_policy_a_version"),
            models.CheckConstraint(condition=Q(status__in=PolicyStatus.values), name="policy_status_is_known"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The version as stored with events: `standard@3`."""
        return f"{self.name}@{self.version}"
