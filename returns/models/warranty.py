"""Warranty: the verdict on units that came back, and how far what was promised is done."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.enums import AssessmentStatus, Remedy, RemedyStatus
from returns.models.receipts import DispositionSlice
from returns.models.returns import Return, ReturnLine

A = AssessmentStatus
T = RemedyStatus


class WarrantyAssessment(models.Model):
    """Units of one line that arrived under warranty: pending → accepted (repair, replace, refund) | rejected.

    `progress` follows what was promised; each unit is repaired and sent back, replaced, refunded or sent back
    unrepaired: once (invariant 9).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="assessments")
    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="assessments")
    quantity = models.PositiveIntegerField()
    status = StateField(max_length=10, choices=AssessmentStatus.choices, default=AssessmentStatus.PENDING)
    remedy = models.CharField(max_length=10, choices=Remedy.choices, blank=True, default="")
    progress = StateField(max_length=16, choices=RemedyStatus.choices, default=RemedyStatus.NONE)
    # The verdict's disposition of the units.
    slice = models.OneToOneField(
        DispositionSlice, null=True, blank=True, on_delete=models.PROTECT, related_name="assessment"
    )
    reason = models.CharField(max_length=200, blank=True, default="")
    evidence = models.JSONField(default=list, blank=True)
    assessed_by = models.CharField(max_length=120, blank=True, default="")
    assessed_at = models.DateTimeField(null=True, blank=True)
    # The parcel that went to the customer: repaired, rejected or replacing units.
    tracking = models.CharField(max_length=80, blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "warranty assessment"
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="assessment_has_quantity"),
            models.CheckConstraint(condition=Q(status__in=AssessmentStatus.values), name="assessment_status_is_known"),
            models.CheckConstraint(condition=Q(progress__in=RemedyStatus.values), name="remedy_status_is_known"),
            models.CheckConstraint(
                condition=(Q(status=A.ACCEPTED) & Q(remedy__in=Remedy.values)) | (~Q(status=A.ACCEPTED) & Q(remedy="")),
                name="remedy_when_accepted",
            ),
            models.CheckConstraint(
                condition=Q(status=A.PENDING) | (Q(slice__isnull=False) & ~Q(assessed_by="")),
                name="assessment_has_its_verdict",
            ),
            models.UniqueConstraint(
                fields=["line"], condition=Q(status=A.PENDING), name="one_pending_assessment_a_line"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line_id}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events, in the lane and scope of its return."""
        rma = self.rma.as_subject()
        return Subject("warranty", self.id, rma.correlation_id, rma.lane, rma.region, rma.brand, rma.channel)

    @transition(field=status, source=A.PENDING, target=A.ACCEPTED)
    def accept(self, remedy: Remedy) -> None:
        """The fault is ours to mend."""
        self.remedy = remedy
        self.assessed_at = now()

    @transition(field=status, source=A.PENDING, target=A.REJECTED)
    def reject(self) -> None:
        """No fault, or not one that the warranty covers."""
        self.assessed_at = now()

    @transition(field=progress, source=T.NONE, target=T.IN_REPAIR)
    def start_repair(self) -> None:
        """The units wait to be repaired."""

    @transition(field=progress, source=T.IN_REPAIR, target=T.REPAIRED)
    def finish_repair(self) -> None:
        """Repaired; they are the customer's again and wait to be sent."""

    @transition(field=progress, source=[T.NONE, T.IN_REPAIR], target=T.REPLACEMENT_DUE)
    def owe_replacement(self) -> None:
        """The customer is owed new units."""

    @transition(field=progress, source=[T.NONE, T.IN_REPAIR, T.REPLACEMENT_DUE], target=T.REFUNDED)
    def owe_refund(self) -> None:
        """The units have earned a refund, which follows policy."""
        self.finished_at = now()

    @transition(field=progress, source=T.NONE, target=T.TO_SEND_BACK)
    def owe_sending_back(self) -> None:
        """Rejected units are the customer's and wait to be sent."""

    @transition(field=progress, source=T.REPLACEMENT_DUE, target=T.REPLACED)
    def replace(self) -> None:
        """New units went to the customer."""
        self.finished_at = now()

    @transition(field=progress, source=[T.REPAIRED, T.TO_SEND_BACK], target=T.SENT_BACK)
    def send_back(self) -> None:
        """The units went to the customer."""
        self.finished_at = now()
