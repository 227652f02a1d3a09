"""Reads of connections and webhook endpoints."""

from uuid import UUID

from django.db.models import QuerySet

from connectors.access import access_connection, access_endpoint
from connectors.models import Connection, WebhookEndpoint
from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.events.models import Destination


def connections_visible_to(actor: Actor) -> QuerySet[Connection]:
    """Return the connections that are not retired; none for an actor who may not look at connections."""
    rows = Connection.objects.select_related("destination").filter(destination__retired_at=None)
    return rows if can(actor, Permission.CONNECTIONS_VIEW) else rows.none()


def connection_visible_to(actor: Actor, connection_id: UUID) -> Connection:
    """Return one connection. Raises Denied, NotFound."""
    return access_connection(actor, connection_id, Permission.CONNECTIONS_VIEW)


def endpoints_visible_to(actor: Actor) -> QuerySet[WebhookEndpoint]:
    """Return the webhook endpoints that are not retired; none for an actor who may not look at connections."""
    rows = WebhookEndpoint.objects.select_related("destination").filter(destination__retired_at=None)
    return rows if can(actor, Permission.CONNECTIONS_VIEW) else rows.none()


def endpoint_visible_to(actor: Actor, endpoint_id: UUID) -> WebhookEndpoint:
    """Return one webhook endpoint. Raises Denied, NotFound."""
    return access_endpoint(actor, endpoint_id, Permission.CONNECTIONS_VIEW)


def versions_of(destination: Destination) -> tuple[int, int]:
    """Return the present (configuration version, mapping version) of the connection behind a destination."""
    found = Connection.objects.filter(destination=destination).values_list("config_version", "mapping_version").first()
    return found or (0, 0)
