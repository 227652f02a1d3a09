"""Take a settlement file in."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reconciliation.reading import FORMATS, format_named
from reconciliation.services.importing import Imported, SourceIn, import_settlement
from reconciliation.services.reconciling import reconcile
from retailops.accounts.actor import Actor
from retailops.lib.errors import DomainError

ACTOR = Actor.system("import")


class Command(BaseCommand):
    """`manage.py import_settlement FILE --source stripe --account acct_1`."""

    help = (
        "Take a settlement file in, whole or not at all, and match what it tells; the same file again changes nothing. "
        "Example: manage.py import_settlement payouts.csv --source stripe --account acct_1"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file, whose it is, and how a new account is read."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help=f"the kind of file: {', '.join(FORMATS)}")
        parser.add_argument("--account", default="", help="the account there")
        parser.add_argument("--gateway", default="", help="what payments call it; default: the kind of file")
        parser.add_argument("--region", default="", help="the region that it is of; default: all")
        parser.add_argument("--brand", default="", help="the brand that it is of; default: all")
        parser.add_argument("--time-zone", default="UTC", help="of dates without a zone")
        parser.add_argument("--sign", type=int, choices=(1, -1), default=1, help="-1: refunds are positive there")
        parser.add_argument("--date-format", default="", help="as of strptime; default: ISO")
        parser.add_argument("--mapping", type=Path, help="JSON: the columns of a CSV, and what its types mean")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it in, match, and say what came of it."""
        told = ("account", "gateway", "region", "brand", "time_zone", "sign", "date_format")
        kind = format_named(options["source"]) or options["source"]
        try:
            mapping = json.loads(options["mapping"].read_text()) if options["mapping"] else {}
            source = SourceIn(kind, mapping=mapping, **{name: options[name] for name in told})
            with options["file"].open("rb") as content:
                done = import_settlement(actor=ACTOR, source=source, name=options["file"].name, content=content)
        except (DomainError, ValueError, OSError) as refused:
            raise CommandError(str(getattr(refused, "detail", refused))) from refused
        self.stdout.write(account_of(done))
        if not done.repeated:
            self.stdout.write(matched_words(reconcile(actor=ACTOR)))


def account_of(done: Imported) -> str:
    """Return what became of the lines of a file, in a sentence."""
    file = done.file
    if done.repeated:
        return f"{file.name}: taken in on {file.imported_at:%Y-%m-%d %H:%M} UTC already; nothing was done."
    fates = ", ".join(f"{count} {fate}" for fate, count in sorted(file.fates.items()))
    return f"{file.name}: {file.lines} lines ({fates}), {file.items} items."


def matched_words(run: Any) -> str:
    """Return what a run matched and opened, in a sentence."""
    matched = ", ".join(f"{count} {stage}" for stage, count in sorted(run.matched.items())) or "nothing"
    opened = ", ".join(f"{count} {type}" for type, count in sorted(run.opened.items())) or "none"
    return f"Matched: {matched}. New discrepancies: {opened}. Ended: {run.ended}."
