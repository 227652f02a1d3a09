"""`manage.py api_key`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from retailops.accounts.api_keys import issue_api_key
from retailops.lib.errors import Invalid


class Command(BaseCommand):
    """Issues a key of the API; it is shown once."""

    help = (
        "Issue a key of the API and print it, once. "
        "Example: manage.py api_key till-london returns:write orders:read --region uk"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare whose it is, and what it opens where."""
        parser.add_argument("name", help="whose key it is")
        parser.add_argument("scopes", nargs="+", help="what it opens: returns:write, orders:read …")
        parser.add_argument("--region", action="append", help="only there; may be given again (default: everywhere)")
        parser.add_argument("--brand", action="append", help="the same for brands")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the key. Raises CommandError naming scopes that do not exist."""
        where = {name: options[name[:-1]] for name in ("regions", "brands") if options[name[:-1]]}
        try:
            _, key = issue_api_key(options["name"], options["scopes"], **where)
        except Invalid as refused:
            raise CommandError("; ".join(fault.detail for fault in refused.errors)) from refused
        self.stdout.write(key)
