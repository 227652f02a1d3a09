"""What the API answers about promises and clocks."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from retailops.lib.wire import Shape
from retailops.sla.book import MOVES
from retailops.sla.models import SCOPE, ClockState, Severity, SlaClock, SlaPolicy


class ClockMoveShape(Shape):
    """An event that moves a clock: its type, from where its instant is taken, and what its data must hold."""

    type: str
    at: str = Field(description="Empty: when it occurred; `recorded`; or the field of its data with the instant.")
    where: dict[str, Any]


class PromiseShape(Shape):
    """One version of a promise; scope fields that are empty mean any. Times in seconds of counted time."""

    id: UUID
    name: str
    version: int
    label: str = Field(description="As events name it: `refund_cycle@3`.")
    title: str
    subject_type: str
    status: Literal["draft", "active", "retired"]
    channel: str
    region: str
    brand: str
    connection: str
    target_seconds: int
    warn_seconds: int | None
    calendar: str | None = Field(description="The version of the business hours that count; null: round the clock.")
    severity: Severity
    opens_case: bool
    starts: list[ClockMoveShape]
    stops: list[ClockMoveShape]
    cancels: list[ClockMoveShape]
    revives: list[ClockMoveShape]
    pauses: list[ClockMoveShape]
    resumes: list[ClockMoveShape]
    effective_from: datetime | None
    effective_to: datetime | None


class PromiseList(Shape):
    """One page of promises."""

    results: list[PromiseShape]
    next_cursor: str


class ClockShape(Shape):
    """One clock. `breached_at` is the due time, where it passed before the end; `elapsed_seconds` count open time."""

    id: UUID
    policy: str
    name: str
    subject: str = Field(description="What it is about: kind and id.")
    correlation_id: UUID
    region: str
    brand: str
    channel: str
    connection: str
    state: ClockState
    target_seconds: int
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    elapsed_seconds: float | None
    warned_at: datetime | None
    breached_at: datetime | None
    withdrawn_at: datetime | None = Field(description="When a fact was recorded that took a breach back.")


class ClockList(Shape):
    """One page of clocks."""

    results: list[ClockShape]
    next_cursor: str


_SAME = ("id", "name", "version", "label", "title", "subject_type", "status", "target_seconds", "warn_seconds",
         "severity", "opens_case", "effective_from", "effective_to", *SCOPE)  # fmt: skip


def promise_shape(policy: SlaPolicy) -> PromiseShape:
    """Return the shape of a version (calendar loaded)."""
    moves = {field: [_move(each) for each in getattr(policy, field)] for _, field in MOVES}
    same = {name: getattr(policy, name) for name in _SAME}
    return PromiseShape.build(**same, **moves, calendar=str(policy.calendar) if policy.calendar else None)


def _move(told: dict[str, Any]) -> ClockMoveShape:
    return ClockMoveShape.build(type=told["type"], at=told.get("at", ""), where=told.get("where", {}))


def clock_shape(clock: SlaClock) -> ClockShape:
    """Return the shape of a clock (policy loaded)."""
    names = set(ClockShape.model_fields) - {"policy", "subject"}
    values = {name: getattr(clock, name) for name in names}
    subject = f"{clock.subject_type}/{clock.subject_id}"
    return ClockShape.build(policy=clock.policy.label, subject=subject, **values)
