"""What the connectors publish: changes of configuration, by whom. No secret is ever in an event."""

from dataclasses import dataclass, field
from typing import Any

from connectors.models import Connection, WebhookEndpoint
from retailops.events.catalog import Subject, event


@event("connection.changed")
@dataclass(frozen=True)
class ConnectionChanged:
    """A connection was created or configured, or one of its secrets replaced (named, never shown)."""

    connection_id: str
    destination_id: str
    name: str
    vendor: str
    change: str
    version: int = 0
    fields: list[str] = field(default_factory=list)
    secret: str = ""


@event("connection.muted")
@dataclass(frozen=True)
class ConnectionMuted:
    """Alerts of the connection are held until a time (ISO 8601)."""

    connection_id: str
    name: str
    until: str


@event("connection.unmuted")
@dataclass(frozen=True)
class ConnectionUnmuted:
    """A person let the connection's alerts go out again before the time."""

    connection_id: str
    name: str


@event("webhook_endpoint.changed")
@dataclass(frozen=True)
class EndpointChanged:
    """A customer's webhook endpoint was created, configured, given a new secret, disabled, enabled or retired.

    `reason` is what the machine found (the endpoint is gone), never what a person wrote.
    """

    endpoint_id: str
    destination_id: str
    change: str
    fields: list[str] = field(default_factory=list)
    reason: str = ""


@event("webhook_endpoint.tested")
@dataclass(frozen=True)
class EndpointTested:
    """A person asked for a test message; only that endpoint gets it."""

    endpoint_id: str
    note: str = "This is a test."


def about(owner: Connection | WebhookEndpoint) -> Subject:
    """Return the subject of such events: the destination, whose own history (pauses, circuit) they belong to."""
    id = owner.destination_id
    return Subject("destination", id, id, str(id))


def changed(connection: Connection, change: str, **more: Any) -> ConnectionChanged:
    """Return the event of one change."""
    return ConnectionChanged(
        str(connection.id), str(connection.destination_id), connection.name, connection.vendor, change, **more
    )
