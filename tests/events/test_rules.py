"""The pure rules: retry schedule, token bucket and ramp, circuit, fingerprint."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailops.events import breaker, rates, retry
from retailops.events.breaker import Circuit
from retailops.events.enums import CircuitState
from retailops.events.fingerprint import fingerprint, template
from retailops.events.models import RETRY_SCHEDULE_SECONDS

T0 = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("retry_no", "more", "seconds"),
    [
        (0, {}, 5),
        (1, {}, 30),
        (7, {}, 43200),
        (99, {}, 43200),
        (0, {"jitter": 1.2}, 6),
        (0, {"jitter": 0.8}, 4),
        (0, {"retry_after": 7.5}, 7.5),
        (1, {"retry_after": 7.5}, 30),
        (0, {"retry_after": 1e9}, 21600),
        (0, {"careful": True}, 60),
        (2, {"careful": True}, 120),
    ],
)
def test_delay(retry_no: int, more: dict[str, float], seconds: float) -> None:
    assert retry.delay(RETRY_SCHEDULE_SECONDS, retry_no, **more) == seconds  # type: ignore[arg-type]  # careful is a bool


def test_the_deadline_ends_it() -> None:
    assert retry.next_try(T0, T0 + timedelta(seconds=3.9), [5], 0) is None
    at = retry.next_try(T0, T0 + timedelta(seconds=6.1), [5], 0)
    assert at is not None
    assert timedelta(seconds=4) <= at - T0 <= timedelta(seconds=6)


def test_the_bucket_fills_at_its_rate_up_to_the_burst() -> None:
    full = {"tokens": 0.0, "tokens_at": T0, "rate": 10.0, "burst": 5}
    assert rates.refill(moment=T0 + timedelta(seconds=0.2), **full) == pytest.approx(2)  # type: ignore[arg-type]  # mixed
    assert rates.refill(moment=T0 + timedelta(hours=1), **full) == 5  # type: ignore[arg-type]  # mixed
    assert rates.refill(moment=T0 - timedelta(hours=1), **full) == 0  # type: ignore[arg-type]  # mixed


@pytest.mark.parametrize(("elapsed", "share"), [(0, 0.1), (30, 0.55), (60, 1.0), (3600, 1.0)])
def test_the_ramp_after_a_closed_circuit(elapsed: int, share: float) -> None:
    assert rates.ramp(T0 + timedelta(seconds=elapsed), T0) == pytest.approx(share)


def test_seconds_until_a_token() -> None:
    assert rates.seconds_until(1.0, 10) == 0
    assert rates.seconds_until(0.5, 10) == pytest.approx(0.05)
    assert rates.seconds_until(0.0, 0) == 3600


def test_nine_failures_are_too_few_and_half_of_ten_open_it() -> None:
    nine = breaker.observe(Circuit(), T0, calls=9, transient=9)
    assert nine.state == CircuitState.CLOSED
    assert breaker.observe(nine, T0, calls=1, transient=0).state == CircuitState.OPEN
    assert breaker.observe(Circuit(), T0, calls=11, transient=5).state == CircuitState.CLOSED
    assert breaker.observe(Circuit(), T0, calls=10, transient=5).until == T0 + timedelta(seconds=30)


def test_the_window_forgets_after_five_minutes() -> None:
    old = breaker.observe(Circuit(), T0, calls=9, transient=9)
    later = breaker.observe(old, T0 + timedelta(minutes=6), calls=9, transient=9)
    assert (later.state, later.calls) == (CircuitState.CLOSED, 9)


def test_failed_probes_double_the_wait_up_to_a_quarter_of_an_hour() -> None:
    circuit, waits = breaker.observe(Circuit(), T0, calls=10, transient=10), []
    for _ in range(7):
        assert circuit.until is not None
        waits.append(circuit.open_seconds)
        circuit = breaker.half_open(circuit, circuit.until)
        assert circuit.state == CircuitState.HALF_OPEN
        circuit = breaker.observe(circuit, T0, calls=1, transient=1, probe=False)
    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_a_probe_closes_it_and_a_relapse_waits_longer() -> None:
    circuit = breaker.observe(Circuit(CircuitState.HALF_OPEN, open_seconds=60), T0, calls=1, transient=0, probe=True)
    assert (circuit.state, circuit.closed_at) == (CircuitState.CLOSED, T0)
    soon = breaker.observe(circuit, T0 + timedelta(minutes=1), calls=10, transient=10)
    assert soon.open_seconds == 120
    late = breaker.observe(circuit, T0 + timedelta(minutes=10), calls=10, transient=10)
    assert late.open_seconds == 30


def test_stragglers_do_not_move_an_open_circuit() -> None:
    still_open = breaker.observe(Circuit(), T0, calls=10, transient=10)
    assert breaker.observe(still_open, T0, calls=50, transient=50) == still_open
    half = breaker.half_open(still_open, T0 + timedelta(seconds=31))
    assert breaker.observe(half, T0, calls=5, transient=0) == half
    assert breaker.half_open(still_open, T0 + timedelta(seconds=29)) == still_open


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Charge ch_3MtwBwLkdIwHu7ix has already been refunded.", "Charge <id> has already been refunded."),
        ("Amount ($12.00) is greater than the rest ($10.50)", "Amount (<amount>) is greater than the rest (<amount>)"),
        ("Item 'SKU-1' not found on 2026-11-20T10:00:00Z", "Item <value> not found on <date>"),
        ("HTTP 503 from https://api.example.com/v1/x?y=1", "HTTP <number> from <url>"),
        ("customer bob@example.com  is   blocked", "customer <email> is blocked"),
        ("RMA-2026-000123: no line 4", "<id>: no line <number>"),
    ],
)  # fmt: skip
def test_templates_keep_the_cause_alone(message: str, expected: str) -> None:
    assert template(message) == expected


@given(st.uuids(), st.uuids(), st.integers(0, 10**9), st.integers(0, 10**9))
def test_ids_and_amounts_never_split_a_group(one: object, two: object, cents: int, others: int) -> None:
    def of(id: object, amount: int) -> str:
        message = f"Refund {id} of {amount / 100:.2f} EUR was refused"
        return fingerprint(
            destination="stripe", operation="refund.create", failure_class="business", code="x", message=message
        )

    assert of(one, cents) == of(two, others)


@pytest.mark.parametrize("field", ["destination", "operation", "failure_class", "code", "message"])
def test_each_part_makes_another_group(field: str) -> None:
    base = {"destination": "a", "operation": "b", "failure_class": "c", "code": "d", "message": "broken pipe"}
    assert fingerprint(**base) != fingerprint(**(base | {field: "something else"}))
