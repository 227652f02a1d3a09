"""Set the demo up: connections to the sandbox, rules, shelves, a few weeks of trade, and situations to try."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from connectors.demo import ensure_connections
from connectors.demo.rules import ensure_rules
from connectors.demo.scenes import BY_HAND, ensure_scenes, ensure_snapshot
from connectors.demo.shelves import ensure_shelves
from connectors.demo.shop import ensure_shop_order
from connectors.sandbox_control import SandboxAway, set_autopilot
from connectors.simulation.driving import USUAL_MIX
from connectors.simulation.generating import orders
from connectors.simulation.trading import trade
from retailops.lib.clock import now
from returns.models import Order

DEMO_ORDERS, DEMO_SHARE, DEMO_SEED = 120, 0.45, 2026
# Most parcels come by themselves, slowly enough to watch; the rest waits for whoever tries the demo.
DEMO_AUTOPILOT = {
    "enabled": True,
    "delay_ms": 3000,
    "parcels": 36,
    "grade_mix": USUAL_MIX,
    "leave_orders": list(BY_HAND),
}


class Command(BaseCommand):
    """`manage.py demo_setup`; `manage.py up` calls it."""

    help = "Set the demo up against the running sandbox; repeating it changes nothing. Example: manage.py demo_setup"

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing."""
        if not settings.DEMO:
            raise CommandError("Only in demo mode: set RETAILOPS_DEMO=1 (never in production).")
        try:
            self._set_up()
        except SandboxAway as away:
            raise CommandError(str(away)) from away

    def _set_up(self) -> None:
        connections = ensure_connections()
        self.stdout.write(f"{len(connections)} connections to the sandbox are set up.")
        ensure_rules()
        ensure_shelves()
        if not Order.objects.exists():
            self._trade()
        ensure_snapshot()
        if made := ensure_scenes() + ensure_shop_order():
            self.stdout.write(f"{made} situations to try are set up.")

    def _trade(self) -> None:
        made = list(orders(DEMO_SEED, DEMO_ORDERS, now()))
        *_, totals = trade(made, DEMO_SHARE, DEMO_SEED)
        set_autopilot(DEMO_AUTOPILOT)
        self.stdout.write(
            f"{totals.orders + totals.shop_orders} demo orders, {totals.returns} returns are on their way."
        )
