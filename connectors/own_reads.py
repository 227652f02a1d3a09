"""What vendors hold of ours, read again: a webhook that was lost, or that nobody sends, must not hide that they differ.

What was read goes through the inbox like a webhook, and is compared by the source of truth.
"""

import httpx
import structlog

from connectors.context import context_of
from connectors.failures import VendorFailure
from connectors.inbox import store_once
from connectors.late_word import sending_connections
from connectors.models import Connection, InboxKind
from connectors.protocol import ConnectionContext, Connector
from connectors.registry import connector_of
from retailops.events.models import Heartbeat
from retailops.lib.clock import now

log = structlog.get_logger(__name__)
# As many are read at one connection in one sweep; the next one goes on behind them, and begins again at the end.
LIMIT = 20


def read_again() -> int:
    """Read the next few things at each connection; return how many were news. A registered sweep: no transaction is
    open while the vendor is asked."""
    return sum(_read(each, connector_of(each.vendor)) for each in sending_connections())


def _read(connection: Connection, connector: Connector) -> int:
    try:
        conn = context_of(connection)
        keys = _next(connection, conn, connector)
        return sum(_read_one(conn, connector, key) for key in keys)
    except (VendorFailure, httpx.HTTPError) as error:
        # It does not answer now: whatever else is to be read would wait for its timeout, too.
        log.info("own_reads.unanswered", connection=connection.name, error=str(error))
        return 0


def _next(connection: Connection, conn: ConnectionContext, connector: Connector) -> list[str]:
    name = f"read:{connection.id}"
    place = Heartbeat.objects.filter(name=name).first()
    keys = list(connector.held(conn, place.detail.get("after", "") if place else "", LIMIT))
    if keys or place:
        after = keys[-1] if len(keys) == LIMIT else ""
        Heartbeat.objects.update_or_create(name=name, defaults={"detail": {"after": after}, "at": now()})
    return keys


def _read_one(conn: ConnectionContext, connector: Connector, key: str) -> int:
    found = connector.reread(conn, key)
    if found is None:
        return 0
    verified, body = found
    return int(store_once(conn, verified, {}, body, kind=InboxKind.POLL).status == 202)
