"""Keep each configuration of a connection, so that two can be compared and a former one restored."""

from typing import Any

from django.db.models import Max

from connectors.models import Connection, ConnectionVersion
from connectors.services.checking import LIMITS, OTHER_LIMITS
from retailops.accounts.actor import Actor
from retailops.events.models import Destination


def keep_version(connection: Connection, *, actor: Actor, reason: str) -> ConnectionVersion:
    """Append the connection's present configuration. The connection's row is locked by the caller."""
    last = connection.versions.aggregate(last=Max("number"))["last"] or 0
    return ConnectionVersion.objects.create(
        connection=connection,
        number=last + 1,
        config=connection.config,
        config_version=connection.config_version,
        mapping=connection.mapping,
        mapping_version=connection.mapping_version,
        scope=scope_of(connection),
        limits=limits_of(connection.destination),
        changed_by=actor.key,
        reason=reason[:300],
    )


def scope_of(connection: Connection) -> dict[str, Any]:
    """Return what the connection serves, as a version keeps it."""
    return {
        "label": connection.label,
        "regions": list(connection.regions),
        "brands": list(connection.brands),
        "channels": list(connection.channels),
    }


def limits_of(destination: Destination) -> dict[str, Any]:
    """Return how a destination is sent to, by the names of its fields."""
    return {name: getattr(destination, name) for name in sorted({*LIMITS, *OTHER_LIMITS})}


def difference(before: ConnectionVersion, after: ConnectionVersion) -> list[tuple[str, Any, Any]]:
    """Return (field, before, after) for every setting that differs, by name."""
    left, right = _flat(before), _flat(after)
    if not (before.limits and after.limits):
        left, right = ({k: v for k, v in side.items() if not k.startswith("limits.")} for side in (left, right))
    names = sorted(left.keys() | right.keys())
    return [(name, left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)]


def _flat(version: ConnectionVersion) -> dict[str, Any]:
    parts = {"config": version.config, "mapping": version.mapping, "scope": version.scope, "limits": version.limits}
    return {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}
