"""Write attempts: append-only rows, many at once."""

from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from retailops.events.raw_sql import copy_rows
from retailops.events.transport import Outcome
from retailops.lib.clock import now

_COPY = """
COPY events_attempt (delivery_id, attempt_no, fence, trigger, actor, config_version, mapping_version, outcome, code,
    message, http_status, request, response, external_reference, started_at, duration_ms, late, recorded_at)
FROM STDIN (FORMAT BINARY)
"""
_TYPES = (
    "uuid", "int4", "int8", "text", "text", "int4", "int4", "text", "text",
    "text", "int2", "jsonb", "jsonb", "text", "timestamptz", "int4", "bool", "timestamptz",
)  # fmt: skip


LONGEST_CODE = 120
LONGEST_REFERENCE = 200
LONGEST_MESSAGE = 2000


def plain(text: str) -> str:
    """Return text that PostgreSQL can store, at most 2,000 characters of it."""
    return text.replace("\x00", "")[:LONGEST_MESSAGE]


def insert(outcomes: Sequence[Outcome], late: Container[UUID] = ()) -> None:
    """Append one attempt for each outcome; `late` are the deliveries whose lease was lost when it came."""
    moment = now()
    rows = [_row(outcome, bool(late) and outcome.claimed.id in late, moment) for outcome in outcomes]
    copy_rows(_COPY, _TYPES, rows)


def _row(outcome: Outcome, late: bool, moment: datetime) -> tuple[Any, ...]:
    claimed = outcome.claimed
    return (
        claimed.id,
        claimed.attempt_no,
        claimed.fence,
        str(claimed.trigger),
        claimed.actor,
        outcome.config_version,
        outcome.mapping_version,
        str(outcome.result),
        outcome.code[:LONGEST_CODE],
        plain(outcome.message),
        outcome.http_status,
        None if outcome.request is None else Jsonb(outcome.request),
        None if outcome.response is None else Jsonb(outcome.response),
        outcome.external_reference[:LONGEST_REFERENCE],
        outcome.started_at or moment,
        outcome.duration_ms,
        late,
        moment,
    )
