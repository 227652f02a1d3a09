"""How the engine talks to whatever does the sending. The layers above register one transport per destination kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from retailops.events.enums import DeliveryStatus, OutcomeClass


class Claimed(NamedTuple):
    """A delivery that this worker holds under lease, with all that sending it needs. Times are aware UTC.

    A tuple, because it is made of a row's columns in order, twenty thousand times a second.
    """

    id: UUID
    destination_id: UUID
    operation: str
    effect_key: str
    lane_key: str
    attempt_no: int
    fence: int
    repeat_safe: bool
    event_id: UUID
    event_type: str
    event_version: int
    subject_type: str
    subject_id: UUID
    correlation_id: UUID
    occurred_at: datetime
    message: dict[str, Any]
    region: str
    brand: str
    channel: str
    first_sent_at: datetime | None
    lease_expires_at: datetime
    timeout_seconds: float
    deadline_at: datetime | None = None
    trigger: str = "auto"
    actor: str = ""
    retry_no: int = 0
    effect_id: UUID | None = None
    # As it was sent before: with this version of the mapping; None: with the one in force.
    mapping_version: int | None = None
    # The trace of the caller whose request made the event.
    traceparent: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt. `request` and `response` are redacted by the transport; `retry_after` in seconds.

    `answer` is what the domain must learn of a delivered (or looked-up) message; the transport's `recorded` stores it.
    """

    claimed: Claimed
    result: OutcomeClass
    code: str = ""
    message: str = ""
    http_status: int | None = None
    retry_after: float | None = None
    external_reference: str = ""
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    started_at: datetime | None = None
    duration_ms: int = 0
    config_version: int = 0
    mapping_version: int = 0
    answer: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What a look-up by effect key found out: present is True, False, or None when it cannot be known now."""

    present: bool | None
    external_reference: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorded:
    """An outcome whose fence matched, and the status that the delivery now has."""

    outcome: Outcome
    status: DeliveryStatus


class Transport(Protocol):
    """Sends claimed deliveries of one destination. No transaction is open while it does."""

    def send(self, batch: Sequence[Claimed]) -> Iterable[Outcome]:
        """Send each and yield its outcome as soon as it is known, in any order.

        The whole batch is within the destination's concurrency: send all of it at once, each within
        `timeout_seconds`, which is less than what is left of the lease. Called by several threads at the same time.
        Never raises for a remote failure: that is an outcome. A delivery without an outcome, or an exception, counts as
        "may have been sent": tried again when repeat-safe, else in doubt.
        """

    def find(self, claimed: Claimed) -> Finding:
        """Ask the remote whether the effect is there. A remote that cannot be reached is `present=None`."""

    def recorded(self, records: Sequence[Recorded]) -> None:
        """Called inside the transaction that records the outcomes: store what the domain must learn. No I/O.

        Look-ups that settle a delivery in doubt come through here too. An exception makes the delivery dead (contract),
        keeping its reference and evidence: what the remote did is known, but we could not store it.
        """


_transports: dict[str, Transport] = {}


def register_transport(kind: str, transport: Transport) -> None:
    """Register the transport of one DestinationKind; the last one registered counts."""
    _transports[kind] = transport


def transport_of(kind: str) -> Transport:
    """Return the registered transport. Raises KeyError when no app registered one."""
    return _transports[kind]
