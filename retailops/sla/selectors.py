"""Read clocks as pages and answers show them."""

from dataclasses import dataclass
from uuid import UUID

from retailops.sla.models import ClockState, SlaClock

# What a return's page shows; a case shows its own, and an order's is over before anybody looks.
_OF_RETURNS = ("return", "refund")


@dataclass(frozen=True)
class ShownClock:
    """A clock, and the word for how it stands: running, soon, late, paused, met, met_late or canceled."""

    clock: SlaClock
    standing: str


def standing_of(clock: SlaClock) -> str:
    """Return the word for how a clock stands."""
    if clock.state == ClockState.MET:
        return "met_late" if clock.breached_at else "met"
    if clock.state == ClockState.CANCELED:
        return str(clock.state)
    if clock.breached_at:
        return "late"
    return "soon" if clock.warned_at and clock.state == ClockState.RUNNING else str(clock.state)


def clocks_of_return(return_id: UUID, correlation_id: UUID) -> list[ShownClock]:
    """Return the clocks of a return and of its refunds: open ones first, by due time; then the others by their end."""
    rows = SlaClock.objects.filter(correlation_id=correlation_id, subject_type__in=_OF_RETURNS).select_related("policy")
    own = [row for row in rows if row.subject_type != "return" or row.subject_id == return_id]
    own.sort(key=lambda row: (not row.is_open, str(row.due_at or ""), str(row.ended_at or ""), row.name))
    return [ShownClock(row, standing_of(row)) for row in own]
