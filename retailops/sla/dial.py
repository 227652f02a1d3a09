"""What a clock shows: a pure function of its terms and of the marks that events made on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from retailops.sla.hours import NOTHING, Hours, add, between
from retailops.sla.models import ClockState

START, STOP, CANCEL, REVIVE, PAUSE, RESUME = "start", "stop", "cancel", "revive", "pause", "resume"
# Which states a move sets going again.
_GOING_AGAIN = {RESUME: (ClockState.PAUSED, ClockState.MET), REVIVE: (ClockState.CANCELED,)}


class Mark(NamedTuple):
    """One thing that moved a clock, and when it occurred."""

    kind: str
    at: datetime


@dataclass(frozen=True)
class Terms:
    """What a version promises: within so much counted time, with a warning after so much."""

    hours: Hours | None
    target: timedelta
    warn: timedelta | None = None


@dataclass(frozen=True)
class Reading:
    """What a clock shows. `due_at` and `warn_at` are None while they cannot be told: paused before they came."""

    state: ClockState
    started_at: datetime
    counted: timedelta = NOTHING
    runs_from: datetime | None = None
    warn_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None


def read_dial(terms: Terms, marks: Iterable[Mark]) -> Reading:
    """Return what the clock shows after these marks, given in the order of recording; at least one starts it.

    They count in the order in which they occurred. The first start counts; what occurred before it counts as having
    occurred with it. A resume after a stop, or a revival
    after a cancellation, sets it going again: the time between does not count.
    """
    ordered = sorted(marks, key=lambda mark: mark.at)
    start = next(mark.at for mark in ordered if mark.kind == START)
    shown = _run(Reading(ClockState.RUNNING, start), terms, start)
    for kind, at in ordered:
        shown = _turn(shown, terms, kind, max(at, start))
    return shown


def _turn(shown: Reading, terms: Terms, kind: str, at: datetime) -> Reading:
    running, state = shown.state == ClockState.RUNNING, shown.state
    if kind == PAUSE and running:
        return _halt(shown, terms, at, ClockState.PAUSED)
    if state in _GOING_AGAIN.get(kind, ()):
        return _run(replace(_unsure(shown, shown.ended_at or at), state=ClockState.RUNNING, ended_at=None), terms, at)
    if kind in (STOP, CANCEL) and shown.ended_at is None:
        end = ClockState.MET if kind == STOP else ClockState.CANCELED
        halted = _halt(shown, terms, at, end) if running else replace(shown, state=end)
        return replace(halted, ended_at=at)
    return shown


def _run(shown: Reading, terms: Terms, at: datetime) -> Reading:
    """Set it going: the time that is left is counted from here on."""
    return replace(
        shown,
        runs_from=at,
        due_at=shown.due_at or add(terms.hours, at, terms.target - shown.counted),
        warn_at=shown.warn_at or (add(terms.hours, at, terms.warn - shown.counted) if terms.warn else None),
    )


def _halt(shown: Reading, terms: Terms, at: datetime, state: ClockState) -> Reading:
    """Stop counting. Paused, what was not reached cannot be told; ended, it stays as what it would have been."""
    counted = shown.counted + between(terms.hours, shown.runs_from or at, at)
    halted = replace(shown, state=state, counted=counted, runs_from=None)
    return _unsure(halted, at) if state == ClockState.PAUSED else halted


def _unsure(shown: Reading, at: datetime) -> Reading:
    """Forget the instants that were not reached by then."""
    return replace(shown, due_at=_reached(shown.due_at, at), warn_at=_reached(shown.warn_at, at))


def _reached(moment: datetime | None, at: datetime) -> datetime | None:
    return moment if moment is not None and moment < at else None


def passed(moment: datetime | None, ended_at: datetime | None, upto: datetime) -> bool:
    """Tell whether the moment went by before the clock ended, or by now; to end at the very moment is in time."""
    return moment is not None and moment < (ended_at or upto)


def marks_of(stored: Sequence[Sequence[str]]) -> list[Mark]:
    """Return a clock's stored marks."""
    return [Mark(kind, datetime.fromisoformat(at)) for kind, at, _ in stored]
