"""Replace a secret of a connection."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from connectors.access import access_connection
from connectors.credentials import OVERLAP, store
from connectors.events import about, changed
from connectors.models import Connection
from connectors.registry import connector_of
from connectors.services.checking import checked_secrets
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish


@transaction.atomic
def rotate_secret(
    *,
    actor: Actor,
    connection_id: UUID,
    name: str,
    value: str,
    overlap_seconds: int | None = None,
    expires_at: datetime | None = None,
) -> Connection:
    """Store a new value. A signing secret's former value stays valid for the overlap (default 24 h); 0 ends it now.

    `expires_at` is when the vendor stops taking the new value. Only the name is published.
    Raises Denied, NotFound, Invalid.
    """
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE, lock=True)
    connector = connector_of(connection.vendor)
    checked_secrets(connector, {name: value}, complete=False)
    signs = any(spec.signs for spec in connector.secrets if spec.name == name)
    overlap = OVERLAP if overlap_seconds is None else timedelta(seconds=overlap_seconds)
    store(connection, name, value, overlap=overlap if signs and overlap else None, expires_at=expires_at)
    publish(changed(connection, "secret_replaced", secret=name), subject=about(connection), actor=actor)
    return connection
