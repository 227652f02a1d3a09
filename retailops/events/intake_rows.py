"""Told events in the database: stories of their subjects, one set-based insert, and what was known already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from retailops.events.enums import DestinationKind
from retailops.events.models import Event
from retailops.events.publish import deliver
from retailops.events.raw_sql import fetch
from retailops.lib.errors import Conflict, DomainError

OURS = "retailops"
Row = dict[str, Any]
Key = tuple[str, str]


class Story(NamedTuple):
    """What a subject's former events tell of it."""

    correlation_id: UUID
    region: str
    brand: str
    channel: str


@dataclass(frozen=True)
class Taken:
    """What became of one event: our id of it, and whether it was known already."""

    id: UUID
    known: bool


Outcome = Taken | DomainError


def read_stories(subjects: Iterable[UUID]) -> dict[UUID, Story]:
    """Return the story of each subject that our own events tell of: what others tell must not decide whose it is."""
    found = fetch(
        "SELECT DISTINCT ON (subject_id) subject_id, correlation_id, region, brand, channel FROM events_event"
        " WHERE subject_id = ANY(%(subjects)s) AND source = %(ours)s ORDER BY subject_id, position",
        {"subjects": list(subjects), "ours": OURS},
    )
    return {row[0]: Story(*row[1:]) for row in found}


_INSERT = """
INSERT INTO events_event (id, type, version, subject_type, subject_id, correlation_id, causation_id, source, actor,
       on_behalf_of, reason_code, policy_version, region, brand, channel, data, occurred_at, recorded_at,
       idempotency_key, input_hash)
SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS t(id uuid, type text, version smallint, subject_type text,
       subject_id uuid, correlation_id uuid, causation_id uuid, source text, actor text, on_behalf_of text,
       reason_code text, policy_version text, region text, brand text, channel text, data jsonb,
       occurred_at timestamptz, recorded_at timestamptz, idempotency_key text, input_hash text)
ON CONFLICT (source, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
RETURNING id
"""


def write(rows: dict[int, Row]) -> dict[int, Outcome]:
    """Insert the events and owe them to webhooks; one outcome for each index.

    They go in the order of source and id, so that two batches with the same events wait for each other and never
    deadlock.
    """
    unique: dict[Key, Row] = {}
    for row in rows.values():
        unique.setdefault(_key(row), row)
    ordered = [unique[key] for key in sorted(unique)]
    written = {row[0] for row in fetch(_INSERT, {"rows": to_json(ordered).decode()})}
    _owe_to_webhooks([row for row in unique.values() if row["id"] in written])
    present = {key: (row["id"], row["input_hash"]) for key, row in unique.items()}
    present |= _stored([row for row in ordered if row["id"] not in written])
    return {index: _outcome(row, written, *present[_key(row)]) for index, row in rows.items()}


_A_WEBHOOK = "SELECT 1 FROM events_destination WHERE kind = 'webhook' AND retired_at IS NULL LIMIT 1"


def _owe_to_webhooks(rows: Sequence[Row]) -> None:
    """Write the deliveries to webhook endpoints that want the events; to connections nothing is owed."""
    if rows and fetch(_A_WEBHOOK, {}, prepare=True):
        events = [Event(**row) for row in rows]
        deliver(events, {event.id: str(event.subject_id) for event in events}, only=DestinationKind.WEBHOOK)


def _outcome(row: Row, written: set[UUID], id: UUID, input_hash: str) -> Outcome:
    if row["input_hash"] != input_hash:
        return Conflict("This source used the id before for another event.", code="id-reused", present=str(id))
    return Taken(id, known=row["id"] not in written)


def _key(row: Row) -> Key:
    return row["source"], row["idempotency_key"]


def _stored(rows: Sequence[Row]) -> dict[Key, tuple[UUID, str]]:
    if not rows:
        return {}
    found = fetch(
        "SELECT source, idempotency_key, id, input_hash FROM events_event WHERE (source, idempotency_key) IN"
        " (SELECT * FROM unnest(%(sources)s::text[], %(keys)s::text[]))",
        {"sources": [row["source"] for row in rows], "keys": [row["idempotency_key"] for row in rows]},
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in found}
