"""Hold the alerts of a connection for a while. Nothing else changes: it sends, receives and opens cases as before."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from connectors.access import access_connection
from connectors.events import ConnectionMuted, ConnectionUnmuted, about
from connectors.models import Connection, Mute
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid

LONGEST = timedelta(days=14)


@transaction.atomic
def mute_connection(*, actor: Actor, connection_id: UUID, until: datetime, reason: str) -> Mute:
    """Hold its alerts until then, at most 14 days; a mute that runs is replaced. Raises Denied, NotFound, Invalid."""
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE, lock=True)
    moment = now()
    faults = [] if moment < until <= moment + LONGEST else [FieldError("/until", _bound(until, moment))]
    faults += [] if reason.strip() else [FieldError("/reason", "A reason is required.")]
    if faults:
        raise Invalid("It cannot be muted like that.", errors=faults)
    _end(connection, actor, moment)
    mute = Mute.objects.create(
        connection=connection, until=until, reason=reason.strip()[:300], muted_by=actor.key, muted_at=moment
    )
    fact = ConnectionMuted(str(connection.id), connection.name, until.isoformat())
    publish(fact, subject=about(connection), actor=actor, words=mute.reason)
    return mute


def _bound(until: datetime, moment: datetime) -> str:
    return "It must be in the future." if until <= moment else f"At most {LONGEST.days} days: mute it again then."


@transaction.atomic
def unmute_connection(*, actor: Actor, connection_id: UUID) -> Connection:
    """Let its alerts go out again. Not muted: nothing changes. Raises Denied, NotFound."""
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE, lock=True)
    if _end(connection, actor, now()):
        publish(ConnectionUnmuted(str(connection.id), connection.name), subject=about(connection), actor=actor)
    return connection


def _end(connection: Connection, actor: Actor, moment: datetime) -> bool:
    """End the mute that was not ended by a person yet; tell whether it still ran."""
    open_ones = Mute.objects.filter(connection=connection, ended_at=None)
    running = open_ones.filter(until__gt=moment).exists()
    open_ones.update(ended_at=moment, ended_by=actor.key)
    return running
