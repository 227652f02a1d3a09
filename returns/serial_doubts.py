"""Accepted units whose number, read at inspection, does not fit: they earn nothing by themselves."""

from collections.abc import Iterable
from uuid import UUID

from returns.enums import DispositionStatus
from returns.models.serials import SerialFinding, SliceSerial


def in_doubt(line_ids: Iterable[UUID]) -> bool:
    """Tell whether units of these return lines were accepted under a number that was not sold on the order, comes
    twice, stands elsewhere or did not come. Whether they earn anything, a person says."""
    rows = SliceSerial.objects.filter(part__line_id__in=list(line_ids), part__accepted=True)
    standing = rows.exclude(part__status=DispositionStatus.REVERSED)
    return standing.exclude(finding=SerialFinding.FITS).exists()
