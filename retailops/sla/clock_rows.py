"""Clocks in the database: one prepared statement for any number of rows."""

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString
from uuid import UUID

from pydantic_core import to_json

from retailops.events.prepared import Prepared
from retailops.events.raw_sql import execute, fetch_numbered
from retailops.sla.models import SlaClock

Key = tuple[str, UUID]

_FIXED = (
    "id", "policy_id", "name", "subject_type", "subject_id", "correlation_id", "region", "brand", "channel",
    "connection", "target_seconds",
)  # fmt: skip
_MOVING = (
    "state", "started_at", "warn_at", "due_at", "ended_at", "elapsed_seconds", "warned_at", "breached_at",
    "withdrawn_at", "look_at", "warned_told_at", "breach_told_at", "marks", "seen_at",
)  # fmt: skip

_TYPES: LiteralString = """
t(id uuid, policy_id uuid, name text, subject_type text, subject_id uuid, correlation_id uuid, region text, brand text,
  channel text, connection text, target_seconds bigint, state text, started_at timestamptz, warn_at timestamptz,
  due_at timestamptz, ended_at timestamptz, elapsed_seconds float8, warned_at timestamptz, breached_at timestamptz,
  withdrawn_at timestamptz, look_at timestamptz, warned_told_at timestamptz, breach_told_at timestamptz, marks jsonb,
  seen_at timestamptz)
"""
_INSERT: LiteralString = (
    """
INSERT INTO sla_slaclock (id, policy_id, name, subject_type, subject_id, correlation_id, region, brand, channel,
       connection, target_seconds, state, started_at, warn_at, due_at, ended_at, elapsed_seconds, warned_at,
       breached_at, withdrawn_at, look_at, warned_told_at, breach_told_at, marks, seen_at)
SELECT * FROM jsonb_to_recordset($1::jsonb) AS """
    + _TYPES
    + """ ORDER BY t.subject_id, t.name
ON CONFLICT (subject_id, name) DO NOTHING
RETURNING name, subject_id
"""
)
_UPDATE: LiteralString = (
    """
UPDATE sla_slaclock c SET policy_id = t.policy_id, target_seconds = t.target_seconds,
       correlation_id = t.correlation_id, region = t.region, brand = t.brand, channel = t.channel,
       connection = t.connection, state = t.state, started_at = t.started_at, warn_at = t.warn_at, due_at = t.due_at,
       ended_at = t.ended_at, elapsed_seconds = t.elapsed_seconds, warned_at = t.warned_at,
       breached_at = t.breached_at, withdrawn_at = t.withdrawn_at, look_at = t.look_at,
       warned_told_at = t.warned_told_at, breach_told_at = t.breach_told_at, marks = t.marks, seen_at = t.seen_at
FROM jsonb_to_recordset(%(rows)s::jsonb) AS """
    + _TYPES
    + " WHERE c.id = t.id"
)


# In the order of their ids.
_LOCKED = Prepared(
    lambda subjects, names: (
        SlaClock.objects.select_for_update(no_key=True).filter(subject_id__in=subjects, name__in=names).order_by("id")
    )
)


def insert_clocks(clocks: Sequence[SlaClock]) -> set[Key]:
    """Insert clocks; return the keys of those that were not there yet."""
    return {(name, subject) for name, subject in fetch_numbered(_INSERT, [_document(clocks)])}


def update_clocks(clocks: Sequence[SlaClock]) -> None:
    """Write clocks that the transaction holds locked."""
    if clocks:
        execute(_UPDATE, {"rows": _document(clocks)}, prepare=True)


def locked_clocks(keys: Iterable[Key]) -> dict[Key, SlaClock]:
    """Return the clocks of these keys, locked in the order of their ids until the transaction ends."""
    wanted = set(keys)
    names, subjects = {name for name, _ in wanted}, {subject for _, subject in wanted}
    found = {(row.name, row.subject_id): row for row in _LOCKED.all(subjects, names)}
    return {key: row for key, row in found.items() if key in wanted}


def _document(clocks: Sequence[SlaClock]) -> str:
    return to_json([_row(clock) for clock in clocks]).decode()


def _row(clock: SlaClock) -> dict[str, Any]:
    return {name: getattr(clock, name) for name in (*_FIXED, *_MOVING)}
