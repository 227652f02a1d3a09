"""List the open discrepancies of money."""

import json
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reconciliation.models import SETTLEMENT_TYPES, Discrepancy, DiscrepancyStatus
from retailops.lib.money import Money


class Command(BaseCommand):
    """`manage.py discrepancies --json`."""

    help = "List what was expected and did not come, or came otherwise, and is not settled; as JSON lines with --json."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the form."""
        parser.add_argument("--json", action="store_true", help="one JSON object a line, amounts in minor units")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, the oldest first."""
        for told in _told():
            if options["json"]:
                self.stdout.write(json.dumps(told, sort_keys=True))
            else:
                at_risk = Money(told["at_risk"]["amount"], told["at_risk"]["currency"])
                sides = f"expected {told['expected'] or 'nothing'}, came {told['actual'] or 'nothing'}"
                self.stdout.write(f"{told['type']:<32} {told['reference']:<40} {at_risk!s:>18}  {sides}")


def _told() -> Iterator[dict[str, Any]]:
    rows = Discrepancy.objects.filter(status=DiscrepancyStatus.OPEN, type__in=SETTLEMENT_TYPES)
    for row in rows.select_related("item").order_by("pk").iterator(chunk_size=1000):
        yield {
            "id": str(row.pk), "type": row.type, "lane": row.item.lane if row.item else "",
            "reference": row.external_id, "system": row.system, "expected": row.ours, "actual": row.theirs,
            "at_risk": Money(row.amount, row.currency).as_dict(), "opened_at": row.opened_at.isoformat(),
            "case": str(row.case_id or ""),
        }  # fmt: skip
