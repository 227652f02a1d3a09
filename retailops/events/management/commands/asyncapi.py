"""`manage.py asyncapi`: print the event catalogue as an AsyncAPI 3 document."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from retailops.events.asyncapi import document


class Command(BaseCommand):
    """Prints the document with sorted keys, so that a committed copy shows real differences only."""

    help = "Print the event catalogue as AsyncAPI 3. Example: manage.py asyncapi > docs/asyncapi.json"
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        self.stdout.write(json.dumps(document(), indent=2, sort_keys=True, ensure_ascii=False))
