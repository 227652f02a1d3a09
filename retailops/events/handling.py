"""In-process destinations: functions that run in the transaction that records them, so effect and record are one."""

from collections.abc import Callable, Sequence
from time import perf_counter

import structlog
from django.db import transaction
from pydantic import ValidationError

from retailops.events.enums import OutcomeClass
from retailops.events.leases import is_mine
from retailops.events.raw_sql import PASSING_ERRORS
from retailops.events.recording import record_within, stubbornly
from retailops.events.sending_state import SendingState
from retailops.events.transport import Claimed, Outcome
from retailops.lib import tracing
from retailops.lib.clock import now
from retailops.lib.errors import DomainError

log = structlog.get_logger(__name__)
Handler = Callable[[Claimed], None]
_handlers: dict[str, Handler] = {}


def register_handler(name: str, handler: Handler) -> None:
    """Register the function behind the destination of kind `handler` with that name; the last one counts."""
    _handlers[name] = handler


def handle_batch(state: SendingState, batch: Sequence[Claimed]) -> None:
    """Run the destination's handler on each delivery, each in its own transaction."""
    for claimed in batch:
        _handle(state, claimed)


def _handle(state: SendingState, claimed: Claimed) -> None:
    name, parent = f"handle {claimed.event_type}", claimed.traceparent
    with tracing.span(name, trace=claimed.correlation_id, parent=parent, keep=True, handler=state.name):
        _try(state, claimed)


def _try(state: SendingState, claimed: Claimed) -> None:
    started, clock = now(), perf_counter()
    try:
        stubbornly(lambda: _in_transaction(state, claimed))
    except Exception as error:
        milliseconds = int((perf_counter() - clock) * 1000)
        log.warning("handler.failed", handler=state.name, delivery_id=str(claimed.id), exc_info=error)
        failed = _failure(claimed, error)
        record_failure = Outcome(
            claimed, failed[0], code=failed[1], message=failed[2], started_at=started, duration_ms=milliseconds
        )
        stubbornly(lambda: _record_failure(state, record_failure))


def _in_transaction(state: SendingState, claimed: Claimed) -> None:
    with transaction.atomic():
        if not is_mine(claimed):
            return
        started, clock = now(), perf_counter()
        _handlers[state.name](claimed)
        milliseconds = int((perf_counter() - clock) * 1000)
        done = Outcome(claimed, OutcomeClass.DELIVERED, started_at=started, duration_ms=milliseconds)
        record_within(state, [done], None)


def _record_failure(state: SendingState, outcome: Outcome) -> None:
    with transaction.atomic():
        record_within(state, [outcome], None)


def _failure(claimed: Claimed, error: Exception) -> tuple[OutcomeClass, str, str]:
    if isinstance(error, DomainError):
        return OutcomeClass.BUSINESS, error.code, error.detail
    if isinstance(error, ValidationError):
        return OutcomeClass.CONTRACT, "invalid_message", str(error)
    if isinstance(error, KeyError) and not isinstance(error, PASSING_ERRORS):
        return OutcomeClass.CONTRACT, "unknown_handler_or_field", f"nothing is known of {error}"
    return OutcomeClass.TRANSIENT, type(error).__name__, str(error)
