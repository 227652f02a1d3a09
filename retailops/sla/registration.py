"""What this app hooks into the kernel."""

from retailops.events import catalog
from retailops.events.sweeps import register_sweep
from retailops.sla import (
    audits,
    deliveries,
    events,  # noqa: F401  # registers on import
)
from retailops.sla.alerts import events as alert_events  # noqa: F401  # registers on import
from retailops.sla.alerts.raising import escalate_due, trouble_ended, trouble_published
from retailops.sla.alerts.troubles import ENDINGS, TROUBLES
from retailops.sla.following import follow
from retailops.sla.looking import sent_again
from retailops.sla.sweeping import look_at_clocks


def register() -> None:
    """Register the follower of published events, the sweeps and the audits."""
    audits.register()
    catalog.follow(follow)
    register_sweep("sla.clocks", look_at_clocks)
    register_sweep("sla.deliveries", deliveries.follow_deliveries, every=deliveries.EVERY_SECONDS)
    register_sweep("sla.escalations", escalate_due, every=15)
    catalog.subscribe("delivery.replayed", sent_again)
    for name in TROUBLES:
        catalog.subscribe(name, trouble_published)
    for name in ENDINGS:
        catalog.subscribe(name, trouble_ended)
