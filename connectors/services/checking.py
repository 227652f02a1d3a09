"""Checks of what a person enters for a connection, with errors that name the field."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from connectors.addresses import refuse_private_literal
from connectors.failures import ForbiddenAddress
from connectors.protocol import Connector
from retailops.lib.errors import FieldError, Invalid

# Fields of Destination that a connector or an administrator sets, with the least value that makes sense.
LIMITS: Mapping[str, float] = {
    "rate_per_second": 0.001,
    "burst": 1,
    "max_in_flight": 1,
    "batch_size": 1,
    "lease_seconds": 10,
    "timeout_seconds": 0.1,
    "deadline_seconds": 60,
    "key_memory_seconds": 60,
    "look_up_seconds": 0,
    "absent_after_seconds": 0,
}
OTHER_LIMITS = frozenset({"retry_schedule", "dead_blocks_lane"})


def checked_config(connector: Connector, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config as the vendor's schema understands it. Raises Invalid with a pointer to each wrong field."""
    try:
        parsed = connector.Config.model_validate(dict(config))
        refuse_private_literal(parsed.base_url)
    except ValidationError as error:
        faults = [FieldError("/config/" + "/".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        raise Invalid("The configuration is not valid.", errors=faults) from error
    except ForbiddenAddress as error:
        raise Invalid(error.message, errors=[FieldError("/config/base_url", error.message)]) from error
    return parsed.model_dump(mode="json")


def checked_secrets(connector: Connector, secrets: Mapping[str, str], *, complete: bool) -> dict[str, str]:
    """Refuse names that the vendor does not use, empty values, and (if complete) missing ones. Raises Invalid."""
    specs = {spec.name: spec for spec in connector.secrets}
    faults = [
        FieldError(f"/secrets/{name}", "This connector has no such secret.") for name in set(secrets) - set(specs)
    ]
    faults += [FieldError(f"/secrets/{name}", "It must not be empty.") for name, value in secrets.items() if not value]
    if complete:
        missing = [name for name, spec in specs.items() if spec.required and name not in secrets]
        faults += [FieldError(f"/secrets/{name}", "It is required.") for name in missing]
    if faults:
        raise Invalid("The secrets are not valid.", errors=faults)
    return dict(secrets)


def checked_limits(limits: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse unknown sending limits and impossible values. Raises Invalid."""
    faults = [FieldError(f"/limits/{name}", why) for name, value in limits.items() if (why := _fault(name, value))]
    if faults:
        raise Invalid("The limits are not valid.", errors=faults)
    return dict(limits)


def _fault(name: str, value: Any) -> str:
    if name in OTHER_LIMITS:
        return ""
    if name not in LIMITS:
        return "There is no such limit."
    if value is None:
        return "" if name == "key_memory_seconds" else "It must be a number."
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if number and value >= LIMITS[name] else f"It must be at least {LIMITS[name]:g}."


def scope_list(values: Iterable[str]) -> list[str]:
    """Return scope names trimmed, without empty ones and doubles, in order."""
    return list(dict.fromkeys(value.strip() for value in values if value.strip()))
