"""Look up: ask the remote whether the effect of a delivery in doubt is there. Nothing else ends a doubt."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, LiteralString
from uuid import UUID

import structlog
from django.db import connections, transaction

from retailops.events import attempts, consequences, effects, retry
from retailops.events.engine import UNLEASED_COLUMNS
from retailops.events.enums import DeliveryStatus, OutcomeClass, Trigger
from retailops.events.leases import let_go
from retailops.events.raw_sql import execute, fetch
from retailops.events.recording import record_refused_look_up, stubbornly
from retailops.events.sending_state import SendingState, read_state
from retailops.events.transport import Claimed, Finding, Outcome, Recorded, transport_of
from retailops.lib.clock import now

log = structlog.get_logger(__name__)
LONGEST_BACK_OFF_SECONDS = 900


@dataclass(frozen=True)
class Doubt:
    """A delivery to ask about: `sent_at` is when its last send began, `look_ups` how often it was asked before."""

    claimed: Claimed
    sent_at: datetime | None
    look_ups: int
    money: tuple[int | None, str]


_COLUMNS: LiteralString = UNLEASED_COLUMNS + ", d.sending_since, d.look_ups, d.amount, d.currency "

# The next look-up is set before this one is made: should this worker die, another asks again.
_PICK: LiteralString = (
    """
WITH picked AS MATERIALIZED (
    SELECT d.id FROM events_delivery d JOIN events_destination t ON t.id = d.destination_id
    WHERE d.status = 'in_doubt' AND d.next_attempt_at <= clock_timestamp() AND t.paused_at IS NULL
      AND (%(destination)s::uuid IS NULL OR d.destination_id = %(destination)s)
    ORDER BY d.next_attempt_at LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED)
UPDATE events_delivery d
SET look_ups = d.look_ups + 1, next_attempt_at = clock_timestamp() + make_interval(secs => %(hold)s)
FROM picked, events_event e WHERE d.id = picked.id AND e.id = d.event_id
RETURNING """  # noqa: S608  # constants of our own
    + _COLUMNS
)
_ONE: LiteralString = (
    "SELECT " + _COLUMNS + "FROM events_delivery d JOIN events_event e ON e.id = d.event_id WHERE d.id = %(id)s"
)
HOLD_SECONDS = 60
FIND_TIMEOUT_SECONDS = 20.0


def look_up_due(destination_id: UUID | None = None, *, limit: int = 50, threads: int = 0) -> int:
    """Ask about deliveries in doubt whose look-up is due; return how many left doubt.

    Paused destinations are not asked. `threads` asks that many at once; 0 asks one after the other in this thread.
    """
    keys = {"destination": destination_id, "limit": limit, "hold": HOLD_SECONDS, "timeout": FIND_TIMEOUT_SECONDS}
    doubts = [_doubt(row) for row in stubbornly(lambda: fetch(_PICK, keys))]
    if threads and len(doubts) > 1:
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(_look_up_in_thread, doubts))
    return sum(_look_up(doubt) for doubt in doubts)


def doubt_of(delivery_id: UUID) -> Doubt | None:
    """Return any delivery in the shape that a transport's `find` takes; None for an unknown id."""
    rows = fetch(_ONE, {"id": delivery_id, "timeout": FIND_TIMEOUT_SECONDS})
    return _doubt(rows[0]) if rows else None


def _doubt(row: Sequence[Any]) -> Doubt:
    claimed = Claimed._make(row[:-4])._replace(trigger=Trigger.LOOK_UP)
    return Doubt(claimed, row[-4], row[-3], (row[-2], row[-1]))


def ask(claimed: Claimed, kind: str) -> Finding:
    """Ask the transport; one that fails or is missing knows nothing. Makes a remote call: never in a transaction."""
    try:
        return transport_of(kind).find(claimed)
    except Exception as error:
        log.warning("look_up.failed", delivery_id=str(claimed.id), exc_info=error)
        return Finding(None, evidence={"error": f"{type(error).__name__}: {error}"})


def _look_up_in_thread(doubt: Doubt) -> bool:
    try:
        return _look_up(doubt)
    finally:
        connections.close_all()


def _look_up(doubt: Doubt) -> bool:
    state = read_state(doubt.claimed.destination_id)
    if state is None:
        return False
    started, clock = now(), perf_counter()
    finding = ask(doubt.claimed, state.kind)
    milliseconds = int((perf_counter() - clock) * 1000)
    outcome = _outcome(doubt, finding, started, milliseconds)
    return settle(doubt, finding, outcome)


def settle(doubt: Doubt, finding: Finding, outcome: Outcome) -> bool:
    """Record what was found, where the delivery is still in the same doubt; True when it left doubt."""
    try:
        return stubbornly(lambda: _in_transaction(doubt, finding, outcome))
    except Exception as error:
        if finding.present is None:
            raise
        return record_refused_look_up(doubt.claimed, outcome, error)


def _outcome(doubt: Doubt, finding: Finding, started: datetime, milliseconds: int) -> Outcome:
    result = {True: OutcomeClass.DELIVERED, False: OutcomeClass.TRANSIENT, None: OutcomeClass.IN_DOUBT}[finding.present]
    code = {True: "found", False: "absent", None: "unknown"}[finding.present]
    return Outcome(
        doubt.claimed,
        result,
        code=code,
        message={True: "Looked up: it is there.", False: "Looked up: it is not there.", None: "Looked up: no answer."}[
            finding.present
        ],
        external_reference=finding.external_reference,
        response=finding.evidence or None,
        started_at=started,
        duration_ms=milliseconds,
        answer=finding.answer,
    )


def _in_transaction(doubt: Doubt, finding: Finding, outcome: Outcome) -> bool:
    with transaction.atomic():
        state = read_state(doubt.claimed.destination_id)
        if state is None or not _still_in_doubt(doubt.claimed):
            return False
        attempts.insert([outcome])
        effects.settle_found(doubt.claimed.id, finding)
        if finding.present is None or not _believed(doubt, finding, state):
            _ask_again(doubt, finding, state)
            return False
        if finding.present:
            _found(doubt, outcome, state)
        else:
            _absent(doubt, outcome, state)
        return True


def _still_in_doubt(claimed: Claimed) -> bool:
    rows = fetch(
        "SELECT 1 FROM events_delivery WHERE id = %(id)s AND fence = %(fence)s AND status = 'in_doubt' FOR UPDATE",
        {"id": claimed.id, "fence": claimed.fence},
    )
    return bool(rows)


def _believed(doubt: Doubt, finding: Finding, state: SendingState) -> bool:
    """Tell whether the answer may be acted on: a slow remote may still be doing what it does not show yet."""
    if finding.present or doubt.sent_at is None:
        return True
    return state.moment - doubt.sent_at >= timedelta(seconds=state.absent_after_seconds)


def _ask_again(doubt: Doubt, finding: Finding, state: SendingState) -> None:
    back_off = min(LONGEST_BACK_OFF_SECONDS, state.look_up_seconds * 2 ** min(doubt.look_ups, 10))
    if finding.present is False and doubt.sent_at is not None:
        young = (doubt.sent_at - state.moment).total_seconds() + state.absent_after_seconds
        back_off = min(back_off, max(young, 0.0))
    _set(doubt.claimed, "in_doubt", state.moment + timedelta(seconds=back_off), doubt.claimed.retry_no)


_SET: LiteralString = """
UPDATE events_delivery
SET status = %(status)s::text, next_attempt_at = %(at)s, retry_no = %(retry_no)s,
    external_reference = CASE WHEN %(reference)s::text = '' THEN external_reference ELSE %(reference)s::text END,
    in_doubt_since = CASE WHEN %(status)s::text = 'in_doubt' THEN in_doubt_since END,
    first_sent_at = CASE WHEN %(status)s::text = 'ready' THEN NULL ELSE first_sent_at END,
    failure_class = CASE WHEN %(status)s::text = 'delivered' THEN '' ELSE failure_class END,
    failure_code = CASE WHEN %(status)s::text = 'delivered' THEN '' ELSE failure_code END,
    failure_message = CASE WHEN %(status)s::text = 'delivered' THEN '' ELSE failure_message END,
    finished_at = CASE WHEN %(status)s::text = 'delivered' THEN clock_timestamp() END
WHERE id = %(id)s
"""


def _set(claimed: Claimed, status: str, at: datetime, retry_no: int, reference: str = "") -> None:
    execute(_SET, {"id": claimed.id, "status": status, "at": at, "retry_no": retry_no, "reference": reference[:200]})


def _found(doubt: Doubt, outcome: Outcome, state: SendingState) -> None:
    claimed = doubt.claimed
    _set(claimed, "delivered", state.moment, claimed.retry_no, outcome.external_reference)
    let_go(claimed)
    transport_of(state.kind).recorded([Recorded(outcome, DeliveryStatus.DELIVERED)])
    consequences.publish_settled(state, claimed, doubt.money, "present", outcome.external_reference)


def _absent(doubt: Doubt, outcome: Outcome, state: SendingState) -> None:
    """Make it ready again: at once the first time, then by the retry schedule. The deadline ends it at its next try."""
    claimed = doubt.claimed
    wait = retry.delay(state.retry_schedule, claimed.retry_no - 1) if claimed.retry_no else 0.0
    _set(claimed, "ready", state.moment + timedelta(seconds=wait), claimed.retry_no + 1)
    let_go(claimed)
    consequences.publish_settled(state, claimed, doubt.money, "absent", "")
