"""Celery tasks of the connectors: thin, nothing in them that may not be lost."""

from celery import shared_task

from connectors.inbox_worker import process_due

BATCH = 500


@shared_task(name="connectors.process_inbox")
def process_inbox() -> None:
    """Look now at the inbox."""
    process_due(BATCH)
