"""Celery task of bulk operations: a nudge with an id, nothing in it that may not be lost."""

import time
from uuid import UUID

from celery import shared_task

from retailops.replays.models import BulkOperation
from retailops.replays.working import AT_WORK, advance, nudge

TURN_SECONDS = 3.0
THREADS = 8
# A run waits for its rate or for answers: looked at again so soon.
WAIT_SECONDS = 0.3


@shared_task(name="bulk.work")
def work(operation_id: str) -> None:
    """Work on one operation for some seconds, then hand on, so that other work gets its turn."""
    until = time.monotonic() + TURN_SECONDS
    while time.monotonic() < until:
        moved = advance(UUID(operation_id), seconds=max(0.1, until - time.monotonic()), threads=THREADS)
        if moved is None or not BulkOperation.objects.filter(pk=operation_id, status__in=AT_WORK).exists():
            return
        if not moved:
            time.sleep(WAIT_SECONDS)
    nudge(UUID(operation_id))
