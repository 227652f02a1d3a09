"""An exchange: units that come back for other goods, with both gross sides, and what the customer paid for it."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from inventory.models import Reservation
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.enums import ComponentKind, ExchangeSide, ExchangeStatus, ExchangeTiming, Resolution
from returns.models.orders import OrderLine
from returns.models.returns import Return, ReturnLine
from returns.models.warranty import WarrantyAssessment

X = ExchangeStatus
PENDING = [X.PROPOSED, X.RESERVED, X.AWAITING_PAYMENT]


class Exchange(models.Model):
    """Other goods for units of a return.

    `credit` is what was paid for the units, `sale` what the new goods cost, both gross, in minor units of `currency`,
    frozen when it was proposed. A replacement (the same goods once more) has nothing on either side.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="exchanges")
    ordinal = models.PositiveSmallIntegerField()
    status = StateField(max_length=16, choices=ExchangeStatus.choices, default=X.PROPOSED)
    resolution = models.CharField(max_length=16, choices=Resolution.choices, default=Resolution.EXCHANGE)
    currency = models.CharField(max_length=3)
    credit = models.BigIntegerField(default=0)
    sale = models.BigIntegerField(default=0)
    timing = models.CharField(max_length=16, choices=ExchangeTiming.choices, default=ExchangeTiming.ON_INSPECTION)
    policy_version = models.CharField(max_length=40, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")
    # The warranty's verdict that it makes good: its units then count as replaced, not as exchanged.
    assessment = models.ForeignKey(
        WarrantyAssessment, null=True, blank=True, on_delete=models.PROTECT, related_name="replacements"
    )
    requested_by = models.CharField(max_length=120)
    # Where its goods are held; how often they were reserved.
    location = models.CharField(max_length=40, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    # What the warehouse said when it could not ship.
    failure = models.CharField(max_length=300, blank=True, default="")
    external_reference = models.CharField(max_length=200, blank=True, default="")
    carrier = models.CharField(max_length=80, blank=True, default="")
    tracking = models.CharField(max_length=80, blank=True, default="")
    converted_to = models.CharField(max_length=16, choices=Resolution.choices, blank=True, default="")
    # The refunds that pay a balance in the customer's favor share this proposal.
    proposal = models.UUIDField(null=True, blank=True)
    # Sent before its goods came: past this instant they are overdue.
    exposure_due_at = models.DateTimeField(null=True, blank=True)
    proposed_at = models.DateTimeField(default=now)
    released_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rma", "ordinal"], name="one_exchange_an_ordinal"),
            models.CheckConstraint(condition=Q(status__in=ExchangeStatus.values), name="exchange_status_is_known"),
            models.CheckConstraint(condition=Q(credit__gte=0, sale__gte=0), name="exchange_sides_are_gross"),
            models.CheckConstraint(
                condition=Q(resolution=Resolution.EXCHANGE) | Q(resolution=Resolution.REPLACEMENT, credit=0, sale=0),
                name="replacement_moves_no_money",
            ),
            models.CheckConstraint(
                condition=Q(assessment__isnull=True) | Q(resolution=Resolution.REPLACEMENT),
                name="warranty_is_made_good_by_replacements",
            ),
            models.UniqueConstraint(
                fields=["assessment"],
                condition=~Q(status__in=[X.CONVERTED, X.CANCELED]),
                name="one_replacement_an_assessment",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | Q(status=X.SHIPPED), name="settled_after_shipping"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="exchange_by_status"),
            models.Index(fields=["proposal"], condition=Q(proposal__isnull=False), name="exchange_proposal"),
            models.Index(
                fields=["exposure_due_at"], condition=Q(exposure_due_at__isnull=False), name="exchange_exposure"
            ),
        ]

    def __str__(self) -> str:
        return f"exchange {self.rma.number}-X{self.ordinal}"

    @property
    def effect_key(self) -> str:
        """The key under which the warehouse ships it, once."""
        return f"ship:{self.id}"

    @property
    def balance(self) -> int:
        """What the customer owes (above nothing) or is owed (below), in minor units: sale less credit."""
        return self.sale - self.credit

    def as_subject(self) -> Subject:
        """Return it as the subject of events, in the lane and scope of its return."""
        rma = self.rma.as_subject()
        return Subject("exchange", self.id, rma.correlation_id, rma.lane, rma.region, rma.brand, rma.channel)

    @transition(field=status, source=X.PROPOSED, target=X.RESERVED)
    def reserve(self) -> None:
        """Its goods are held for the customer."""

    @transition(field=status, source=X.RESERVED, target=X.AWAITING_PAYMENT)
    def await_payment(self) -> None:
        """The customer owes a balance, which is never charged by itself."""

    @transition(field=status, source=X.AWAITING_PAYMENT, target=X.RESERVED)
    def take_payment(self) -> None:
        """The balance is paid."""

    @transition(field=status, source=[X.RESERVED, X.AWAITING_PAYMENT], target=X.PROPOSED)
    def lose_stock(self) -> None:
        """What was held for it is gone or no longer held: it must be reserved anew."""

    @transition(field=status, source=X.RESERVED, target=X.RELEASED)
    def release(self) -> None:
        """The new goods may go."""
        self.released_at = now()

    @transition(field=status, source=X.RELEASED, target=X.SHIPPED)
    def ship(self) -> None:
        """The new goods went."""
        self.shipped_at = now()

    @transition(field=status, source=[*PENDING, X.RELEASED], target=X.CONVERTED)
    def convert(self) -> None:
        """The customer gets money or credit instead; after release only where nothing was sent, the service checks."""
        self.ended_at = now()

    @transition(field=status, source=[*PENDING, X.RELEASED], target=X.CANCELED)
    def cancel(self) -> None:
        """Given up; after release only where nothing was sent, the service checks."""
        self.ended_at = now()


class ExchangeLine(models.Model):
    """Which units of a return line come back for which goods. A unit is exchanged once (invariant 9)."""

    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="exchange_lines")
    quantity = models.PositiveIntegerField()
    units = models.JSONField(default=list, blank=True)
    wanted_sku = models.CharField(max_length=64)
    wanted_title = models.CharField(max_length=200, blank=True, default="")
    wanted_quantity = models.PositiveIntegerField()
    unit_price = models.BigIntegerField(default=0)
    taxes = models.JSONField(default=list, blank=True)
    reservation = models.ForeignKey(Reservation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0, wanted_quantity__gt=0), name="exchange_line_has_units"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="exchange_price_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line_id} for {self.wanted_quantity} × {self.wanted_sku}"


class ExchangeComponent(models.Model):
    """A part of one gross side in minor units; the parts of a side sum to it. Append-only: frozen at proposal."""

    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="components")
    exchange_line = models.ForeignKey(ExchangeLine, on_delete=models.PROTECT, related_name="components")
    side = models.CharField(max_length=8, choices=ExchangeSide.choices)
    kind = models.CharField(max_length=16, choices=ComponentKind.choices)
    order_line = models.ForeignKey(OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=40, blank=True, default="")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="exchange_component_is_positive")]

    def __str__(self) -> str:
        return f"{self.side} {self.kind} {self.amount}"


class ExchangePayment(models.Model):
    """Money that the customer paid for the balance of an exchange, once for each reference; append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="payments")
    gateway = models.CharField(max_length=40)
    external_reference = models.CharField(max_length=200)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    recorded_by = models.CharField(max_length=120)
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="exchange_payment_is_positive"),
            models.UniqueConstraint(fields=["gateway", "external_reference"], name="one_exchange_payment_a_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} by {self.gateway}"
