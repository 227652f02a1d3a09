"""Regular work: reservations that nobody used in time."""

from inventory.enums import ReservationStatus
from inventory.models import Reservation
from inventory.services import expire_reservation
from retailops.accounts.actor import Actor
from retailops.events.sweeps import register_sweep
from retailops.lib.clock import now

BATCH = 200
SWEEP = Actor.system("sweep")


def register() -> None:
    """Register the sweep."""
    register_sweep("inventory.reservations", expire_reservations, every=60)


def expire_reservations() -> int:
    """Expire what is overdue, each in its own transaction; return how many were."""
    due = Reservation.objects.filter(status=ReservationStatus.HELD, expires_at__lte=now())
    ids = list(due.values_list("id", flat=True)[:BATCH])
    return sum(expire_reservation(actor=SWEEP, reservation_id=id) for id in ids)
