"""Live thousands of returns at random through the real commands, for `manage.py audit` to look at."""

import os
import subprocess
import sys
from argparse import SUPPRESS
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from connectors.demo import connections_without_sandbox
from connectors.sandbox_control import SandboxAway
from connectors.simulation.storm.ground import prepared
from connectors.simulation.storm.living import Storm, Totals, chunks_of, live, spread
from connectors.simulation.storm.report import lines_of
from connectors.simulation.storm.telling import Systems, systems


class Command(BaseCommand):
    """`manage.py storm --returns 200000 --processes 2`."""

    help = (
        "Live returns of every kind at random through the real commands, with late, repeated, stale, simultaneous and "
        "contradicting messages; then prove it with `manage.py audit`. Other systems' words are made up, or, with "
        "--faults, are those of the running sandbox, which the real engine tells of everything; then `manage.py "
        "compare_books` proves the books as well. The same seed goes on where it was stopped. Not in production. "
        "Example: manage.py storm --returns 20000 --processes 2 --seed 7 --faults"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare how many lives, by how many processes, and who speaks for other systems."""
        parser.add_argument("--returns", type=int, default=1000, help="how many returns to live (1000)")
        parser.add_argument("--processes", type=int, default=1, help="how many processes live them (1)")
        parser.add_argument("--seed", type=int, default=1, help="another seed makes other lives; the same one repeats")
        parser.add_argument("--faults", action="store_true", help="deliver to the running sandbox, its faults on")
        parser.add_argument("--settle", type=float, default=600, help="seconds to wait for what is owed then (600)")
        parser.add_argument("--refusals", action="store_true", help="list the commonest refusals as well")
        parser.add_argument("--part", action="store_true", help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Live them here, or have them lived by processes of this very command."""
        if settings.PRODUCTION:
            raise CommandError("A storm is for development: it would mix made-up returns with real ones.")
        try:
            self._storm(options)
        except SandboxAway as away:
            raise CommandError(f"{away} Start `make run` first, or the sandbox alone.") from away

    def _storm(self, options: dict[str, Any]) -> None:
        if not options["faults"]:
            connections_without_sandbox()
        ground = prepared()
        if options["part"]:
            self._live(Storm(ground, Totals(), at_once=True, systems=Systems() if options["faults"] else None), options)
            return
        with systems() if options["faults"] else nullcontext() as told:
            if options["processes"] > 1:
                self._spread(options)
            else:
                self._live(Storm(ground, Totals(), at_once=True, systems=told), options)
            if told and (left := told.settle(options["settle"])):
                raise CommandError(f"{left} deliveries and messages are still on their way.")

    def _live(self, storm: Storm, options: dict[str, Any]) -> None:
        returns = options["returns"]
        with tqdm(desc="living", total=returns, unit="return", file=self.stderr, disable=None) as bar:
            for lived in live(options["seed"], chunks_of(returns), returns, storm):
                bar.update(lived)
        self.stdout.write("\n".join(lines_of(options["seed"], storm.totals, refusals=options["refusals"])))

    def _spread(self, options: dict[str, Any]) -> None:
        running = [
            subprocess.Popen(_command(options, number, share), env=os.environ | {"PUBLIC_URL": settings.PUBLIC_URL})  # noqa: S603  # this very command
            for number, share in enumerate(spread(options["returns"], options["processes"]), start=1)
        ]
        failed = sum(1 for process in running if process.wait())
        if failed:
            raise CommandError(f"{failed} of {len(running)} processes failed; their messages are above.")


def _command(options: dict[str, Any], number: int, returns: int) -> list[str]:
    seed = str(options["seed"] * 1000 + number)
    flags = [f"--{name}" for name in ("faults", "refusals") if options[name]]
    return [sys.executable, sys.argv[0], "storm", "--part", "--returns", str(returns), "--seed", seed, *flags]
