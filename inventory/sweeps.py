"""Regular work: reservations that nobody used in time, snapshots whose instant has settled, overdue
quarantine, expired lots, transfers that should have arrived."""

from inventory.enums import ReservationStatus
from inventory.models import Reservation
from inventory.services import expire_reservation
from inventory.services.expiry import watch_expiry
from inventory.services.quarantine import watch_quarantine
from inventory.services.snapshots import compare_due
from inventory.services.transfer_cases import watch_transfers
from retailops.accounts.actor import Actor
from retailops.events.sweeps import register_sweep
from retailops.lib.clock import now

BATCH = 200
SWEEP = Actor.system("sweep")


def register() -> None:
    """Register the sweeps."""
    register_sweep("inventory.reservations", expire_reservations, every=60)
    register_sweep("inventory.compare", compare_due, every=15)
    register_sweep("inventory.quarantine", watch_quarantine, every=600)
    register_sweep("inventory.expiry", watch_expiry, every=600)
    register_sweep("inventory.transfers", watch_transfers, every=600)


def expire_reservations() -> int:
    """Expire what is overdue, each in its own transaction; return how many were."""
    due = Reservation.objects.filter(status=ReservationStatus.HELD, expires_at__lte=now())
    ids = list(due.values_list("id", flat=True)[:BATCH])
    return sum(expire_reservation(actor=SWEEP, reservation_id=id) for id in ids)
