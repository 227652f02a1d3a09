"""`manage.py prepare`."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Brings the database to this version; safe to run again and by several hosts in turn."""

    help = (
        "Migrate the database; in demo mode also create the demo's people, connections and orders. "
        "Example: python manage.py prepare (once, before the web and the workers of a new version start)."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run each step in order; the first failure ends it."""
        call_command("migrate", interactive=False, verbosity=1)
        if settings.DEMO:
            call_command("demo_people")
            call_command("demo_setup")
