"""`python -m tests.events.processes.drain <destination>`: one worker that drains one destination, and can be killed."""

import sys
from uuid import UUID

import django

if __name__ == "__main__":
    django.setup()
    from retailops.events.sending import drain
    from tests.events.processes.folder import register

    register()
    print(drain(UUID(sys.argv[1]), seconds=20, senders=int(sys.argv[2]) if len(sys.argv) > 2 else 0))
