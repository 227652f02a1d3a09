"""Write what is expected of refunds, memos and chargebacks that were there before expectations were."""

from typing import Any

from django.core.management.base import BaseCommand

from reconciliation.services.expecting import expect_past


class Command(BaseCommand):
    """`manage.py expect_past`."""

    help = (
        "Expect the settlements and documents of all that was sent before; stopped, it goes on; again, it does nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them and say how many are new."""
        self.stdout.write(f"{expect_past()} expectations are new.")
