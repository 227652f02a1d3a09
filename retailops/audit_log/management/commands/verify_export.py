"""`manage.py verify_export`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from retailops.audit_log.verifying import faults_of


class Command(BaseCommand):
    """Checks an export of the audit log."""

    help = (
        "Check that an export of the audit log is what left it, and name the first row that was altered, removed or "
        "added. Example: manage.py verify_export audit-2026-01-31-1a2b3c4d.zip"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the bundle, and the hash of its manifest for where the event of the export is not at hand."""
        parser.add_argument("file", type=Path, help="the bundle (ZIP)")
        parser.add_argument("--manifest-sha256", default="", help="hash of the manifest, from the event audit.exported")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say that it holds. Raises CommandError naming each fault."""
        faults = faults_of(options["file"], options["manifest_sha256"])
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write(f"{options['file'].name}: nothing was altered, removed or added")
