"""Claims on suppliers: their terms, which supplier a sku comes from, what is claimed, what they credited."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from inventory.enums import Disposition
from inventory.models import Location
from retailops.cases.models import Approval
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.enums import ClaimStatus
from returns.models.receipts import DispositionSlice
from returns.models.returns import Return

C = ClaimStatus


class Supplier(models.Model):
    """Who delivered the goods, and on which terms it takes faulty or unsold ones back."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=150)
    # Goods may be sent back; else it credits without them, or not at all.
    takes_back = models.BooleanField(default=True)
    # What it keeps of goods that come back, in percent of their cost.
    restocking_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    # Days from the verdict within which a claim must be made; 0: no limit.
    claim_window_days = models.PositiveIntegerField(default=0)
    # Days from sending after which its credit is overdue.
    credit_days = models.PositiveIntegerField(default=30)
    # Minor units by currency above which a second person agrees; `*` is every other currency, none named: no limit.
    approval_above = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(restocking_percent__gte=0, restocking_percent__lte=100), name="supplier_restocking_percent"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def as_subject(self) -> Subject:
        """Return the supplier as the subject of events: the same in every region."""
        return Subject("supplier", self.id, self.id, str(self.id))

    def needs_approval(self, amount: int, currency: str) -> bool:
        """Tell whether a second person must agree to the amount in minor units."""
        above: int | None = self.approval_above.get(currency, self.approval_above.get("*"))
        return above is not None and amount > above


class SupplierSku(models.Model):
    """Which supplier a sku comes from, and what one unit cost: the value of a claim."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="skus")
    sku = models.CharField(max_length=64, unique=True)
    # What the supplier calls it.
    supplier_sku = models.CharField(max_length=64, blank=True, default="")
    unit_cost = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(unit_cost__gte=0), name="supplier_cost_not_negative")]

    def __str__(self) -> str:
        return f"{self.sku} from {self.supplier_id}"


class ClaimNumber(models.Func):
    """The next human number, `CLM-2026-000123`."""

    template = "('CLM-' || to_char(now(), 'YYYY') || '-' || to_char(nextval('returns_claim_number'), 'FM999999000000'))"
    output_field = models.CharField(max_length=32)
    arity = 0


class SupplierClaim(models.Model):
    """What one supplier owes for units that came back. `claimed` = `value` - `deduction`, in minor units.

    `credited` is the sum of its credits; `written_off` is what was given up at closing. Then claimed = credited +
    written_off, unless the supplier credited more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=32, db_default=ClaimNumber())
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="claims")
    status = StateField(max_length=16, choices=ClaimStatus.choices, default=ClaimStatus.DRAFT)
    # The one return that all its units are of; none where it gathers several, or stock.
    rma = models.ForeignKey(Return, null=True, blank=True, on_delete=models.PROTECT, related_name="claims")
    correlation_id = models.UUIDField()
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=64, blank=True, default="")
    # What made it ("api:…", "sweep:…"); the same reference again is the same claim.
    reference = models.CharField(max_length=160, blank=True, default="")
    send_back = models.BooleanField(default=True)
    currency = models.CharField(max_length=3)
    value = models.BigIntegerField()
    deduction = models.BigIntegerField(default=0)
    claimed = models.BigIntegerField()
    credited = models.BigIntegerField(default=0)
    written_off = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True, default="")
    # Why credit and claim differ, in the supplier's words or ours.
    difference_reason = models.CharField(max_length=200, blank=True, default="")
    # What the supplier calls the claim.
    supplier_reference = models.CharField(max_length=120, blank=True, default="")
    tracking = models.CharField(max_length=80, blank=True, default="")
    approval = models.ForeignKey(Approval, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    requested_by = models.CharField(max_length=120)
    approved_by = models.CharField(max_length=120, blank=True, default="")
    drafted_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # Rises with every change; a form that carries an older one is stale.
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "claim"
        constraints = [
            models.UniqueConstraint(fields=["number"], name="one_claim_a_number"),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="one_claim_a_reference"),
            models.UniqueConstraint(
                fields=["supplier", "supplier_reference"],
                condition=~Q(supplier_reference=""),
                name="one_claim_a_supplier_reference",
            ),
            models.CheckConstraint(condition=Q(status__in=ClaimStatus.values), name="claim_status_is_known"),
            models.CheckConstraint(
                condition=Q(value__gte=0, deduction__gte=0, credited__gte=0, written_off__gte=0)
                & Q(claimed=F("value") - F("deduction"), claimed__gte=0),
                name="claim_amounts",
            ),
            models.CheckConstraint(
                condition=Q(approved_by="") | ~Q(approved_by=F("requested_by")), name="claim_approver_is_another"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="claim_by_status"),
            models.Index(fields=["correlation_id"], name="claim_correlation"),
            models.Index(
                fields=["due_at"], condition=Q(status__in=["sent", "pending_credit"]), name="claim_credit_due"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def outstanding(self) -> int:
        """Return what the supplier still owes, in minor units; never below nothing."""
        return max(0, self.claimed - self.credited - self.written_off)

    def as_subject(self) -> Subject:
        """Return it as the subject of events; its lane is its own."""
        return Subject("claim", self.id, self.correlation_id, str(self.id), self.region, self.brand, self.channel)

    @transition(field=status, source=C.DRAFT, target=C.PENDING_APPROVAL)
    def ask_approval(self) -> None:
        """Above what one person may claim: a second one decides."""

    @transition(field=status, source=C.PENDING_APPROVAL, target=C.DRAFT)
    def go_back_to_draft(self) -> None:
        """The second person refused, or did not answer in time."""

    @transition(field=status, source=[C.DRAFT, C.PENDING_APPROVAL], target=C.SENT)
    def send(self) -> None:
        """It goes to the supplier; the goods with it, where it takes them back."""
        self.sent_at = now()
        self.due_at = now() + timedelta(days=self.supplier.credit_days)

    @transition(field=status, source=C.SENT, target=C.PENDING_CREDIT)
    def acknowledge(self) -> None:
        """The supplier has it and owes an answer."""

    @transition(field=status, source=[C.SENT, C.PENDING_CREDIT, C.REFUSED], target=C.PENDING_CREDIT)
    def credit_in_part(self) -> None:
        """It credited some of it, and the rest is still open."""

    @transition(field=status, source=[C.SENT, C.PENDING_CREDIT, C.REFUSED, C.CREDITED], target=C.CREDITED)
    def credit(self) -> None:
        """It credited all that it will."""

    @transition(field=status, source=[C.SENT, C.PENDING_CREDIT], target=C.REFUSED)
    def refuse(self) -> None:
        """It will not credit (the rest of) it."""

    @transition(field=status, source=[C.DRAFT, C.PENDING_APPROVAL, C.CREDITED, C.REFUSED], target=C.CLOSED)
    def close(self) -> None:
        """Nothing more is expected of it."""
        self.closed_at = now()


class ClaimLine(models.Model):
    """Units that are claimed: of a verdict on a return, or of stock that stands somewhere. Each unit once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey(SupplierClaim, on_delete=models.PROTECT, related_name="lines")
    line_no = models.PositiveIntegerField()
    slice = models.ForeignKey(
        DispositionSlice, null=True, blank=True, on_delete=models.PROTECT, related_name="claim_lines"
    )
    sku = models.CharField(max_length=64)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    disposition = models.CharField(max_length=20, choices=Disposition.choices)
    quantity = models.PositiveIntegerField()
    unit_cost = models.BigIntegerField()
    # False once its draft was dropped: the units may be claimed again.
    live = models.BooleanField(default=True)
    # Units that left with the claim, and those of them that came back after a refusal.
    sent = models.PositiveIntegerField(default=0)
    came_back = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["line_no"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "line_no"], name="one_claim_line_a_number"),
            models.CheckConstraint(condition=Q(quantity__gt=0, unit_cost__gte=0), name="claim_line_amounts"),
            models.CheckConstraint(
                condition=Q(sent__lte=F("quantity")) & Q(came_back__lte=F("sent")), name="claim_line_goods"
            ),
        ]
        indexes = [
            models.Index(fields=["sku", "location", "disposition"], condition=Q(live=True), name="claim_line_place")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def value(self) -> int:
        """Return what is claimed for it before deductions, in minor units."""
        return self.quantity * self.unit_cost


class ClaimCredit(models.Model):
    """One credit note of a supplier; append-only, and its reference makes it count once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey(SupplierClaim, on_delete=models.PROTECT, related_name="credits")
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=120)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    actor = models.CharField(max_length=120)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["supplier", "reference"], name="one_credit_a_supplier_reference"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="claim_credit_is_positive"),
        ]

    def __str__(self) -> str:
        return self.reference
