"""What was matched with what: append-only rows, sealed in the transaction that writes them."""

from django.db import models
from django.db.models import Q

from reconciliation.models.items import Item, KeyType, Lane
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.ids import uuid7


class Stage(models.TextChoices):
    """Which rule matched."""

    EXACT = "exact", "Same reference, same amount"
    WEAKER = "weaker", "Same payment or order, same amount, no other candidate"
    GROUP = "group", "Same reference, equal sums"
    WITHDRAWN = "withdrawn", "Expected, and called off before it came"
    HAND = "hand", "By hand"
    REVERSAL = "reversal", "Undone"


class Match(models.Model):
    """A set of items that belong together, and why. A match is undone by another that reverses it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lane = models.CharField(max_length=10, choices=Lane.choices)
    stage = models.CharField(max_length=10, choices=Stage.choices)
    key_type = models.CharField(max_length=16, choices=KeyType.choices, blank=True, default="")
    key_value = models.CharField(max_length=200, blank=True, default="")
    rule_version = models.CharField(max_length=20)
    # The next best item of the other side, and how many minor units it is further away; none: nothing else came close.
    runner_up = models.ForeignKey(
        Item, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    margin = models.BigIntegerField(null=True, blank=True)
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by")
    reason = models.CharField(max_length=200, blank=True, default="")
    matched_by = models.CharField(max_length=120)
    matched_at = models.DateTimeField(default=now)
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=64, blank=True, default="")
    correlation_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "matches"
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="match_stage_known"),
            models.CheckConstraint(
                condition=Q(stage=Stage.REVERSAL, reverses__isnull=False)
                | ~Q(stage=Stage.REVERSAL) & Q(reverses__isnull=True),
                name="match_reversal_names_its_match",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=(Stage.HAND, Stage.REVERSAL)) | ~Q(reason=""), name="match_by_hand_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"match {self.id}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events, in the story of what it matched; in a lane of its own."""
        story = self.correlation_id or self.id
        return Subject("settlement_match", self.id, story, f"match:{self.id}", self.region, self.brand, self.channel)


class Allocation(models.Model):
    """How much of an item a match takes, with the item's sign; a reversal gives it back with the other sign."""

    pk = models.CompositePrimaryKey("match_id", "item_id")
    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="allocations")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="allocation_has_amount")]

    def __str__(self) -> str:
        return f"{self.amount} of item {self.item_id}"


class AdjustmentKind(models.TextChoices):
    """Why the two sides of a match differ."""

    FX = "fx", "Exchange"


class MatchAdjustment(models.Model):
    """What closes a match in one currency: Σ actual - Σ expected + Σ adjustments = 0."""

    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="adjustments")
    kind = models.CharField(max_length=10, choices=AdjustmentKind.choices)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="match_adjustment_has_amount"),
            models.CheckConstraint(condition=Q(kind__in=AdjustmentKind.values), name="match_adjustment_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"


class MatchSeal(models.Model):
    """Says that a match is whole: it nets to zero in each currency. No match is committed without one."""

    match = models.OneToOneField(Match, primary_key=True, on_delete=models.PROTECT, related_name="seal")
    sealed_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"seal of {self.match_id}"
