"""Checks of what a person enters for a connection, with errors that name the field."""

import re
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
# Those that are counted in fractions, too; and more than any of them can mean (a year of seconds).
FRACTIONS, MOST = frozenset({"rate_per_second", "timeout_seconds"}), 31_536_000
# Addresses of pages that are about no single connection.
RESERVED = frozenset({"new"})
LONGEST_NAME = 100


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


def checked_mapping(connector: Connector, mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping if the vendor's schema takes it; what it leaves out keeps its default. Raises Invalid."""
    try:
        parsed = connector.MappingSchema.model_validate(dict(mapping))
    except ValidationError as error:
        faults = [FieldError("/mapping/" + "/".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        raise Invalid("The mapping is not valid.", errors=faults) from error
    return parsed.model_dump(mode="json", exclude_unset=True)


def checked_name(name: str) -> str:
    """Return the name: small letters, digits and hyphens, because it is part of addresses. Raises Invalid."""
    if len(name) <= LONGEST_NAME and re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", name) and name not in RESERVED:
        return name
    why = "Use small letters and digits, with single hyphens between them."
    why = "This name is an address of a page." if name in RESERVED else why
    raise Invalid("The name cannot be used.", errors=[FieldError("/name", why)])


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


def refuse_short_leases(limits: Mapping[str, Any]) -> None:
    """Refuse a lease that may end while its call still runs: somebody else would send the same. Raises Invalid."""
    if limits["timeout_seconds"] >= limits["lease_seconds"]:
        why = f"It must be shorter than the lease ({limits['lease_seconds']} s)."
        raise Invalid("The limits are not valid.", errors=[FieldError("/limits/timeout_seconds", why)])


def _fault(name: str, value: Any) -> str:
    if name == "retry_schedule":
        steps = value if isinstance(value, list | tuple) else ()
        fits = bool(steps) and all(type(step) is int and step > 0 for step in steps)
        return "" if fits else "It must be a list of waits in whole seconds, the first one first."
    if name == "dead_blocks_lane":
        return "" if isinstance(value, bool) else "It must be true or false."
    if name not in LIMITS:
        return "There is no such limit."
    if value is None:
        return "" if name == "key_memory_seconds" else "It must be a number."
    if not isinstance(value, int | float if name in FRACTIONS else int) or isinstance(value, bool):
        return "It must be a number." if name in FRACTIONS else "It must be a whole number."
    if value > MOST:
        return f"It must be at most {MOST}."
    return "" if value >= LIMITS[name] else f"It must be at least {LIMITS[name]:g}."


# As many letters as a name of each dimension may have.
LONGEST = {"regions": 32, "brands": 64, "channels": 64}


def checked_scope(name: str, values: Iterable[str]) -> list[str]:
    """Return the names of one dimension (regions, brands, channels), in order. Raises Invalid for a too long one."""
    found, longest = scope_list(values), LONGEST[name]
    faults = [
        FieldError(f"/{name}/{place}", f"At most {longest} characters.")
        for place, value in enumerate(found)
        if len(value) > longest
    ]
    if faults:
        raise Invalid("The scope is not valid.", errors=faults)
    return found


def scope_list(values: Iterable[str]) -> list[str]:
    """Return scope names trimmed, without empty ones and doubles, in order."""
    return list(dict.fromkeys(value.strip() for value in values if value.strip()))
