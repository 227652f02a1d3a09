"""Move one clock by one event: the step that live and rebuilt clocks share, so that both come to the same."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from retailops.events.models import Event
from retailops.lib.new_rows import new_row
from retailops.sla.book import Book, Version
from retailops.sla.dial import RESUME, REVIVE, START, Mark, Terms, marks_of, passed, read_dial
from retailops.sla.models import SlaClock
from retailops.sla.moves import connection_in

# What is told later than this starts no clock.
HISTORY = timedelta(days=30)


def start_clock(book: Book, name: str, subject_type: str, subject_id: UUID, event: Event) -> SlaClock | None:
    """Return a new clock (not yet written) that the event starts, or None."""
    found = book.for_start(name, event)
    if found is None or _is_history(found[1], event):
        return None
    version, marks = found
    clock = new_row(
        SlaClock,
        policy_id=version.id,
        name=name,
        subject_type=subject_type,
        subject_id=subject_id,
        correlation_id=event.correlation_id,
        region=event.region,
        brand=event.brand,
        channel=event.channel,
        connection=connection_in(event),
        target_seconds=int(version.terms.target.total_seconds()),
        marks=[_stored(mark, event) for mark in marks],
        seen_at=event.recorded_at,
    )
    _show(clock, version.terms, marks)
    return clock


def _is_history(marks: Iterable[Mark], event: Event) -> bool:
    """Tell whether the event was told so long after it occurred that nobody can act on it: a migration, an import."""
    return any(event.recorded_at - mark.at > HISTORY for mark in marks if mark.kind == START)


def move_clock(clock: SlaClock, version: Version, event: Event) -> bool:
    """Let the event move the clock; tell whether it did. `settle` it before it is written."""
    fresh = [mark for mark in version.marks(event) if _matters(clock, mark)]
    if not fresh:
        return False
    clock.marks = [*clock.marks, *(_stored(mark, event) for mark in fresh)]
    heard = event.recorded_at
    was = passed(clock.due_at, clock.ended_at, heard)
    _show(clock, version.terms, marks_of(clock.marks))
    if was and not passed(clock.due_at, clock.ended_at, heard):
        clock.withdrawn_at = heard
    clock.seen_at = max(clock.seen_at, heard)
    return True


def _matters(clock: SlaClock, mark: Mark) -> bool:
    if mark.kind == START:
        return mark.at < clock.started_at
    return mark.kind in (RESUME, REVIVE) or clock.ended_at is None or mark.at < clock.ended_at


def _stored(mark: Mark, event: Event) -> list[str]:
    return [mark.kind, mark.at.isoformat(), str(event.id)]


def _show(clock: SlaClock, terms: Terms, marks: Iterable[Mark]) -> None:
    """Write on the clock what its dial shows after these marks, which are all of its own."""
    shown = read_dial(terms, marks)
    clock.state = shown.state
    clock.started_at, clock.ended_at = shown.started_at, shown.ended_at
    clock.due_at, clock.warn_at = shown.due_at, shown.warn_at
    clock.elapsed_seconds = None if shown.ended_at is None else shown.counted.total_seconds()


def settle(clock: SlaClock, upto: datetime) -> None:
    """Write on the clock what has passed by that time, and when it must be looked at next."""
    clock.breached_at = clock.due_at if passed(clock.due_at, clock.ended_at, upto) else None
    clock.warned_at = clock.warn_at if passed(clock.warn_at, clock.ended_at, upto) else None
    clock.look_at = _next_look(clock)


def _next_look(clock: SlaClock) -> datetime | None:
    """Return when something is to be told: a warning unless it is too late for one, then the breach."""
    if clock.ended_at is not None or clock.breach_told_at is not None:
        return None
    if clock.warned_told_at is None and clock.warn_at is not None and clock.breached_at is None:
        return clock.warn_at
    return clock.due_at
