"""Vendor name → Connector. Filled once, by `registration.py`."""

from connectors.protocol import Connector, Operation, Route
from retailops.lib.errors import NotFound

_connectors: dict[str, Connector] = {}


def register_connector(connector: Connector) -> None:
    """Register a vendor under its name; the last one registered counts."""
    _connectors[connector.vendor] = connector


def connector_of(vendor: str) -> Connector:
    """Return the vendor's connector. Raises NotFound."""
    try:
        return _connectors[vendor]
    except KeyError:
        raise NotFound(f"There is no connector named '{vendor}'.") from None


def connectors() -> list[Connector]:
    """Return every connector, by label."""
    return sorted(_connectors.values(), key=lambda connector: connector.label)


def routes_of(event_type: str) -> list[tuple[Connector, Route]]:
    """Return the routes that take an event type, with their connectors."""
    found = ((connector, route) for connector in _connectors.values() for route in connector.routes)
    return [(connector, route) for connector, route in found if route.event_type == event_type]


def operation_of(vendor: str, name: str) -> Operation:
    """Return the declared operation. Raises NotFound."""
    operation = connector_of(vendor).operations.get(name)
    if operation is None:
        raise NotFound(f"'{vendor}' has no operation '{name}'.")
    return operation
