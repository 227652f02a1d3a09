"""Answers to our own deliveries, carried to the domain through the inbox like every other word from outside."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from connectors.models import InboxKind, InboxMessage
from retailops.events.transport import Outcome
from retailops.lib.clock import now


@dataclass(frozen=True)
class Answer:
    """What a delivery asked (`message`: the event's data) and what came back (`answer`: the connector's shape)."""

    operation: str
    effect_key: str
    event_id: UUID
    subject_type: str
    subject_id: UUID
    correlation_id: UUID
    message: dict[str, Any]
    external_reference: str
    answer: dict[str, Any]

    @classmethod
    def of(cls, message: InboxMessage) -> "Answer":
        """Read the stored form."""
        data = json.loads(bytes(message.body))
        for name in ("event_id", "subject_id", "correlation_id"):
            data[name] = UUID(data[name])
        return cls(**data)


def as_message(connection_id: UUID, outcome: Outcome) -> InboxMessage:
    """Return the unsaved inbox message of a delivered (or looked-up) outcome, its id unique per delivery and fence."""
    claimed = outcome.claimed
    body = json.dumps(
        {
            "operation": claimed.operation,
            "effect_key": claimed.effect_key,
            "event_id": str(claimed.event_id),
            "subject_type": claimed.subject_type,
            "subject_id": str(claimed.subject_id),
            "correlation_id": str(claimed.correlation_id),
            "message": claimed.message,
            "external_reference": outcome.external_reference,
            "answer": outcome.answer,
        },
        separators=(",", ":"),
    ).encode()
    return InboxMessage(
        connection_id=connection_id,
        kind=InboxKind.ANSWER,
        message_id=f"answer:{claimed.id}:{claimed.fence}",
        topic=claimed.operation,
        lane_key=claimed.lane_key,
        body=body,
        body_hash=hashlib.sha256(body).hexdigest(),
        verified=True,
        correlation_id=claimed.correlation_id,
        received_at=now(),
    )
