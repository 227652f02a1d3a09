"""The body of an outbound webhook: the canonical event as CloudEvents 1.0 JSON, below 20 kB, constant over retries.

It is the document of `retailops.events.cloudevents.as_document`, put together from columns, because this is the hottest
path of the product: a model instance and a validated shape for each webhook cost three times as much.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from retailops.events.cloudevents import SPEC_VERSION, schema_address
from retailops.events.raw_sql import fetch
from retailops.events.transport import Claimed

BODY_LIMIT = 20_000
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

# Attributes that may say nothing; they are left out then.
_OPTIONAL = ("causationid", "actor", "onbehalfof", "reasoncode", "policyversion", "region", "brand", "channel")
_COLUMNS = """
SELECT id, coalesce(nullif(idempotency_key, ''), id::text), source, type, version, subject_type, subject_id,
    occurred_at, correlation_id, causation_id, actor, on_behalf_of, reason_code, policy_version, region, brand, channel
FROM events_event WHERE id = ANY(%(ids)s)
"""


def bodies(batch: Sequence[Claimed]) -> dict[UUID, bytes]:
    """Return the body of each delivery by its id (one query)."""
    rows = fetch(_COLUMNS, {"ids": [claimed.event_id for claimed in batch]})
    envelopes = {row[0]: dict(_attributes(row)) for row in rows}
    return {claimed.id: _body(envelopes[claimed.event_id], claimed) for claimed in batch}


def _attributes(row: tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    yield "specversion", SPEC_VERSION
    yield "id", row[1]
    yield "source", row[2]
    yield "type", row[3]
    yield "subject", f"{row[5]}/{row[6]}"
    yield "time", _instant(row[7])
    yield "datacontenttype", "application/json"
    yield "dataschema", schema_address(row[3], row[4])
    yield "correlationid", str(row[8])
    yield from ((name, str(value)) for name, value in zip(_OPTIONAL, row[9:], strict=True) if value)


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _body(attributes: Mapping[str, str], claimed: Claimed) -> bytes:
    """Return the event as bytes; data that does not fit is left out and named by `dataref` (the event's address)."""
    content = _bytes({**attributes, "data": claimed.message})
    if len(content) < BODY_LIMIT:
        return content
    return _bytes({**attributes, "dataref": f"{settings.PUBLIC_URL.rstrip('/')}/api/v1/events/{claimed.event_id}"})


def _bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def traceparent(claimed: Claimed) -> str:
    """Return the W3C trace context: the trace is the caller's who caused it, else the correlation id; the span is this
    attempt."""
    span = (claimed.id.int ^ claimed.fence) & 0xFFFF_FFFF_FFFF_FFFF or 1
    if claimed.traceparent:
        _, trace, _, flags = claimed.traceparent.split("-")
        return f"00-{trace}-{span:016x}-{flags}"
    return f"00-{claimed.correlation_id.hex}-{span:016x}-01"
