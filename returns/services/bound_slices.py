"""Verdicts that something else builds on cannot be taken back: a claim on the supplier, a warranty assessment."""

from retailops.lib.errors import Conflict
from returns.models import ClaimLine, DispositionSlice, WarrantyAssessment


def refuse_bound(part: DispositionSlice) -> None:
    """Raise Conflict where the verdict's units are claimed, or where warranty decided them. The return is locked."""
    line = ClaimLine.objects.filter(slice=part, live=True).select_related("claim").first()
    if line is not None:
        raise Conflict(f"Claim {line.claim.number} is for these units: drop it first.", code="claimed")
    if WarrantyAssessment.objects.filter(slice=part).exists():
        raise Conflict("A warranty verdict stands on these units.", code="assessed")
