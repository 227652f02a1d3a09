"""What became of a file: counts by fate and reason, and the proof that lines in = lines accounted for."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from returns.models.imports import FileImport, ImportLine, LineFate


@dataclass(frozen=True)
class FateCount:
    """How many parts of lines had one fate for one reason, and how many units they stand for."""

    fate: str
    label: str
    reason: str
    parts: int
    lines: int
    units: int


@dataclass(frozen=True)
class ImportReport:
    """The whole account of one import."""

    file: FileImport
    lines_in: int
    lines_accounted: int
    counts: list[FateCount]

    @property
    def complete(self) -> bool:
        """Whether every line of the file has a fate."""
        return self.lines_in == self.lines_accounted

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data."""
        return {
            "file": self.file.file_name,
            "sha256": self.file.sha256,
            "mapping": self.file.mapping,
            "lines_in": self.lines_in,
            "lines_accounted": self.lines_accounted,
            "complete": self.complete,
            "fates": [vars(count) for count in self.counts],
        }

    def as_text(self) -> str:
        """Return the report as a plain table."""
        rows = [("lines", "units", "fate", "reason"), *(_row(count) for count in self.counts)]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        table = [f"{a:>{widths[0]}}  {b:>{widths[1]}}  {c:<{widths[2]}}  {d}".rstrip() for a, b, c, d in rows]
        left = self.lines_in - self.lines_accounted
        verdict = "every line is accounted for" if self.complete else f"{left:,} are still to be taken"
        total = f"{self.lines_in:,} lines in, {self.lines_accounted:,} accounted for: {verdict}."
        return "\n".join([*table, "", total])


def _row(count: FateCount) -> tuple[str, str, str, str]:
    return f"{count.lines:,}", f"{count.units:,}", count.label, count.reason


def report_of(file: FileImport) -> ImportReport:
    """Return the account of an import, from the ledger alone."""
    fates = ImportLine.objects.filter(file=file)
    rows = fates.values("fate", "reason").annotate(
        parts=Count("id"), lines=Count("line", distinct=True), units=Sum("quantity")
    )
    counts = [
        FateCount(r["fate"], LineFate(r["fate"]).label, r["reason"], r["parts"], r["lines"], r["units"])
        for r in rows.order_by("fate", "reason")
    ]
    accounted = fates.values("line").distinct().count()
    return ImportReport(file, file.lines, accounted, counts)
