"""One page of the log, merged of both sources by time; a place in it is a place in each of them."""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from retailops.accounts.models import DeniedAttempt
from retailops.audit_log.query import DENIED
from retailops.events.models import Event

SIZE = 50
FACETS, LOOKED_AT = 12, 10_000
_CURSOR = re.compile(r"(\d{1,18})\.(\d{1,18})")
END = 10**18 - 1
NO_TRACE = frozenset({"person", "api_client", "access_rules", "audit_export"})


@dataclass(frozen=True)
class Row:
    """One line of the log. `count` is more than 1 where attempts were denied again within the minute."""

    at: datetime
    actor: str
    action: str
    detail: str
    region: str = ""
    brand: str = ""
    count: int = 1
    subject_type: str = ""
    subject_id: UUID | None = None
    correlation_id: UUID | None = None
    number: str = ""
    places: tuple[int, int] = (0, 0)
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def subject_key(self) -> str:
        """Return the key under which a person is known as an actor."""
        return f"user:{self.subject_id}"

    @property
    def short(self) -> str:
        """Return the end of the subject's id."""
        return f"…{str(self.subject_id)[-8:]}"

    @property
    def has_trace(self) -> bool:
        """Tell whether it is part of a transaction that the trace shows."""
        return self.subject_type not in NO_TRACE


@dataclass(frozen=True)
class LogPage:
    """The rows of one page, newest first, and the cursors of its neighbors; an empty one means that there is none."""

    rows: list[Row]
    newer: str = ""
    older: str = ""


def log_page(
    events: QuerySet[Event], denials: QuerySet[DeniedAttempt], *, after: str = "", before: str = "", size: int = SIZE
) -> LogPage:
    """Return up to `size` rows older than the cursor `after`, or newer than `before`; a damaged one is left out."""
    forward, events = _read(before), events.select_related("remark")
    if forward is not None:
        found = merged(
            events.filter(position__gt=forward[0]).order_by("position")[: size + 1],
            denials.filter(pk__gt=forward[1]).order_by("pk")[: size + 1],
            newest_first=False,
        )
        beyond = (forward[0] + 1, forward[1] + 1)
        return _page(found[:size][::-1], newer=forward if len(found) > size else None, older=beyond)
    start = _read(after)
    top = start or (END, END)
    found = merged(
        events.filter(position__lt=top[0]).order_by("-position")[: size + 1],
        denials.filter(pk__lt=top[1]).order_by("-pk")[: size + 1],
    )
    newer = (top[0] - 1, top[1] - 1) if start else None
    return _page(found[:size], newer=newer, older=top if len(found) > size else None)


def merged(events: Iterable[Event], denials: Iterable[DeniedAttempt], *, newest_first: bool = True) -> list[Row]:
    """Return the rows of both by time, each source in its own order: a cut anywhere is a place in each of them."""
    left, right = deque(map(row_of_event, events)), deque(map(row_of_denial, denials))
    rows = []
    while left and right:
        event_first = left[0].at >= right[0].at if newest_first else left[0].at <= right[0].at
        rows.append((left if event_first else right).popleft())
    return [*rows, *left, *right]


def row_of_event(event: Event) -> Row:
    """Return the line of an event."""
    data = event.data
    return Row(
        at=event.recorded_at, actor=event.actor, action=event.type, detail=_written(event),
        region=event.region, brand=event.brand, subject_type=event.subject_type, subject_id=event.subject_id,
        correlation_id=event.correlation_id, number=str(data.get("number") or ""), data=data,
        places=(event.position, 0),
    )  # fmt: skip


def _written(event: Event) -> str:
    """Return what was written when it happened, else the reason that it tells."""
    return event.remark.text if hasattr(event, "remark") else str(event.data.get("reason") or "")


def row_of_denial(attempt: DeniedAttempt) -> Row:
    """Return the line of a denied attempt."""
    return Row(
        at=attempt.at, actor=attempt.actor, action=DENIED, detail=attempt.detail, count=attempt.count,
        number=f"{attempt.method} {attempt.path}", places=(0, attempt.pk), region=_named(attempt, "region"),
        brand=_named(attempt, "brand"),
    )  # fmt: skip


def _named(attempt: DeniedAttempt, what: str) -> str:
    return ", ".join(sorted({place[what] for place in attempt.places if place[what]}))


def _page(rows: list[Row], *, newer: tuple[int, int] | None, older: tuple[int, int] | None) -> LogPage:
    if not rows:
        return LogPage([])
    return LogPage(rows, _cursor(rows, newer, max), _cursor(rows, older, min))


def _cursor(rows: Sequence[Row], otherwise: tuple[int, int] | None, edge: Callable[[list[int]], int]) -> str:
    """Return the place before (max) or behind (min) the rows in both sources, or nothing.

    A source without a row on the page has its place where the page began: nothing of it lies between.
    """
    if otherwise is None:
        return ""
    places = [[row.places[source] for row in rows if row.places[source]] for source in (0, 1)]
    return ".".join(str(edge(found) if found else otherwise[source]) for source, found in enumerate(places))


def _read(text: str) -> tuple[int, int] | None:
    found = _CURSOR.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def with_numbers(rows: list[Row]) -> list[Row]:
    """Return the rows, those without a number with the latest one of their transaction (one query)."""
    known = {row.correlation_id: row.number for row in reversed(rows) if row.number and row.correlation_id}
    missing = {row.correlation_id for row in rows if row.correlation_id and row.has_trace} - set(known)
    found = Event.objects.filter(correlation_id__in=missing, data__has_key="number").distinct("correlation_id")
    known |= dict(found.order_by("correlation_id", "-position").values_list("correlation_id", "data__number"))
    return [row if row.number else replace(row, number=_told(known, row)) for row in rows]


def _told(known: dict[UUID, str], row: Row) -> str:
    return str(known.get(row.correlation_id) or "") if row.correlation_id else ""


def facets(events: QuerySet[Event], denials: QuerySet[DeniedAttempt]) -> list[tuple[str, int]]:
    """Return the commonest actions among the latest rows, with how many there are."""
    latest = events.order_by("-position").values("pk")[:LOOKED_AT]
    counted = Event.objects.filter(pk__in=latest).order_by().values_list("type").annotate(n=Count("pk"))
    found: Counter[str] = Counter(dict(counted))
    denied = denials.order_by().values("pk")[:LOOKED_AT].count()
    return found.most_common(FACETS) + ([(DENIED, denied)] if denied else [])


def row_count(events: QuerySet[Event], denials: QuerySet[DeniedAttempt], limit: int = LOOKED_AT) -> int:
    """Return how many rows there are, at most limit + 1."""
    found = events.order_by().values("pk")[: limit + 1].count()
    return min(limit + 1, found + denials.order_by().values("pk")[: limit + 1].count())
