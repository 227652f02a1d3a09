"""Configured connections, customers' webhook endpoints, and the inbox that stores every message once."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from retailops.events.models import Destination
from retailops.lib.clock import now
from retailops.lib.ids import uuid7


class Connection(models.Model):
    """One configured instance of a connector.

    `name` is its address (`/webhooks/<name>`) and the gateway that payments name.

    Sending state (pause, circuit, rate) is the Destination's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    destination = models.OneToOneField(Destination, on_delete=models.PROTECT, related_name="connection")
    vendor = models.CharField(max_length=40)
    name = models.SlugField(max_length=100, unique=True)
    label = models.CharField(max_length=100)
    # Validated by the vendor's config schema; no secret is in it.
    config = models.JSONField(default=dict)
    config_version = models.PositiveIntegerField(default=1)
    mapping = models.JSONField(default=dict, blank=True)
    mapping_version = models.PositiveIntegerField(default=1)
    # Which scopes it serves; empty means any.
    regions = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    brands = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    channels = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.label


class RoutingStamp(models.Model):
    """One row, whose stamp triggers change with everything that routing reads: connections, endpoints, retirement."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    stamp = models.UUIDField()

    def __str__(self) -> str:
        return str(self.stamp)


class ConnectionVersion(models.Model):
    """A former or present configuration of a connection, kept for comparison and for going back; append-only."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="versions")
    # Rises with every change; `config_version` and `mapping_version` rise with changes of their part.
    number = models.PositiveIntegerField()
    config = models.JSONField(default=dict)
    config_version = models.PositiveIntegerField()
    mapping = models.JSONField(default=dict, blank=True)
    mapping_version = models.PositiveIntegerField()
    scope = models.JSONField(default=dict, blank=True)
    # Sending limits; empty in versions of a time that kept none, which leave them as they are when restored.
    limits = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), blank=True)
    changed_by = models.CharField(max_length=120)
    reason = models.CharField(max_length=300, blank=True, default="")
    changed_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "number"], name="one_version_a_number")]

    def __str__(self) -> str:
        return f"{self.connection_id} version {self.number}"


class MappingTrial(models.Model):
    """A changed mapping that was run over messages of the past; only what was tried may be activated."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="trials")
    mapping = models.JSONField(default=dict, blank=True)
    mapping_hash = models.CharField(max_length=64)
    # What it was compared with: once either has moved on, the trial says nothing any more.
    config_version = models.PositiveIntegerField()
    mapping_version = models.PositiveIntegerField()
    # How often each verdict was found, and the messages that are not simply the same; redacted.
    counts = models.JSONField(default=dict)
    findings = models.JSONField(default=list)
    tried_by = models.CharField(max_length=120)
    tried_at = models.DateTimeField(default=now)
    activated_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.connection_id} trial {self.id}"


class Mute(models.Model):
    """Alerts of a connection are held until a time, for a reason; it ends by itself, or earlier by a person."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="mutes")
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    muted_by = models.CharField(max_length=120)
    muted_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection"], condition=Q(ended_at=None), name="one_mute_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} until {self.until:%Y-%m-%d %H:%M}"


class Credential(models.Model):
    """One secret of a connection, encrypted (Fernet); write-only: never shown again, never logged."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="credentials")
    name = models.CharField(max_length=60)
    ciphertext = models.BinaryField()
    # While a secret is rotated, signatures by the former one are accepted until then.
    former_ciphertext = models.BinaryField(null=True, blank=True)
    former_until = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="one_secret_a_name")]

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.name}"


class WebhookEndpoint(models.Model):
    """A customer's address for signed outbound webhooks, and which event types it wants (`*`, `return.*`, exact)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    destination = models.OneToOneField(Destination, on_delete=models.PROTECT, related_name="endpoint")
    url = models.URLField(max_length=500)
    description = models.CharField(max_length=200, blank=True, default="")
    types = ArrayField(models.CharField(max_length=80), default=list)
    regions = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    brands = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    secret = models.BinaryField()
    former_secret = models.BinaryField(null=True, blank=True)
    former_until = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=200, blank=True, default="")
    created_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.url


class OwnRead(models.Model):
    """What was read last of one thing at a vendor, so that only a change is news: there, or here."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="own_reads", db_index=False)
    key = models.CharField(max_length=120)
    # The id under which the vendor's folder tells it, without the turn.
    told = models.CharField(max_length=180)
    # What comes back to what it was before is told again.
    turn = models.PositiveIntegerField(default=1)
    read_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="one_own_read_a_thing")]
        indexes = [models.Index(fields=["read_at"], name="own_read_at")]

    def __str__(self) -> str:
        return f"{self.key}: {self.told}"


class NextPosition(models.Func):
    """The next place in the order of arrival."""

    template = "nextval('connectors_inbox_position')"
    output_field = models.BigIntegerField()
    arity = 0


class InboxStatus(models.TextChoices):
    """A stored message's life; `waiting` needs something that has not come yet."""

    PENDING = "pending"
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


class InboxKind(models.TextChoices):
    """Where the message came from: a vendor's webhook, a poll, a file, or the answer to one of our own deliveries."""

    WEBHOOK = "webhook"
    POLL = "poll"
    FILE = "file"
    ANSWER = "answer"


class InboxMessage(models.Model):
    """A message from outside, stored once before anything is done about it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="inbox")
    # The order of arrival, which ids of the same millisecond do not tell.
    position = models.BigIntegerField(db_default=NextPosition())
    kind = models.CharField(max_length=10, choices=InboxKind.choices)
    message_id = models.CharField(max_length=200)
    topic = models.CharField(max_length=120, blank=True, default="")
    # Messages of one lane are taken in the order of their arrival; empty: alone in its lane.
    lane_key = models.CharField(max_length=120, blank=True, default="")
    body = models.BinaryField()
    body_hash = models.CharField(max_length=64)
    headers = models.JSONField(default=dict, blank=True)
    verified = models.BooleanField(default=False)
    # How often the sender sent it again, unchanged.
    copies = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=InboxStatus.choices, default=InboxStatus.PENDING)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(default=now)
    # Until then it may wait for what it needs; NULL: the worker's own bound.
    wait_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    # What it turned out to be about, for the trace.
    correlation_id = models.UUIDField(null=True, blank=True)
    result = models.JSONField(default=dict, blank=True)
    received_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "message_id"], name="message_is_stored_once")]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(status__in=["pending", "waiting"]), name="inbox_due"),
            models.Index(
                fields=["connection", "lane_key", "position"], condition=Q(status="pending"), name="inbox_lane_pending"
            ),
            models.Index(fields=["correlation_id"], name="inbox_of_correlation"),
            models.Index(fields=["-id"], condition=Q(status="dead"), name="inbox_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"
