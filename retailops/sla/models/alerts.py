"""Alerts: where they go (AlertChannel), which are sent there (AlertRule), what is kept silent (Mute), and each one."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from retailops.events.catalog import Subject
from retailops.events.models import Destination
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from retailops.sla.models.clocks import Severity


class ChannelKind(models.TextChoices):
    """How an alert travels."""

    EMAIL = "email", "E-mail"
    WEBHOOK = "webhook", "Signed webhook"
    SLACK = "slack", "Slack-compatible webhook"


class AlertState(models.TextChoices):
    """Open until somebody acknowledges it or its trouble is over; a muted one is kept and sent to nobody."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    OVER = "over"
    MUTED = "muted"


class AlertChannel(models.Model):
    """Where alerts go. Its destination at the engine paces, retries and records them.

    `address` is a URL, or e-mail addresses separated by commas; `secret` (encrypted) signs webhooks.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    destination = models.OneToOneField(Destination, on_delete=models.PROTECT, related_name="alert_channel")
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=ChannelKind.choices)
    address = models.CharField(max_length=500)
    secret = models.BinaryField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.name

    def as_subject(self) -> Subject:
        """Return it as the subject of events."""
        return Subject("alert_channel", self.id, self.id, str(self.id))


class AlertRule(models.Model):
    """Which troubles go to a channel: their kinds, at least so severe, in a scope (empty: any).

    The same trouble is sent once in `dedupe_seconds`; where nobody acknowledges it within `escalate_minutes`, it goes
    to `escalate_to` as well.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80, unique=True)
    kinds = ArrayField(models.CharField(max_length=80))
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.NORMAL)
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.ForeignKey(AlertChannel, on_delete=models.PROTECT, related_name="rules")
    dedupe_seconds = models.PositiveIntegerField(default=3600)
    escalate_minutes = models.PositiveIntegerField(null=True, blank=True)
    escalate_to = models.ForeignKey(
        AlertChannel, null=True, blank=True, on_delete=models.PROTECT, related_name="escalations"
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(escalate_minutes=None, escalate_to=None)
                | Q(escalate_minutes__gt=0, escalate_to__isnull=False),
                name="alert_escalates_to_somebody",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def as_subject(self) -> Subject:
        """Return it as the subject of events, in its scope."""
        return Subject("alert_rule", self.id, self.id, str(self.id), self.region, self.brand)


class Mute(models.Model):
    """A silence with an end: of one trouble (`dedupe_key`), of a kind, or of all (both empty)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=80, blank=True, default="")
    dedupe_key = models.CharField(max_length=200, blank=True, default="")
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    created_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.dedupe_key or self.kind or 'everything'} until {self.until:%Y-%m-%d %H:%M}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events."""
        return Subject("alert_mute", self.id, self.id, str(self.id))


class Alert(models.Model):
    """One trouble told, or kept silent, by one rule; and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule = models.ForeignKey(AlertRule, on_delete=models.PROTECT, related_name="alerts")
    dedupe_key = models.CharField(max_length=200)
    kind = models.CharField(max_length=80)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    title = models.CharField(max_length=300)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    correlation_id = models.UUIDField()
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    cause_id = models.UUIDField()
    state = models.CharField(max_length=12, choices=AlertState.choices, default=AlertState.OPEN)
    # How often the trouble came within the rule's window; only the first is sent.
    occurrences = models.PositiveIntegerField(default=1)
    raised_at = models.DateTimeField(default=now)
    last_at = models.DateTimeField(default=now)
    escalate_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=120, blank=True, default="")
    # By its channel: when it arrived, or why it did not.
    sent_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["rule", "dedupe_key", "-raised_at"], name="alert_of_trouble"),
            models.Index(fields=["dedupe_key"], condition=Q(state="open"), name="alert_open"),
            models.Index(fields=["escalate_at"], condition=Q(escalate_at__isnull=False), name="alert_escalates"),
        ]

    def __str__(self) -> str:
        return self.title

    def as_subject(self) -> Subject:
        """Return what it is about, as the subject of its events."""
        return Subject(self.subject_type, self.subject_id, self.correlation_id, str(self.id), self.region, self.brand)
