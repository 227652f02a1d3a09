"""`manage.py up`."""

import os
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from retailops.runtime.state import AlreadyRunning
from retailops.runtime.up import SANDBOX_PORT, WEB_PORT, Up


class Command(BaseCommand):
    """Runs all of RetailOps on this machine until Ctrl-C."""

    help = (
        "Run everything on this machine: PostgreSQL, Redis, migrations, demo, sandbox systems, web, workers and beat. "
        "Example: python manage.py up --port 8080. DATABASE_URL and REDIS_URL replace the embedded servers."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare where to listen and whether the demo is seeded."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=WEB_PORT, help="first choice; a taken one gives the next free")
        parser.add_argument("--sandbox-port", type=int, default=SANDBOX_PORT, help="the same for the sandbox systems")
        parser.add_argument("--no-demo", action="store_true", help="neither demo people nor sandbox systems")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop. Raises CommandError with one plain sentence when it cannot."""
        if settings.PRODUCTION:
            raise CommandError(
                "`up` is for one machine and demo data; in production run deploy/compose.yaml's processes."
            )
        demo = not options["no_demo"] and os.environ.get("RETAILOPS_DEMO") != "0"
        up = Up(
            settings.BASE_DIR,
            settings.EMBEDDED,
            self._say,
            host=options["host"],
            port=options["port"],
            wanted_sandbox_port=options["sandbox_port"],
            demo=demo,
        )
        self._began = time.monotonic()
        try:
            up.run()
        except (AlreadyRunning, RuntimeError, PermissionError) as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        stamp = f"[{time.monotonic() - self._began:5.1f} s] " if line and not line.startswith(" ") else ""
        self.stdout.write(stamp + line)
        sys.stdout.flush()
