"""What is decided about goods and not yet acknowledged by the owner of the stock, for comparisons with its count."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from inventory.enums import Disposition
from inventory.in_flight import InFlight, register_in_flight
from returns.enums import DispositionStatus
from returns.models import DispositionSlice

UNDER_WAY = (DispositionStatus.DECIDED, DispositionStatus.POSTING, DispositionStatus.POST_FAILED)


def register() -> None:
    """Let comparisons ask for it."""
    register_in_flight(undecided_at)


def undecided_at(location_id: UUID, as_of: datetime) -> Iterable[InFlight]:
    """Return the slices that were decided by then at the location and acknowledged later, or not at all yet."""
    rows = DispositionSlice.objects.filter(
        Q(status__in=UNDER_WAY) | Q(posted_at__gt=as_of),
        inspection__location=location_id,
        inspection__recorded_at__lte=as_of,
    )
    for sku, target, quantity in rows.values_list("line__sku", "disposition", "quantity"):
        yield InFlight(sku, Disposition.PENDING_INSPECTION, target, quantity)
