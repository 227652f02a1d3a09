"""Regular work: compare snapshots whose instant has settled, look for quarantine that is overdue."""

from inventory.services.quarantine import watch_quarantine
from inventory.services.snapshots import compare_due
from retailops.events.sweeps import register_sweep


def register() -> None:
    """Register the sweeps."""
    register_sweep("inventory.compare", compare_due, every=15)
    register_sweep("inventory.quarantine", watch_quarantine, every=600)
