"""`python -m tests.chaos.proofs`: run the management commands named in each line of its input; answer a line of JSON.

A program that stays: loading all of RetailOps anew for every proof would take longer than the proofs.
"""

import json
import os
import sys
from io import StringIO

import django
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import DatabaseWrapper


def run(name: str) -> tuple[int, str]:
    """Run one command; return its exit code and all that it printed."""
    output = StringIO()
    try:
        call_command(name, stdout=output, stderr=output, no_color=True)
    except CommandError as error:
        return error.returncode, f"{output.getvalue()}{error}\n"
    finally:
        _forget_connections()
    return 0, output.getvalue()


def _forget_connections() -> None:
    """The server may be another one when the next proof is asked for."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    wrapper.close()
    if isinstance(wrapper, DatabaseWrapper):
        wrapper.close_pool()


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        print(json.dumps([run(name) for name in line.split()]), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retailops.settings")
    django.setup()
    main()
