"""What vendors hold of ours, read again: a webhook that was lost, or that nobody sends, must not hide that they differ.

What was read goes through the inbox like a webhook, and is compared by the source of truth.
"""

from dataclasses import replace
from datetime import timedelta

import httpx
import structlog
from django.db import transaction

from connectors.context import context_of
from connectors.failures import VendorFailure
from connectors.inbox import store_once
from connectors.late_word import sending_connections
from connectors.models import Connection, InboxKind, OwnRead
from connectors.protocol import ConnectionContext, Connector, Verified
from connectors.registry import connector_of
from retailops.events.models import Heartbeat
from retailops.lib.clock import now

log = structlog.get_logger(__name__)
# As many are read at one connection in one sweep; the next one goes on behind them, and begins again at the end.
LIMIT = 20
# Longer than anything that is read goes unread.
FORGOTTEN = timedelta(days=90)
BATCH = 2000


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
    return int(found is not None and _stored(conn, key, *found))


@transaction.atomic
def _stored(conn: ConnectionContext, key: str, verified: Verified, body: bytes) -> bool:
    """Hand what was read to the inbox, unless it is what was read the last time."""
    last, new = OwnRead.objects.select_for_update(no_key=True).get_or_create(
        connection_id=conn.id, key=key, defaults={"told": verified.message_id}
    )
    if not new and last.told == verified.message_id:
        OwnRead.objects.filter(pk=last.pk).update(read_at=now())
        return False
    if not new:
        last.told, last.turn, last.read_at = verified.message_id, last.turn + 1, now()
        last.save()
    told = replace(verified, message_id=f"{verified.message_id}#{last.turn}" if last.turn > 1 else verified.message_id)
    return store_once(conn, told, {}, body, kind=InboxKind.POLL).status == 202


def forget_reads() -> int:
    """Forget what was read of things that are not read any more; return how many. A registered sweep."""
    old = OwnRead.objects.filter(read_at__lt=now() - FORGOTTEN).values_list("id", flat=True)[:BATCH]
    return OwnRead.objects.filter(id__in=list(old)).delete()[0]
