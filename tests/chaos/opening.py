"""`python -m tests.chaos.opening`: connect the town to its sandbox and print an API key, as JSON.

A program of its own: the tests' process works on another database.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

import django

# Shorter than in production, so that a test can wait for them; nothing else is different. A call that takes longer than
# its timeout is given up, a lease outlives the call, and "not there" is believed only after the slowest call is over.
LIMITS: Mapping[str, Any] = {
    "timeout_seconds": 3,
    "lease_seconds": 10,
    "look_up_seconds": 1,
    "absent_after_seconds": 8,
    "retry_schedule": [1, 1, 2, 2, 3, 3, 5, 5, 10],
}


def main() -> None:
    """Make the place, the four connections and a client of the API."""
    from connectors.demo import DEMO, ensure_connections
    from connectors.services import configure_connection
    from inventory.services import ensure_location
    from retailops.accounts.api_keys import issue_api_key
    from retailops.accounts.permissions import SCOPE_PERMISSIONS

    ensure_location(actor=DEMO, code="DC-1", name="Distribution center", region="uk")
    for connection in ensure_connections():
        configure_connection(actor=DEMO, connection_id=connection.id, limits=LIMITS, reason="short waits")
    _, key = issue_api_key("chaos", list(SCOPE_PERMISSIONS))
    print(json.dumps({"key": key}))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retailops.settings")
    django.setup()
    main()
