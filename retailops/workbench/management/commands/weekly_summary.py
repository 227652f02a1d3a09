"""Send the weekly summary to one person, whatever the day."""

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from retailops.accounts.actor import can
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission
from retailops.workbench.dashboards import weekly


class Command(BaseCommand):
    """`manage.py weekly_summary --to …`: the person's own scope and time zone; sent again if it was sent before."""

    help = "Send last week's summary to one person. Example: manage.py weekly_summary --to ada@shop.example"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the person and the week."""
        parser.add_argument("--to", required=True, metavar="EMAIL", help="whom it is for")
        parser.add_argument(
            "--week", type=date.fromisoformat, metavar="DATE", help="a day of another week than the last"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Send it, or say why not."""
        user = User.objects.filter(email=options["to"].lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody signs in with {options['to']}.")
        if not can(user.actor(), Permission.DASHBOARDS_VIEW):
            raise CommandError(f"{user.email} may not see dashboards: give a role first.")
        day: date | None = options["week"]
        monday = weekly.last_monday(user) if day is None else day - timedelta(days=day.weekday())
        summary = weekly.summary_of(user, monday)
        weekly.send(summary)
        self.stdout.write(f"Sent to {user.email}: {summary.subject}")
