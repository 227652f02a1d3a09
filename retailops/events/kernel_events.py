"""Events that the kernel itself publishes."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class DeliveryFact:
    """What every delivery event tells: ids, where, what for, and how it failed."""

    delivery_id: str
    destination_id: str
    destination: str
    system: str
    operation: str
    effect_key: str
    event_id: str
    subject_type: str
    subject_id: str
    failure_class: str = ""
    failure_code: str = ""
    failure_message: str = ""
    fingerprint: str = ""
    amount: int | None = None
    currency: str = ""


@event("delivery.dead")
@dataclass(frozen=True)
class DeliveryDead(DeliveryFact):
    """A delivery stopped retrying."""


@event("delivery.in_doubt")
@dataclass(frozen=True)
class DeliveryInDoubt(DeliveryFact):
    """A delivery was sent and its outcome is not known."""


@event("delivery.settled")
@dataclass(frozen=True)
class DeliverySettled(DeliveryFact):
    """A delivery left doubt, or got through after a person had it sent again.

    `finding` is `delivered` (sent), `present` (looked up: there) or `absent` (looked up: not there, sent again).
    """

    finding: str = ""
    external_reference: str = ""


@event("delivery.replayed")
@dataclass(frozen=True)
class DeliveryReplayed(DeliveryFact):
    """A person had a dead delivery sent again, or found it already done."""

    verdict: str = ""
    # Of the mapping that it is sent with again; None: the one in force.
    mapping_version: int | None = None


@event("delivery.replay_taken_back")
@dataclass(frozen=True)
class DeliveryReplayTakenBack(DeliveryFact):
    """A person took a repetition back before it was sent: the delivery has stopped as before."""


@event("delivery.discarded")
@dataclass(frozen=True)
class DeliveryDiscarded(DeliveryFact):
    """A person gave a delivery up, with a reason."""


@event("delivery.superseded")
@dataclass(frozen=True)
class DeliverySuperseded(DeliveryFact):
    """A delivery was closed because a later fact made it void."""


@event("delivery.edited")
@dataclass(frozen=True)
class DeliveryEdited(DeliveryFact):
    """A delivery has another message than its event: changed by a person, agreed to by a second one.

    Its cause is the event whose message was changed; `fields` are JSON pointers.
    """

    edit_id: str = ""
    fields: tuple[str, ...] = ()
    approved_by: str = ""


@event("delivery.resequenced")
@dataclass(frozen=True)
class DeliveryResequenced(DeliveryFact):
    """A stopped delivery was moved to the end of its lane, so that what waited behind it goes on."""

    passed: int = 0
    approved_by: str = ""


@dataclass(frozen=True)
class ConnectionFact:
    """Which destination; `reason` is what the machine found, never what a person wrote."""

    destination_id: str
    destination: str
    system: str
    reason: str = ""


@event("connection.paused")
@dataclass(frozen=True)
class ConnectionPaused(ConnectionFact):
    """Sending to a destination is held: by a person (`manual`) or because it refused our credentials (`auth`)."""

    cause: str = "manual"


@event("connection.resumed")
@dataclass(frozen=True)
class ConnectionResumed(ConnectionFact):
    """Sending to a destination goes on."""


@event("connection.circuit_opened")
@dataclass(frozen=True)
class CircuitOpened(ConnectionFact):
    """Too many transient failures: nothing is sent for a while."""


@event("connection.circuit_closed")
@dataclass(frozen=True)
class CircuitClosed(ConnectionFact):
    """A probe got through: sending ramps up again."""
