"""Tell the inbox's workers to look now. May be lost at any time: a sweep looks every few seconds."""

import time

import structlog
from django.conf import settings
from django.db import transaction

log = structlog.get_logger(__name__)
REST_SECONDS = 3.0
_resting_until = 0.0


def nudge_inbox_after_commit() -> None:
    """Nudge once the transaction has committed."""
    transaction.on_commit(nudge_inbox)


def nudge_inbox() -> None:
    """Send a nudge from this thread; while the broker is away none is tried for some seconds."""
    from connectors.tasks import process_inbox

    global _resting_until
    if not getattr(settings, "NUDGE_WORKERS", True) or time.monotonic() < _resting_until:
        return
    try:
        process_inbox.delay()
    except Exception as error:  # any broker library's error: the sweep does without
        _resting_until = time.monotonic() + REST_SECONDS
        log.warning("nudge.lost", of="inbox", error=type(error).__name__)
