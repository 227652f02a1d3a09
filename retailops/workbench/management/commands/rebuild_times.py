"""Write the times of all returns, which dashboards read, anew."""

from typing import Any

from django.core.management.base import BaseCommand

from retailops.workbench.dashboards.times import rebuild


class Command(BaseCommand):
    """`manage.py rebuild_times`: safe at any moment, also while others work; the result is what the sweep keeps."""

    help = "Write the times of all returns, which dashboards read, anew. Example: manage.py rebuild_times"

    def handle(self, *args: Any, **options: Any) -> None:
        """Write all rows and say how many."""
        self.stdout.write(f"{rebuild():,} returns")
