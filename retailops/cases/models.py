"""Exceptions for people: Case, its group (same fingerprint), notes, and approvals by a second person."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from retailops.cases.work_models import CaseRule, GroupEnding, GroupNote, Mention, SavedView, tags_field
from retailops.lib.clock import now
from retailops.lib.ids import uuid7

__all__ = [
    "EVIDENCE_LIMIT",
    "EVIDENCE_TYPES",
    "Approval",
    "ApprovalStatus",
    "Case",
    "CaseGroup",
    "CaseNote",
    "CaseQueue",
    "CaseRule",
    "CaseStatus",
    "EvidenceContent",
    "EvidenceFile",
    "GroupEnding",
    "GroupNote",
    "GroupState",
    "Mention",
    "SavedView",
]

# Largest evidence file, in bytes, and the types that are kept: nothing that a browser or an office program would run.
EVIDENCE_LIMIT = 10 * 1024 * 1024
EVIDENCE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf", "text/plain")


class CaseQueue(models.TextChoices):
    """Who works it: operations (the business refused) or integration (the technology failed)."""

    BUSINESS = "business"
    TECHNICAL = "technical"


class CaseStatus(models.TextChoices):
    """Open until resolved with an actor, a reason and evidence."""

    OPEN = "open"
    RESOLVED = "resolved"


class GroupState(models.TextChoices):
    """State of a group of cases of one fingerprint."""

    NEW = "new"
    ONGOING = "ongoing"
    ACKNOWLEDGED = "acknowledged"
    IGNORED = "ignored"
    RESOLVED = "resolved"
    REGRESSED = "regressed"


class CaseGroup(models.Model):
    """Cases of one fingerprint: one cause, worked once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    fingerprint = models.CharField(max_length=64, unique=True)
    queue = models.CharField(max_length=10, choices=CaseQueue.choices)
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    system = models.CharField(max_length=40, blank=True, default="")
    operation = models.CharField(max_length=80, blank=True, default="")
    # The destination that failed, by name, and how: class and code of the failure.
    connection = models.CharField(max_length=100, blank=True, default="", db_default="")
    failure_class = models.CharField(max_length=12, blank=True, default="", db_default="")
    failure_code = models.CharField(max_length=120, blank=True, default="", db_default="")
    state = models.CharField(max_length=12, choices=GroupState.choices, default=GroupState.NEW)
    state_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    state_by = models.CharField(max_length=120, blank=True, default="", db_default="")
    state_at = models.DateTimeField(default=now, db_default=Now())
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    tags = tags_field()
    first_seen_at = models.DateTimeField(default=now)
    last_seen_at = models.DateTimeField(default=now)
    # Ignored until whichever comes first: a time, so many occurrences more, cases worth so much more (minor units).
    ignored_until = models.DateTimeField(null=True, blank=True)
    ignore_count_left = models.IntegerField(null=True, blank=True)
    ignore_amount_left = models.BigIntegerField(null=True, blank=True)
    ignore_currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    # Resolved in these versions of the connection: seen again by an earlier one is a straggler, not a regression.
    resolved_config_version = models.PositiveIntegerField(null=True, blank=True)
    resolved_mapping_version = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=GroupState.IGNORED)
                | Q(ignored_until__isnull=False)
                | Q(ignore_count_left__isnull=False)
                | Q(ignore_amount_left__isnull=False),
                name="ignored_until_something",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ignored_until"],
                condition=Q(state=GroupState.IGNORED),
                name="ignored_groups",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Case(models.Model):
    """One exception that a person must resolve: cause, owner, clock, next action."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    group = models.ForeignKey(CaseGroup, on_delete=models.PROTECT, related_name="cases")
    # What the same trouble would be called again: at most one open case bears it.
    dedupe_key = models.CharField(max_length=200)
    kind = models.CharField(max_length=60)
    queue = models.CharField(max_length=10, choices=CaseQueue.choices)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    next_action = models.CharField(max_length=200, blank=True, default="")
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    correlation_id = models.UUIDField()
    delivery_id = models.UUIDField(null=True, blank=True)
    # Where and how it failed, as lists and facets ask for it; `release` is the connection with the versions it ran.
    connection = models.CharField(max_length=100, blank=True, default="", db_default="")
    system = models.CharField(max_length=40, blank=True, default="", db_default="")
    operation = models.CharField(max_length=80, blank=True, default="", db_default="")
    failure_class = models.CharField(max_length=12, blank=True, default="", db_default="")
    failure_code = models.CharField(max_length=120, blank=True, default="", db_default="")
    release = models.CharField(max_length=120, blank=True, default="", db_default="")
    # Who waits because of it, where somebody above knows.
    customer_id = models.UUIDField(null=True, blank=True)
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=64, blank=True, default="")
    amount = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    evidence = models.JSONField(default=dict, blank=True)
    occurrences = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=CaseStatus.choices, default=CaseStatus.OPEN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    opened_at = models.DateTimeField(default=now)
    last_seen_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=120, blank=True, default="")
    resolution_reason = models.CharField(max_length=300, blank=True, default="")
    resolution_evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"], condition=Q(status=CaseStatus.OPEN), name="one_open_case_a_trouble"
            ),
            models.CheckConstraint(
                condition=Q(status=CaseStatus.OPEN)
                | (Q(resolved_at__isnull=False) & ~Q(resolved_by="") & ~Q(resolution_reason="")),
                name="case_ends_with_actor_and_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["subject_id"], condition=Q(status=CaseStatus.OPEN), name="open_case_of_subject"),
            models.Index(fields=["correlation_id"], name="case_of_correlation"),
            models.Index(fields=["-opened_at"], condition=Q(status=CaseStatus.OPEN), name="open_cases"),
            models.Index(fields=["delivery_id"], condition=Q(status=CaseStatus.OPEN), name="open_case_of_delivery"),
            # What groups cost is counted from these two without the table: over open cases, and by day over all.
            models.Index(
                fields=["group", "correlation_id"],
                include=[
                    "customer_id",
                    "region",
                    "brand",
                    "due_at",
                    "opened_at",
                    "amount",
                    "currency",
                    "escalated_at",
                    "snoozed_until",
                ],
                condition=Q(status=CaseStatus.OPEN),
                name="open_cases_of_group",
            ),
            models.Index(fields=["group", "opened_at"], include=["region", "brand"], name="cases_of_group_by_day"),
            # With which words the cases of a group ended, and how often.
            models.Index(
                fields=["group", "resolution_reason", "resolved_at"],
                include=["region", "brand"],
                condition=Q(status=CaseStatus.RESOLVED),
                name="cases_of_group_ended",
            ),
            # How many came a day, by whatever rows are made of.
            models.Index(
                fields=["opened_at"],
                include=[
                    "region",
                    "brand",
                    "connection",
                    "operation",
                    "channel",
                    "failure_code",
                    "release",
                    "delivery_id",
                ],
                name="cases_by_day",
            ),
            models.Index(fields=["due_at", "id"], condition=Q(status=CaseStatus.OPEN), name="open_cases_by_due"),
            models.Index(fields=["-id"], condition=Q(status=CaseStatus.OPEN), name="open_cases_by_id"),
            # The same tabs for those who see one region.
            models.Index(
                fields=["region", "-id"],
                include=["brand", "group", "owner", "snoozed_until", "due_at"],
                condition=Q(status=CaseStatus.OPEN),
                name="open_cases_of_region",
            ),
            # A narrow copy of the open cases: tabs, facets, queries and sums over them are read from it alone.
            models.Index(
                fields=["-id", "region"],
                include=[
                    "brand",
                    "channel",
                    "group",
                    "owner",
                    "queue",
                    "connection",
                    "system",
                    "operation",
                    "failure_class",
                    "failure_code",
                    "release",
                    "amount",
                    "currency",
                    "opened_at",
                    "due_at",
                    "snoozed_until",
                    "escalated_at",
                    "correlation_id",
                    "customer_id",
                    "delivery_id",
                ],
                condition=Q(status=CaseStatus.OPEN),
                name="open_cases_narrow",
            ),
            models.Index(
                fields=["snoozed_until"],
                condition=Q(status=CaseStatus.OPEN, snoozed_until__isnull=False),
                name="cases_put_off",
            ),
            # By when they went, with what boards count them by.
            models.Index(
                fields=["resolved_at"],
                include=["opened_at", "channel", "region", "brand", "delivery_id"],
                condition=Q(status=CaseStatus.RESOLVED),
                name="cases_resolved",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class CaseNote(models.Model):
    """What a person wrote or did on a case; append-only, and what was written can be taken back for a short time."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    at = models.DateTimeField(default=now)
    actor = models.CharField(max_length=120)
    actor_label = models.CharField(max_length=150, blank=True, default="")
    kind = models.CharField(max_length=20, default="note")
    text = models.TextField()
    # Its author took it back: its words are shown to nobody any more, that there was one stays.
    taken_back_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.text[:60]


class ApprovalStatus(models.TextChoices):
    """requested → approved | refused | expired; approved → consumed | voided."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    CONSUMED = "consumed"
    VOIDED = "voided"


class Approval(models.Model):
    """A second person's word on one exact thing: bound to the subject and a hash of what was asked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    correlation_id = models.UUIDField()
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=64, blank=True, default="")
    amount = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    # {"rule": …, "permitted": …, "requested": …}: what is broken, allowed and asked.
    asked = models.JSONField(default=dict)
    bound_to = models.CharField(max_length=64)
    reason = models.CharField(max_length=300)
    evidence = models.JSONField(default=dict, blank=True)
    policy_version = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(max_length=10, choices=ApprovalStatus.choices, default=ApprovalStatus.REQUESTED)
    requested_by = models.CharField(max_length=120)
    requested_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=300, blank=True, default="")
    consumed_at = models.DateTimeField(null=True, blank=True)
    # The files that lay before whoever decided, by SHA-256, and the hash over all of them.
    seen = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=F("requested_by")), name="approver_is_not_requester"
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_id"],
                condition=Q(status__in=[ApprovalStatus.REQUESTED, ApprovalStatus.APPROVED]),
                name="one_live_approval_a_subject",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(status=ApprovalStatus.REQUESTED), name="approval_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}: {self.status}"


class EvidenceFile(models.Model):
    """A file that shows something about a refund, an approval, an inspection, a return or a case; append-only.

    Its content stands apart, so that lists read no bytes. The same content with the same subject is one file.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    correlation_id = models.UUIDField()
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    name = models.CharField(max_length=120)
    # What the content is, by its own bytes; what the sender called it is not believed.
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.CharField(max_length=120)
    uploaded_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "evidence file"
        constraints = [
            models.UniqueConstraint(fields=["subject_type", "subject_id", "sha256"], name="one_file_a_subject"),
            models.CheckConstraint(condition=Q(size__gt=0, size__lte=EVIDENCE_LIMIT), name="evidence_size"),
            models.CheckConstraint(condition=Q(content_type__in=EVIDENCE_TYPES), name="evidence_type_is_allowed"),
        ]
        indexes = [models.Index(fields=["correlation_id", "id"], name="evidence_of_story")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        """Tell whether a browser shows it as a picture."""
        return self.content_type.startswith("image/")


class EvidenceContent(models.Model):
    """The bytes of one file; append-only."""

    file = models.OneToOneField(EvidenceFile, primary_key=True, on_delete=models.PROTECT, related_name="content")
    data = models.BinaryField()

    def __str__(self) -> str:
        return str(self.file_id)
