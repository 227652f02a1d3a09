"""Claim: take what may be sent now, under lease, in one short transaction.

The destination's row is locked in a statement of its own first: in one statement the in-flight count would read an old
snapshot, and a cap of 4 was seen to reach 27. Then one statement locks the heads of lanes that are due and enters a
lease for each. The delivery itself is written once, when the attempt is recorded.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from django.db import transaction

from retailops.events import breaker
from retailops.events.enums import CircuitState, Trigger
from retailops.events.leases import hold_in_doubt
from retailops.events.raw_sql import execute, fetch
from retailops.events.sending_state import SendingState, lock_state
from retailops.events.transport import Claimed
from retailops.lib.clock import now

# Part of a lease that a call may use; the rest is for recording it.
LEASE_SHARE_FOR_CALL = 0.8


@dataclass(frozen=True)
class Claim:
    """What a claim took, or why it took nothing: `unknown, retired, paused, circuit, rate, in_flight, empty`.

    `wait` is the number of seconds after which asking again makes sense (rate), else 0.
    """

    deliveries: list[Claimed] = field(default_factory=list)
    state: SendingState | None = None
    held: str = ""
    wait: float = 0.0
    full: bool = False


def claim(destination_id: UUID, *, owner: str, limit: int | None = None) -> Claim:
    """Lease up to `limit` (default: the destination's batch size) due heads of lanes to `owner`.

    Keeps to the destination's pause, circuit, rate and concurrency. What is not repeat-safe must be renewed right
    before it is sent, which tells "may have been sent" from "never left". What is repeat-safe counts as sent from the
    claim on: the difference would change nothing for it, and costs a third of the engine's work.
    """
    with transaction.atomic():
        state = lock_state(destination_id)
        held = _held(state)
        if state is None or held:
            return Claim(state=state, held=held)
        return _claim(state, owner, limit or state.batch_size)


def _held(state: SendingState | None) -> str:
    if state is None:
        return "unknown"
    if state.retired or state.paused:
        return "retired" if state.retired else "paused"
    return "circuit" if breaker.half_open(state.circuit, state.moment).state == CircuitState.OPEN else ""


def _claim(state: SendingState, owner: str, wanted: int) -> Claim:
    circuit = breaker.half_open(state.circuit, state.moment).state
    probing = circuit == CircuitState.HALF_OPEN
    limit, held = _allowance(state, wanted, _in_flight(state.id), probing)
    if held:
        return Claim(state=state, held=held, wait=state.seconds_until_token() if held == "rate" else 0.0)
    claimed = _take(state, owner, limit, probing)
    if not claimed:
        return Claim(state=state, held="empty")
    return Claim(_set_aside_forgotten_keys(state, claimed), state, full=len(claimed) == limit)


def _allowance(state: SendingState, wanted: int, in_flight: int, probing: bool) -> tuple[int, str]:
    if probing:
        return (1, "") if in_flight == 0 else (0, "circuit")
    tokens, free = int(state.tokens_now()), state.max_in_flight - in_flight
    if free <= 0:
        return 0, "in_flight"
    return (min(wanted, free, tokens), "") if tokens >= 1 else (0, "rate")


# The sub-selects of a claim stay sub-selects (no join), and the planner may neither scan nor sort the whole queue:
# statistics of a table that fills and empties within seconds are always wrong.
_PLANNING = "set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)"


_COUNT_IN_FLIGHT = (
    "SELECT count(*), "  # noqa: S608  # constants of our own
    + _PLANNING
    + " FROM events_lease WHERE destination_id = %(id)s AND expires_at IS NOT NULL"
)


def _in_flight(destination_id: UUID) -> int:
    """Count what is leased; prepares the planner for the claim on the same round trip."""
    rows = fetch(_COUNT_IN_FLIGHT, {"id": destination_id})
    return int(rows[0][0])


# What a Claimed is made of. The attempt and the fence of a delivery under lease are the next ones.
_CLAIMED: LiteralString = """
    d.id, d.destination_id, d.operation, d.effect_key, d.lane_key, {attempt_no}, {fence}, d.repeat_safe,
    e.id, e.type, e.version, e.subject_type, e.subject_id, e.correlation_id, e.occurred_at,
    coalesce(d.payload, e.data), e.region, e.brand, e.channel, {first_sent_at}, {expires_at},
    %(timeout)s::float8, d.deadline_at, d.next_trigger, d.next_actor, d.retry_no, d.effect_id,
    d.mapping_version, e.traceparent"""
UNLEASED_COLUMNS: LiteralString = _CLAIMED.format(
    attempt_no="d.attempt_no", fence="d.fence", first_sent_at="d.first_sent_at", expires_at="clock_timestamp()"
)
LEASED_COLUMNS: LiteralString = _CLAIMED.format(
    attempt_no="d.attempt_no + 1",
    fence="l.fence",
    first_sent_at="coalesce(d.first_sent_at, l.sending_since)",
    expires_at="l.expires_at",
)
_TAKEN_COLUMNS: LiteralString = _CLAIMED.format(
    attempt_no="d.attempt_no + 1",
    fence="d.fence + 1",
    first_sent_at="coalesce(d.first_sent_at, CASE WHEN d.repeat_safe THEN %(moment)s END)",
    expires_at="%(expires)s",
)

_FROM_DUE_HEADS = """
    FROM events_delivery d
    WHERE d.destination_id = %(destination)s AND d.status = 'ready' AND d.next_attempt_at <= %(moment)s
      AND (SELECT l.delivery_id FROM events_lease l
           WHERE l.destination_id = %(destination)s AND l.lane_key = d.lane_key LIMIT 1) IS NULL
      AND d.lane_seq = (
          SELECT min(o.lane_seq) FROM events_delivery o
          WHERE o.destination_id = %(destination)s AND o.lane_key = d.lane_key
            AND o.status IN ('ready', 'in_doubt', 'dead')
            AND (o.status <> 'dead' OR %(dead_blocks)s))
"""

_TAKE = (
    "WITH d AS MATERIALIZED ("  # noqa: S608  # constants of our own
    "SELECT d.id, d.destination_id, d.operation, d.effect_key, d.lane_key, d.attempt_no, d.fence, d.repeat_safe,"
    " d.event_id, d.payload, d.first_sent_at, d.deadline_at, d.next_trigger, d.next_actor, d.retry_no, d.effect_id,"
    " d.mapping_version, d.lane_seq"
    + _FROM_DUE_HEADS
    + """
    ORDER BY {order} LIMIT %(limit)s
    FOR NO KEY UPDATE OF d SKIP LOCKED),
paid AS (
    UPDATE events_destination
    SET tokens = %(tokens)s - taken.n, tokens_at = %(moment)s, last_claimed_at = %(moment)s,
        circuit = CASE WHEN %(probing)s THEN 'half_open' ELSE circuit END
    FROM (SELECT count(*) AS n FROM d) AS taken WHERE id = %(destination)s AND taken.n > 0),
leased AS (
    INSERT INTO events_lease (destination_id, lane_key, delivery_id, fence, owner, expires_at, sending_since)
    SELECT destination_id, lane_key, id, fence + 1, %(owner)s, %(expires)s, CASE WHEN repeat_safe THEN %(moment)s END
    FROM d)
SELECT """
    + _TAKEN_COLUMNS
    + """
FROM d JOIN events_event e ON e.id = d.event_id ORDER BY d.lane_seq"""
)
_OLDEST_FIRST = "d.next_attempt_at, d.lane_seq"
_TAKE_DUE = _TAKE.format(order=_OLDEST_FIRST)
# The probe after an open circuit: the oldest that may be repeated, else the oldest of all (or it would never close).
_TAKE_PROBE = _TAKE.format(order="d.repeat_safe DESC, " + _OLDEST_FIRST)


def has_due_head(destination_id: UUID) -> bool:
    """Tell whether a claim would find a head of a lane that is due (pause, circuit, rate and cap aside)."""
    with transaction.atomic():
        fetch("SELECT " + _PLANNING, {})
        keys = {"destination": destination_id, "moment": now(), "dead_blocks": _dead_blocks(destination_id)}
        return bool(fetch("SELECT d.id" + _FROM_DUE_HEADS + " LIMIT 1", keys, prepare=False))


def _dead_blocks(destination_id: UUID) -> bool:
    rows = fetch("SELECT dead_blocks_lane FROM events_destination WHERE id = %(id)s", {"id": destination_id})
    return bool(rows and rows[0][0])


def _take(state: SendingState, owner: str, limit: int, probing: bool) -> list[Claimed]:
    lease = timedelta(seconds=state.lease_seconds)
    rows = fetch(
        _TAKE_PROBE if probing else _TAKE_DUE,
        {
            "destination": state.id,
            "moment": state.moment,
            "dead_blocks": state.dead_blocks_lane,
            "limit": limit,
            "tokens": state.tokens_now(),
            "probing": probing,
            "owner": owner,
            "expires": state.moment + lease,
            "timeout": call_timeout(state),
        },
        prepare=False,
    )
    taken = [Claimed._make(row) for row in rows]
    return [one._replace(trigger=Trigger.PROBE) for one in taken] if probing else taken


def call_timeout(state: SendingState) -> float:
    """Return the seconds that one call may take: less than a renewed lease has left."""
    return min(state.timeout_seconds, state.lease_seconds * LEASE_SHARE_FOR_CALL)


def _set_aside_forgotten_keys(state: SendingState, claimed: list[Claimed]) -> list[Claimed]:
    """Put what the remote may have forgotten the key of in doubt: sent again, it would be a new request."""
    if state.key_memory_seconds is None:
        return claimed
    oldest = state.moment - timedelta(seconds=state.key_memory_seconds)
    forgotten = [one for one in claimed if _key_forgotten(one, oldest)]
    if forgotten:
        execute(_DOUBT, {"ids": [one.id for one in forgotten], "moment": state.moment})
        hold_in_doubt(state.id, [one.lane_key for one in forgotten])
    return [one for one in claimed if not _key_forgotten(one, oldest)]


def _key_forgotten(claimed: Claimed, oldest: datetime) -> bool:
    return claimed.first_sent_at is not None and claimed.first_sent_at < oldest


_DOUBT = """
UPDATE events_delivery
SET status = 'in_doubt', fence = fence + 1, in_doubt_since = %(moment)s, look_ups = 0, next_attempt_at = %(moment)s,
    sending_since = NULL,
    failure_class = 'in_doubt',
    failure_code = 'key_forgotten',
    failure_message = 'The key is older than the remote remembers: looked up before it is sent again.'
WHERE id = ANY(%(ids)s)
"""

_RENEW = """
UPDATE events_lease l
SET expires_at = clock_timestamp() + make_interval(secs => %(lease)s), sending_since = clock_timestamp()
FROM unnest(%(lanes)b::text[], %(fences)b::bigint[], %(ids)b::uuid[]) AS mine(lane_key, fence, id)
WHERE l.destination_id = %(destination)s AND l.lane_key = mine.lane_key
  AND l.delivery_id = mine.id AND l.fence = mine.fence AND l.expires_at > clock_timestamp()
RETURNING l.delivery_id, l.expires_at, l.sending_since
"""


def renew(claimed: list[Claimed], lease_seconds: int) -> list[Claimed]:
    """Renew the leases right before sending, in one statement; return those that are still ours, with the new expiry.

    From here on a delivery counts as "may have been sent".
    """
    if not claimed:
        return []
    keys = {
        "destination": claimed[0].destination_id,
        "lanes": [one.lane_key for one in claimed],
        "fences": [one.fence for one in claimed],
        "ids": [one.id for one in claimed],
        "lease": lease_seconds,
    }
    mine = {row[0]: row for row in fetch(_RENEW, keys)}
    return [
        one._replace(lease_expires_at=mine[one.id][1], first_sent_at=one.first_sent_at or mine[one.id][2])
        for one in claimed
        if one.id in mine
    ]
