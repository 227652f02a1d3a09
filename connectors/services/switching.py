"""Hold and resume sending to a connection. Receiving goes on: nothing that comes in is lost."""

from uuid import UUID

from django.db import transaction

from connectors.access import access_connection
from connectors.events import about
from connectors.models import Connection
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.kernel_events import ConnectionPaused, ConnectionResumed
from retailops.events.models import Destination
from retailops.events.nudge import nudge_after_commit
from retailops.events.publish import publish
from retailops.lib.clock import now


@transaction.atomic
def pause_connection(*, actor: Actor, connection_id: UUID, reason: str) -> Connection:
    """Send nothing until resumed; held time uses up no attempts. Already paused: nothing changes.

    Raises Denied, NotFound.
    """
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE, lock=True)
    held = Destination.objects.filter(pk=connection.destination_id, paused_at=None)
    if held.update(paused_at=now(), pause_reason=reason[:300], paused_by=actor.key):
        fact = ConnectionPaused(str(connection.destination_id), connection.name, connection.vendor)
        publish(fact, subject=about(connection), actor=actor, words=reason)
    connection.destination.refresh_from_db()
    return connection


@transaction.atomic
def resume_connection(*, actor: Actor, connection_id: UUID, reason: str = "") -> Connection:
    """Send again, oldest first. Not paused: nothing changes. Raises Denied, NotFound."""
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE, lock=True)
    held = Destination.objects.filter(pk=connection.destination_id, paused_at__isnull=False)
    if held.update(paused_at=None, pause_reason="", paused_by=""):
        fact = ConnectionResumed(str(connection.destination_id), connection.name, connection.vendor)
        publish(fact, subject=about(connection), actor=actor, words=reason)
        nudge_after_commit([connection.destination_id])
    connection.destination.refresh_from_db()
    return connection
