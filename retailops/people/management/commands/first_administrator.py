"""`manage.py first_administrator`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from retailops.accounts.actor import Actor
from retailops.lib.errors import DomainError
from retailops.people.access import administrators_besides
from retailops.people.services.inviting import invite_person, set_password_link


class Command(BaseCommand):
    """Adds the first administrator of a new house."""

    help = (
        "Add an administrator where there is none yet, and print the link to set a password; it works once. "
        'Example: manage.py first_administrator you@example.com "Your Name"'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare who it is."""
        parser.add_argument("email")
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link. Raises CommandError where somebody administrates already."""
        if administrators_besides():
            raise CommandError("There is an administrator already: ask for an invitation.")
        try:
            person = invite_person(
                Actor.system("first start"), email=options["email"], name=options["name"], role="administrator",
                reason="first start",
            )  # fmt: skip
        except DomainError as refused:
            raise CommandError(refused.detail) from refused
        self.stdout.write(set_password_link(person))
