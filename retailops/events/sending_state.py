"""What the engine knows of one destination while it claims and records, read and written under the row's lock."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from retailops.events import rates
from retailops.events.breaker import Circuit
from retailops.events.enums import CircuitState
from retailops.events.raw_sql import execute, fetch


@dataclass(frozen=True)
class SendingState:
    """One destination's row at `moment` (the database's clock, so that hosts need not agree on the time)."""

    id: UUID
    kind: str
    name: str
    system: str
    retired: bool
    paused: bool
    circuit: Circuit
    rate_per_second: float
    burst: int
    tokens: float
    tokens_at: datetime
    max_in_flight: int
    batch_size: int
    lease_seconds: int
    timeout_seconds: float
    retry_schedule: list[int]
    key_memory_seconds: int | None
    look_up_seconds: int
    absent_after_seconds: int
    dead_blocks_lane: bool
    moment: datetime

    def tokens_now(self) -> float:
        """Return the tokens in the bucket at this moment, the ramp after a closed circuit considered."""
        return rates.refill(
            tokens=self.tokens,
            tokens_at=self.tokens_at,
            moment=self.moment,
            rate=self.rate_per_second,
            burst=self.burst,
            closed_at=self.circuit.closed_at,
        )

    def seconds_until_token(self) -> float:
        """Return how long the bucket takes to hold one token."""
        share = rates.ramp(self.moment, self.circuit.closed_at)
        return rates.seconds_until(self.tokens_now(), self.rate_per_second, share)


_READ = """
SELECT id, kind, name, system, retired_at IS NOT NULL, paused_at IS NOT NULL,
       circuit, circuit_until, circuit_open_seconds, circuit_closed_at,
       window_started_at, window_calls, window_transient,
       rate_per_second, burst, tokens, tokens_at, max_in_flight, batch_size, lease_seconds, timeout_seconds,
       retry_schedule, key_memory_seconds, look_up_seconds, absent_after_seconds, dead_blocks_lane, clock_timestamp()
FROM events_destination WHERE id = %(id)s
"""
# NO KEY: publishers that insert deliveries only check the row's existence and must not wait for claims.
_LOCK = _READ + " FOR NO KEY UPDATE"


def read_state(destination_id: UUID) -> SendingState | None:
    """Return the state without locking it; None for an unknown destination."""
    rows = fetch(_READ, {"id": destination_id}, prepare=True)
    return _state(rows[0]) if rows else None


def lock_state(destination_id: UUID) -> SendingState | None:
    """Lock the destination's row, in a statement of its own, and return its state."""
    rows = fetch(_LOCK, {"id": destination_id}, prepare=True)
    return _state(rows[0]) if rows else None


def _state(row: tuple[object, ...]) -> SendingState:
    circuit = Circuit(CircuitState(str(row[6])), *row[7:13])  # type: ignore[arg-type]  # columns in the order of _READ
    return SendingState(*row[:6], circuit, *row[13:])  # type: ignore[arg-type,call-arg]  # columns in the order of _READ


_SAVE_RESULTS = """
UPDATE events_destination
SET circuit = %(circuit)s, circuit_until = %(until)s, circuit_open_seconds = %(open_seconds)s,
    circuit_closed_at = %(closed_at)s, window_started_at = %(window)s, window_calls = %(calls)s,
    window_transient = %(transient)s,
    last_success_at = CASE WHEN %(succeeded)s THEN %(moment)s ELSE last_success_at END,
    last_failure_at = CASE WHEN %(failed)s THEN %(moment)s ELSE last_failure_at END
WHERE id = %(id)s
"""


def save_results(state: SendingState, circuit: Circuit, *, succeeded: bool, failed: bool) -> None:
    """Store the circuit after some calls and when the last success and failure were. Needs the row's lock."""
    execute(
        _SAVE_RESULTS,
        {
            "id": state.id,
            "moment": state.moment,
            "circuit": circuit.state,
            "until": circuit.until,
            "open_seconds": circuit.open_seconds,
            "closed_at": circuit.closed_at,
            "window": circuit.window_started_at,
            "calls": circuit.calls,
            "transient": circuit.transient,
            "succeeded": succeeded,
            "failed": failed,
        },
    )
