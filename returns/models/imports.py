"""The ledger of file imports: each line of a file and what became of it, so that no line vanishes."""

from django.db import models

from retailops.lib.clock import now
from retailops.lib.ids import uuid7


class LineFate(models.TextChoices):
    """What became of a line."""

    ORDER = "order", "Became an order line"
    RETURN = "return", "Became a return of a known purchase"
    BLIND_RETURN = "blind_return", "Became a blind return, with a case"
    STOCK_ADJUSTMENT = "stock_adjustment", "Became a stock adjustment"
    POSTAGE = "postage", "Postage, charged with its order"
    NOT_GOODS = "not_goods", "Not goods (discount, fee, manual entry)"
    REFUSED = "refused", "Could not be taken; see the reason"


class FileImport(models.Model):
    """One file under one mapping; the same file again continues or repeats nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sha256 = models.CharField(max_length=64)
    mapping = models.CharField(max_length=80)
    file_name = models.CharField(max_length=200)
    lines = models.PositiveIntegerField()
    documents = models.PositiveIntegerField()
    actor = models.CharField(max_length=120)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sha256", "mapping"], name="one_import_a_file")]

    def __str__(self) -> str:
        return self.file_name


class ImportLine(models.Model):
    """The fate of one line or of a part of it: a return line may be matched to several purchases."""

    file = models.ForeignKey(FileImport, on_delete=models.PROTECT, related_name="fates")
    line = models.PositiveIntegerField()
    part = models.PositiveSmallIntegerField(default=1)
    document = models.CharField(max_length=120)
    sku = models.CharField(max_length=64, blank=True, default="")
    quantity = models.IntegerField()
    fate = models.CharField(max_length=20, choices=LineFate.choices)
    reason = models.CharField(max_length=200, blank=True, default="")
    object_id = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "line", "part"], name="one_fate_a_line_part")]
        indexes = [models.Index(fields=["object_id"], name="import_line_object")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.fate}"
