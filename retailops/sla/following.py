"""Clocks follow published events, in the publishing transaction: set-based, and nothing where no promise listens."""

from collections.abc import Sequence

from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.new_rows import new_row
from retailops.sla.book import Book, book
from retailops.sla.clock_rows import Key, insert_clocks, locked_clocks, update_clocks
from retailops.sla.models import SlaClock
from retailops.sla.moves import subject_in
from retailops.sla.telling import tell_changes
from retailops.sla.winding import move_clock, settle, start_clock


def follow(events: Sequence[Event]) -> None:
    """Start and move the clocks that these events are about.

    What only starts clocks (also when it ends them at once) costs one statement; what moves clocks costs a read that
    locks them, and a write where one has moved.
    """
    known = book()
    heard = _heard(known, events)
    if not heard:
        return
    fresh = {key: clock for key, told in heard.items() if (clock := begin(known, key, told))}
    made = insert_clocks(list(fresh.values())) if fresh else set()
    rest = {key: told for key, told in heard.items() if key not in made}
    moved = _move(known, rest) if rest else []
    tell_changes(known, [fresh[key] for key in sorted(made)], moved)


def _heard(known: Book, events: Sequence[Event]) -> dict[Key, list[Event]]:
    """Return the events by the clock that they may move, in the order of recording."""
    heard: dict[Key, list[Event]] = {}
    for event in events:
        for name, subject_type in known.listening.get(event.type, ()):
            subject = subject_in(event, subject_type)
            if subject is not None:
                heard.setdefault((name, subject), []).append(event)
    return heard


def begin(known: Book, key: Key, told: Sequence[Event]) -> SlaClock | None:
    """Return the clock (not yet written) that these events start and move, as it stands now; None: none starts it."""
    clock: SlaClock | None = None
    for event in told:
        if clock is None:
            clock = start_clock(known, key[0], _subject_type(known, key[0]), key[1], event)
        else:
            move_clock(clock, known.versions[clock.policy_id], event)
    if clock is not None:
        settle(clock, now())
    return clock


def _subject_type(known: Book, name: str) -> str:
    return known.of_name[name][0].subject_type


def _move(known: Book, rest: dict[Key, list[Event]]) -> list[tuple[SlaClock, SlaClock]]:
    """Move the clocks that are there; return each as it was told before and as it is now."""
    moved = []
    for key, clock in locked_clocks(rest).items():
        before = _copy(clock)
        version = known.versions[clock.policy_id]
        turns = [move_clock(clock, version, event) for event in rest[key]]
        if any(turns):
            settle_told(clock)
            moved.append((before, clock))
    update_clocks([clock for _, clock in moved])
    return moved


def _copy(clock: SlaClock) -> SlaClock:
    values = {field.attname: getattr(clock, field.attname) for field in SlaClock._meta.concrete_fields}
    return new_row(SlaClock, **values)


def settle_told(clock: SlaClock) -> None:
    """Settle a clock that was told before: a breach that was taken back may be told again."""
    settle(clock, now())
    if clock.breached_at is None and clock.breach_told_at is not None:
        clock.breach_told_at = None
        settle(clock, now())
