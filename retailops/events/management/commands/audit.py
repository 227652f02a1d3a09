from argparse import ArgumentParser, RawDescriptionHelpFormatter
from itertools import islice
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from retailops.lib.audit import Audit, audits

EXAMPLES = """examples:
  manage.py audit                      prove every invariant
  manage.py audit --only money         those whose name contains "money"
  manage.py audit --list               name them
"""


class Command(BaseCommand):
    """Prove every invariant over the whole database: one line each; exits 1 on a breach and lists its subjects."""

    help = "Prove every invariant over the whole database; exits 1 when one is broken."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Show the examples as they are written."""
        parser = super().create_parser(prog_name, subcommand, epilog=EXAMPLES, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a part of a name, and how many breaches to list."""
        parser.add_argument("--only", default="", metavar="TEXT", help="only audits whose name contains it")
        parser.add_argument("--limit", type=int, default=20, help="how many breaches of one audit to list (20)")
        parser.add_argument("--list", action="store_true", help="name the audits and run none")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the audits one after another; the first line of each says what it proves."""
        chosen = [audit for audit in audits() if options["only"] in audit.name]
        if not chosen:
            raise CommandError(f"no audit's name contains {options['only']!r}")
        if options["list"]:
            self.stdout.write("\n".join(_title(audit) for audit in chosen))
            return
        broken = [audit for number, audit in enumerate(chosen, 1) if self._run(audit, number, len(chosen), options)]
        if broken:
            raise CommandError(f"{len(broken)} of {len(chosen)} audits found breaches", returncode=1)
        self.stdout.write(self.style.SUCCESS(f"{len(chosen)} audits passed"))

    def _run(self, audit: Audit, number: int, of: int, options: dict[str, Any]) -> bool:
        started = perf_counter()
        self.stdout.write(f"[{number:>2}/{of}] {_title(audit):<70} ", ending="")
        self.stdout.flush()
        breaches = iter(audit.run())
        shown = list(islice(breaches, options["limit"]))
        more = sum(1 for _ in breaches)
        seconds = perf_counter() - started
        if not shown:
            self.stdout.write(self.style.SUCCESS(f"ok  {seconds:6.2f} s"))
            return False
        self.stdout.write(self.style.ERROR(f"{len(shown) + more} BREACHES  {seconds:.2f} s"))
        for breach in shown:
            self.stdout.write(f"        {breach.subject}: {breach.detail}")
        if more:
            self.stdout.write(f"        and {more} more")
        return True


def _title(audit: Audit) -> str:
    return f"{f'{audit.invariant}. ' if audit.invariant else ''}{audit.name}"
