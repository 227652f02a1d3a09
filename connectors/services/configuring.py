"""Change how a connection is configured; every former configuration stays comparable and restorable."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from connectors.access import access_connection
from connectors.events import about, changed
from connectors.models import Connection, ConnectionVersion
from connectors.registry import connector_of
from connectors.services.checking import (
    checked_config,
    checked_limits,
    checked_mapping,
    checked_scope,
    refuse_short_leases,
)
from connectors.services.tried import require_tried
from connectors.services.versions import keep_version, limits_of
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.models import Destination
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, NotFound


@transaction.atomic
def configure_connection(
    *,
    actor: Actor,
    connection_id: UUID,
    label: str | None = None,
    config: Mapping[str, Any] | None = None,
    regions: Sequence[str] | None = None,
    brands: Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
    limits: Mapping[str, Any] | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> Connection:
    """Change what is given (None leaves it). `limits` are fields of Destination: rate, concurrency, schedule, times.

    A change of config raises its version, which attempts record. The mapping changes by `activate_mapping` alone.
    Raises Denied, NotFound, Invalid, Conflict (another change came first: `expected_version` is the number of the
    newest version that the caller saw).
    """
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE, lock=True)
    refuse_stale(connection, expected_version)
    wanted: dict[str, Any] = {"label": label}
    scopes = {"regions": regions, "brands": brands, "channels": channels}
    wanted |= {name: checked_scope(name, values) for name, values in scopes.items() if values is not None}
    if config is not None:
        wanted["config"] = checked_config(connector_of(connection.vendor), config)
    fields = apply(connection, wanted) + _apply_limits(connection, limits or {})
    if fields:
        keep(connection, fields, actor, reason, "configured")
    return connection


def newest_version(connection: Connection) -> int:
    """Return the number of the connection's newest version."""
    return newest_versions([connection]).get(connection.id, 0)


def newest_versions(connections: Sequence[Connection]) -> dict[UUID, int]:
    """Return the number of each connection's newest version (one query)."""
    rows = ConnectionVersion.objects.filter(connection__in=list(connections)).order_by()
    return dict(rows.values_list("connection_id").annotate(last=Max("number")))


def refuse_stale(connection: Connection, expected: int | None) -> None:
    """Refuse a change that was made on another version than the newest. Raises Conflict."""
    present = newest_version(connection)
    if expected is not None and expected != present:
        raise Conflict(
            f"The connection was changed meanwhile: it is at version {present}, not {expected}.",
            code="stale-version",
            present=present,
        )


def apply(connection: Connection, wanted: Mapping[str, Any]) -> list[str]:
    """Set what differs and raise the versions; return the names of changed fields. The caller holds the row's lock."""
    differing = [k for k, v in wanted.items() if v is not None and getattr(connection, k) != v]
    for name in differing:
        setattr(connection, name, wanted[name])
    if "config" in differing:
        connection.config_version += 1
    if "mapping" in differing:
        connection.mapping_version += 1
    return differing


def _apply_limits(connection: Connection, limits: Mapping[str, Any]) -> list[str]:
    checked = checked_limits(limits)
    destination = connection.destination
    differing = {name: value for name, value in checked.items() if getattr(destination, name) != value}
    if differing:
        refuse_short_leases(limits_of(destination) | differing)
        Destination.objects.filter(pk=destination.pk).update(**differing)
        destination.refresh_from_db()
    return list(differing)


def keep(connection: Connection, fields: Sequence[str], actor: Actor, reason: str, change: str) -> None:
    """Save the changed connection, keep its version, and tell of it."""
    connection.save()
    kept = keep_version(connection, actor=actor, reason=reason)
    fact = changed(connection, change, version=kept.number, fields=sorted(fields))
    publish(fact, subject=about(connection), actor=actor, words=reason)


@transaction.atomic
def restore_version(
    *, actor: Actor, connection_id: UUID, number: int, reason: str, expected_version: int | None = None
) -> Connection:
    """Go back to a former configuration: it becomes the newest version. A mapping comes back as it was tried, alone.

    Raises Denied, NotFound, Invalid (the vendor's schema does not take it any more), Conflict (another change came
    first, or its mapping was not tried with the connection as it is now).
    """
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE, lock=True)
    refuse_stale(connection, expected_version)
    former = version_of(connection, number)
    connector = connector_of(connection.vendor)
    mapping = checked_mapping(connector, former.mapping)
    require_tried(connection, mapping)
    wanted = {
        **former.scope,
        "config": checked_config(connector, former.config),
        "mapping": mapping,
    }
    if fields := apply(connection, wanted) + _apply_limits(connection, former.limits):
        keep(connection, fields, actor, reason, "restored")
    return connection


def version_of(connection: Connection, number: int) -> ConnectionVersion:
    """Return a kept version by its number. Raises NotFound."""
    found = ConnectionVersion.objects.filter(connection=connection, number=number).first()
    if found is None:
        raise NotFound(f"There is no version {number}.")
    return found
