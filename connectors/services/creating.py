"""Create and retire connections."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors.access import access_connection
from connectors.credentials import store
from connectors.events import about, changed
from connectors.models import Connection
from connectors.protocol import Connector
from connectors.registry import connector_of
from connectors.services.checking import (
    checked_config,
    checked_limits,
    checked_mapping,
    checked_name,
    checked_scope,
    checked_secrets,
    refuse_short_leases,
)
from connectors.services.versions import keep_version, limits_of
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.enums import DestinationKind
from retailops.events.models import Destination
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict


@transaction.atomic
def create_connection(
    *,
    actor: Actor,
    vendor: str,
    name: str,
    label: str,
    config: Mapping[str, Any],
    secrets: Mapping[str, str] | None = None,
    expiries: Mapping[str, datetime] | None = None,
    regions: Sequence[str] = (),
    brands: Sequence[str] = (),
    channels: Sequence[str] = (),
    mapping: Mapping[str, Any] | None = None,
    limits: Mapping[str, Any] | None = None,
) -> Connection:
    """Create a connection of a registered vendor; it sends and receives at once.

    `name` is the slug that payments name as their gateway and that its webhook address ends in. `limits` are fields of
    Destination over the vendor's defaults; `expiries` say when a secret ends, by its name.

    Raises Denied, Invalid, Conflict (the name is taken), NotFound (vendor).
    """
    require(actor, Permission.CONNECTIONS_MANAGE, view=Permission.CONNECTIONS_VIEW)
    connector = connector_of(vendor)
    checked = checked_config(connector, config)
    values = checked_secrets(connector, secrets or {}, complete=True)
    given = {"regions": regions, "brands": brands, "channels": channels}
    scope = {name: checked_scope(name, values) for name, values in given.items()}
    names = checked_mapping(connector, mapping or {})
    connection = Connection(
        destination=_destination(connector, checked_name(name), limits or {}),
        vendor=vendor,
        name=name,
        label=label,
        config=checked,
        mapping=names,
        **scope,
    )
    connection.save(force_insert=True)
    for secret, value in values.items():
        store(connection, secret, value, overlap=None, expires_at=(expiries or {}).get(secret))
    keep_version(connection, actor=actor, reason="created")
    publish(changed(connection, "created", version=1), subject=about(connection), actor=actor)
    return connection


def _destination(connector: Connector, name: str, limits: Mapping[str, Any]) -> Destination:
    fields = {**connector.limits, **checked_limits(limits)}
    destination, made = Destination.objects.get_or_create(
        kind=DestinationKind.CONNECTION, name=name, defaults={"system": connector.vendor, **fields}
    )
    if not made:
        raise Conflict(f"The name '{name}' is taken.", code="name-taken")
    refuse_short_leases(limits_of(destination))
    return destination


@transaction.atomic
def retire_connection(*, actor: Actor, connection_id: UUID, reason: str) -> Connection:
    """Stop sending and receiving for good; its history stays, and its name stays taken. Raises Denied, NotFound."""
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE, lock=True)
    Destination.objects.filter(pk=connection.destination_id).update(retired_at=now())
    publish(changed(connection, "retired"), subject=about(connection), actor=actor, words=reason)
    return connection
