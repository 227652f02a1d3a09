"""Who tells of money, in which files, and each of their lines with what became of it."""

from django.db import models
from django.db.models import Q

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.ids import uuid7


class Source(models.Model):
    """One account at one provider that tells of money, or this house itself (`retailops`) for what it expects.

    `sign` turns the provider's sign into the merchant's (money that leaves is negative); `time_zone` and `date_format`
    read local dates; `mapping` names the columns of a generic CSV. An empty region or brand: it is of all of them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=40)
    account = models.CharField(max_length=120, blank=True, default="")
    # What payments call the gateway that this account settles.
    gateway = models.CharField(max_length=100, blank=True, default="")
    time_zone = models.CharField(max_length=64, default="UTC")
    sign = models.SmallIntegerField(default=1)
    date_format = models.CharField(max_length=40, blank=True, default="")
    mapping = models.JSONField(default=dict, blank=True)
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "account"], name="one_settlement_source_an_account"),
            models.CheckConstraint(condition=Q(sign__in=(1, -1)), name="settlement_sign_known"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.account}".strip()


class ImportFile(models.Model):
    """One file of one source; the same bytes again are the same file. Amounts of `declared` and `computed` are minor.

    `declared` is what the file says of itself (totals, counts), `computed` what its lines add up to; a file whose two
    differ is refused and is not here. Written once, in the transaction that keeps its lines.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="files")
    format = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    declared = models.JSONField(default=dict, blank=True)
    computed = models.JSONField(default=dict, blank=True)
    # How many lines had which fate; they sum to `lines`.
    fates = models.JSONField(default=dict, blank=True)
    lines = models.PositiveIntegerField()
    items = models.PositiveIntegerField()
    # The business dates that its items cover.
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    imported_by = models.CharField(max_length=120)
    imported_at = models.DateTimeField(default=now)
    region = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "sha256"], name="one_settlement_file_a_content")]

    def __str__(self) -> str:
        return self.name

    def as_subject(self) -> Subject:
        """Return it as the subject of events: a story of its own."""
        return Subject("settlement_file", self.id, self.id, str(self.id), self.region, self.brand)


class Fate(models.TextChoices):
    """What became of a line of a file."""

    ITEM = "item", "Became an item"
    UNMAPPED = "unmapped", "Kept; nobody said what its type means"
    KNOWN = "known", "Was told before, just so"
    CHANGED = "changed", "Was told before, with another amount"
    EMPTY = "empty", "Moves no money"
    CONTROL = "control", "Head, foot or total of the file"


class RawLine(models.Model):
    """A line as it came, less what names or finds a person; append-only."""

    file = models.ForeignKey(ImportFile, on_delete=models.PROTECT, related_name="raw_lines", db_index=False)
    # As counted in the file, from 1.
    line = models.PositiveIntegerField()
    fate = models.CharField(max_length=10, choices=Fate.choices)
    type = models.CharField(max_length=80, blank=True, default="")
    content = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "line"], name="one_raw_line_a_number"),
            models.CheckConstraint(condition=Q(fate__in=Fate.values), name="raw_line_fate_known"),
        ]

    def __str__(self) -> str:
        return f"line {self.line}: {self.fate}"


class SettlementBatch(models.Model):
    """One payout of a source: what its lines add up to, and what was paid out, each as it becomes known (minor units).

    `paid_out` has the merchant's sign seen from the balance at the provider: negative, money left it for the bank.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="batches")
    external_id = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    lines_net = models.BigIntegerField(default=0)
    lines = models.PositiveIntegerField(default=0)
    paid_out = models.BigIntegerField(null=True, blank=True)
    paid_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "settlement batches"
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id", "currency"], name="one_settlement_batch_an_id")
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def differs(self) -> int | None:
        """Return lines + payout, which should be nothing; None while one of the two is not known."""
        return self.lines_net + self.paid_out if self.paid_out is not None and self.lines else None
