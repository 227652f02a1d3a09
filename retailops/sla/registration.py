"""What this app hooks into the kernel."""

from retailops.events import catalog
from retailops.events.sweeps import register_sweep
from retailops.sla import (
    deliveries,
    events,  # noqa: F401  # registers on import
)
from retailops.sla.following import follow
from retailops.sla.sweeping import look_at_clocks


def register() -> None:
    """Register the follower of published events and the sweep."""
    catalog.follow(follow)
    register_sweep("sla.clocks", look_at_clocks)
    register_sweep("sla.deliveries", deliveries.follow_deliveries, every=deliveries.EVERY_SECONDS)
