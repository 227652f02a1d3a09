"""Take what is expected in from a CSV."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reconciliation.management.commands.import_settlement import ACTOR, account_of, matched_words
from reconciliation.reading.expectations import LANES
from reconciliation.services.importing import import_expectations
from reconciliation.services.reconciling import reconcile
from retailops.lib.errors import DomainError


class Command(BaseCommand):
    """`manage.py import_expectations FILE --lane payment`."""

    help = (
        "Take expectations in from a CSV with the columns refund_ref, order_ref, lane, psp_refund_ref, amount, "
        "currency, approved_on, note (major units; a refund is negative); the same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file and the lane of lines that name none."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--lane", choices=sorted(LANES), default="payment", help="of lines that name no lane")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it in, match, and say what came of it."""
        try:
            with options["file"].open("rb") as content:
                done = import_expectations(
                    actor=ACTOR, lane=options["lane"], name=options["file"].name, content=content
                )
        except (DomainError, OSError) as refused:
            raise CommandError(str(getattr(refused, "detail", refused))) from refused
        self.stdout.write(account_of(done))
        if not done.repeated:
            self.stdout.write(matched_words(reconcile(actor=ACTOR)))
