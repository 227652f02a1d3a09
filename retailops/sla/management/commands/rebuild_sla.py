"""Rebuild the SLA clocks from the event log."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from retailops.lib.errors import DomainError
from retailops.sla.models import SlaRebuild
from retailops.sla.rebuilding import BATCH, begin_rebuild, rebuild


class Command(BaseCommand):
    """`manage.py rebuild_sla`."""

    help = (
        "Rebuild the SLA clocks from the event log: the same clocks as live. It may run beside live traffic; a stopped "
        "run goes on where it stopped. What it finds breached is counted, and nobody is alerted of it. "
        "Example: manage.py rebuild_sla"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare whether to begin anew, and the size of a batch."""
        parser.add_argument("--again", action="store_true", help="begin from the start, whatever a stopped run did")
        parser.add_argument("--batch", type=int, default=BATCH, help=f"starting events a transaction ({BATCH})")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild with a bar, and print what was done."""
        run = begin_rebuild(again=options["again"])
        try:
            self._rebuild(run, options["batch"])
        except DomainError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(
            f"{run.events} starting events; {run.entered} clocks entered, {run.corrected} corrected, the others agree."
        )

    def _rebuild(self, run: SlaRebuild, batch: int) -> None:
        first, last = run.position, run.until
        with tqdm(total=last, initial=first, unit="event", desc="clocks", file=self.stderr, disable=None) as bar:
            for position in rebuild(run, batch=max(1, batch)):
                bar.update(position - bar.n)
