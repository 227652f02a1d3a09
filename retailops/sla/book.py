"""Every version that may move a clock, as a process knows it: read at most every two seconds.

A version comes into force `LEAD` after its activation, and ends likewise. Whoever records an event from then on has
read the book meanwhile, so that every process starts the same clocks without asking the database for each event.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from time import monotonic
from uuid import UUID

from retailops.events.models import Event
from retailops.sla.dial import CANCEL, PAUSE, RESUME, REVIVE, START, STOP, Mark, Terms
from retailops.sla.hours import read_hours
from retailops.sla.models import SCOPE, PolicyStatus, SlaCalendar, SlaPolicy
from retailops.sla.moves import Move, connection_in

FRESH_SECONDS = 2.0
LEAD = timedelta(seconds=10)
MOVES = (
    (START, "starts"), (STOP, "stops"), (CANCEL, "cancels"), (REVIVE, "revives"), (PAUSE, "pauses"),
    (RESUME, "resumes"),
)  # fmt: skip


@dataclass(frozen=True)
class Version:
    """A policy version, ready to move clocks."""

    id: UUID
    name: str
    number: int
    title: str
    subject_type: str
    scope: tuple[tuple[str, str], ...]
    terms: Terms
    moves: dict[str, list[tuple[str, Move]]]
    effective_from: datetime | None
    effective_to: datetime | None
    severity: str
    opens_case: bool

    @cached_property
    def rank(self) -> tuple[int, ...]:
        """How specific its scope is: more fields first, then a connection, a brand, a region, a channel; then newer."""
        given = dict(self.scope)
        return (len(given), *(name in given for name in reversed(SCOPE)), self.number)

    @property
    def label(self) -> str:
        """The version as events name it."""
        return f"{self.name}@{self.number}"

    def marks(self, event: Event) -> list[Mark]:
        """Return what the event does to a clock of this version."""
        found = self.moves.get(event.type, ())
        return [Mark(kind, move.instant(event)) for kind, move in found if move.fits(event)]

    def serves(self, event: Event) -> bool:
        """Tell whether it is in force, and its scope covers the event."""
        return self.in_force(event.recorded_at) and self._covers(event)

    def in_force(self, at: datetime) -> bool:
        """Tell whether clocks are started under it at the instant."""
        begun = self.effective_from is not None and self.effective_from <= at
        return begun and (self.effective_to is None or at < self.effective_to)

    def _covers(self, event: Event) -> bool:
        for name, value in self.scope:
            if value != (connection_in(event) if name == "connection" else getattr(event, name)):
                return False
        return True


@dataclass
class Book:
    """Versions by id, names by the types of events that they listen to, and versions of a name, specific ones first."""

    versions: dict[UUID, Version] = field(default_factory=dict)
    listening: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    of_name: dict[str, list[Version]] = field(default_factory=dict)

    def for_start(self, name: str, event: Event) -> tuple[Version, list[Mark]] | None:
        """Return the version under which the event starts a clock of the name and what it does to it, if it does."""
        for version in self.of_name[name]:
            if version.serves(event):
                marks = version.marks(event)
                return (version, marks) if any(mark.kind == START for mark in marks) else None
        return None


def compose_book(versions: Iterable[Version]) -> Book:
    """Return the book of these versions."""
    book, names, subjects = Book(), defaultdict(set), {}
    for version in sorted(versions, key=lambda each: each.rank, reverse=True):
        book.versions[version.id] = version
        book.of_name.setdefault(version.name, []).append(version)
        subjects[version.name] = version.subject_type
        for type in version.moves:
            names[type].add(version.name)
    book.listening = {type: [(name, subjects[name]) for name in sorted(found)] for type, found in names.items()}
    return book


def version_of(policy: SlaPolicy) -> Version:
    """Return a policy version ready for use (calendar loaded)."""
    moves: dict[str, list[tuple[str, Move]]] = {}
    for kind, name in MOVES:
        for document in getattr(policy, name):
            moves.setdefault(document["type"], []).append((kind, Move(**document)))
    return Version(
        id=policy.id,
        name=policy.name,
        number=policy.version,
        title=policy.title,
        subject_type=policy.subject_type,
        scope=tuple(policy.scope.items()),
        terms=terms_of(policy),
        moves=moves,
        effective_from=policy.effective_from,
        effective_to=policy.effective_to,
        severity=policy.severity,
        opens_case=policy.opens_case,
    )


def terms_of(policy: SlaPolicy) -> Terms:
    """Return what the version promises."""
    calendar: SlaCalendar | None = policy.calendar
    hours = read_hours(calendar.timezone, calendar.hours, calendar.holidays) if calendar else None
    warn = timedelta(seconds=policy.warn_seconds) if policy.warn_seconds else None
    return Terms(hours, timedelta(seconds=policy.target_seconds), warn)


_known: tuple[float, Book] | None = None


def book() -> Book:
    """Return the book, at most two seconds old."""
    global _known
    if _known is None or monotonic() - _known[0] > FRESH_SECONDS:
        read_at = monotonic()
        rows = SlaPolicy.objects.exclude(status=PolicyStatus.DRAFT).select_related("calendar")
        _known = read_at, compose_book(version_of(row) for row in rows)
    return _known[1]


def forget() -> None:
    """Read the book anew the next time."""
    global _known
    _known = None
