"""`manage.py prepare`."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Command(BaseCommand):
    """Brings the database to this version; safe to run again and by several hosts in turn."""

    help = (
        "Migrate the database; in demo mode also create the demo's people, connections and orders. "
        "Example: python manage.py prepare (once, before the web and the workers of a new version start)."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run each step in order; the first failure ends it."""
        if migrations_are_due():
            call_command("migrate", interactive=False, verbosity=1)
        else:
            # Finding that out costs `migrate` half of a later start: it renders every model of every version.
            self.stdout.write("No migrations to apply.")
        if settings.DEMO:
            call_command("demo_people")
            call_command("demo_setup")


def migrations_are_due() -> bool:
    """Tell whether the database lacks a migration of this version."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
