"""`manage.py demo_people`."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from retailops.runtime.demo import seed_people, sign_in_lines


class Command(BaseCommand):
    """Creates one person for each role; refuses outside demo mode."""

    help = (
        "Create the demo's people, one for each role, where they are missing. Needs demo mode. "
        "Example: RETAILOPS_DEMO=1 python manage.py demo_people"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed and show the sign-ins. Raises CommandError outside demo mode."""
        if not settings.DEMO:
            raise CommandError(
                "Demo people have a published password: set RETAILOPS_DEMO=1 outside production to have them."
            )
        made = seed_people()
        self.stdout.write("\n".join([f"{made} new demo people", *sign_in_lines()]))
