"""GET /trace/{any id}: the whole story of a transaction, across all systems."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from connectors.models import InboxMessage
from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.cases.api.shapes import CaseShape, case_shape
from retailops.events.api.deliveries import AttemptShape, DeliveryShape, delivery_shape
from retailops.events.cloudevents import CloudEvent, cloud_event
from retailops.lib.errors import NotFound
from retailops.lib.wire import Shape
from retailops.workbench.finding import find
from retailops.workbench.trace.entries import Entry, entries, gather

MOST_TRACES = 5


class TraceMatch(Shape):
    """Something that bears the id."""

    kind: str
    label: str
    correlation_id: UUID


class TraceMessage(Shape):
    """A message that came from outside."""

    id: UUID
    connection: str
    kind: str
    message_id: str
    topic: str
    status: str
    error: str
    received_at: datetime
    done_at: datetime | None


class TraceEntry(Shape):
    """One thing that happened: a message in, a change of state, a message out."""

    at: datetime
    way: Literal["in", "state", "out"]
    system: str
    title: str
    idle_seconds: float = Field(description="How long nothing happened before it.")
    event: CloudEvent | None
    delivery: DeliveryShape | None
    attempt: AttemptShape | None
    message: TraceMessage | None
    case: CaseShape | None


class TransactionTrace(Shape):
    """Everything of one correlation id, in order."""

    correlation_id: UUID
    entries: list[TraceEntry]


class TraceShape(Shape):
    """What bears the id, and the stories that it belongs to (the first five)."""

    matches: list[TraceMatch]
    traces: list[TransactionTrace]


class TraceEndpoint(Endpoint):
    """The whole story."""

    @operation(
        id="trace", summary="The whole story of any id", tag="Trace", permission=Permission.EVENTS_READ,
        answers={200: TraceShape},
    )  # fmt: skip
    def get(self, request: Request, any_id: str) -> TraceShape:
        """RMA, order, tracking, gateway reference, effect key, correlation id, webhook id: what came in, what changed
        and what went out, in order, across all systems."""
        matches = find(self.actor, any_id.strip())
        if not matches:
            raise NotFound("Nothing that you may see bears this id.")
        stories = list(dict.fromkeys(match.correlation_id for match in matches))
        return TraceShape.build(
            matches=[TraceMatch.model_validate(match) for match in matches],
            traces=[self._trace(correlation_id) for correlation_id in stories[:MOST_TRACES]],
        )

    def _trace(self, correlation_id: UUID) -> TransactionTrace:
        found = [_entry(entry) for entry in entries(gather(self.actor, correlation_id))]
        return TransactionTrace.build(correlation_id=correlation_id, entries=found)


def _entry(entry: Entry) -> TraceEntry:
    return TraceEntry.build(
        at=entry.at,
        way=entry.way,
        system=entry.lane,
        title=entry.title,
        idle_seconds=max(0.0, entry.idle_seconds),
        event=cloud_event(entry.event) if entry.event else None,
        delivery=delivery_shape(entry.delivery) if entry.delivery else None,
        attempt=AttemptShape.model_validate(entry.attempt) if entry.attempt else None,
        message=_message(entry.message) if entry.message else None,
        case=case_shape(entry.case) if entry.case else None,
    )


def _message(message: InboxMessage) -> TraceMessage:
    fields: dict[str, Any] = {
        name: getattr(message, name)
        for name in ("id", "kind", "message_id", "topic", "status", "error", "received_at", "done_at")
    }
    return TraceMessage.build(connection=message.connection.name, **fields)
