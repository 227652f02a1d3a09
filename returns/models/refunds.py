"""Money going back: the refund (intent), its components, each call, and the ERP's credit memo."""

from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from retailops.cases.models import Approval
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.enums import ComponentKind, CreditMemoStatus, Destination, RefundStatus, RefundTiming
from returns.models.exchanges import Exchange
from returns.models.orders import OrderLine, Payment
from returns.models.returns import Return, ReturnLine

R = RefundStatus
M = CreditMemoStatus


class Refund(models.Model):
    """The intent to pay `amount` minor units back through one payment, or as stored value against it.

    `bonus` comes on top of stored value and is nobody's payment. The effect key changes only with `leg`, and `leg` only
    after the provider has definitively rejected.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    # Refunds of one proposal pay for the same units through different tenders.
    proposal = models.UUIDField(default=uuid7, editable=False)
    status = StateField(max_length=20, choices=RefundStatus.choices, default=RefundStatus.PROPOSED)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    destination = models.CharField(max_length=12, choices=Destination.choices, default=Destination.TENDER)
    bonus = models.BigIntegerField(default=0)
    timing = models.CharField(max_length=16, choices=RefundTiming.choices, default=RefundTiming.ON_INSPECTION)
    reason = models.CharField(max_length=200, blank=True, default="")
    # A term of the vocabulary `refund_reason`, or `override_reason` where it goes beyond policy; empty: none.
    reason_code = models.CharField(max_length=64, blank=True, default="")
    policy_version = models.CharField(max_length=40, blank=True, default="")
    # What the decision saw: permitted amount, limits, rules broken, evidence.
    facts = models.JSONField(default=dict, blank=True)
    leg = models.PositiveSmallIntegerField(default=1)
    approval = models.ForeignKey(Approval, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    requested_by = models.CharField(max_length=120)
    approved_by = models.CharField(max_length=120, blank=True, default="")
    external_reference = models.CharField(max_length=200, blank=True, default="")
    failure_code = models.CharField(max_length=120, blank=True, default="")
    failure_message = models.CharField(max_length=300, blank=True, default="")
    superseded_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # An advance refund is an exposure until its goods came; past this instant they are overdue.
    exposure_due_at = models.DateTimeField(null=True, blank=True)
    proposed_at = models.DateTimeField(default=now)
    submitted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_positive"),
            models.CheckConstraint(condition=Q(status__in=RefundStatus.values), name="refund_status_is_known"),
            models.CheckConstraint(
                condition=Q(bonus=0) | Q(bonus__gt=0) & ~Q(destination=Destination.TENDER), name="bonus_is_stored_value"
            ),
            models.CheckConstraint(
                condition=Q(approved_by="") | ~Q(approved_by=F("requested_by")), name="refund_approver_is_not_requester"
            ),
        ]
        indexes = [
            models.Index(fields=["payment", "status"], name="refund_of_payment"),
            models.Index(fields=["external_reference"], condition=~Q(external_reference=""), name="refund_reference"),
            models.Index(fields=["status", "-id"], name="refund_by_status"),
            models.Index(fields=["proposal"], name="refund_of_proposal"),
            models.Index(
                fields=["exposure_due_at"], condition=Q(exposure_due_at__isnull=False), name="refund_exposure"
            ),
        ]

    def __str__(self) -> str:
        return f"refund {self.id}"

    @property
    def effect_key(self) -> str:
        """The key that is stable over every retry and replay and goes to the gateway (at most 45 characters)."""
        return f"refund:{self.id}:{self.leg}"

    @property
    def credited(self) -> int:
        """What the customer gets: the amount and the bonus on top, in minor units."""
        return self.amount + self.bonus

    def as_subject(self) -> Subject:
        """Return it as the subject of events, in the lane and scope of its return."""
        rma = self.rma.as_subject()
        return Subject("refund", self.id, rma.correlation_id, rma.lane, rma.region, rma.brand, rma.channel)

    @transition(field=status, source=R.PROPOSED, target=R.PENDING_APPROVAL)
    def ask_approval(self) -> None:
        """Above what may go by itself: a second person decides."""

    @transition(field=status, source=[R.PROPOSED, R.PENDING_APPROVAL], target=R.APPROVED)
    def approve(self) -> None:
        """May be paid."""

    @transition(field=status, source=[R.PROPOSED, R.PENDING_APPROVAL, R.APPROVED], target=R.DENIED)
    def deny(self) -> None:
        """Will not be paid."""

    @transition(field=status, source=R.APPROVED, target=R.SUBMITTING)
    def submit(self) -> None:
        """Handed to the gateway's connection."""
        self.submitted_at = now()

    @transition(field=status, source=R.APPROVED, target=R.SUCCEEDED)
    def credit(self) -> None:
        """Booked in our own ledger: nobody else has to do anything."""
        self.submitted_at = self.settled_at = now()

    @transition(field=status, source=R.APPROVED, target=R.FAILED)
    def refuse_credit(self) -> None:
        """Our own ledger cannot take it: the account is not alive."""
        self.submitted_at = now()

    @transition(field=status, source=R.APPROVED, target=R.PENDING)
    def await_observation(self) -> None:
        """The marketplace pays it by itself and tells us."""
        self.submitted_at = now()

    @transition(field=status, source=R.SUBMITTING, target=R.UNKNOWN)
    def lose_sight(self) -> None:
        """Sent, and no answer came: the money stays reserved until the outcome is looked up."""

    @transition(field=status, source=[R.SUBMITTING, R.UNKNOWN], target=R.PENDING)
    def accept(self) -> None:
        """The gateway took it and will tell the outcome."""

    @transition(field=status, source=R.REQUIRES_ACTION, target=R.PENDING)
    def resume(self) -> None:
        """The customer gave the gateway what it needed, and it goes on."""

    @transition(field=status, source=[R.SUBMITTING, R.UNKNOWN, R.PENDING], target=R.REQUIRES_ACTION)
    def require_action(self) -> None:
        """The gateway waits for the customer."""

    @transition(field=status, source=[R.SUBMITTING, R.UNKNOWN, R.PENDING, R.REQUIRES_ACTION], target=R.SUCCEEDED)
    def succeed(self) -> None:
        """The gateway says that the money is on its way."""
        self.settled_at = now()

    @transition(field=status, source=R.PROPOSED, target=R.SUCCEEDED)
    def observe(self) -> None:
        """It was paid already by somebody else (a till): nothing is sent."""

    @transition(
        field=status, source=[R.SUBMITTING, R.UNKNOWN, R.PENDING, R.REQUIRES_ACTION, R.SUCCEEDED], target=R.FAILED
    )
    def fail(self) -> None:
        """The gateway definitively refused, or a success failed late."""

    @transition(field=status, source=[R.PENDING, R.REQUIRES_ACTION], target=R.CANCELED)
    def cancel(self) -> None:
        """The gateway canceled it."""

    @transition(field=status, source=R.SUCCEEDED, target=R.REVERSED)
    def reverse(self) -> None:
        """The money came back to us."""

    @transition(
        field=status,
        source=[R.PROPOSED, R.PENDING_APPROVAL, R.FAILED, R.CANCELED, R.REVERSED],
        target=R.SUPERSEDED,
    )
    def supersede(self) -> None:
        """Another refund pays instead: this one ended without paying, or waited and was changed."""


class RefundComponent(models.Model):
    """A signed part of a refund in minor units; the parts sum to its amount and its bonus (invariant 10)."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="components")
    kind = models.CharField(max_length=16, choices=ComponentKind.choices)
    order_line = models.ForeignKey(OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=40, blank=True, default="")
    amount = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class RefundLine(models.Model):
    """Which units a refund pays for; a unit is refunded once (invariant 9)."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="refund_lines")
    quantity = models.PositiveIntegerField()
    units = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="refund_line_has_quantity"),
            models.UniqueConstraint(fields=["refund", "line"], name="one_refund_line_a_return_line"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line_id}"


class RefundAttempt(models.Model):
    """What one call or one message of the gateway said of a refund; append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="attempts")
    leg = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=20)
    # When the gateway said so, where it tells: messages overtake one another.
    told_at = models.DateTimeField(null=True, blank=True)
    external_reference = models.CharField(max_length=200, blank=True, default="")
    code = models.CharField(max_length=120, blank=True, default="")
    message = models.CharField(max_length=300, blank=True, default="")
    actor = models.CharField(max_length=120)
    at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.outcome} at {self.at:%Y-%m-%d %H:%M}"


class CreditMemo(models.Model):
    """The ERP's document for one refund's money, or for the gross credit of one exchange. Its key is `memo:<id>`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="credit_memos")
    refund = models.OneToOneField(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_memo")
    exchange = models.OneToOneField(
        Exchange, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_memo"
    )
    status = StateField(max_length=10, choices=CreditMemoStatus.choices, default=CreditMemoStatus.QUEUED)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    legal_entity = models.CharField(max_length=64, blank=True, default="")
    external_reference = models.CharField(max_length=200, blank=True, default="")
    failure = models.CharField(max_length=300, blank=True, default="")
    queued_at = models.DateTimeField(default=now)
    posted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "credit memo"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="memo_is_positive"),
            models.CheckConstraint(
                condition=Q(refund__isnull=False, exchange__isnull=True)
                | Q(refund__isnull=True, exchange__isnull=False),
                name="memo_of_one_thing",
            ),
            models.CheckConstraint(condition=Q(status__in=CreditMemoStatus.values), name="memo_status_is_known"),
        ]
        indexes = [
            models.Index(fields=["external_reference"], condition=~Q(external_reference=""), name="memo_reference")
        ]

    def __str__(self) -> str:
        return f"credit memo {self.id}"

    @property
    def effect_key(self) -> str:
        """The external id of the memo at the ERP."""
        return f"memo:{self.id}"

    @transition(field=status, source=[M.QUEUED, M.REJECTED], target=M.POSTED)
    def post(self) -> None:
        """The ERP has it."""
        self.posted_at = now()

    @transition(field=status, source=M.QUEUED, target=M.REJECTED)
    def reject(self) -> None:
        """The ERP refused it; a person mends and replays."""

    @transition(field=status, source=M.POSTED, target=M.REVERSED)
    def reverse(self) -> None:
        """Undone in the ERP by a reversing document."""
