"""The reverse of what is done with a connection: what a message offers to undo."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from connectors import services
from connectors.models import Connection, Mute
from retailops.accounts.actor import Actor
from retailops.accounts.undo import Step, require_same, undoes


def muted(connection: Connection, until: datetime) -> Step:
    """Return what lets the alerts of a connection go out again that was just muted until then."""
    return Step("connection.unmute", {"connection": str(connection.id), "left": until.isoformat()})


@undoes("connection.unmute")
def _unmute(actor: Actor, given: Mapping[str, Any]) -> None:
    id = UUID(given["connection"])
    mute = Mute.objects.select_for_update().filter(connection_id=id, ended_at=None).first()
    require_same(given["left"], mute.until.isoformat() if mute else "")
    services.unmute_connection(actor=actor, connection_id=id)
