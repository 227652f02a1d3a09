"""Regular work: what came is matched within seconds, what is late is told within the hour."""

from reconciliation.models import Lane, OpenItem
from reconciliation.services.reconciling import reconcile
from retailops.accounts.actor import Actor
from retailops.events.sweeps import register_sweep

SWEEP = Actor.system("reconciliation")


def register() -> None:
    """Register the sweeps."""
    register_sweep("reconciliation.match", match_queued, every=10)
    register_sweep("reconciliation.due", tell_late, every=3600)


def match_queued() -> int:
    """Match the lanes in which something came or learned a key; return how much was done."""
    lanes = OpenItem.objects.filter(queued=True).order_by().values_list("lane", flat=True).distinct()
    waiting = [Lane(lane) for lane in lanes]
    return reconcile(actor=SWEEP, lanes=waiting).total if waiting else 0


def tell_late() -> int:
    """Look at all lanes for what is late or was never expected; return how much was done."""
    return reconcile(actor=SWEEP).total
