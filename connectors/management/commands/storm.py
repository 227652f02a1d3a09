"""Live thousands of returns at random through the real commands, for `manage.py audit` to look at."""

import subprocess
import sys
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from connectors.demo import connections_without_sandbox
from connectors.simulation.storm.living import live, spread
from connectors.simulation.trading import ACTOR
from inventory.services import ensure_location

LOCATION = "DC-1"


class Command(BaseCommand):
    """`manage.py storm --returns 200000 --processes 2`."""

    help = (
        "Live returns at random through the real commands, with late, repeated, stale and contradicting messages of "
        "the other systems; then prove it with `manage.py audit`. Not in production. "
        "Example: manage.py storm --returns 20000 --processes 2 --seed 7"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare how many lives, and by how many processes."""
        parser.add_argument("--returns", type=int, default=1000, help="how many returns to live (1000)")
        parser.add_argument("--processes", type=int, default=1, help="how many processes live them (1)")
        parser.add_argument("--seed", type=int, default=1, help="another seed makes other lives; the same one repeats")

    def handle(self, *args: Any, **options: Any) -> None:
        """Live them here, or have them lived by processes of this very command."""
        if settings.PRODUCTION:
            raise CommandError("A storm is for development: it would mix made-up returns with real ones.")
        ensure_location(actor=ACTOR, code=LOCATION, name="Distribution center 1", region="uk")
        connections_without_sandbox()
        if options["processes"] > 1:
            self._spread(options["seed"], options["returns"], options["processes"])
        else:
            self._live(options["seed"], options["returns"])

    def _live(self, seed: int, returns: int) -> None:
        totals: Counter[str] = Counter()
        with tqdm(desc="living", total=returns, unit="return", file=self.stderr, disable=None) as bar:
            for _ in live(seed, returns, LOCATION, totals):
                bar.update()
        self.stdout.write(
            f"{totals['returns']} returns lived: {totals['commands']} commands done, {totals['refused']} refused."
        )

    def _spread(self, seed: int, returns: int, processes: int) -> None:
        running = [
            subprocess.Popen(_command(seed * 1000 + number, share))  # noqa: S603  # this very command
            for number, share in enumerate(spread(returns, processes), start=1)
        ]
        failed = sum(1 for process in running if process.wait())
        if failed:
            raise CommandError(f"{failed} of {len(running)} processes failed; their messages are above.")


def _command(seed: int, returns: int) -> list[str]:
    return [sys.executable, sys.argv[0], "storm", "--returns", str(returns), "--seed", str(seed)]
