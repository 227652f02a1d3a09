"""Record: write what came of a batch of attempts, set-based, in one transaction, where the fence is still ours.

A late answer (the lease was lost meanwhile) becomes an Attempt marked late and never changes the delivery's state.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import structlog
from django.db import connection, transaction

from retailops.events import attempts, consequences, effects
from retailops.events.attempts import LONGEST_CODE, LONGEST_REFERENCE, plain
from retailops.events.decisions import Decision, decide
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.leases import take_up
from retailops.events.raw_sql import DATA_ERRORS, PASSING_ERRORS, execute, fetch
from retailops.events.sending_state import SendingState, read_state
from retailops.events.transport import Claimed, Outcome, Recorded, Transport, transport_of

log = structlog.get_logger(__name__)
T = TypeVar("T")


def record(destination_id: UUID, outcomes: Sequence[Outcome]) -> list[Recorded]:
    """Record a batch of one destination's outcomes; return those whose fence matched, with the new status.

    A deadlock or a lost database connection is tried again: an answer from outside must not be lost. When the
    transport's own part (`recorded`) fails, the batch is recorded one by one, so that one bad answer spoils no other.
    """
    if not outcomes:
        return []
    try:
        return stubbornly(lambda: _in_transaction(destination_id, outcomes))
    except PASSING_ERRORS:
        raise
    except Exception as error:
        if len(outcomes) > 1:
            return [one for outcome in outcomes for one in record(destination_id, [outcome])]
        return _record_refused_answer(destination_id, outcomes[0], error)


def stubbornly(work: Callable[[], T]) -> T:
    """Run a transaction again while the database says that it lost a race or went away (about 8 s)."""
    for pause in (0.02, 0.1, 0.5, 2.0, 5.0):
        try:
            return work()
        except PASSING_ERRORS as error:
            if connection.in_atomic_block:
                raise
            log.warning("engine.again", error=f"{type(error).__name__}: {error}")
            connection.close()
        time.sleep(pause)
    return work()


def _in_transaction(destination_id: UUID, outcomes: Sequence[Outcome]) -> list[Recorded]:
    with transaction.atomic():
        state = read_state(destination_id)
        if state is None:
            raise LookupError(f"destination {destination_id} is gone")
        return record_within(state, outcomes, transport_of(state.kind))


def record_within(state: SendingState, outcomes: Sequence[Outcome], transport: Transport | None) -> list[Recorded]:
    """Record within the caller's transaction (an in-process handler's effect commits with its record)."""
    delivered = [outcome for outcome in outcomes if outcome.result == OutcomeClass.DELIVERED]
    decisions = [decide(outcome, state) for outcome in outcomes if outcome.result != OutcomeClass.DELIVERED]
    money = _apply_delivered(state, delivered) | _apply(state, decisions)
    if late := {outcome.claimed.id for outcome in outcomes if outcome.claimed.id not in money}:
        delivered = [outcome for outcome in delivered if outcome.claimed.id not in late]
        decisions = [decision for decision in decisions if decision.outcome.claimed.id not in late]
        _look_soon(late)
    attempts.insert(outcomes, late)
    effects.confirm(delivered)
    records = [Recorded(outcome, DeliveryStatus.DELIVERED) for outcome in delivered]
    records += [Recorded(decision.outcome, decision.status) for decision in decisions]
    if transport is not None and records:
        transport.recorded(records)
    consequences.publish_failures(state, decisions, money)
    consequences.publish_repeated(state, delivered, money)
    consequences.settle_destination(state, [record.outcome for record in records])
    return records


# Who comes late finds its lease gone, of another fence, or without an expiry: in doubt.
_APPLY = """
WITH r AS MATERIALIZED (
    SELECT * FROM unnest(
        %(ids)s::uuid[], %(lanes)s::text[], %(fences)s::bigint[], %(statuses)s::text[], %(nexts)s::timestamptz[],
        %(retries)s::integer[], %(classes)s::text[], %(codes)s::text[], %(messages)s::text[],
        %(fingerprints)s::text[], %(references)s::text[])
        AS r(id, lane_key, fence, status, next_attempt_at, retry_no, failure_class, code, message, fingerprint,
             reference)),
let_go AS (
    DELETE FROM events_lease l USING r
    WHERE l.destination_id = %(destination)s AND l.lane_key = r.lane_key AND l.delivery_id = r.id
      AND l.fence = r.fence AND l.expires_at IS NOT NULL AND r.status <> 'in_doubt'
    RETURNING l.delivery_id, l.sending_since),
kept AS (
    UPDATE events_lease l SET expires_at = NULL, owner = '' FROM r
    WHERE l.destination_id = %(destination)s AND l.lane_key = r.lane_key AND l.delivery_id = r.id
      AND l.fence = r.fence AND l.expires_at IS NOT NULL AND r.status = 'in_doubt'
    RETURNING l.delivery_id, l.sending_since),
mine AS (SELECT * FROM let_go UNION ALL SELECT * FROM kept)
UPDATE events_delivery d
SET status = r.status, fence = r.fence, attempt_no = d.attempt_no + 1,
    sending_since = mine.sending_since, first_sent_at = coalesce(d.first_sent_at, mine.sending_since),
    next_attempt_at = r.next_attempt_at, retry_no = r.retry_no,
    failure_class = r.failure_class, failure_code = r.code, failure_message = r.message, fingerprint = r.fingerprint,
    external_reference = CASE WHEN r.reference = '' THEN d.external_reference ELSE r.reference END,
    look_ups = 0, next_trigger = 'auto', next_actor = '',
    in_doubt_since = CASE WHEN r.status = 'in_doubt' THEN %(moment)s END,
    finished_at = CASE WHEN r.status = 'dead' THEN %(moment)s END
FROM mine JOIN r ON r.id = mine.delivery_id
WHERE d.id = r.id
RETURNING d.id, d.amount, d.currency
"""


_APPLY_DELIVERED = """
WITH mine AS (
    DELETE FROM events_lease l
    USING unnest(%(ids)b::uuid[], %(lanes)b::text[], %(fences)b::bigint[], %(references)b::text[])
        AS r(id, lane_key, fence, reference)
    WHERE l.destination_id = %(destination)s AND l.lane_key = r.lane_key AND l.delivery_id = r.id
      AND l.fence = r.fence AND l.expires_at IS NOT NULL
    RETURNING r.id, r.fence, r.reference, l.sending_since)
UPDATE events_delivery d
SET status = 'delivered', fence = r.fence, attempt_no = d.attempt_no + 1,
    sending_since = r.sending_since, first_sent_at = coalesce(d.first_sent_at, r.sending_since),
    next_attempt_at = %(moment)s, retry_no = 0,
    failure_class = '', failure_code = '', failure_message = '', fingerprint = '',
    external_reference = CASE WHEN r.reference = '' THEN d.external_reference ELSE r.reference END,
    look_ups = 0, next_trigger = 'auto', next_actor = '', in_doubt_since = NULL, finished_at = %(moment)s
FROM mine AS r
WHERE d.id = r.id
RETURNING d.id, d.amount, d.currency
"""


Money = dict[UUID, tuple[int | None, str]]


def _apply_delivered(state: SendingState, outcomes: Sequence[Outcome]) -> Money:
    """Set delivered where the lease is ours; return the money of each delivery that changed, by id."""
    if not outcomes:
        return {}
    keys = _keys(state, sorted(outcomes, key=_id_number))
    return {id: (amount, currency) for id, amount, currency in fetch(_APPLY_DELIVERED, keys)}


def _apply(state: SendingState, decisions: Sequence[Decision]) -> Money:
    """Set what was decided where the lease is ours; return the money of each delivery that changed, by id."""
    if not decisions:
        return {}
    columns = _columns(state, sorted(decisions, key=lambda each: _id_number(each.outcome)))
    return {id: (amount, currency) for id, amount, currency in fetch(_APPLY, columns)}


def _id_number(outcome: Outcome) -> int:
    """Rows go in one order, so that two workers recording overlapping sets cannot wait for each other."""
    return outcome.claimed.id.int


def _keys(state: SendingState, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "moment": state.moment,
        "destination": state.id,
        "ids": [outcome.claimed.id for outcome in outcomes],
        "lanes": [outcome.claimed.lane_key for outcome in outcomes],
        "fences": [outcome.claimed.fence for outcome in outcomes],
        "references": [outcome.external_reference[:LONGEST_REFERENCE] for outcome in outcomes],
    }


def _columns(state: SendingState, decisions: Sequence[Decision]) -> dict[str, Any]:
    outcomes = [decision.outcome for decision in decisions]
    return _keys(state, outcomes) | {
        "statuses": [str(decision.status) for decision in decisions],
        "nexts": [decision.next_attempt_at for decision in decisions],
        "retries": [decision.retry_no for decision in decisions],
        "classes": [str(outcome.result) for outcome in outcomes],
        "codes": [plain(outcome.code)[:LONGEST_CODE] for outcome in outcomes],
        "messages": [plain(outcome.message) for outcome in outcomes],
        "fingerprints": [decision.fingerprint for decision in decisions],
    }


def _look_soon(late: Iterable[UUID]) -> None:
    """A late answer about a delivery in doubt is no state, but reason to ask the remote at once."""
    execute(
        "UPDATE events_delivery SET next_attempt_at = clock_timestamp() "
        "WHERE id = ANY(%(ids)s) AND status = 'in_doubt'",
        {"ids": list(late)},
    )


def _record_refused_answer(destination_id: UUID, outcome: Outcome, error: Exception) -> list[Recorded]:
    log.error("engine.answer_refused", delivery_id=str(outcome.claimed.id), exc_info=error)
    refused = replace(
        outcome,
        result=OutcomeClass.CONTRACT,
        code="answer_refused",
        message=f"The remote answered {outcome.result}, but storing its answer failed: {type(error).__name__}: {error}",
    )
    if isinstance(error, DATA_ERRORS):  # the redacted copies hold what PostgreSQL cannot store
        refused = replace(refused, request=None, response=None)

    def work() -> list[Recorded]:
        with transaction.atomic():
            state = read_state(destination_id)
            if state is None:
                return []
            records = record_within(state, [refused], None)
            if records and outcome.result == OutcomeClass.DELIVERED:
                effects.confirm([outcome])
            return records

    return stubbornly(work)


def record_refused_look_up(claimed: Claimed, outcome: Outcome, error: Exception) -> bool:
    """Make a delivery in doubt dead: what the remote did is known, but the domain could not store it."""
    log.error("engine.answer_refused", delivery_id=str(claimed.id), exc_info=error)
    with transaction.atomic():
        return take_up(claimed) and bool(_record_refused_answer(claimed.destination_id, outcome, error))
