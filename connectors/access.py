"""Fetch, permission and lock of connections and endpoints, in one call."""

from uuid import UUID

from connectors.models import Connection, WebhookEndpoint
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import NotFound


def access_connection(actor: Actor, connection_id: UUID, permission: Permission, *, lock: bool = False) -> Connection:
    """Return the connection. Connections are not scoped: they serve whole systems. Raises Denied, NotFound."""
    require(actor, permission, view=Permission.CONNECTIONS_VIEW)
    rows = Connection.objects.select_related("destination")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    found = rows.filter(pk=connection_id, destination__retired_at=None).first()
    if found is None:
        raise NotFound("There is no such connection.")
    return found


def access_endpoint(actor: Actor, endpoint_id: UUID, permission: Permission, *, lock: bool = False) -> WebhookEndpoint:
    """Return the webhook endpoint that is not retired. Raises Denied, NotFound."""
    require(actor, permission, view=Permission.CONNECTIONS_VIEW)
    rows = WebhookEndpoint.objects.select_related("destination")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    found = rows.filter(pk=endpoint_id, destination__retired_at=None).first()
    if found is None:
        raise NotFound("There is no such webhook endpoint.")
    return found
