"""Fraud reviews: what looked wrong, who or what decided, and what waited for it."""

from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.enums import ReviewStatus
from returns.models.returns import Return

V = ReviewStatus


class FraudReview(models.Model):
    """One hold: of a return before it is authorized (`proposal` is null), or of a proposal of refunds before it goes.

    `findings` keeps each rule that fired with what it saw; `held` what goes on when it is cleared.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="fraud_reviews")
    # The refunds that wait (`Refund.proposal`).
    proposal = models.UUIDField(null=True, blank=True)
    status = StateField(max_length=10, choices=ReviewStatus.choices, default=ReviewStatus.PENDING)
    findings = models.JSONField(default=list)
    held = models.JSONField(default=dict, blank=True)
    # What is at stake, in minor units.
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    policy_version = models.CharField(max_length=40, blank=True, default="")
    requested_by = models.CharField(max_length=120)
    opened_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    # When it was found overdue and became a case of its own.
    overdue_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=120, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    # The screening provider's own name of its answer, and its score in its own scale.
    provider = models.CharField(max_length=64, blank=True, default="")
    provider_reference = models.CharField(max_length=160, blank=True, default="")
    score = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        verbose_name = "fraud review"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ReviewStatus.values), name="fraud_review_status_is_known"),
            models.CheckConstraint(
                condition=Q(status=ReviewStatus.PENDING) | (~Q(decided_by="") & Q(decided_at__isnull=False)),
                name="fraud_review_is_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status=ReviewStatus.CLEARED) | ~Q(decided_by=F("requested_by")),
                name="fraud_review_cleared_by_another",
            ),
            models.UniqueConstraint(
                fields=["rma"],
                condition=Q(status=ReviewStatus.PENDING, proposal__isnull=True),
                name="one_pending_review_a_return",
            ),
            models.UniqueConstraint(
                fields=["proposal"],
                condition=Q(status=ReviewStatus.PENDING, proposal__isnull=False),
                name="one_pending_review_a_proposal",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="fraud_review_by_status"),
            models.Index(fields=["expires_at"], condition=Q(status=ReviewStatus.PENDING), name="fraud_review_expiry"),
        ]

    def __str__(self) -> str:
        return f"fraud review of {self.rma_id}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events, in the lane and scope of its return."""
        rma = self.rma.as_subject()
        return Subject("fraud_review", self.id, rma.correlation_id, rma.lane, rma.region, rma.brand, rma.channel)

    @transition(field=status, source=V.PENDING, target=V.CLEARED)
    def clear(self) -> None:
        """Nothing is wrong with it: what waited goes on."""
        self.decided_at = now()

    @transition(field=status, source=V.PENDING, target=V.BLOCKED)
    def block(self) -> None:
        """It is fraud, or looks too much like it: what waited is refused."""
        self.decided_at = now()

    @transition(field=status, source=V.PENDING, target=V.WITHDRAWN)
    def withdraw(self) -> None:
        """What it was about has ended before anybody decided."""
        self.decided_at = now()
