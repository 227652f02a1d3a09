"""Commands on connections. Each takes an actor with `connections.manage`, publishes what changed, and stores no secret
in any event."""

from connectors.services.configuring import configure_connection, restore_version
from connectors.services.creating import create_connection, retire_connection
from connectors.services.messages import retry_message, set_message_aside
from connectors.services.probing import probe_connection
from connectors.services.rotating import rotate_secret
from connectors.services.switching import pause_connection, resume_connection

__all__ = [
    "configure_connection",
    "create_connection",
    "pause_connection",
    "probe_connection",
    "restore_version",
    "resume_connection",
    "retire_connection",
    "retry_message",
    "rotate_secret",
    "set_message_aside",
]
