"""Keep what was said of a parcel, within a command that holds its return."""

from datetime import datetime

from retailops.accounts.actor import Actor
from returns.models import Parcel, ParcelScan, Return


def keep_scan(
    actor: Actor, rma: Return, *, tracking: str, what: str, scanned_at: datetime, place: str = ""
) -> tuple[Parcel, bool]:
    """Return the parcel of that number, known from now on, and whether the scan is new. The return is locked."""
    parcel, _ = Parcel.objects.get_or_create(rma=rma, tracking=tracking)
    _, new = ParcelScan.objects.get_or_create(
        parcel=parcel, scanned_at=scanned_at, what=what, defaults={"place": place, "actor": actor.key}
    )
    if parcel.in_transit_at is None or scanned_at < parcel.in_transit_at:
        parcel.in_transit_at = scanned_at
        parcel.save(update_fields=["in_transit_at"])
    return parcel, new
