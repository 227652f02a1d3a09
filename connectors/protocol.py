"""What a vendor folder gives to the framework, and what the framework gives to it.

A vendor folder holds a `Connector` subclass (`connector.py`), a client (`client.py`), pure mapping functions
(`mapping.py`), a config schema (`config.py`) and a README. `registration.py` names it once. Money is in minor units,
durations are in seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, Field

from connectors.failures import CredentialMissing
from connectors.outbound_http import client_for
from retailops.accounts.actor import Actor
from retailops.events.transport import Claimed, Finding, Outcome
from retailops.lib.money import Money

if TYPE_CHECKING:
    from connectors.models import InboxMessage
    from retailops.events.models import Event


class ConnectorConfig(BaseModel):
    """Base of every vendor's config: validated, unknown fields refused, shown as a form from its JSON Schema."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    base_url: str = Field(title="Base address", pattern=r"^https?://[^\s]+$", description="Without a trailing slash")

    def url(self, path: str) -> str:
        """Return the address of a path that begins with a slash."""
        return self.base_url.rstrip("/") + path


class NoMapping(BaseModel):
    """The mapping of a connector that needs none: only an empty one is valid."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class SecretSpec:
    """A secret that a connection needs. `signs`: incoming messages are signed by it, so two are valid in rotation."""

    name: str
    label: str
    signs: bool = False
    required: bool = True
    # It has several lines, such as a key in PEM.
    multiline: bool = False


@dataclass(frozen=True)
class Operation:
    """One kind of message that a connector sends.

    `repeat_safe`: sending it again can never make a second effect (an upsert, or a key remembered for ever). Where it
    is not, an uncertain outcome is `in_doubt` and `find` is asked first. `key_memory` None means "for ever".
    """

    name: str
    repeat_safe: bool
    key_memory: timedelta | None = None
    effect_kind: str = ""
    money: bool = False


@dataclass(frozen=True)
class Candidate:
    """A connection as routing sees it: scopes that are empty mean "any"; `switches` are its flags that are on."""

    id: UUID
    destination_id: UUID
    vendor: str
    name: str
    regions: Sequence[str]
    brands: Sequence[str]
    channels: Sequence[str]
    switches: Sequence[str] = ()


Serves = Callable[["Event", Candidate], bool]
KeyOf = Callable[["Event"], str]


def anything(event: "Event", candidate: Candidate) -> bool:
    """Serve every event that is within the connection's scopes (which routing checks by itself)."""
    return True


def named_gateway(event: "Event", candidate: Candidate) -> bool:
    """Serve what names this connection as its gateway."""
    return bool(event.data.get("gateway") == candidate.name)


def listed_channel(event: "Event", candidate: Candidate) -> bool:
    """Serve only channels that the connection lists by name: an empty list is none."""
    return event.channel in candidate.channels


def switched_on(flag: str) -> Serves:
    """Serve where a flag of the connection's config is on."""
    return lambda event, candidate: flag in candidate.switches


def key_of_data(event: "Event") -> str:
    """Take the effect key that the event's data carries."""
    return str(event.data["effect_key"])


def key_of_event(event: "Event") -> str:
    """Take the event's own id as the effect key."""
    return str(event.id)


def key_of_subject(prefix: str) -> KeyOf:
    """Make `<prefix>:<subject id>`, for an effect that happens once in the life of its subject."""
    return lambda event: f"{prefix}:{event.subject_id}"


def money_of_data(event: "Event") -> Money | None:
    """Take `amount` and `currency` of the event's data."""
    return Money(int(event.data["amount"]), str(event.data["currency"])) if "amount" in event.data else None


@dataclass(frozen=True)
class Route:
    """Which event is owed to a connection of this vendor, as which operation.

    Connections whose scopes (regions, brands, channels) leave the event out are passed over before `serves` is asked.
    Of several connections that offer the same operation one gets the event: the most narrowly scoped, then the oldest.
    """

    event_type: str
    operation: str
    serves: Serves = anything
    effect_key: KeyOf = key_of_data


@dataclass(frozen=True)
class ConnectionContext:
    """A connection ready for use: parsed config and decrypted secrets. Never store or log it."""

    id: UUID
    destination_id: UUID
    vendor: str
    name: str
    label: str
    config: Any
    config_version: int
    mapping: Mapping[str, Any]
    mapping_version: int
    regions: Sequence[str] = ()
    brands: Sequence[str] = ()
    channels: Sequence[str] = ()
    timeout_seconds: float = 20.0
    # Per name: the present value first, then the former one while it is being rotated.
    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    # How often a delivery was answered with a final HTTP 500, for providers that store such answers under their key.
    answered_500: Mapping[UUID, int] = field(default_factory=dict)

    def secret(self, name: str) -> str:
        """Return the present value. Raises CredentialMissing (class auth: the connection is paused)."""
        return self.secrets_of(name)[0]

    def secrets_of(self, name: str) -> tuple[str, ...]:
        """Return every value that is valid now, the present one first. Raises CredentialMissing."""
        values = self.secrets.get(name, ())
        if not values:
            raise CredentialMissing(name)
        return values

    @property
    def http(self) -> httpx.Client:
        """Return the keep-alive client of this connection: TLS verified, no redirects, no proxies, private addresses
        refused, exchanges captured. It is shared by threads; give `timeout=` with each request."""
        return client_for(self.id)

    @property
    def actor(self) -> Actor:
        """Return the connection as the actor of the commands that its messages ask for."""
        return Actor.connection(self.name, self.label)


@dataclass(frozen=True)
class Verified:
    """A message whose signature holds: its id at the source, its topic, and the lane within which order matters."""

    message_id: str
    topic: str
    lane_key: str = ""


@dataclass(frozen=True)
class Translated:
    """What a message turned out to be about, for the trace."""

    correlation_id: UUID | None = None
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rendered:
    """The request that a delivery becomes: method and path (or what stands for them) and the body, JSON-able.

    What is only known by asking the remote is named in angle brackets. Not redacted: whoever shows it masks it.
    """

    target: str
    body: Any = None


@dataclass(frozen=True)
class Health:
    """What a probe found; `detail` is for people, `milliseconds` how long the remote took."""

    ok: bool
    detail: str
    milliseconds: int = 0


class NotYet(Exception):
    """The message needs something that has not come yet (it came out of order): it waits, bounded, then is a case."""


class SignatureRefused(Exception):
    """The message is not proven to be from the vendor; `str()` says why, without secrets."""


class Connector:
    """One vendor. Stateless: everything about one connection comes in its ConnectionContext.

    `proven` says how far: *conforms to the published contract*, *to documentation*, *exercised against a real engine*.
    """

    vendor: ClassVar[str]
    label: ClassVar[str]
    proven: ClassVar[str]
    Config: ClassVar[type[ConnectorConfig]]
    # The schema of the connection's mapping: names that differ between us and the vendor.
    MappingSchema: ClassVar[type[BaseModel]] = NoMapping
    secrets: ClassVar[tuple[SecretSpec, ...]] = ()
    operations: ClassVar[Mapping[str, Operation]] = {}
    routes: ClassVar[tuple[Route, ...]] = ()
    # The vendor's published codes and what they mean here, by vocabulary: a person may say otherwise for a connection.
    codes: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    # Topics that it can translate; empty: it receives nothing.
    topics: ClassVar[tuple[str, ...]] = ()
    signature: ClassVar[str] = ""
    # The provider stores a 500 under its idempotency key: `conn.answered_500` is then filled in for retried deliveries.
    keeps_errors: ClassVar[bool] = False
    # Operations that the vendor accepts now and tells the outcome of later, and after how long it is asked for it.
    tells_later: ClassVar[Mapping[str, timedelta]] = {}
    # The sending limits that a new connection gets: fields of Destination.
    limits: ClassVar[Mapping[str, Any]] = {}

    def step_of(self, currency: str) -> int:
        """Return the step in which it pays a currency, in our minor units; 1: any amount."""
        return 1

    def send(self, conn: ConnectionContext, claimed: Claimed) -> Outcome:
        """Make one call for one delivery, within `claimed.timeout_seconds`; return `failures.delivered(...)`.

        Raise VendorFailure for a refusal; let httpx's exceptions through (the transport classes them: connect errors
        are transient, a timeout after bytes went out is in doubt unless repeat-safe). Called by several threads.
        """
        raise NotImplementedError

    def render(self, conn: ConnectionContext, claimed: Claimed) -> Rendered:
        """Return the request that `send` would make, without making it: no call, no secret, nothing written.

        Raises what `send` raises before its call: VendorFailure (contract) for what the mapping does not know.
        """
        raise NotImplementedError

    def understand(self, conn: ConnectionContext, topic: str, content: Any) -> Any:
        """Return what a message from outside would be read as, where a mapping has a say in it; None where not.

        No command is run. Raises what `translate` raises for what the mapping does not know.
        """
        return None

    def find(self, conn: ConnectionContext, claimed: Claimed) -> Finding:
        """Ask the remote whether the effect with this effect key is there. Exceptions mean "cannot be known now"."""
        raise NotImplementedError

    def awaited(self, operation: str, after: str, limit: int) -> Sequence[str]:
        """Return effect keys of an operation that it tells later whose outcome we still wait for: those that sort
        behind `after`, in order."""
        return []

    def outcome(self, conn: ConnectionContext, claimed: Claimed) -> tuple[Verified, bytes] | None:
        """Ask the vendor for the outcome of a delivered message; None while it has none.

        Returns it as the webhook would have told it, under an id that is the same whenever it is asked again. May raise
        what `find` may raise.
        """
        return None

    def held(self, conn: ConnectionContext, after: str, limit: int) -> Sequence[str]:
        """Return keys of what the vendor holds of ours and is read again now and then: those that sort behind `after`,
        in order. No call."""
        return []

    def reread(self, conn: ConnectionContext, key: str) -> tuple[Verified, bytes] | None:
        """Read one of them; None where the vendor has it no more.

        Returns it as a webhook would have told it, under an id that is the same while nothing changed. May raise what
        `find` may raise.
        """
        return None

    def verify(self, conn: ConnectionContext, headers: Mapping[str, str], body: bytes) -> Verified:
        """Prove the raw bytes before parsing them (constant time, timestamp tolerance). Header names are lower case.

        Raises SignatureRefused.
        """
        raise SignatureRefused("this connector receives no messages")

    def translate(self, conn: ConnectionContext, message: "InboxMessage") -> Translated | None:
        """Run the commands that a stored message asks for, within the inbox's transaction. No I/O.

        Raises NotYet to wait, DomainError when it is definitively refused (dead, and a case).
        """
        raise NotImplementedError

    def translate_answer(self, conn: ConnectionContext, message: "InboxMessage") -> Translated | None:
        """The same for the answer to one of our own deliveries (`answers.Answer.of(message)`)."""
        raise NotImplementedError

    def check(self, conn: ConnectionContext) -> Health:
        """Make one harmless authenticated call. May raise what `send` may raise."""
        raise NotImplementedError
