"""Commands on connections. Each takes an actor with `connections.manage`, publishes what changed, and stores no secret
in any event."""

from connectors.services.configuring import configure_connection, restore_version
from connectors.services.creating import create_connection, retire_connection
from connectors.services.messages import retry_message, set_message_aside
from connectors.services.muting import mute_connection, unmute_connection
from connectors.services.probing import probe_connection, probe_draft
from connectors.services.rotating import rotate_secret
from connectors.services.switching import pause_connection, resume_connection
from connectors.services.trials import activate_mapping, try_mapping

__all__ = [
    "activate_mapping",
    "configure_connection",
    "create_connection",
    "mute_connection",
    "pause_connection",
    "probe_connection",
    "probe_draft",
    "restore_version",
    "resume_connection",
    "retire_connection",
    "retry_message",
    "rotate_secret",
    "set_message_aside",
    "try_mapping",
    "unmute_connection",
]
