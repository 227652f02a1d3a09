"""Versioned rules; a decision stores the version and the facts that it saw."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.enums import PolicyStatus

S = PolicyStatus


class ReturnPolicy(models.Model):
    """One version of one policy. An empty scope field means any; the most specific active policy applies.

    `rules` holds a `returns.policy.Rules` document. From its activation on a version's rules and scope never change (a
    trigger refuses it): it is only followed by a newer one. `rollout` are the steps by which it came to serve its
    share of the orders, oldest first: `{"from": instant, "share": percent}`; empty: the rules' own from its start.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    status = StateField(max_length=10, choices=PolicyStatus.choices, default=PolicyStatus.DRAFT)
    channel = models.CharField(max_length=64, blank=True, default="")
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    category = models.CharField(max_length=64, blank=True, default="")
    customer_group = models.CharField(max_length=40, blank=True, default="")
    effective_from = models.DateTimeField(default=now)
    effective_to = models.DateTimeField(null=True, blank=True)
    rules = models.JSONField(default=dict)
    rollout = models.JSONField(default=list, blank=True)
    # What the draft was made from: "standard@3".
    based_on = models.CharField(max_length=100, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    # Rises with every change of a draft; a form that carries an older one is stale.
    revision = models.PositiveIntegerField(default=1)
    created_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(default=now)
    edited_by = models.CharField(max_length=120, blank=True, default="")
    approved_by = models.CharField(max_length=120, blank=True, default="")
    activated_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        verbose_name = "policy"
        verbose_name_plural = "return policies"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="one_policy_a_version"),
            models.CheckConstraint(condition=Q(status__in=PolicyStatus.values), name="policy_status_is_known"),
            models.CheckConstraint(
                condition=Q(effective_to__isnull=True) | Q(effective_to__gte=F("effective_from")),
                name="policy_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(approved_by="") | (~Q(approved_by=F("edited_by")) & ~Q(approved_by=F("created_by"))),
                name="policy_approver_is_not_its_author",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The version as stored with events: `standard@3`."""
        return f"{self.name}@{self.version}"

    @property
    def share(self) -> int:
        """The share of the orders in its scope that it serves since its last step, in percent."""
        return int(self.rollout[-1]["share"] if self.rollout else self.rules.get("canary_share", 100))

    def as_subject(self) -> Subject:
        """Return it as the subject of events: a story of its own, in the scope that it is for."""
        return Subject("policy", self.id, self.id, str(self.id), self.region, self.brand, self.channel)

    def in_force(self, at: datetime) -> bool:
        """Tell whether it is active and effective at the instant."""
        started = self.status == S.ACTIVE and self.effective_from <= at
        return started and (self.effective_to is None or at < self.effective_to)

    @transition(field=status, source=S.DRAFT, target=S.SUBMITTED)
    def submit(self) -> None:
        """A second person is asked."""

    @transition(field=status, source=S.SUBMITTED, target=S.APPROVED)
    def agree(self) -> None:
        """A second person agreed to exactly these rules."""

    @transition(field=status, source=[S.SUBMITTED, S.APPROVED], target=S.DRAFT)
    def send_back(self) -> None:
        """Refused, too late, or edited: it must be submitted anew."""
        self.approved_by = ""

    @transition(field=status, source=S.APPROVED, target=S.ACTIVE)
    def activate(self) -> None:
        """In force from its start on."""

    @transition(field=status, source=[S.DRAFT, S.ACTIVE], target=S.RETIRED)
    def retire(self) -> None:
        """Decides nothing any more, or never did; its former decisions keep naming it."""


class PolicyStamp(models.Model):
    """One row, whose stamp triggers change with every change of a policy, so that processes may remember them."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    stamp = models.UUIDField()

    def __str__(self) -> str:
        return str(self.stamp)
