"""Outcomes that a vendor tells later by webhook, asked for when the webhook has not come.

A lost one must not leave goods waiting for ever. The answer goes through the inbox like the webhook would have. Should
that come after all, it changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta

import httpx
import structlog
from django.db.models import QuerySet

from connectors.context import context_of
from connectors.failures import VendorFailure
from connectors.inbox import store_once
from connectors.models import Connection, InboxKind
from connectors.protocol import ConnectionContext, Connector
from connectors.registry import connector_of
from connectors.rendering import as_claimed
from retailops.events.enums import CircuitState, DeliveryStatus
from retailops.events.models import Delivery, Heartbeat
from retailops.lib.clock import now

log = structlog.get_logger(__name__)
# As many are asked for at one connection in one sweep; the next one goes on behind them.
LIMIT = 20


def ask_for_outcomes() -> int:
    """Ask each connection that sends for what it has not told in time; return how many outcomes came. A registered
    sweep: no transaction is open while the vendor is asked."""
    found = ((each, connector_of(each.vendor)) for each in sending_connections())
    return sum(_ask(each, connector) for each, connector in found if connector.tells_later)


def sending_connections() -> QuerySet[Connection]:
    """Return the connections that may be called now: not retired, paused or failing; with destination and secrets."""
    rows = Connection.objects.select_related("destination").prefetch_related("credentials")
    return rows.filter(
        destination__retired_at=None, destination__paused_at=None, destination__circuit=CircuitState.CLOSED
    )


def _ask(connection: Connection, connector: Connector) -> int:
    try:
        conn = context_of(connection)
    except VendorFailure as failure:
        log.info("late_word.unable", connection=connection.name, code=failure.code)
        return 0
    found = 0
    for operation, bound in connector.tells_later.items():
        for delivery in _overdue(connection, connector, operation, bound):
            try:
                found += _asked(connector, conn, delivery)
            except (VendorFailure, httpx.HTTPError) as error:
                # It does not answer now: whatever else is overdue would wait for its timeout, too.
                log.info("late_word.unanswered", connection=connection.name, error=str(error))
                return found
    return found


def _overdue(connection: Connection, connector: Connector, operation: str, bound: timedelta) -> Sequence[Delivery]:
    """Return the next of what was sent longer ago than the bound and has no outcome yet; each has its turn."""
    place, _ = Heartbeat.objects.get_or_create(name=f"asked:{connection.id}")
    keys = connector.awaited(operation, place.detail.get(operation, ""), LIMIT)
    place.detail[operation] = keys[-1] if len(keys) == LIMIT else ""
    place.at = now()
    place.save(update_fields=["at", "detail"])
    rows = Delivery.objects.filter(destination=connection.destination_id, effect_key__in=keys, operation=operation)
    told = rows.filter(status=DeliveryStatus.DELIVERED, finished_at__lt=now() - bound)
    return list(told.select_related("event", "destination"))


def _asked(connector: Connector, conn: ConnectionContext, delivery: Delivery) -> int:
    told = connector.outcome(conn, as_claimed(delivery))
    if told is None:
        return 0
    verified, body = told
    return int(store_once(conn, verified, {}, body, kind=InboxKind.POLL).status == 202)
