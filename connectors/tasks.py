"""Celery tasks of the connectors: thin, nothing in them that may not be lost."""

import time

from celery import shared_task

from connectors.inbox_worker import SECONDS, process_due
from connectors.nudging import nudge_inbox

BATCH = 500


@shared_task(name="connectors.process_inbox")
def process_inbox() -> None:
    """Look now at the inbox; hand on what is left after some seconds, or after a whole batch."""
    until = time.monotonic() + SECONDS
    if process_due(BATCH) == BATCH or time.monotonic() >= until:
        nudge_inbox()
