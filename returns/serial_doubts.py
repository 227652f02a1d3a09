"""Accepted units whose number, read at inspection, does not fit: they earn nothing by themselves."""

from collections.abc import Iterable
from uuid import UUID

from retailops.events.prepared import Prepared
from returns.enums import DispositionStatus
from returns.models.serials import SerialFinding, SliceSerial

_IN_DOUBT = Prepared(
    lambda lines: (
        SliceSerial.objects.filter(part__line_id__in=lines, part__accepted=True)
        .exclude(part__status=DispositionStatus.REVERSED)
        .exclude(finding=SerialFinding.FITS)
        .values_list("id")
    )
)


def in_doubt(line_ids: Iterable[UUID]) -> bool:
    """Tell whether units of these return lines were accepted under a number that was not sold on the order, comes
    twice, stands elsewhere or did not come. Whether they earn anything, a person says."""
    return bool(_IN_DOUBT.all(list(line_ids)))
