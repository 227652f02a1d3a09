"""Publish what became of clocks that somebody was told of before; hand due times on to what bears them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.events.publish import append, compose
from retailops.sla.book import Book
from retailops.sla.events import BreachWithdrawn, ClockCanceled, ClockFact, ClockMet
from retailops.sla.models import ClockState, SlaClock

SLA = Actor.system("sla")
# Called in the transaction with the due times by subject; None: not due (paused before, canceled, or done).
Bearer = Callable[[Mapping[UUID, datetime | None]], None]
_bearers: dict[str, Bearer] = {}


def register_bearer(name: str, bearer: Bearer) -> None:
    """Have the due times of a promise's clocks handed to what they are about (a case shows when it is due)."""
    _bearers[name] = bearer


def tell_changes(known: Book, made: Sequence[SlaClock], moved: Sequence[tuple[SlaClock, SlaClock]]) -> None:
    """Publish what changed, where somebody was told before; `moved` are clocks as they were and as they are."""
    hand_on([clock for clock in made if clock.is_open])
    hand_on([clock for before, clock in moved if before.due_at != clock.due_at])
    publish_facts(known, [(kind, clock) for before, clock in moved for kind in _kinds(before, clock)])


def take_back(known: Book, void: Sequence[SlaClock]) -> None:
    """Tell whoever was told of these clocks that nothing is to be done in time: they should never have run."""
    moot = [_moot(clock) for clock in void]
    hand_on(moot)
    heard = [clock for clock in moot if clock.breach_told_at is not None or clock.warned_told_at is not None]
    publish_facts(known, [(ClockCanceled, clock) for clock in heard])


def _moot(clock: SlaClock) -> SlaClock:
    values = {field.attname: getattr(clock, field.attname) for field in SlaClock._meta.concrete_fields}
    moot = {"state": ClockState.CANCELED, "ended_at": clock.started_at, "due_at": None, "breached_at": None}
    return SlaClock(**values | moot)


def hand_on(clocks: Sequence[SlaClock]) -> None:
    """Give the due times of these clocks to what bears them."""
    for name, bearer in _bearers.items():
        due = {clock.subject_id: clock.due_at for clock in clocks if clock.name == name}
        if due:
            bearer(due)


def _kinds(before: SlaClock, clock: SlaClock) -> list[type[ClockFact]]:
    """Return what is to be told of a clock that was told before."""
    found: list[type[ClockFact]] = []
    if before.breach_told_at is not None and clock.breached_at is None:
        found.append(BreachWithdrawn)
    heard = before.breach_told_at is not None or before.warned_told_at is not None
    if heard and before.is_open and not clock.is_open:
        found.append(ClockMet if clock.state == ClockState.MET else ClockCanceled)
    return found


def publish_facts(known: Book, told: Sequence[tuple[type[ClockFact], SlaClock]]) -> None:
    """Publish one event for each, in one statement."""
    if not told:
        return
    events, lanes = [], {}
    for kind, clock in told:
        event = _compose(known, kind, clock)
        events.append(event)
        lanes[event.id] = str(clock.subject_id)
    append(events, lanes)


def _compose(known: Book, kind: type[ClockFact], clock: SlaClock) -> Event:
    more: dict[str, Any] = {}
    if issubclass(kind, ClockMet):
        more = {"ended_at": told_instant(clock.ended_at), "late": clock.breached_at is not None}
    version = known.versions[clock.policy_id]
    fact = kind(
        clock_id=str(clock.id),
        name=clock.name,
        title=version.title,
        subject_type=clock.subject_type,
        subject_id=str(clock.subject_id),
        target_seconds=clock.target_seconds,
        started_at=told_instant(clock.started_at),
        due_at=told_instant(clock.due_at),
        severity=version.severity,
        opens_case=version.opens_case,
        connection=clock.connection,
        **more,
    )
    return compose(fact, subject=subject_of(clock), actor=SLA, policy_version=version.label[:40])


def subject_of(clock: SlaClock) -> Subject:
    """Return what the clock is about, as the subject of its events."""
    lane = str(clock.subject_id)
    return Subject(
        clock.subject_type, clock.subject_id, clock.correlation_id, lane, clock.region, clock.brand, clock.channel
    )


def told_instant(moment: datetime | None) -> str:
    """Return an instant as events tell it."""
    return moment.isoformat() if moment else ""
