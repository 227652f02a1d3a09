"""What a message becomes under a config and a mapping, and how that differs from another pair. Nothing is sent."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from connectors import redaction
from connectors.context import as_it_was, as_it_would_be
from connectors.failures import VendorFailure
from connectors.models import InboxMessage
from connectors.protocol import ConnectionContext, Connector
from connectors.registry import connector_of
from retailops.events.models import Delivery
from retailops.events.transport import Claimed
from retailops.events.verdict_facts import last_mapping_versions
from retailops.lib.clock import now


class Verdict(StrEnum):
    """How a message fares under the change."""

    SAME = "same"
    DIFFERENT = "different"
    MENDED = "mended"
    BROKEN = "broken"
    STILL_FAILS = "still_fails"


@dataclass(frozen=True)
class Reading:
    """What came of rendering (or understanding) one message: `told` is JSON-able; `failure` says why there is none."""

    told: Any = None
    failure: str = ""


def as_claimed(delivery: Delivery) -> Claimed:
    """Return a delivery as a connector gets it when it sends; its event and destination are loaded. Nothing is held."""
    event, destination = delivery.event, delivery.destination
    return Claimed(
        id=delivery.id, destination_id=delivery.destination_id, operation=delivery.operation,
        effect_key=delivery.effect_key, lane_key=delivery.lane_key, attempt_no=delivery.attempt_no,
        fence=delivery.fence, repeat_safe=delivery.repeat_safe, event_id=event.id, event_type=event.type,
        event_version=event.version, subject_type=event.subject_type, subject_id=event.subject_id,
        correlation_id=event.correlation_id, occurred_at=event.occurred_at, message=delivery.message,
        region=event.region, brand=event.brand, channel=event.channel, first_sent_at=delivery.first_sent_at,
        lease_expires_at=now(), timeout_seconds=destination.timeout_seconds,
    )  # fmt: skip


def rendered(connector: Connector, conn: ConnectionContext, claimed: Claimed) -> Reading:
    """Return the request that the delivery becomes, or why it becomes none."""

    def render() -> Any:
        request = connector.render(conn, claimed)
        return {"request": request.target, "body": request.body}

    return _reading(render)


def understood(connector: Connector, conn: ConnectionContext, message: InboxMessage) -> Reading:
    """Return what an inbox message is read as; nothing where the mapping has no say in it."""
    return _reading(lambda: connector.understand(conn, message.topic, json.loads(bytes(message.body))))


def _reading(read: Callable[[], Any]) -> Reading:
    try:
        return Reading(told=read())
    except VendorFailure as failure:
        return Reading(failure=f"{failure.code}: {failure.message}")
    # Each vendor has refusals of its own for what its mapping does not know.
    except Exception as error:
        return Reading(failure=f"{type(error).__name__}: {error}"[:500])


@dataclass(frozen=True)
class Again:
    """A request as its last try rendered it, and as the mapping in force renders it; `was`, `present` name versions."""

    verdict: Verdict
    was: int
    present: int
    before: str
    after: str


def again(deliveries: Sequence[Delivery]) -> dict[UUID, Again]:
    """Return of each delivery that a connector sends both readings; destination, connection and event are loaded."""
    mine = [each for each in deliveries if hasattr(each.destination, "connection")]
    last = last_mapping_versions([each.id for each in mine])
    return {each.id: _again(each, last.get(each.id)) for each in mine}


def _again(delivery: Delivery, last: int | None) -> Again:
    connection = delivery.destination.connection
    present = connection.mapping_version
    was = last or present
    claimed, connector = as_claimed(delivery), connector_of(connection.vendor)

    def read(version: int) -> Reading:
        conn = as_it_would_be(connection, config=connection.config, mapping=connection.mapping)
        return rendered(connector, as_it_was(conn, version), claimed)

    after = _guarded(lambda: read(present))
    before = after if was == present else _guarded(lambda: read(was))
    return Again(verdict_of(before, after), was, present, shown(before), shown(after))


def _guarded(read: Callable[[], Reading]) -> Reading:
    try:
        return read()
    except VendorFailure as failure:
        return Reading(failure=f"{failure.code}: {failure.message}")


def verdict_of(before: Reading, after: Reading) -> Verdict:
    """Compare two readings of one message."""
    if before.failure and after.failure:
        return Verdict.STILL_FAILS
    if before.failure:
        return Verdict.MENDED
    if after.failure:
        return Verdict.BROKEN
    return Verdict.SAME if before.told == after.told else Verdict.DIFFERENT


def shown(reading: Reading) -> str:
    """Return a reading as text for people: redacted and bounded."""
    if reading.failure:
        return reading.failure
    return redaction.bounded_text(reading.told)
