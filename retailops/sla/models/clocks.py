"""Promises (SlaPolicy), the hours in which they count (SlaCalendar), and one clock for each promise and thing."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7


class PolicyStatus(models.TextChoices):
    """draft → active → retired. An active version is in force between its two instants."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class Severity(models.TextChoices):
    """How much a breach matters; rules of alerts choose by it."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class ClockState(models.TextChoices):
    """Running and paused are open; met is stopped, in time or late; canceled is moot, and no figure counts it."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    CANCELED = "canceled"


class SlaCalendar(models.Model):
    """One version of business hours; never edited, followed by newer ones.

    `hours` maps a weekday (`mon` … `sun`) to open spans of wall-clock time: `[["09:00", "17:30"]]`; `24:00` is the
    day's end. `holidays` are closed days: `[{"date": "2026-12-25", "name": "Christmas Day"}]`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=80)
    timezone = models.CharField(max_length=60, default="UTC")
    hours = models.JSONField(default=dict)
    holidays = models.JSONField(default=list, blank=True)
    created_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "SLA calendar"
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="one_sla_calendar_a_version")]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events: a story of its own, of no one region."""
        return Subject("sla_calendar", self.id, self.id, str(self.id))


class SlaPolicy(models.Model):
    """One version of one promise, for one scope; empty scope fields mean any. See README.md for each field.

    `starts`, `stops`, `cancels`, `revives`, `pauses` and `resumes` are lists of `retailops.sla.moves.Move` documents.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=40)
    channel = models.CharField(max_length=64, blank=True, default="")
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    connection = models.CharField(max_length=100, blank=True, default="")
    starts = models.JSONField(default=list)
    stops = models.JSONField(default=list)
    cancels = models.JSONField(default=list, blank=True)
    revives = models.JSONField(default=list, blank=True)
    pauses = models.JSONField(default=list, blank=True)
    resumes = models.JSONField(default=list, blank=True)
    target_seconds = models.PositiveBigIntegerField()
    warn_seconds = models.PositiveBigIntegerField(null=True, blank=True)
    calendar = models.ForeignKey(SlaCalendar, null=True, blank=True, on_delete=models.PROTECT, related_name="policies")
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.NORMAL)
    opens_case = models.BooleanField(default=True)
    status = StateField(max_length=8, choices=PolicyStatus.choices, default=PolicyStatus.DRAFT)
    effective_from = models.DateTimeField(null=True, blank=True)
    effective_to = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    based_on = models.CharField(max_length=80, blank=True, default="")
    # Rises with every change of a draft; a form that carries an older one is stale.
    revision = models.PositiveIntegerField(default=1)
    created_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(default=now)
    activated_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        verbose_name = "SLA policy"
        verbose_name_plural = "SLA policies"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="one_sla_policy_a_version"),
            models.UniqueConstraint(
                fields=["name", "channel", "region", "brand", "connection"],
                condition=Q(status="draft"),
                name="one_sla_draft_a_scope",
            ),
            models.CheckConstraint(condition=Q(status__in=PolicyStatus.values), name="sla_policy_status_is_known"),
            models.CheckConstraint(condition=Q(target_seconds__gt=0), name="sla_target_is_positive"),
            models.CheckConstraint(
                condition=Q(warn_seconds=None) | Q(warn_seconds__gt=0, warn_seconds__lt=F("target_seconds")),
                name="sla_warns_before_due",
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(effective_from__isnull=False), name="sla_policy_begins"
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="sla_policy_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The version as stored with events: `refund_cycle@3`."""
        return f"{self.name}@{self.version}"

    @property
    def scope(self) -> dict[str, str]:
        """The scope's fields that are not empty."""
        given = {name: str(getattr(self, name)) for name in SCOPE}
        return {name: value for name, value in given.items() if value}

    def in_force(self, at: datetime) -> bool:
        """Tell whether it decides at the instant what clocks are started."""
        started = self.effective_from is not None and self.effective_from <= at
        return started and (self.effective_to is None or at < self.effective_to)

    def as_subject(self) -> Subject:
        """Return it as the subject of events: a story of its own, in the scope that it is for."""
        return Subject("sla_policy", self.id, self.id, str(self.id), self.region, self.brand, self.channel)

    @transition(field=status, source=PolicyStatus.DRAFT, target=PolicyStatus.ACTIVE)
    def activate(self) -> None:
        """In force from its start on."""

    @transition(field=status, source=PolicyStatus.ACTIVE, target=PolicyStatus.RETIRED)
    def retire(self) -> None:
        """Starts no clock any more."""

    @transition(field=status, source=PolicyStatus.DRAFT, target=PolicyStatus.RETIRED)
    def give_up(self) -> None:
        """Never started one."""


SCOPE = ("channel", "region", "brand", "connection")


class SlaClock(models.Model):
    """The clock of one promise about one thing. Written by `following`, `sweeping` and `rebuilding` alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: nobody asks for the clocks of one version but audits.
    policy = models.ForeignKey(SlaPolicy, on_delete=models.PROTECT, related_name="clocks", db_index=False)
    name = models.CharField(max_length=60, db_collation="C")
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    correlation_id = models.UUIDField()
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=64, blank=True, default="")
    connection = models.CharField(max_length=100, blank=True, default="")
    state = models.CharField(max_length=8, choices=ClockState.choices)
    target_seconds = models.PositiveBigIntegerField()
    started_at = models.DateTimeField()
    warn_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    elapsed_seconds = models.FloatField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    look_at = models.DateTimeField(null=True, blank=True)
    warned_told_at = models.DateTimeField(null=True, blank=True)
    breach_told_at = models.DateTimeField(null=True, blank=True)
    # What moved it, in the order of recording: [kind, instant, position of the event].
    marks: Any = models.JSONField(default=list)
    # When the last event that moved it was recorded: the time up to which it had been told.
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "SLA clock"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "name"], name="one_sla_clock_a_subject"),
            models.CheckConstraint(condition=Q(state__in=ClockState.values), name="sla_clock_state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=["met", "canceled"], ended_at__isnull=False, elapsed_seconds__isnull=False)
                | Q(state__in=["running", "paused"], ended_at=None, elapsed_seconds=None),
                name="sla_clock_ends_once",
            ),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(look_at=None), name="sla_clock_rests_when_ended"),
        ]
        indexes = [
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="sla_clock_look"),
            models.Index(
                fields=["name", "ended_at"],
                include=["channel", "region", "brand", "elapsed_seconds", "breached_at"],
                condition=Q(state="met"),
                name="sla_clock_ended",
            ),
            models.Index(
                fields=["name", "breached_at"], condition=Q(breached_at__isnull=False), name="sla_clock_breached"
            ),
            models.Index(fields=["due_at"], condition=Q(state="running", breached_at=None), name="sla_clock_ticking"),
            # What is about to breach, and what has: counted without the table.
            models.Index(
                fields=["due_at", "id"],
                include=["region", "brand"],
                condition=Q(state="running", warned_at__isnull=False, breached_at=None),
                name="sla_clock_soon",
            ),
            models.Index(
                fields=["due_at", "id"],
                include=["region", "brand"],
                condition=Q(state="running", breached_at__isnull=False),
                name="sla_clock_late",
            ),
            models.Index(fields=["correlation_id"], name="sla_clock_story"),
            # What boards count of late ones; written when a clock breaches and not before.
            models.Index(
                fields=["name"],
                include=[
                    "channel",
                    "region",
                    "brand",
                    "connection",
                    "state",
                    "subject_type",
                    "subject_id",
                    "started_at",
                    "breached_at",
                ],
                condition=Q(state__in=["running", "paused"], breached_at__isnull=False),
                name="sla_clock_overdue",
            ),
            models.Index(
                fields=["breached_at"],
                include=["name", "channel", "region", "brand", "connection", "state", "subject_type", "subject_id"],
                condition=Q(breached_at__isnull=False),
                name="sla_clock_broken",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject_type}/{self.subject_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Tell whether it may still be met or breached."""
        return self.state in (ClockState.RUNNING, ClockState.PAUSED)


class SlaRebuild(models.Model):
    """One run of `rebuild_sla` over the log up to `until`; one that was stopped goes on from `position`."""

    id = models.BigAutoField(primary_key=True)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)
    until = models.BigIntegerField()
    position = models.BigIntegerField(default=0)
    events = models.BigIntegerField(default=0)
    entered = models.BigIntegerField(default=0)
    corrected = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"rebuild {self.id}: {self.position} of {self.until}"
