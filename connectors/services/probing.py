"""Ask a remote whether it answers us."""

from time import perf_counter
from uuid import UUID

import httpx

from connectors.access import access_connection
from connectors.context import context_of
from connectors.failures import VendorFailure
from connectors.models import Connection
from connectors.protocol import Health
from connectors.registry import connector_of
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.models import Heartbeat
from retailops.lib.clock import now


def probe_connection(*, actor: Actor, connection_id: UUID) -> Health:
    """Make one harmless call and keep what was found, for the connections page. Not in a transaction: it is I/O.

    Raises Denied, NotFound.
    """
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_VIEW)
    health = _probe(connection)
    Heartbeat.objects.update_or_create(
        name=heartbeat_name(connection),
        defaults={
            "at": now(),
            "detail": {"ok": health.ok, "detail": health.detail, "milliseconds": health.milliseconds},
        },
    )
    return health


def heartbeat_name(connection: Connection) -> str:
    """Return the name under which the last probe is kept (at most 60 characters)."""
    return f"probe:{connection.id}"


def _probe(connection: Connection) -> Health:
    started = perf_counter()
    try:
        found = connector_of(connection.vendor).check(context_of(connection))
    except VendorFailure as failure:
        return Health(False, f"{failure.code}: {failure.message}", _since(started))
    except httpx.HTTPError as error:
        return Health(False, f"{type(error).__name__}: {error}", _since(started))
    return Health(found.ok, found.detail, found.milliseconds or _since(started))


def _since(started: float) -> int:
    return int((perf_counter() - started) * 1000)
