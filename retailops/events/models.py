"""The kernel's tables: what happened (Event), who must learn of it (Delivery), each try (Attempt), each outside change
(Effect), and where deliveries go (Destination)."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from retailops.events.enums import (
    OPEN_STATUSES,
    CircuitState,
    DeliveryStatus,
    DestinationKind,
    EffectStatus,
    OutcomeClass,
    Trigger,
)
from retailops.lib.clock import now
from retailops.lib.ids import uuid7

RETRY_SCHEDULE_SECONDS = [5, 30, 120, 600, 1800, 7200, 21600, 43200]


def retry_schedule() -> list[int]:
    """Default of a destination's retry steps, in seconds."""
    return list(RETRY_SCHEDULE_SECONDS)


class CurrentTransaction(models.Func):
    """The id of the writing transaction as a bigint, so that readers can tell what may still commit before it."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()
    arity = 0


class NextPosition(models.Func):
    """The next place in the event log."""

    template = "nextval('events_position')"
    output_field = models.BigIntegerField()
    arity = 0


class NextLaneSeq(models.Func):
    """The next number in a lane. One sequence serves all lanes: taken under the subject's lock it rises within each."""

    template = "nextval('events_lane_seq')"
    output_field = models.BigIntegerField()
    arity = 0


class NextAttemptId(models.Func):
    """A UUIDv7 made by the database (PostgreSQL 18): attempts are written by the thousand."""

    template = "uuidv7()"
    output_field = models.UUIDField()
    arity = 0


class Event(models.Model):
    """A canonical event: a fact, in the past tense, never changed (a trigger refuses update and delete)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    position = models.BigIntegerField(unique=True, db_default=NextPosition())
    transaction_id = models.BigIntegerField(db_default=CurrentTransaction())
    type = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField(default=1)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    correlation_id = models.UUIDField()
    causation_id = models.UUIDField(null=True)
    source = models.CharField(max_length=120, default="retailops")
    actor = models.CharField(max_length=120)
    on_behalf_of = models.CharField(max_length=120, blank=True, default="")
    reason_code = models.CharField(max_length=80, blank=True, default="")
    policy_version = models.CharField(max_length=40, blank=True, default="")
    # Of the caller whose request made it, where one came along: what follows from it belongs to their trace.
    traceparent = models.CharField(max_length=55, null=True)  # noqa: DJ001  # NULL: no caller's trace
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=64, blank=True, default="")
    data = models.JSONField(default=dict)
    occurred_at = models.DateTimeField(default=now)
    recorded_at = models.DateTimeField(default=now)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001  # NULL: no key; unique where given
    input_hash = models.CharField(max_length=64, blank=True, default="")
    # Not a column: what is to be kept beside the event as its Remark when it is written.
    words: str = ""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="event_once_a_key",
            )
        ]
        indexes = [
            models.Index(fields=["subject_id", "position"], name="event_of_subject"),
            models.Index(fields=["correlation_id", "position"], name="event_of_correlation"),
            models.Index(fields=["type", "position"], name="event_of_type"),
            models.Index(fields=["actor", "position"], name="event_of_actor"),
            models.Index(fields=["transaction_id", "position"], name="event_feed"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_type}/{self.subject_id}"


class Remark(models.Model):
    """What a person wrote when an event happened. It is no part of the event: it never leaves the house."""

    event = models.OneToOneField(Event, primary_key=True, on_delete=models.PROTECT, related_name="remark")
    text = models.CharField(max_length=300)

    def __str__(self) -> str:
        return self.text


class Destination(models.Model):
    """Where deliveries go, with everything the engine knows of it: pause, circuit, rate, concurrency, schedule.

    Rates are per second, times in seconds. The row is the lock under which claims count what is in flight.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=16, choices=DestinationKind.choices)
    name = models.CharField(max_length=100)
    # Groups related systems on pages: "stripe", "netsuite", "webhook".
    system = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True, blank=True)

    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=300, blank=True, default="")
    paused_by = models.CharField(max_length=120, blank=True, default="")

    circuit = models.CharField(max_length=10, choices=CircuitState.choices, default=CircuitState.CLOSED)
    circuit_until = models.DateTimeField(null=True, blank=True)
    circuit_open_seconds = models.PositiveIntegerField(default=30)
    circuit_closed_at = models.DateTimeField(null=True, blank=True)
    window_started_at = models.DateTimeField(null=True, blank=True)
    window_calls = models.PositiveIntegerField(default=0)
    window_transient = models.PositiveIntegerField(default=0)

    rate_per_second = models.FloatField(default=50)
    burst = models.PositiveIntegerField(default=50)
    tokens = models.FloatField(default=50)
    tokens_at = models.DateTimeField(default=now)
    max_in_flight = models.PositiveIntegerField(default=8)
    batch_size = models.PositiveIntegerField(default=50)
    lease_seconds = models.PositiveIntegerField(default=60)
    timeout_seconds = models.FloatField(default=20)
    retry_schedule = ArrayField(models.PositiveIntegerField(), default=retry_schedule)
    deadline_seconds = models.PositiveIntegerField(default=172800)
    # How long the remote remembers an idempotency key; NULL: for ever. Past it the effect is looked up first.
    key_memory_seconds = models.PositiveIntegerField(null=True, blank=True)
    # First look-up of a delivery in doubt, and how old a send must be before "not there" is believed.
    look_up_seconds = models.PositiveIntegerField(default=2)
    absent_after_seconds = models.PositiveIntegerField(default=15)
    # A dead letter holds the later ones of its lane (a system that needs order) or lets them pass (webhook fan-out).
    dead_blocks_lane = models.BooleanField(default=True)

    last_claimed_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "name"], name="one_destination_a_name"),
            models.CheckConstraint(condition=Q(max_in_flight__gt=0, burst__gt=0), name="destination_can_send"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def paused(self) -> bool:
        """Tell whether sending is held by a person or by refused credentials."""
        return self.paused_at is not None


class Delivery(models.Model):
    """One event owed to one destination."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    # No index of its own: the unique constraints below begin with it.
    destination = models.ForeignKey(Destination, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    operation = models.CharField(max_length=80)
    # Keys are compared byte by byte: no locale has a say in them, and it is quicker.
    lane_key = models.CharField(max_length=80, db_collation="C")
    lane_seq = models.BigIntegerField(db_default=NextLaneSeq())
    effect_key = models.CharField(max_length=120, db_collation="C")
    repeat_safe = models.BooleanField(default=True)
    # The change in the outside world that this delivery is to make, where the ledger keeps one.
    effect = models.ForeignKey(
        "Effect", null=True, blank=True, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    # An edited message's payload; empty means the event's own data.
    payload = models.JSONField(null=True, blank=True)
    # Sent again as it was: with the mapping of this version. Empty means the one in force.
    mapping_version = models.PositiveIntegerField(null=True, blank=True)
    # Money that waits on this delivery (minor units), for ordering by what is at risk.
    amount = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")

    status = models.CharField(max_length=12, choices=DeliveryStatus.choices, default=DeliveryStatus.READY)
    attempt_no = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=now)
    next_trigger = models.CharField(max_length=10, choices=Trigger.choices, default=Trigger.AUTO)
    next_actor = models.CharField(max_length=120, blank=True, default="")
    # Of the last lease that was recorded, expired or settled; a claim leases with the next one.
    fence = models.BigIntegerField(default=0)
    deadline_at = models.DateTimeField()
    # When the last send that was recorded or lost began.
    sending_since = models.DateTimeField(null=True, blank=True)
    # When the present effect key first went out; NULL again once a look-up proved the effect absent.
    first_sent_at = models.DateTimeField(null=True, blank=True)
    in_doubt_since = models.DateTimeField(null=True, blank=True)
    look_ups = models.PositiveIntegerField(default=0)
    # Failed tries since the delivery was last (re)started by a person: the place in the retry schedule.
    retry_no = models.PositiveIntegerField(default=0)

    failure_class = models.CharField(max_length=12, choices=OutcomeClass.choices, blank=True, default="")
    failure_code = models.CharField(max_length=120, blank=True, default="")
    failure_message = models.TextField(blank=True, default="")
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    external_reference = models.CharField(max_length=200, blank=True, default="")

    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            # Of the finished ones nobody asks: their place stays unique because one sequence numbers all lanes.
            models.UniqueConstraint(
                fields=["destination", "lane_key", "lane_seq"],
                condition=Q(status__in=OPEN_STATUSES),
                name="delivery_place_in_lane",
            ),
            models.UniqueConstraint(fields=["destination", "effect_key"], name="delivery_once_an_effect"),
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_is_known"),
        ]
        indexes = [
            models.Index(
                fields=["destination", "next_attempt_at", "lane_seq"],
                condition=Q(status=DeliveryStatus.READY),
                name="delivery_due",
            ),
            models.Index(fields=["effect"], condition=Q(effect__isnull=False), name="delivery_of_effect"),
            models.Index(
                fields=["next_attempt_at"], condition=Q(status=DeliveryStatus.IN_DOUBT), name="delivery_in_doubt"
            ),
            models.Index(fields=["-id"], condition=Q(status=DeliveryStatus.DEAD), name="delivery_dead"),
            # How many stopped where, and what they are worth, without the table.
            models.Index(
                fields=["destination", "currency"],
                include=["amount"],
                condition=Q(status=DeliveryStatus.DEAD),
                name="delivery_dead_worth",
            ),
            # By block ranges: they end nearly in the order in which they lie, and it costs their writers nothing.
            BrinIndex(fields=["finished_at"], pages_per_range=32, autosummarize=True, name="delivery_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.effect_key}"

    @property
    def message(self) -> dict[str, Any]:
        """What is to be sent: the edited payload, else the event's data."""
        return self.payload if self.payload is not None else dict(self.event.data)


class Lease(models.Model):
    """The hold that a delivery under way has on its lane: one a lane, by the primary key.

    With an expiry, a worker is sending the delivery. Without, the delivery is in doubt. Narrow and short-lived, so that
    a claim writes no new version of the wide delivery and of its index entries. Its references have no constraint in
    the database: a claim enters it in the statement that locks the delivery, and deliveries are never deleted.
    """

    pk = models.CompositePrimaryKey("destination", "lane_key")
    destination = models.ForeignKey(Destination, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    lane_key = models.CharField(max_length=80, db_collation="C")
    delivery = models.ForeignKey(
        Delivery, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="leases"
    )
    fence = models.BigIntegerField()
    owner = models.CharField(max_length=80)
    expires_at = models.DateTimeField(null=True)
    # Set by the renewal right before the send: tells "may have been sent" from "never left".
    sending_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.lane_key}: {self.owner or 'in doubt'}"


class Attempt(models.Model):
    """One try of one delivery; append-only (a trigger refuses update and delete)."""

    id = models.UUIDField(primary_key=True, db_default=NextAttemptId(), editable=False)
    # Written by the engine alone, for deliveries that it holds; the constraint would cost as much as the row.
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="attempts", db_index=False, db_constraint=False
    )
    attempt_no = models.PositiveIntegerField()
    fence = models.BigIntegerField()
    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    actor = models.CharField(max_length=120, blank=True, default="")
    config_version = models.PositiveIntegerField(default=0)
    mapping_version = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=12, choices=OutcomeClass.choices)
    code = models.CharField(max_length=120, blank=True, default="")
    message = models.TextField(blank=True, default="")
    http_status = models.PositiveSmallIntegerField(null=True)
    # Redacted: no credential, no personal data.
    request = models.JSONField(null=True)
    response = models.JSONField(null=True)
    external_reference = models.CharField(max_length=200, blank=True, default="")
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(default=0)
    # The answer came after the lease was lost: evidence, never state.
    late = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["delivery", "attempt_no"], name="attempt_of_delivery"),
            # Few: what was sent twice and made once.
            models.Index(
                fields=["delivery"],
                condition=Q(code__in=["found", "already_done", "charge_already_refunded"]),
                name="attempt_found_done",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.attempt_no}: {self.outcome}"


class Effect(models.Model):
    """A change in the outside world that must happen once: the ledger that replay and the audit read."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    destination = models.ForeignKey(Destination, on_delete=models.PROTECT, related_name="effects", db_index=False)
    kind = models.CharField(max_length=80)
    business_key = models.CharField(max_length=120)
    amount = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    status = models.CharField(max_length=10, choices=EffectStatus.choices, default=EffectStatus.INTENDED)
    external_reference = models.CharField(max_length=200, blank=True, default="")
    evidence = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=now)
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["destination", "kind", "business_key"], name="effect_happens_once"),
            models.CheckConstraint(condition=Q(status__in=EffectStatus.values), name="effect_status_is_known"),
        ]
        indexes = [models.Index(fields=["business_key"], name="effect_by_key")]

    def __str__(self) -> str:
        return f"{self.kind} {self.business_key}: {self.status}"


class IdempotencyRecord(models.Model):
    """The stored answer to one `Idempotency-Key` of one client, kept at least 30 days."""

    id = models.BigAutoField(primary_key=True)
    client = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="one_answer_a_key")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.client} {self.key}"


class Heartbeat(models.Model):
    """When a part of the engine last did its work; readiness is "did something recently", not "the process is up"."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField(default=now)
    detail = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"
