"""What the workbench keeps of its own: the times of each return for dashboards, and which summaries were sent."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from retailops.lib.clock import now

STAGES = ("to_decision", "to_receipt", "to_inspection", "to_refund", "to_settlement", "to_memo")
SCOPE = ["channel", "region", "brand", "gateway"]


class Standing(models.TextChoices):
    """Where an open return stands: what it waits for."""

    DECISION = "decision", "Decision"
    RECEIPT = "receipt", "Goods to arrive"
    INSPECTION = "inspection", "Inspection"
    REFUND = "refund", "Refund to be sent"
    SETTLEMENT = "settlement", "Money to be confirmed"
    MEMO = "memo", "Credit memo"
    STOCK = "stock", "Stock placement"
    CLOSING = "closing", "Close"


class ReturnTimes(models.Model):
    """One row a return: when it passed each stage, and how long that took (seconds). Its id is the return's.

    Derived: `dashboards.times` writes it from what the apps below hold, and only there. A length is null where its
    stage was not passed, or not in this order (a refund on receipt comes before inspection). `settled_at` is set while
    all money is back. `waiting` is what is owed and not paid, `refunded` what was paid, in minor units.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    channel = models.CharField(max_length=64)
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64)
    # The connection that pays its refund.
    gateway = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    # Empty: it has ended.
    standing = models.CharField(max_length=12, choices=Standing.choices, blank=True)
    standing_since = models.DateTimeField(null=True)
    requested_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    posted_at = models.DateTimeField(null=True)
    placed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cycle = models.IntegerField(null=True)
    to_decision = models.IntegerField(null=True)
    to_receipt = models.IntegerField(null=True)
    to_inspection = models.IntegerField(null=True)
    to_refund = models.IntegerField(null=True)
    to_settlement = models.IntegerField(null=True)
    to_memo = models.IntegerField(null=True)
    # From queueing a credit memo to the ERP's word, and from the verdict to the stock owner's.
    erp_posting = models.IntegerField(null=True)
    stock_sync = models.IntegerField(null=True)
    # A person decided, corrected or repeated something, or a case was opened; handling the goods does not count.
    touched = models.BooleanField(default=False)
    refunded = models.BigIntegerField(default=0)
    waiting = models.BigIntegerField(default=0)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["settled_at"],
                include=[*SCOPE, "cycle", *STAGES, "touched", "currency", "refunded"],
                condition=Q(settled_at__isnull=False),
                name="times_refunded",
            ),
            models.Index(fields=["requested_at"], include=[*SCOPE, "settled_at"], name="times_requested"),
            models.Index(fields=["ended_at"], include=SCOPE, condition=Q(ended_at__isnull=False), name="times_ended"),
            models.Index(
                fields=["requested_at"],
                include=[*SCOPE, "standing", "standing_since", "currency", "waiting"],
                condition=Q(ended_at__isnull=True),
                name="times_open",
            ),
            models.Index(
                fields=["posted_at"],
                include=[*SCOPE, "erp_posting"],
                condition=Q(erp_posting__isnull=False),
                name="times_posted",
            ),
            models.Index(
                fields=["placed_at"],
                include=[*SCOPE, "stock_sync"],
                condition=Q(stock_sync__isnull=False),
                name="times_placed",
            ),
            # What waits, by return: the money of clocks is joined from here.
            models.Index(fields=["id"], include=["currency", "waiting"], condition=Q(waiting__gt=0), name="times_owed"),
            # What the filter offers.
            models.Index(fields=["brand"], name="times_brand"),
        ]

    def __str__(self) -> str:
        return f"times of {self.id}"


class Lengths(models.Model):
    """The lengths (seconds) of one stage that fall into one bucket, of one UTC day's refunds of one channel, in order.

    Kept by triggers of the table of times, in the transaction that writes them (see the migration): for each region,
    and once more for all regions under `EVERYWHERE`. Percentiles find their bucket by `n` and then read it alone.
    """

    pk = models.CompositePrimaryKey("region", "day", "stage", "bucket", "channel")
    region = models.CharField(max_length=32, db_collation="C")
    day = models.DateField()
    # A column of `ReturnTimes`: the cycle, or one of STAGES.
    stage = models.CharField(max_length=16, db_collation="C")
    # `workbench_bucket(length)`: it never falls as lengths grow.
    bucket = models.SmallIntegerField()
    channel = models.CharField(max_length=64, db_collation="C")
    n = models.IntegerField()
    lengths = ArrayField(models.IntegerField())

    def __str__(self) -> str:
        return f"{self.n} × {self.stage} in {self.bucket} on {self.day}"


class ReturnSums(models.Model):
    """How many returns were asked for, paid back and ended in one hour of UTC, by all that filters ask.

    Kept by triggers of the table of times, in the transaction that writes them (see the migration). `completed` are
    those asked for in this hour whose money is back by now; `untouched` are among the `settled`. `refunded` is what was
    paid on the settled ones, in minor units.
    """

    pk = models.CompositePrimaryKey("at", "region", "brand", "channel", "gateway", "currency")
    at = models.DateTimeField()
    region = models.CharField(max_length=32, db_collation="C")
    brand = models.CharField(max_length=64, db_collation="C")
    channel = models.CharField(max_length=64, db_collation="C")
    gateway = models.CharField(max_length=100, db_collation="C")
    currency = models.CharField(max_length=3, db_collation="C")
    asked = models.IntegerField()
    completed = models.IntegerField()
    settled = models.IntegerField()
    untouched = models.IntegerField()
    refunded = models.BigIntegerField()
    ended = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.at:%F %H} {self.channel}: {self.asked} asked, {self.settled} settled, {self.ended} ended"


class DeliveryFlow(models.Model):
    """A part of the deliveries to other systems that ended (delivered or stopped) in one hour of UTC.

    Each change of a delivery that has ended adds a row, so that no two wait for each other; `dashboards.flows.fold`
    puts the rows of one hour together. The sum over the rows is exact at every instant, folded or not. `at_once` are
    among the `ended`: delivered by their first attempt.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    destination = models.ForeignKey(
        "events.Destination", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    ended = models.IntegerField()
    at_once = models.IntegerField()
    folded = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["at"],
                include=["region", "brand", "channel", "destination", "ended", "at_once"],
                name="delivery_flow_at",
            ),
            models.Index(fields=["id"], condition=Q(folded=False), name="delivery_flow_loose"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%F %H} {self.channel}: {self.ended} ended, {self.at_once} at once"


class ClockFlow(models.Model):
    """A part of the clocks that were met in one hour of UTC (`DeliveryFlow` says how); `kept` are those in time."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    name = models.CharField(max_length=60, db_collation="C")
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    connection = models.CharField(max_length=100)
    met = models.IntegerField()
    kept = models.IntegerField()
    folded = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["at"],
                include=["name", "region", "brand", "channel", "connection", "met", "kept"],
                name="clock_flow_at",
            ),
            models.Index(fields=["id"], condition=Q(folded=False), name="clock_flow_loose"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%F %H} {self.name}: {self.met} met, {self.kept} in time"


class ClockMoney(models.Model):
    """A clock with the money that waits for it: what is owed on its return, or the amount of its refund (a view).

    Null where nothing is owed. Columns are those of `SlaClock`; the database leaves out what is not asked for.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    policy = models.ForeignKey("sla.SlaPolicy", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    name = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    correlation_id = models.UUIDField()
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    connection = models.CharField(max_length=100)
    state = models.CharField(max_length=8)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    at_stake = models.BigIntegerField(null=True)
    told_in = models.CharField(max_length=3, null=True)  # noqa: DJ001  # a view's column: null where nothing is owed

    class Meta:
        managed = False
        db_table = "workbench_clockmoney"

    def __str__(self) -> str:
        return f"{self.name} {self.subject_type}/{self.subject_id}"


class ClockCell(models.Model):
    """Promise and scope of late clocks, once for all that share them: counts are grouped by its number."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=60, db_collation="C")
    region = models.CharField(max_length=32)
    brand = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    connection = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["name", "region", "brand", "channel", "connection"], name="one_clock_cell")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.region}/{self.brand} {self.channel}"


class LateClock(models.Model):
    """What boards count of a clock that has breached, with the money that waits for it: a narrow copy of `ClockMoney`.

    Kept by triggers: a clock has it in its own transaction; the money follows the times of its return.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    cell = models.ForeignKey(ClockCell, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    subject_id = models.UUIDField(db_index=True)
    state = models.CharField(max_length=8)
    started_at = models.DateTimeField()
    breached_at = models.DateTimeField()
    at_stake = models.BigIntegerField(null=True)
    told_in = models.CharField(max_length=3, null=True, db_collation="C")  # noqa: DJ001  # null where nothing is owed

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["breached_at"],
                include=["cell", "told_in", "at_stake"],
                condition=~Q(state="canceled"),
                name="late_clock_breached",
            ),
            models.Index(
                fields=["cell"],
                include=["told_in", "at_stake", "started_at"],
                condition=Q(state__in=["running", "paused"]),
                name="late_clock_open",
            ),
        ]

    def __str__(self) -> str:
        return f"late {self.id}: {self.state}"


class WeeklySummary(models.Model):
    """A summary that was sent to somebody; the week makes it go once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # The Monday that the week begins with, in the person's time zone.
    week = models.DateField()
    sent_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "week"], name="one_summary_a_week")
        ]

    def __str__(self) -> str:
        return f"summary of {self.week}"
