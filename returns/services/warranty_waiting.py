"""Units under warranty that wait for a verdict, and what is promised and not yet done."""

from collections.abc import Iterable

from returns.enums import AssessmentStatus, RemedyStatus, ReturnKind
from returns.models import Return, ReturnLine, WarrantyAssessment

T = RemedyStatus
OPEN = (T.IN_REPAIR, T.REPAIRED, T.TO_SEND_BACK, T.REPLACEMENT_DUE)


def await_assessment(rma: Return, lines: Iterable[ReturnLine]) -> None:
    """Keep one pending assessment a line for the units that arrived and were not judged. The return is locked.

    Returns of other kinds are left alone, at no cost.
    """
    if rma.kind != ReturnKind.WARRANTY:
        return
    for line in lines:
        waiting = line.received - line.inspected
        rows = WarrantyAssessment.objects.filter(line=line, status=AssessmentStatus.PENDING)
        if waiting <= 0:
            rows.delete()
        elif not rows.update(quantity=waiting):
            WarrantyAssessment.objects.create(rma=rma, line=line, quantity=waiting)


def promised_and_not_done(rma: Return) -> bool:
    """Tell whether a repair, a replacement or a parcel to the customer is owed."""
    if rma.kind != ReturnKind.WARRANTY:
        return False
    return WarrantyAssessment.objects.filter(rma=rma, progress__in=OPEN).exists()
