"""The catalogue of canonical events: frozen dataclasses, versioned, each with a JSON Schema.

An app declares its events in its `events` module:

    @event("return.requested")
    @dataclass(frozen=True)
    class ReturnRequested: ...

and subscribes (same transaction) or routes (deliveries) in its `AppConfig.ready()`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, LiteralString, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from retailops.events.models import Event
from retailops.lib.money import Money

T = TypeVar("T")


@dataclass(frozen=True)
class EventType:
    """A declared event type: dotted past-tense name, version, and the dataclass that gives its data's shape."""

    name: str
    version: int
    shape: type

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the event's `data`."""
        return adapter(self.shape).json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


@dataclass(frozen=True)
class Subject:
    """What an event is about, and the scope and ordering that its deliveries inherit.

    `lane` orders deliveries at a destination: the return's id for everything of one return.
    """

    type: str
    id: UUID
    correlation_id: UUID
    lane: str
    region: str = ""
    brand: str = ""
    channel: str = ""


@dataclass(frozen=True)
class EffectSpec:
    """A change in the outside world that the delivery is to make once: a kind and a key stable over every retry."""

    kind: str
    business_key: str


@dataclass(frozen=True)
class DeliverySpec:
    """One delivery that a router asks for.

    `effect_key` (at most 120 characters) is unique per destination and goes to the remote; `deadline` None takes the
    destination's.
    """

    destination_id: UUID
    operation: str
    effect_key: str
    repeat_safe: bool = True
    lane: str = ""
    deadline: timedelta | None = None
    money: Money | None = None
    effect: EffectSpec | None = None


Subscriber = Callable[[Event], None]
Follower = Callable[[Sequence[Event]], None]
# Called with the stamp that was read as the events were written; None: nobody read it, so nothing may be remembered.
Router = Callable[[Sequence[Event], UUID | None], Iterable[tuple[Event, DeliverySpec]]]


@dataclass
class Registry:
    """Everything that apps have registered; filled once at start-up."""

    types: dict[tuple[str, int], EventType] = field(default_factory=dict)
    names: dict[type, EventType] = field(default_factory=dict)
    subscribers: dict[str, list[Subscriber]] = field(default_factory=lambda: defaultdict(list))
    routers: list[Router] = field(default_factory=list)
    followers: list[Follower] = field(default_factory=list)
    # SQL of a UUID that changes with everything that routers read from the database; empty: there is none.
    stamp: LiteralString = ""


registry = Registry()


def event(name: str, version: int = 1) -> Callable[[type[T]], type[T]]:
    """Declare a frozen dataclass as the data of an event type."""

    def declare(shape: type[T]) -> type[T]:
        entry = EventType(name, version, shape)
        if (name, version) in registry.types:
            raise ValueError(f"event {name} version {version} is declared twice")
        registry.types[name, version] = entry
        registry.names[shape] = entry
        return shape

    return declare


def subscribe(name: str, subscriber: Subscriber) -> None:
    """Call `subscriber(event)` within the publishing transaction of each event of the type. Idempotent."""
    if subscriber not in registry.subscribers[name]:
        registry.subscribers[name].append(subscriber)


def follow(follower: Follower) -> None:
    """Call `follower(events)` once for all events that are published together, in their transaction. Idempotent.

    It comes before the subscribers of each event, so that what these publish is followed after what made them.
    """
    if follower not in registry.followers:
        registry.followers.append(follower)


def route(router: Router, *, stamp: LiteralString = "") -> None:
    """Ask `router` which deliveries each published event is owed. Idempotent.

    `stamp` is SQL whose value changes with all that the router reads; it is read with the events, at no cost.
    """
    registry.stamp = stamp or registry.stamp
    if router not in registry.routers:
        registry.routers.append(router)


def type_of(data: Any) -> EventType:
    """Return the declared type of an event dataclass instance. Raises KeyError for an undeclared one."""
    return registry.names[type(data)]


def event_types() -> list[EventType]:
    """Return every declared type, by name and version."""
    return [registry.types[key] for key in sorted(registry.types)]


@cache
def adapter(shape: type) -> TypeAdapter[Any]:
    """Return the (cached) pydantic adapter that dumps and validates a dataclass."""
    return TypeAdapter(shape)
