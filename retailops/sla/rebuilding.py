"""Rebuild clocks from the event log: the same clocks as live, beside live traffic, from where a stopped run was.

Events that start clocks are walked in the order of the log. Each clock is locked before its events are read, so that
what a command adds meanwhile waits for the lock and comes on top. A clock that was not there is entered first; once
every transaction that may not have seen it has ended, its events are read again. A clock that no event starts is taken
away in the same manner: what was told of it is taken back.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from retailops.sla.book import Book, book
from retailops.sla.clock_rows import Key, insert_clocks, locked_clocks, update_clocks
from retailops.sla.dial import START
from retailops.sla.models import SlaClock, SlaRebuild
from retailops.sla.moves import OURS, subject_in
from retailops.sla.telling import hand_on, take_back
from retailops.sla.winding import move_clock, settle, start_clock

BATCH = 500
LONGEST_WAIT = 120.0
_KEPT = ("id", "warned_told_at", "breach_told_at")


@dataclass
class Done:
    """How many events were walked, and how many clocks were entered, and corrected or taken away."""

    events: int = 0
    entered: int = 0
    corrected: int = 0


def begin_rebuild(*, again: bool = False) -> SlaRebuild:
    """Return the run that was stopped, or a new one up to the present end of the log; `again` gives the old one up."""
    if not again and (stopped := SlaRebuild.objects.filter(finished_at=None).order_by("-id").first()):
        return stopped
    SlaRebuild.objects.filter(finished_at=None).update(finished_at=now())
    last = Event.objects.order_by("-position").values_list("position", flat=True).first() or 0
    return SlaRebuild.objects.create(until=last)


def rebuild(run: SlaRebuild, *, batch: int = BATCH) -> Iterator[int]:
    """Go on with the run to its end; yield the place in the log after each batch. Its counts are in the run's row."""
    while found := _starts(run, batch):
        done = _rebuild_batch(found)
        run.position = found[-1].position
        run.events += len(found)
        run.entered += done.entered
        run.corrected += done.corrected
        run.save(update_fields=["position", "events", "entered", "corrected"])
        yield run.position
    run.finished_at = now()
    run.save(update_fields=["finished_at"])


def _starts(run: SlaRebuild, batch: int) -> list[Event]:
    """Return the next events that may start clocks."""
    known = book()
    types = {type for version in known.versions.values() for type in version.moves if _starts_with(version.moves[type])}
    rows = Event.objects.filter(type__in=types, source=OURS, position__gt=run.position, position__lte=run.until)
    return list(rows.order_by("position")[:batch])


def _starts_with(moves: Iterable[tuple[str, object]]) -> bool:
    return any(kind == START for kind, _ in moves)


def _rebuild_batch(starts: Sequence[Event]) -> Done:
    known = book()
    keys = keys_of(known, starts)
    stories = {event.correlation_id for event in starts}
    done = Done()
    unsure = _write(known, keys, stories, done)
    if unsure:
        _wait_for_others()
        _write(known, unsure, stories, Done())
    return done


def keys_of(known: Book, events: Iterable[Event]) -> set[Key]:
    """Return the clocks that these events may move."""
    return {
        (name, subject)
        for event in events
        for name, subject_type in known.listening.get(event.type, ())
        if (subject := subject_in(event, subject_type))
    }


@transaction.atomic
def _write(known: Book, keys: set[Key], stories: set[UUID], done: Done) -> set[Key]:
    """Write the clocks of these keys as their events make them; return those that were entered or taken away.

    Somebody may have published before without seeing what was entered, or waited for what was taken away.
    """
    present = locked_clocks(keys)
    made = replay(known, keys, stories)
    moment, wrong, missing = now(), [], []
    for key, clock in made.items():
        former = present.get(key)
        if former is None:
            missing.append(_silent(clock, moment))
        elif differs(former, _kept(clock, former, moment)):
            wrong.append(clock)
    update_clocks(wrong)
    entered = insert_clocks(missing) if missing else set()
    hand_on([clock for clock in [*wrong, *missing] if clock.is_open])
    void = {key: clock for key, clock in present.items() if key not in made}
    _take_away(known, list(void.values()))
    done.corrected += len(wrong) + len(void)
    done.entered += len(entered)
    return entered | void.keys()


def _take_away(known: Book, void: Sequence[SlaClock]) -> None:
    """Delete clocks that no event starts, as if they had never been; they are locked."""
    take_back(known, void)
    SlaClock.objects.filter(pk__in=[clock.pk for clock in void]).delete()


def replay(known: Book, keys: set[Key], stories: set[UUID]) -> dict[Key, SlaClock]:
    """Return the clocks (not written, not settled) that the events of these stories make."""
    told = Event.objects.filter(correlation_id__in=stories, type__in=known.listening, source=OURS)
    made: dict[Key, SlaClock] = {}
    for event in told.order_by("position"):
        for name, subject_type in known.listening[event.type]:
            subject = subject_in(event, subject_type)
            if subject is None or (name, subject) not in keys:
                continue
            clock = made.get((name, subject))
            if clock is not None:
                move_clock(clock, known.versions[clock.policy_id], event)
            elif started := start_clock(known, name, subject_type, subject, event):
                made[name, subject] = started
    return made


def _silent(clock: SlaClock, moment: datetime) -> SlaClock:
    """Settle a clock that nobody had: what has passed by now is not told any more."""
    settle(clock, moment)
    if clock.breached_at is not None:
        clock.breach_told_at = moment
    if clock.warned_at is not None:
        clock.warned_told_at = moment
    settle(clock, moment)
    return clock


def _kept(clock: SlaClock, former: SlaClock, moment: datetime) -> SlaClock:
    """Settle a clock in the place of the one that is there, with what was told of it."""
    for name in _KEPT:
        setattr(clock, name, getattr(former, name))
    settle(clock, moment)
    if clock.breached_at is None:
        clock.breach_told_at = None
        settle(clock, moment)
    return clock


COMPARED = (
    "policy_id", "subject_type", "correlation_id", "region", "brand", "channel", "connection", "target_seconds",
    "state", "started_at", "warn_at", "due_at", "ended_at", "elapsed_seconds", "withdrawn_at", "marks", "seen_at",
)  # fmt: skip


def differs(clock: SlaClock, other: SlaClock) -> list[str]:
    """Return the fields in which two clocks of one key differ; what passes by itself (breach, warning) is not one."""
    return [name for name in COMPARED if getattr(clock, name) != getattr(other, name)]


# Transactions of other databases of the server cannot write here; our own does not wait for itself.
_OTHERS = """
SELECT count(*) FROM pg_snapshot_xip(pg_current_snapshot()) AS running
WHERE running < %(bound)s::text::xid8 AND running IS DISTINCT FROM pg_current_xact_id_if_assigned()
  AND NOT EXISTS (SELECT 1 FROM pg_stat_activity AS other
                  WHERE other.backend_xid = running::xid AND other.datname <> current_database())
"""


def _wait_for_others() -> None:
    """Wait until every transaction has ended that may have published without seeing what was entered.

    A number of our own bounds them: a snapshot names those alone that began before the last one that has ended.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        bound = cursor.fetchone()[0]
        waiting_since = time.monotonic()
        while True:
            cursor.execute(_OTHERS, {"bound": bound})
            if not cursor.fetchone()[0]:
                return
            if time.monotonic() - waiting_since > LONGEST_WAIT:
                raise Conflict("Some transaction has been open for two minutes: end it, then go on.", code="busy")
            time.sleep(0.05)
