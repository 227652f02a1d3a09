"""Compare another system's count, from a file, with our stock."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.management.commands.import_items import told
from inventory.models import Snapshot
from inventory.reading import FORMS, snapshot_of
from inventory.services import take_snapshot
from retailops.accounts.actor import Actor
from retailops.lib.errors import DomainError


class Command(BaseCommand):
    """`manage.py import_snapshot FILE --source wms --location DC-1 --as-of 2026-11-30T06:00:00Z`."""

    help = (
        "Take another system's count of a location's stock in and compare it with ours as of its instant; the same "
        "file again changes nothing. Example: manage.py import_snapshot stock.csv --source wms --location DC-1 "
        "--as-of 2026-11-30T06:00:00Z"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file, whose it is, where and when it was counted."""
        parser.add_argument("file", type=Path, help="csv: sku, state, quantity; fba_ledger: Amazon's ledger summary")
        parser.add_argument("--source", required=True, help="name of the system, as its state map is called")
        parser.add_argument("--location", required=True, help="code of the location")
        parser.add_argument("--as-of", type=datetime.fromisoformat, help="the instant, with its zone")
        parser.add_argument("--format", choices=sorted(FORMS), default="csv")
        parser.add_argument("--reference", default="", help="the source's id of it; without one, the file's name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it in and say how it differs."""
        file: Path = options["file"]
        try:
            snapshot = snapshot_of(
                file,
                options["format"],
                source=options["source"],
                reference=options["reference"] or file.name,
                location=options["location"],
                as_of=options["as_of"],
            )
            self.stdout.write(_account(take_snapshot(actor=Actor.system("import"), snapshot=snapshot)))
        except (DomainError, ValueError, OSError) as refused:
            raise CommandError(told(refused)) from refused


def _account(row: Snapshot) -> str:
    if row.compared_at is None:
        return f"{row.row_count} rows kept; compared when its instant has settled and its source has a state map."
    unmapped = f" States without a meaning: {', '.join(row.unmapped)}." if row.unmapped else ""
    return f"{row.row_count} rows, {row.sku_count} skus compared, {row.differing_count} differ.{unmapped}"
