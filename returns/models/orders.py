"""Captured facts, owned by other systems and mirrored here: customers, orders, payments, shipments."""

from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models import F, Q

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.ids import uuid7


class Customer(models.Model):
    """A person who buys. Personal data stays here and in what tells where it came from; events carry the id alone.

    One that was merged points to the customer that it was merged into and keeps its values; its orders are there.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=150, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    loyalty_id = models.CharField(max_length=120, blank=True, default="")
    group = models.CharField(max_length=40, blank=True, default="")
    # Only ever set to a customer that is not merged itself (a trigger refuses another), so there is no cycle.
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")
    # Why nothing of it may be erased; empty: it may.
    legal_hold = models.CharField(max_length=200, blank=True, default="")
    erased_at = models.DateTimeField(null=True, blank=True)
    # Rises with every command on it; a form that carries an older one is stale.
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="customer_not_its_own_winner"),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(name="", email="", phone="", loyalty_id="", legal_hold=""),
                name="erased_customer_has_no_data",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)

    def as_subject(self) -> Subject:
        """Return the customer as the subject of events. It belongs to no one region: its orders do."""
        return Subject("customer", self.id, self.id, str(self.id))


class CustomerIdentity(models.Model):
    """What one system calls the customer."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    system = models.CharField(max_length=64)
    external_id = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "external_id"], name="one_customer_an_identity")]

    def __str__(self) -> str:
        return f"{self.system}:{self.external_id}"


class Order(models.Model):
    """An order as its channel told it; an older version never overwrites a newer one. Amounts in minor units."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.CharField(max_length=64)
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=120)
    version = models.BigIntegerField(default=1)
    content_hash = models.CharField(max_length=64, blank=True, default="")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="orders")
    # By which name the customer bought: where a merge is undone, the order follows it.
    identity = models.ForeignKey(
        CustomerIdentity, null=True, blank=True, on_delete=models.PROTECT, related_name="orders"
    )
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64, blank=True, default="")
    store = models.CharField(max_length=64, blank=True, default="")
    legal_entity = models.CharField(max_length=64, blank=True, default="")
    country = models.CharField(max_length=60, blank=True, default="")
    currency = models.CharField(max_length=3)
    shipping_charged = models.BigIntegerField(default=0)
    shipping_tax = models.BigIntegerField(default=0)
    placed_at = models.DateTimeField()
    correlation_id = models.UUIDField(default=uuid7)
    captured_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="one_order_a_channel_id"),
            models.CheckConstraint(
                condition=Q(shipping_charged__gte=0, shipping_tax__gte=0), name="shipping_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["number"], name="order_number"),
            models.Index(fields=["external_id"], name="order_external_id"),
            models.Index(fields=["correlation_id"], name="order_correlation"),
            # They come in the order of capture, so that ranges of blocks tell enough.
            BrinIndex(fields=["captured_at"], pages_per_range=32, autosummarize=True, name="order_captured"),
            # What boards tell of many days of capture, without the table.
            models.Index(
                fields=["region", "captured_at"],
                include=["placed_at", "channel", "brand"],
                name="orders_captured_narrow",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def as_subject(self) -> Subject:
        """Return the order as the subject of events; its lane is its own id."""
        return Subject("order", self.id, self.correlation_id, str(self.id), self.region, self.brand, self.channel)


class OrderLine(models.Model):
    """A line with its frozen allocation: what was paid for all its units, by component, in minor units.

    The share of unit k of n follows by largest remainder (`returns.allocation`): any set of units has one exact value.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines", db_index=False)
    line_no = models.PositiveIntegerField()
    external_id = models.CharField(max_length=120)
    sku = models.CharField(max_length=64)
    title = models.CharField(max_length=200, blank=True, default="")
    category = models.CharField(max_length=64, blank=True, default="")
    quantity = models.PositiveIntegerField()
    shipped_quantity = models.PositiveIntegerField(default=0)
    shipped_at = models.DateTimeField(null=True, blank=True)
    # When the last of its units reached the customer, as carrier or channel tells it.
    delivered_at = models.DateTimeField(null=True, blank=True)
    final_sale = models.BooleanField(default=False)
    # Net of discount, before tax where tax is exclusive; `discount` is what was taken off, for the record.
    net = models.BigIntegerField()
    discount = models.BigIntegerField(default=0)
    # [{"code": "VAT20", "amount": 333, "included": false}]
    taxes = models.JSONField(default=list, blank=True)
    # What was added on top of `net`: the sum of the taxes that the price did not include.
    tax = models.BigIntegerField(default=0)
    duty = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["line_no"]
        constraints = [
            models.UniqueConstraint(fields=["order", "line_no"], name="one_order_line_a_number"),
            models.UniqueConstraint(fields=["order", "external_id"], name="one_order_line_an_id"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, net__gte=0, tax__gte=0, duty__gte=0), name="order_line_amounts"
            ),
            models.CheckConstraint(condition=Q(shipped_quantity__lte=F("quantity")), name="shipped_within_ordered"),
        ]
        indexes = [models.Index(fields=["sku"], name="order_line_sku")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class Payment(models.Model):
    """A captured tender of an order. `gateway` names the connection that refunds it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments", db_index=False)
    external_id = models.CharField(max_length=120)
    gateway = models.CharField(max_length=100)
    tender = models.CharField(max_length=32, default="card")
    captured = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    charged_back = models.BigIntegerField(default=0)
    # The gateway's own ids: {"payment_intent": "pi_…", "charge": "ch_…"}
    references = models.JSONField(default=dict, blank=True)
    captured_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "external_id"], name="one_payment_an_id"),
            models.CheckConstraint(condition=Q(captured__gte=0, charged_back__gte=0), name="payment_amounts"),
        ]
        indexes = [
            models.Index(fields=["external_id"], name="payment_external_id"),
            GinIndex(fields=["references"], name="payment_references", opclasses=["jsonb_path_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.external_id}"


class Shipment(models.Model):
    """A parcel that went to the customer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments", db_index=False)
    tracking = models.CharField(max_length=80)
    carrier = models.CharField(max_length=64, blank=True, default="")
    shipped_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "tracking"], name="one_shipment_a_tracking")]
        indexes = [models.Index(fields=["tracking"], name="shipment_tracking")]

    def __str__(self) -> str:
        return self.tracking
