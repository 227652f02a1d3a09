"""The circuit of one destination. Pure: the state goes in, the state after the calls comes out.

Closed: ≥ 10 calls within 5 minutes of which ≥ 50 % were transient open it for 30 s. Open: nothing is sent. Half-open:
one probe goes; its success closes the circuit, its failure opens it for twice as long, up to 15 minutes. Refusals in
the terms of the business show that the remote is alive and never count against it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from retailops.events.enums import CircuitState, OutcomeClass

WINDOW = timedelta(minutes=5)
MINIMUM_CALLS = 10
TRANSIENT_SHARE = 0.5
FIRST_OPEN_SECONDS = 30
LONGEST_OPEN_SECONDS = 900
COUNTS_AGAINST = frozenset({OutcomeClass.TRANSIENT, OutcomeClass.IN_DOUBT})


@dataclass(frozen=True)
class Circuit:
    """State of the circuit and its counting window."""

    state: CircuitState = CircuitState.CLOSED
    until: datetime | None = None
    open_seconds: int = FIRST_OPEN_SECONDS
    closed_at: datetime | None = None
    window_started_at: datetime | None = None
    calls: int = 0
    transient: int = 0


def observe(circuit: Circuit, moment: datetime, *, calls: int, transient: int, probe: bool | None = None) -> Circuit:
    """Return the circuit after some calls. `probe` is the probe's success, or None when none of the calls was one.

    What was sent before the circuit opened and is answered after says nothing new, so an open one ignores it.
    """
    if circuit.state == CircuitState.CLOSED:
        return _count(circuit, moment, calls, transient)
    if circuit.state == CircuitState.HALF_OPEN and probe is not None:
        return _close(circuit, moment) if probe else _open(circuit, moment, circuit.open_seconds * 2)
    return circuit


def half_open(circuit: Circuit, moment: datetime) -> Circuit:
    """Return the circuit as a claim finds it: an open one whose time is up lets a probe go."""
    if circuit.state == CircuitState.OPEN and circuit.until is not None and circuit.until <= moment:
        return replace(circuit, state=CircuitState.HALF_OPEN)
    return circuit


def _count(circuit: Circuit, moment: datetime, calls: int, transient: int) -> Circuit:
    fresh = circuit.window_started_at is None or moment - circuit.window_started_at > WINDOW
    counted = replace(
        circuit,
        window_started_at=moment if fresh else circuit.window_started_at,
        calls=calls if fresh else circuit.calls + calls,
        transient=transient if fresh else circuit.transient + transient,
    )
    trips = counted.calls >= MINIMUM_CALLS and counted.transient >= TRANSIENT_SHARE * counted.calls
    return _open(counted, moment, _next_open_seconds(counted, moment)) if trips else counted


def _next_open_seconds(circuit: Circuit, moment: datetime) -> int:
    relapsed = circuit.closed_at is not None and moment - circuit.closed_at <= WINDOW
    return circuit.open_seconds * 2 if relapsed else FIRST_OPEN_SECONDS


def _open(circuit: Circuit, moment: datetime, seconds: int) -> Circuit:
    seconds = min(seconds, LONGEST_OPEN_SECONDS)
    return Circuit(CircuitState.OPEN, moment + timedelta(seconds=seconds), seconds, circuit.closed_at)


def _close(circuit: Circuit, moment: datetime) -> Circuit:
    return Circuit(CircuitState.CLOSED, None, circuit.open_seconds, moment)
