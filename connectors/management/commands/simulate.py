"""Let a made-up retailer trade against the sandbox, and drive returns through it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from connectors.sandbox_control import SandboxAway
from connectors.simulation.driving import Progress, case_reasons, drive
from connectors.simulation.generating import orders
from connectors.simulation.trading import Traded, trade, unfinished
from retailops.lib.clock import now


class Command(BaseCommand):
    """`manage.py simulate --orders 200 --drive`."""

    help = (
        "Make orders and returns (--orders) and drive all unfinished returns, imported ones too, through the sandbox "
        "systems until each is closed or has a case (--drive). Needs a running `make run`. "
        "Example: manage.py simulate --orders 200 --share 0.4 --seed 7 --drive"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare how much to trade and whether to drive."""
        parser.add_argument("--orders", type=int, default=0, help="how many orders to make")
        parser.add_argument("--share", type=float, default=0.4, help="share of them that is (partly) returned")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same orders, once")
        parser.add_argument("--drive", action="store_true", help="have parcels arrive, be inspected, paid and booked")
        parser.add_argument("--seconds", type=float, default=600, help="give up driving after so long")

    def handle(self, *args: Any, **options: Any) -> None:
        """Trade, then drive; exit 1 when returns are left that have neither ended nor a case."""
        if settings.PRODUCTION:
            raise CommandError("Simulation is for development: it has no sandbox in production.")
        try:
            if options["orders"]:
                self._trade(options)
            if options["drive"]:
                self._drive(options["seconds"])
        except SandboxAway as away:
            raise CommandError(f"{away} Start `make run` first.") from away

    def _trade(self, options: dict[str, Any]) -> None:
        made = list(orders(options["seed"], options["orders"], now()))
        with tqdm(desc="trading", unit="step", file=self.stderr, disable=None) as bar:
            totals = Traded()
            for step in trade(made, options["share"], options["seed"]):
                totals = step
                bar.update()
        self.stdout.write(
            f"{totals.orders + totals.shop_orders} orders ({totals.shop_orders} through the shop), "
            f"{totals.returns + totals.shop_returns} returns asked for, {totals.refused} refused by policy."
        )

    def _drive(self, seconds: float) -> None:
        returns = unfinished()
        if not returns:
            self.stdout.write("No return is on its way.")
            return
        with tqdm(desc="driving", total=len(returns), unit="return", file=self.stderr, disable=None) as bar:
            for progress in drive(returns, seconds=seconds):
                bar.n = progress.ended + progress.with_case
                bar.refresh()
        self._report(progress, case_reasons(returns))

    def _report(self, progress: Progress, cases: dict[str, int]) -> None:
        waiting = ", ".join(f"{count} wait for {what}" for what, count in sorted(progress.waiting.items()))
        self.stdout.write(
            f"{progress.total} returns: {progress.ended} ended, {progress.with_case} with a case for a person"
            + (f", {waiting}." if waiting else ".")
        )
        for kind, count in cases.items():
            self.stdout.write(f"{count:>6}  open cases: {kind}")
        for why, count in progress.refused.items():
            self.stdout.write(f"{count:>6}  approvals refused: {why}")
        if not progress.done:
            raise CommandError("Some returns are neither ended nor have a case; look at Connections and the inbox.")
