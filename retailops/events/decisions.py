"""What becomes of a delivery after an attempt that did not get there. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from retailops.events import retry
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.fingerprint import fingerprint
from retailops.events.sending_state import SendingState
from retailops.events.transport import Claimed, Outcome


@dataclass(frozen=True, slots=True)
class Decision:
    """The delivery's next status and when to look at it again; `retry_no` counts failed tries."""

    outcome: Outcome
    status: DeliveryStatus
    next_attempt_at: datetime
    retry_no: int = 0
    fingerprint: str = ""
    exhausted: bool = False


def decide(outcome: Outcome, state: SendingState) -> Decision:
    """Return what follows from the outcome's class; `state.moment` is now."""
    result, claimed = outcome.result, outcome.claimed
    cause = cause_of(outcome, state)
    if result == OutcomeClass.TRANSIENT:
        return _retry_or_die(outcome, state, cause)
    if result == OutcomeClass.AUTH:
        # The destination is paused with it; held time uses no attempts.
        return Decision(outcome, DeliveryStatus.READY, state.moment, claimed.retry_no, cause)
    if result == OutcomeClass.IN_DOUBT:
        first = state.moment + timedelta(seconds=state.look_up_seconds)
        return Decision(outcome, DeliveryStatus.IN_DOUBT, first, claimed.retry_no, cause)
    return Decision(outcome, DeliveryStatus.DEAD, state.moment, claimed.retry_no, cause)


def _retry_or_die(outcome: Outcome, state: SendingState, cause: str) -> Decision:
    claimed = outcome.claimed
    at = retry.next_try(
        state.moment,
        _deadline(claimed, state),
        state.retry_schedule,
        claimed.retry_no,
        retry_after=outcome.retry_after,
        careful=retry.is_careful(outcome.code, outcome.http_status),
    )
    if at is None:
        return Decision(outcome, DeliveryStatus.DEAD, state.moment, claimed.retry_no, cause, exhausted=True)
    return Decision(outcome, DeliveryStatus.READY, at, claimed.retry_no + 1, cause)


def _deadline(claimed: Claimed, state: SendingState) -> datetime:
    return claimed.deadline_at or state.moment


def cause_of(outcome: Outcome, state: SendingState) -> str:
    """Return the fingerprint of a failed outcome."""
    return fingerprint(
        destination=state.name,
        operation=outcome.claimed.operation,
        failure_class=outcome.result,
        code=outcome.code,
        message=outcome.message,
    )
