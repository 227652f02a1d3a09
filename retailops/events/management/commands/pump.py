"""`manage.py pump`: the engine without Celery."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from retailops.events.pump import Pumped, pump_for, pump_until_idle

FOREVER = 10.0 * 365 * 86400


class Command(BaseCommand):
    """Send what is due, look up what is in doubt, take back expired leases, run the registered sweeps."""

    help = (
        "Run the engine in this process, without Celery: deliveries, look-ups, expired leases, inbox and other sweeps. "
        "Example: manage.py pump --once (until nothing is due), manage.py pump --for 60 (that many seconds). "
        "Without an option it runs until Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare --once, --for and --senders."""
        how_long = parser.add_mutually_exclusive_group()
        how_long.add_argument("--once", action="store_true", help="stop as soon as nothing is due")
        how_long.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="stop after that long")
        parser.add_argument("--senders", type=int, default=2, help="sender threads per destination (default 2)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Pump, with one line of progress on a terminal and a summary at the end."""
        senders = options["senders"]
        try:
            if options["once"]:
                total = pump_until_idle(seconds=FOREVER, senders=senders, seen=self._progress)
            else:
                total = pump_for(options["seconds"] or FOREVER, senders=senders, seen=self._progress)
        except KeyboardInterrupt:
            self.stdout.write("\nstopped")
            return
        self.stdout.write(("\r" if sys.stdout.isatty() else "") + _line(total))

    def _progress(self, total: Pumped) -> None:
        if sys.stdout.isatty():
            self.stdout.write("\r" + _line(total), ending="")
            self.stdout.flush()


def _line(total: Pumped) -> str:
    swept = "".join(f", {name} {count}" for name, count in total.swept.items())
    return f"{total.attempted} attempts, {total.settled} doubts settled, {total.expired} leases taken back{swept}"
