"""Match what is open, and tell what does not match."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reconciliation.management.commands.import_settlement import ACTOR, matched_words
from reconciliation.models import MATCHED_LANES, Lane
from reconciliation.services.reconciling import reconcile


class Command(BaseCommand):
    """`manage.py reconcile --as-of 2026-11-30 --lane payment`."""

    help = "Match all that is open and open discrepancies of what is late by that day. Safe to stop and to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the day and the lane."""
        parser.add_argument("--as-of", type=date.fromisoformat, help="the day, as 2026-11-30; default: today")
        parser.add_argument("--lane", choices=[str(lane) for lane in MATCHED_LANES], help="default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Match, and say what came of it."""
        lanes = [Lane(options["lane"])] if options["lane"] else MATCHED_LANES
        self.stdout.write(matched_words(reconcile(actor=ACTOR, as_of=options["as_of"], lanes=lanes)))
