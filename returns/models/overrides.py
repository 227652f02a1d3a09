"""What was asked for beyond a rule: append-only, one row for each refund that goes beyond policy."""

from django.db import models
from django.db.models import Q

from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.models.refunds import Refund


class RefundOverride(models.Model):
    """The rules that a refund breaks, what each permits and what is asked for; amounts in minor units.

    `permitted` and `requested` are of the refund's whole proposal; the refund's own amount is with the refund.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    refund = models.OneToOneField(Refund, on_delete=models.PROTECT, related_name="override")
    # The refund that waited and that this one takes the place of.
    replaces = models.ForeignKey(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # {"fees_waived": {"permitted": -100, "requested": 0}}
    rules = models.JSONField()
    permitted = models.BigIntegerField()
    requested = models.BigIntegerField()
    # A term of the vocabulary `override_reason`.
    reason_code = models.CharField(max_length=64)
    reason = models.CharField(max_length=200)
    # Files by id and SHA-256, and what was said to exist elsewhere.
    evidence = models.JSONField(default=dict, blank=True)
    policy_version = models.CharField(max_length=40)
    requested_by = models.CharField(max_length=120)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(rules={}) & ~Q(reason=""), name="override_names_rule_and_reason"),
        ]
        indexes = [models.Index(fields=["requested_by", "-at"], name="override_of_requester")]

    def __str__(self) -> str:
        return f"override of {self.refund_id}"
