"""Ask a remote whether it answers us: as the connection is, or as somebody is about to save it."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any
from uuid import UUID

import httpx

from connectors.access import access_connection
from connectors.context import context_of
from connectors.credentials import secrets_of
from connectors.failures import VendorFailure
from connectors.models import Connection
from connectors.outbound_http import close_client
from connectors.protocol import ConnectionContext, Connector, Health
from connectors.registry import connector_of
from connectors.services.checking import checked_config, checked_secrets
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.models import Heartbeat
from retailops.lib.clock import now
from retailops.lib.ids import uuid7

DRAFT_TIMEOUT = 10.0


def probe_connection(*, actor: Actor, connection_id: UUID) -> Health:
    """Make one harmless call and keep what was found, for the connections page. Not in a transaction: it is I/O.

    Raises Denied, NotFound.
    """
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE)
    health = _probe(connection)
    Heartbeat.objects.update_or_create(
        name=heartbeat_name(connection),
        defaults={
            "at": now(),
            "detail": {"ok": health.ok, "detail": health.detail, "milliseconds": health.milliseconds},
        },
    )
    return health


def probe_draft(
    *,
    actor: Actor,
    vendor: str,
    config: Mapping[str, Any],
    secrets: Mapping[str, str] | None = None,
    connection_id: UUID | None = None,
) -> Health:
    """Make one harmless call with a config that is not saved; nothing is kept. Not in a transaction: it is I/O.

    With `connection_id` the connection's stored secrets are used where none is given; a changed address gets none of
    them, because it may be anybody's. Raises Denied, NotFound, Invalid.
    """
    require(actor, Permission.CONNECTIONS_MANAGE, view=Permission.CONNECTIONS_VIEW)
    connector = connector_of(vendor)
    checked = checked_config(connector, config)
    given = checked_secrets(connector, secrets or {}, complete=connection_id is None)
    stored: dict[str, tuple[str, ...]] = {}
    if connection_id is not None:
        connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE)
        stored = _stored_for(connection, checked)
    id = uuid7()
    conn = ConnectionContext(
        id=id, destination_id=id, vendor=vendor, name="draft", label=connector.label,
        config=connector.Config.model_validate(checked), config_version=0, mapping={}, mapping_version=0,
        timeout_seconds=DRAFT_TIMEOUT, secrets=stored | {name: (value,) for name, value in given.items()},
    )  # fmt: skip
    try:
        return _checked(connector, conn, perf_counter())
    finally:
        close_client(id)


def _stored_for(connection: Connection, config: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    if config.get("base_url") != connection.config.get("base_url"):
        return {}
    try:
        return secrets_of(list(connection.credentials.all()))
    except VendorFailure:
        return {}


def heartbeat_name(connection: Connection) -> str:
    """Return the name under which the last probe is kept (at most 60 characters)."""
    return f"probe:{connection.id}"


def _probe(connection: Connection) -> Health:
    started = perf_counter()
    try:
        conn = context_of(connection)
    except VendorFailure as failure:
        return Health(False, f"{failure.code}: {failure.message}", _since(started))
    return _checked(connector_of(connection.vendor), conn, started)


def _checked(connector: Connector, conn: ConnectionContext, started: float) -> Health:
    try:
        found = connector.check(conn)
    except VendorFailure as failure:
        return Health(False, f"{failure.code}: {failure.message}", _since(started))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Health(False, f"{type(error).__name__}: {error}", _since(started))
    return Health(found.ok, found.detail, found.milliseconds or _since(started))


def _since(started: float) -> int:
    return int((perf_counter() - started) * 1000)
