"""`manage.py compare_books`: our refunds, memos and placements against the sandbox's own books."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.books import compare
from connectors.sandbox_control import SandboxAway


class Command(BaseCommand):
    """Exits with 1 when anything was done twice, is missing, or differs in amount."""

    help = "Compare refunds, credit memos and placements with the sandbox's books; exits 1 on a difference."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was compared and every difference."""
        try:
            comparison = compare()
        except SandboxAway as away:
            raise CommandError(str(away)) from away
        for kind, count in comparison.counts.items():
            self.stdout.write(f"{count:>8}  {kind}")
        for difference in comparison.differences:
            self.stderr.write(f"{difference.system}: {difference.key} {difference.what}")
        if comparison.differences:
            raise CommandError(f"{len(comparison.differences)} differences", returncode=1)
        self.stdout.write("The books agree: nothing twice, nothing missing.")
