"""Bulk operations: what somebody does to many things at once, frozen before it begins and told item by item after.

A replay plan is the operation that sends many deliveries again; others (assign, resolve) run a command on each thing.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value

from retailops.lib.clock import now
from retailops.lib.ids import uuid7

REPLAY = "replay"


class BulkStatus(models.TextChoices):
    """planning → planned → running → finished | stopped | canceled; a stopped one may run on."""

    PLANNING = "planning"
    PLANNED = "planned"
    RUNNING = "running"
    STOPPED = "stopped"
    CANCELED = "canceled"
    FINISHED = "finished"


class BulkStage(models.TextChoices):
    """new → (ask →) judged → (released →) done. `ask`: only the remote knows; `released`: the engine has it."""

    NEW = "new"
    ASK = "ask"
    JUDGED = "judged"
    RELEASED = "released"
    DONE = "done"


class BulkResult(models.TextChoices):
    """What became of one item."""

    DONE = "done", "Done"
    DELIVERED = "delivered", "Delivered"
    RETRYING = "retrying", "Failed a try, goes on by itself"
    FAILED = "failed", "Failed again"
    ALREADY_DONE = "already_done", "Was done already"
    CLOSED = "closed", "Closed: void"
    CHANGED = "changed", "Changed since it was planned"
    LEFT_OUT = "left_out", "Left out"
    REFUSED = "refused", "Refused"
    CANCELED = "canceled", "Not begun"


# Nobody has to look at these again.
WELL = (BulkResult.DONE, BulkResult.DELIVERED, BulkResult.ALREADY_DONE, BulkResult.CLOSED)


class BulkOperation(models.Model):
    """One thing done to many: who, why, by which filter as of when, what exactly, and how it went.

    `hash` is over all that was frozen (items with their verdicts and money, rules, selection): whoever executes
    presents it, and a second person's word is bound to it. Money by currency in minor units.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40, default=REPLAY)
    status = models.CharField(max_length=10, choices=BulkStatus.choices, default=BulkStatus.PLANNING)
    reason = models.CharField(max_length=300)
    filter = models.JSONField(default=dict, blank=True)
    # What the person chose for all of them: the owner, until when, the words of the note.
    given = models.JSONField(default=dict, blank=True, db_default=Value({}, models.JSONField()))
    cut_off = models.DateTimeField(default=now)
    # What matched when it was frozen, but came after the cut-off.
    newcomers = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    regions = ArrayField(models.CharField(max_length=32, blank=True), default=list)
    brands = ArrayField(models.CharField(max_length=64, blank=True), default=list)
    # How it runs: canary waves, rate a second, stop rule (`retailops.replays.rules`).
    rules = models.JSONField(default=dict)
    hash = models.CharField(max_length=64, blank=True, default="")
    # By currency: what the plan is to send; the run stops where it would send anything else.
    money = models.JSONField(default=dict, blank=True)
    needs_approval = models.BooleanField(default=False)
    requested_by = models.CharField(max_length=120)
    requested_at = models.DateTimeField(default=now)
    planned_at = models.DateTimeField(null=True, blank=True)
    # The operation whose failures this one takes up again.
    resumes = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="resumed_by")

    executed_by = models.CharField(max_length=120, blank=True, default="")
    executed_at = models.DateTimeField(null=True, blank=True)
    executed_hash = models.CharField(max_length=64, blank=True, default="")
    approval_id = models.UUIDField(null=True, blank=True)
    approved_by = models.CharField(max_length=120, blank=True, default="")
    # Wave of the canary (from 0), and when it began or was resumed.
    wave = models.PositiveSmallIntegerField(default=0)
    wave_began_at = models.DateTimeField(null=True, blank=True)
    # The stop rule counts from here: what failed before a person resumed does not stop it again.
    counts_from = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=120, blank=True, default="")
    ended_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = "bulk operation"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=BulkStatus.values), name="operation_status_is_known"),
            models.CheckConstraint(
                condition=Q(executed_at__isnull=True) | (~Q(executed_by="") & Q(executed_hash=F("hash")) & ~Q(hash="")),
                name="operation_ran_what_was_planned",
            ),
            models.CheckConstraint(
                condition=Q(approved_by="") | (~Q(approved_by=F("requested_by")) & ~Q(approved_by=F("executed_by"))),
                name="operation_approver_is_another",
            ),
            models.CheckConstraint(
                condition=Q(executed_at__isnull=True) | Q(needs_approval=False) | ~Q(approved_by=""),
                name="operation_ran_with_its_approval",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(status__in=[BulkStatus.PLANNING, BulkStatus.RUNNING]),
                name="operation_at_work",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.total}: {self.status}"

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will be begun unless a person says so."""
        return self.status in {BulkStatus.STOPPED, BulkStatus.CANCELED, BulkStatus.FINISHED}


class BulkItem(models.Model):
    """One thing of an operation: how it was when it was frozen, the verdict on it, and what became of it."""

    id = models.BigAutoField(primary_key=True)
    # The unique constraints below begin with it.
    operation = models.ForeignKey(BulkOperation, on_delete=models.PROTECT, related_name="items", db_index=False)
    position = models.PositiveIntegerField()
    # The delivery (or case) that it is about; no reference, because several apps' things are named here.
    subject_id = models.UUIDField()
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    fence = models.BigIntegerField(default=0)
    status = models.CharField(max_length=12, blank=True, default="")
    amount = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")

    stage = models.CharField(max_length=8, choices=BulkStage.choices, default=BulkStage.NEW)
    verdict = models.CharField(max_length=14, blank=True, default="")
    why = models.TextField(blank=True, default="")
    what_to_do = models.TextField(blank=True, default="")
    evidence = models.JSONField(default=dict, blank=True)
    # Of a blocked one: what it waits for, and what its verdict will be once that is done ("": decided at its turn).
    after_id = models.UUIDField(null=True, blank=True)
    next_verdict = models.CharField(max_length=14, blank=True, default="")
    # Whether the run does something about it, and whether that is to send.
    acts = models.BooleanField(default=False)
    sends = models.BooleanField(default=False)

    released_at = models.DateTimeField(null=True, blank=True)
    sent_fence = models.BigIntegerField(null=True, blank=True)
    result = models.CharField(max_length=12, choices=BulkResult.choices, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "item of a bulk operation"
        constraints = [
            models.UniqueConstraint(fields=["operation", "subject_id"], name="item_once_an_operation"),
            models.UniqueConstraint(fields=["operation", "position"], name="item_has_its_place"),
            models.UniqueConstraint(
                fields=["subject_id", "sent_fence"],
                condition=Q(sent_fence__isnull=False),
                name="a_sending_is_of_one_run",
            ),
            models.CheckConstraint(
                condition=Q(stage=BulkStage.DONE) & ~Q(result="") & Q(done_at__isnull=False)
                | ~Q(stage=BulkStage.DONE) & Q(result=""),
                name="item_done_has_a_result",
            ),
            models.CheckConstraint(
                condition=~Q(stage=BulkStage.RELEASED) | Q(sent_fence__isnull=False, released_at__isnull=False),
                name="item_released_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["operation", "stage", "position"], name="item_of_stage"),
            models.Index(fields=["operation"], condition=Q(stage=BulkStage.RELEASED), name="item_on_its_way"),
            models.Index(fields=["operation"], condition=Q(result=BulkResult.RETRYING), name="item_retrying"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.verdict or self.stage} {self.result}".strip()

    @property
    def money(self) -> dict[str, Any] | None:
        """Return amount and currency as the wire has them; None without an amount."""
        return None if self.amount is None else {"amount": self.amount, "currency": self.currency}


class MessageEdit(models.Model):
    """A message that a person changed before it was sent again: what it was, what it is, why, and who agreed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    delivery_id = models.UUIDField()
    fence = models.BigIntegerField()
    before = models.JSONField()
    after = models.JSONField()
    reason = models.CharField(max_length=300)
    requested_by = models.CharField(max_length=120)
    requested_at = models.DateTimeField(default=now)
    approval_id = models.UUIDField(null=True, blank=True)
    approved_by = models.CharField(max_length=120, blank=True, default="")
    applied_at = models.DateTimeField(null=True, blank=True)
    # The event that is the new message; its cause is the event whose message was changed.
    event_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = "edit of a message"
        constraints = [
            models.CheckConstraint(
                condition=Q(applied_at__isnull=True)
                | (~Q(approved_by="") & ~Q(approved_by=F("requested_by")) & Q(event_id__isnull=False)),
                name="edit_applied_with_a_second_person",
            ),
        ]
        indexes = [models.Index(fields=["delivery_id", "-id"], name="edit_of_delivery")]

    def __str__(self) -> str:
        return f"edit of {self.delivery_id}"
