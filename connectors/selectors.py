"""Reads of connections and webhook endpoints."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from connectors.access import access_connection, access_endpoint
from connectors.models import Connection, InboxMessage, Mute, WebhookEndpoint
from retailops.accounts.actor import EVERYWHERE, Actor, can
from retailops.accounts.permissions import Permission
from retailops.events.models import Destination
from retailops.lib.clock import now


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


def messages_visible_to(actor: Actor) -> QuerySet[InboxMessage]:
    """Return inbox messages without their bodies; none unless the actor may see deliveries of every region and brand.

    What a message is about is not known before it is taken.
    """
    rows = InboxMessage.objects.defer("body", "headers")
    seen = can(actor, Permission.DELIVERIES_VIEW, region=EVERYWHERE, brand=EVERYWHERE)
    return rows if seen else rows.none()


def running_mutes() -> QuerySet[Mute]:
    """Return the mutes that hold alerts of connections now, the one that ends first first."""
    rows = Mute.objects.filter(ended_at=None, until__gt=now(), connection__destination__retired_at=None)
    return rows.select_related("connection").order_by("until")


def muted_until(name: str) -> datetime | None:
    """Return until when alerts about the connection of that name are held; None when they are not."""
    return running_mutes().filter(connection__name=name).values_list("until", flat=True).first()


def versions_of(destination: Destination) -> tuple[int, int]:
    """Return the present (configuration version, mapping version) of the connection behind a destination."""
    found = Connection.objects.filter(destination=destination).values_list("config_version", "mapping_version").first()
    return found or (0, 0)
