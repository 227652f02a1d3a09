"""Load a connection ready for use: config parsed by the vendor's schema, secrets decrypted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from connectors.credentials import secrets_of
from connectors.failures import VendorFailure
from connectors.models import Connection, ConnectionVersion, Credential
from connectors.protocol import ConnectionContext, ConnectorConfig
from connectors.registry import connector_of
from retailops.events.enums import OutcomeClass
from retailops.events.prepared import Prepared

_OF_DESTINATION = Prepared(lambda id: Connection.objects.select_related("destination").filter(destination_id=id))
_BY_NAME = Prepared(
    lambda name: Connection.objects.select_related("destination").filter(name=name, destination__retired_at=None)
)
_CREDENTIALS = Prepared(lambda connection: Credential.objects.filter(connection_id=connection))


def context_of_destination(destination_id: UUID) -> ConnectionContext:
    """Return the context of the connection behind a destination (two queries).

    Raises Connection.DoesNotExist, VendorFailure for a secret that cannot be read or a config that is no longer valid.
    """
    found = _OF_DESTINATION.first(destination_id)
    if found is None:
        raise Connection.DoesNotExist(f"No connection sends to {destination_id}.")
    return context_of(found)


def context_named(name: str) -> ConnectionContext | None:
    """Return the context of the connection of that name that is not retired, or None."""
    found = _BY_NAME.first(name)
    return context_of(found) if found else None


def context_of(connection: Connection) -> ConnectionContext:
    """Return the context of a loaded connection."""
    return ConnectionContext(
        id=connection.id,
        destination_id=connection.destination_id,
        vendor=connection.vendor,
        name=connection.name,
        label=connection.label,
        config=_parsed(connection.vendor, connection.config),
        config_version=connection.config_version,
        mapping=connection.mapping,
        mapping_version=connection.mapping_version,
        regions=connection.regions,
        brands=connection.brands,
        channels=connection.channels,
        timeout_seconds=connection.destination.timeout_seconds,
        secrets=secrets_of(_CREDENTIALS.all(connection.id)),
    )


def as_it_was(conn: ConnectionContext, version: int) -> ConnectionContext:
    """Return the context with the mapping of a former version. Raises VendorFailure (contract) for an unknown one."""
    if version == conn.mapping_version:
        return conn
    rows = ConnectionVersion.objects.filter(connection=conn.id, mapping_version=version)
    found = rows.order_by("number").values_list("mapping", flat=True).first()
    if found is None:
        raise VendorFailure(OutcomeClass.CONTRACT, "unknown_mapping", f"There was never a version {version} of it.")
    return replace(conn, mapping=found, mapping_version=version)


def as_it_would_be(
    connection: Connection, *, config: Mapping[str, Any], mapping: Mapping[str, Any]
) -> ConnectionContext:
    """Return the connection's context with another config and mapping, without any secret: for rendering alone.

    Raises VendorFailure (contract) for a config that the vendor's schema does not take.
    """
    return ConnectionContext(
        id=connection.id,
        destination_id=connection.destination_id,
        vendor=connection.vendor,
        name=connection.name,
        label=connection.label,
        config=_parsed(connection.vendor, config),
        config_version=connection.config_version,
        mapping=mapping,
        mapping_version=connection.mapping_version,
        regions=connection.regions,
        brands=connection.brands,
        channels=connection.channels,
        timeout_seconds=connection.destination.timeout_seconds,
    )


def _parsed(vendor: str, config: Mapping[str, Any]) -> ConnectorConfig:
    try:
        return connector_of(vendor).Config.model_validate(dict(config))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise VendorFailure(OutcomeClass.CONTRACT, "invalid_config", f"{where}: {first['msg']}") from error
