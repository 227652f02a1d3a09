"""Translate stored messages: each in one transaction with the commands that it asks for and its own "done".

Messages of one lane are taken in the order of their arrival; one that waits for something (it came out of order) lets
later ones pass. Several workers may run at once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, transaction

from connectors import inbox_cases, meanings
from connectors.context import context_of
from connectors.failures import VendorFailure
from connectors.models import InboxKind, InboxMessage, InboxStatus
from connectors.protocol import NotYet, Translated
from connectors.registry import connector_of
from retailops.events.prepared import Prepared
from retailops.events.raw_sql import fetch
from retailops.events.updating import update_row
from retailops.lib.clock import now
from retailops.lib.errors import DomainError

log = structlog.get_logger(__name__)

# A message may wait that long for what it needs; then a person decides.
WAIT_LIMIT = timedelta(hours=24)
WAIT_STEPS = (1, 2, 5, 15, 60, 300, 900)
RETRY_STEPS = (1, 5, 30, 120, 600, 1800, 7200)
PASSING = (OperationalError, InterfaceError)
# Far below a task's time limit: a worker that is killed for its slowness does no work at all.
SECONDS = 10.0

_PICK = """
SELECT m.id FROM connectors_inboxmessage m
WHERE m.status IN ('pending', 'waiting') AND m.next_try_at <= clock_timestamp()
  AND (m.lane_key = '' OR NOT EXISTS (
      SELECT 1 FROM connectors_inboxmessage e
      WHERE e.connection_id = m.connection_id AND e.lane_key = m.lane_key AND e.status = 'pending'
        AND e.position < m.position))
ORDER BY m.next_try_at, m.position LIMIT 1 FOR UPDATE OF m SKIP LOCKED
"""


_MESSAGE = Prepared(lambda id: InboxMessage.objects.select_related("connection__destination").filter(pk=id))


@dataclass(frozen=True)
class _Trouble:
    """A message whose transaction was rolled back, and why."""

    message_id: UUID
    error: Exception


def process_due(limit: int = 500, *, seconds: float = SECONDS) -> int:
    """Translate due messages until none is left, `limit` were taken, or the time is up; return how many were taken."""
    until = time.monotonic() + seconds
    taken = 0
    while taken < limit and _process_one():
        taken += 1
        if time.monotonic() >= until:
            break
    return taken


def _process_one() -> bool:
    """Take one message; False when none is due."""
    picked: list[UUID] = []
    try:
        with transaction.atomic():
            picked += [row[0] for row in fetch(_PICK, {}, prepare=True)]
            if picked:
                _work(*_MESSAGE.all(picked[0]))
    except Exception as error:
        if not picked:
            raise
        _after_failure(picked[0], error)
    return bool(picked)


def _work(message: InboxMessage) -> None:
    """Translate within the open transaction; a refusal rolls back the commands alone."""
    try:
        with transaction.atomic():
            told = _translate(message) or Translated()
    except NotYet as missing:
        _wait(message, str(missing))
    except meanings.UnmappedCode as unknown:
        meanings.hold(message, unknown)
    except DomainError as refusal:
        _die(message, f"{refusal.code}: {refusal.detail}", inbox_cases.refused_message)
    else:
        _finish(message, told)


def _translate(message: InboxMessage) -> Translated | None:
    connector, conn = connector_of(message.connection.vendor), context_of(message.connection)
    if message.kind == InboxKind.ANSWER:
        return connector.translate_answer(conn, message)
    return connector.translate(conn, message)


def _finish(message: InboxMessage, told: Translated) -> None:
    stopped_before = bool(message.error)
    message.status, message.done_at, message.error = InboxStatus.DONE, now(), ""
    message.correlation_id = told.correlation_id or message.correlation_id
    message.result = told.result
    message.tries += 1
    update_row(message, "status", "done_at", "error", "correlation_id", "result", "tries")
    if stopped_before:
        inbox_cases.went_through(message)


def _wait(message: InboxMessage, why: str) -> None:
    limit = message.wait_until or message.received_at + WAIT_LIMIT
    if now() >= limit:
        _die(message, f"Waited in vain: {why}", inbox_cases.waited_in_vain)
        return
    _again(message, InboxStatus.WAITING, why, WAIT_STEPS)


def _again(message: InboxMessage, status: InboxStatus, why: str, steps: tuple[int, ...]) -> None:
    pause = steps[min(message.tries, len(steps) - 1)]
    message.tries += 1
    message.status, message.error = status, why[:2000]
    message.next_try_at = now() + timedelta(seconds=pause)
    message.save(update_fields=["tries", "status", "error", "next_try_at"])


def _die(message: InboxMessage, why: str, open_case: Callable[[InboxMessage], None]) -> None:
    """Stop trying and open a case, in the same transaction."""
    message.status, message.error = InboxStatus.DEAD, why[:2000]
    message.tries += 1
    message.save(update_fields=["status", "error", "tries"])
    open_case(message)


def _after_failure(message_id: UUID, error: Exception) -> None:
    """Record a technical failure, whose transaction is gone, in a transaction of its own."""
    log.warning("inbox.failed", message=str(message_id), exc_info=error)
    with transaction.atomic():
        message = InboxMessage.objects.select_for_update().select_related("connection__destination").get(pk=message_id)
        if message.status not in {InboxStatus.PENDING, InboxStatus.WAITING}:
            return
        why = f"{type(error).__name__}: {error}"
        lasting = not isinstance(error, PASSING) and not isinstance(error, VendorFailure)
        if lasting and message.tries >= len(RETRY_STEPS):
            _die(message, why, inbox_cases.failed_message)
        else:
            _again(message, InboxStatus.PENDING, why, RETRY_STEPS)
