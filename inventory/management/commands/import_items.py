"""Take what skus are and what they are worth over from a CSV file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.reading import read_items
from inventory.services import put_items
from retailops.accounts.actor import Actor
from retailops.lib.errors import DomainError


class Command(BaseCommand):
    """`manage.py import_items FILE`."""

    help = (
        "Take items over from a CSV file: sku, title, serialized, lot_tracked, value_GBP, value_EUR … (major units). "
        "What is told of a sku replaces what was known. Example: manage.py import_items items.csv"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file."""
        parser.add_argument("file", type=Path, help="the CSV file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take all of them over, or none."""
        try:
            written = put_items(actor=Actor.system("import"), items=read_items(options["file"]))
        except (DomainError, OSError) as refused:
            raise CommandError(told(refused)) from refused
        self.stdout.write(f"{len(written)} items written.")


def told(refused: Exception) -> str:
    """Return a refusal with each of its faults on a line."""
    if not isinstance(refused, DomainError):
        return str(refused)
    return refused.detail + "".join(f"\n  {fault.pointer}: {fault.detail}" for fault in refused.errors)
