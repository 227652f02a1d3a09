"""The return and its lines."""

from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.allocation import count
from returns.enums import (
    ErpState,
    InspectionState,
    Logistics,
    MoneyState,
    Resolution,
    ReturnKind,
    ReturnStatus,
    StockState,
)
from returns.models.orders import Customer, Order, OrderLine
from returns.models.policies import ReturnPolicy

S = ReturnStatus
OPEN = [S.REQUESTED, S.IN_REVIEW, S.AUTHORIZED]
# Name, condition and what is read beside the scope of each index over returns that are under way.
UNDER_WAY: tuple[tuple[str, Q, tuple[str, ...]], ...] = (
    ("return_to_decide", Q(status__in=[S.REQUESTED, S.IN_REVIEW]), ("status",)),
    (
        "return_coming",
        Q(status=S.AUTHORIZED, logistics__in=[Logistics.NONE, Logistics.IN_TRANSIT]),
        ("status", "logistics"),
    ),
    (
        "return_inspecting",
        Q(inspection__in=[InspectionState.PENDING, InspectionState.PARTIAL]),
        ("status", "inspection"),
    ),
    ("return_paying", Q(money__in=[MoneyState.PENDING, MoneyState.PARTIAL]), ("status", "money")),
    ("return_in_trouble", Q(open_cases__gt=0) | Q(money=MoneyState.ATTENTION), ("status", "money", "open_cases")),
    ("return_placing", Q(stock__in=[StockState.PENDING, StockState.PARTIAL]), ("status", "stock")),
    ("return_posting", Q(erp__in=[ErpState.QUEUED, ErpState.REJECTED]), ("status", "erp")),
    ("return_open", Q(status__in=OPEN), ("status",)),
)


class RmaNumber(models.Func):
    """The next human number, `RMA-2026-000123`."""

    template = "('RMA-' || to_char(now(), 'YYYY') || '-' || to_char(nextval('returns_rma_number'), 'FM999999000000'))"
    output_field = models.CharField(max_length=32)
    arity = 0


class Return(models.Model):
    """One return (RMA; in code `rma`). `status` is the decision; the facets always equal `recompute()`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=32, db_default=RmaNumber())
    status = StateField(max_length=12, choices=ReturnStatus.choices, default=ReturnStatus.DRAFT)
    kind = models.CharField(max_length=20, choices=ReturnKind.choices, default=ReturnKind.MAIL_IN)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="returns")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="returns")
    channel = models.CharField(max_length=64, blank=True, default="")
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    store = models.CharField(max_length=64, blank=True, default="")
    legal_entity = models.CharField(max_length=64, blank=True, default="")
    currency = models.CharField(max_length=3)
    correlation_id = models.UUIDField()
    # Where it was asked for, and the id it has there ("shopify", "gid://shopify/Return/1").
    source = models.CharField(max_length=64, default="api")
    external_id = models.CharField(max_length=160, blank=True, default="")
    tracking = models.CharField(max_length=80, blank=True, default="")

    logistics = models.CharField(max_length=12, choices=Logistics.choices, default=Logistics.NONE)
    inspection = models.CharField(max_length=12, choices=InspectionState.choices, default=InspectionState.NONE)
    money = models.CharField(max_length=12, choices=MoneyState.choices, default=MoneyState.NONE)
    stock = models.CharField(max_length=12, choices=StockState.choices, default=StockState.NONE)
    erp = models.CharField(max_length=12, choices=ErpState.choices, default=ErpState.NONE)
    open_cases = models.PositiveIntegerField(default=0)

    policy = models.ForeignKey(
        ReturnPolicy, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # What the decision saw: rules, dates, values (no personal data).
    policy_facts = models.JSONField(default=dict, blank=True)
    decision_reason = models.CharField(max_length=200, blank=True, default="")
    # The term of a vocabulary that the reason falls under, where one was chosen.
    decision_code = models.CharField(max_length=64, blank=True, default="")
    memo_required = models.BooleanField(default=True)
    requested_by = models.CharField(max_length=120)
    requested_at = models.DateTimeField(default=now)
    authorized_at = models.DateTimeField(null=True, blank=True)
    in_transit_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # Rises with every change; a form that carries an older one is stale.
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "return"
        constraints = [
            # Not `unique=True`: that would add a second index for LIKE, paid for by every insert.
            models.UniqueConstraint(fields=["number"], name="one_return_a_number"),
            models.CheckConstraint(condition=Q(status__in=ReturnStatus.values), name="return_status_is_known"),
            models.CheckConstraint(condition=Q(kind__in=ReturnKind.values), name="return_kind_is_known"),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="one_return_an_external_id"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="return_by_status"),
            models.Index(fields=["region", "-id"], name="return_by_region"),
            models.Index(fields=["channel", "-id"], name="return_by_channel"),
            models.Index(fields=["correlation_id"], name="return_correlation"),
            models.Index(fields=["external_id"], condition=~Q(external_id=""), name="return_external_id"),
            models.Index(fields=["tracking"], condition=~Q(tracking=""), name="return_tracking"),
            models.Index(
                fields=["expires_at"],
                condition=Q(status=ReturnStatus.AUTHORIZED, logistics="none"),
                name="return_expiry",
            ),
            # The tabs of the list and what Today counts: narrow copies of what is under way, read without the table.
            # Region and channel are keys and not only included, so that a page narrowed to them skips rows unread.
            *(
                models.Index(
                    fields=["-id", "region", "channel"], include=["brand", *more], condition=condition, name=name
                )
                for name, condition, more in UNDER_WAY
            ),
            models.Index(fields=["requested_at"], condition=Q(status__in=OPEN), name="return_open_oldest"),
            models.Index(
                fields=["-id", "region"],
                include=["brand"],
                condition=Q(status=ReturnStatus.CLOSED),
                name="return_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def as_subject(self) -> Subject:
        """Return it as the subject of events; its lane orders everything of this return at each destination."""
        return Subject("return", self.id, self.correlation_id, str(self.id), self.region, self.brand, self.channel)

    @transition(field=status, source=S.DRAFT, target=S.REQUESTED)
    def request(self) -> None:
        """The customer asked."""

    @transition(field=status, source=S.DRAFT, target=S.CANCELED)
    def discard(self) -> None:
        """A draft that nobody sent off; nothing was promised by it."""

    @transition(field=status, source=S.REQUESTED, target=S.IN_REVIEW)
    def send_to_review(self) -> None:
        """Policy or fraud screening wants a person to look."""

    @transition(field=status, source=[S.REQUESTED, S.IN_REVIEW], target=S.AUTHORIZED)
    def authorize(self) -> None:
        """Policy passes, or a person decided so."""
        self.authorized_at = now()

    @transition(field=status, source=[S.REQUESTED, S.IN_REVIEW], target=S.DECLINED)
    def decline(self) -> None:
        """Refused, with a reason code."""

    @transition(field=status, source=[S.REQUESTED, S.IN_REVIEW, S.AUTHORIZED], target=S.CANCELED)
    def cancel(self) -> None:
        """Given up before anything was received or refunded; the service checks that."""

    @transition(field=status, source=S.AUTHORIZED, target=S.EXPIRED)
    def expire(self) -> None:
        """The deadline passed and nothing came."""

    @transition(field=status, source=[S.EXPIRED, S.DECLINED], target=S.AUTHORIZED)
    def reinstate(self) -> None:
        """The parcel came anyway, or an operator had a reason."""
        self.authorized_at = now()

    @transition(field=status, source=S.AUTHORIZED, target=S.CLOSED)
    def close(self) -> None:
        """Nothing is left to do; the service checks the close rule."""
        self.closed_at = now()

    @transition(field=status, source=S.CLOSED, target=S.AUTHORIZED)
    def reopen(self) -> None:
        """Something came up after all."""
        self.closed_at = None


class ReturnLine(models.Model):
    """Counters, not one status: how many units were asked for, arrived, were judged, paid.

    `units` are the ordinals of the order line's units that it takes, as half-open ranges: [[0, 2], [5, 6]].
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines", db_index=False)
    line_no = models.PositiveIntegerField()
    order_line = models.ForeignKey(
        OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="return_lines"
    )
    sku = models.CharField(max_length=64)
    title = models.CharField(max_length=200, blank=True, default="")
    units = models.JSONField(default=list, blank=True)
    requested = models.PositiveIntegerField()
    authorized = models.PositiveIntegerField(default=0)
    received = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    canceled = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    refunded = models.PositiveIntegerField(default=0)
    exchanged = models.PositiveIntegerField(default=0)
    # Warranty: units that went back to the customer (repaired, or rejected), and units replaced by new ones.
    sent_back = models.PositiveIntegerField(default=0)
    replaced = models.PositiveIntegerField(default=0)
    # Units that arrived beyond what was authorized and were approved by a case (invariant 3).
    over_approved = models.PositiveIntegerField(default=0)
    resolution = models.CharField(max_length=16, choices=Resolution.choices, default=Resolution.REFUND)
    # Units that bring something else, since their exchange was converted while others of the line stay: by resolution,
    # as ranges: {"refund": [[0, 1]]}.
    instead = models.JSONField(default=dict, db_default={}, blank=True)
    customer_reason = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["line_no"]
        constraints = [
            models.UniqueConstraint(fields=["rma", "line_no"], name="one_return_line_a_number"),
            models.CheckConstraint(condition=Q(requested__gt=0), name="return_line_has_quantity"),
            models.CheckConstraint(condition=Q(authorized__lte=F("requested")), name="authorized_within_requested"),
            models.CheckConstraint(
                condition=Q(
                    authorized__gte=F("received") + F("missing") + F("kept") + F("canceled") - F("over_approved")
                ),
                name="arrivals_within_authorized",
            ),
            models.CheckConstraint(
                condition=Q(received__gte=F("accepted") + F("rejected")), name="inspected_within_received"
            ),
            # A unit is refunded, exchanged, replaced or sent back: once (invariant 9).
            models.CheckConstraint(
                condition=Q(
                    requested__gte=F("refunded") + F("exchanged") + F("replaced") + F("sent_back") - F("over_approved")
                ),
                name="unit_settled_once",
            ),
        ]
        indexes = [models.Index(fields=["sku"], name="return_line_sku")]

    def __str__(self) -> str:
        return f"{self.requested} × {self.sku}"

    @property
    def inspected(self) -> int:
        """How many units were judged: accepted + rejected (invariant 4)."""
        return self.accepted + self.rejected

    @property
    def brings_instead(self) -> list[tuple[Resolution, int]]:
        """What units of it bring in place of the line's own resolution, each with how many."""
        return [(Resolution(name), count(units)) for name, units in sorted(self.instead.items())]
