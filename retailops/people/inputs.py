"""What the commands take, and what of it is refused."""

import re
import zoneinfo
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from retailops.accounts.actor import EVERYWHERE
from retailops.accounts.permissions import SCOPE_PERMISSIONS, Role
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid

PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
LONGEST_REGION, LONGEST_BRAND = 32, 64
MOST_PLACES = 50
MOST_REQUESTS = 1_000_000


@dataclass(frozen=True)
class Scope:
    """Regions and brands; `*` alone means all of them."""

    regions: Sequence[str] = (EVERYWHERE,)
    brands: Sequence[str] = (EVERYWHERE,)


@dataclass(frozen=True)
class ClientIn:
    """An API client. `requests_per_minute` 0 means without limit; `expires_at` None means that it never ends."""

    name: str
    scopes: Sequence[str]
    scope: Scope = field(default_factory=Scope)
    requests_per_minute: int = 6000
    expires_at: datetime | None = None


def checked_scope(scope: Scope) -> Scope:
    """Return the scope in order and without doubles. Raises Invalid."""
    return Scope(_places(scope.regions, "/regions", LONGEST_REGION), _places(scope.brands, "/brands", LONGEST_BRAND))


def _places(names: Iterable[str], pointer: str, longest: int) -> list[str]:
    found = sorted({name.strip() for name in names if name.strip()})
    if not found or len(found) > MOST_PLACES:
        raise _wrong(pointer, f"name 1 to {MOST_PLACES}, or * for all")
    if EVERYWHERE in found:
        return [EVERYWHERE]
    for name in found:
        if len(name) > longest or not PLACE.fullmatch(name):
            raise _wrong(pointer, f"“{name}” is no code of letters, digits, dots and dashes (at most {longest})")
    return found


def checked_reason(reason: str) -> str:
    """Return the reason without blanks around it. Raises Invalid for none."""
    if not reason.strip():
        raise _wrong("/reason", "say why: a reason is required")
    if len(reason) > 300:
        raise _wrong("/reason", "300 characters at most")
    return reason.strip()


def checked_role(role: str) -> str:
    """Return the role. Raises Invalid for an unknown one."""
    if role not in Role.values:
        raise _wrong("/role", f"must be one of: {', '.join(Role.values)}")
    return role


def checked_roles(roles: Iterable[str]) -> list[str]:
    """Return the roles in order, each once. Raises Invalid for an unknown one."""
    return sorted({checked_role(role) for role in roles})


def checked_email(email: str) -> str:
    """Return the address in lower case. Raises Invalid where it is none."""
    plain = email.strip().lower()
    try:
        validate_email(plain)
    except ValidationError as refused:
        raise _wrong("/email", "must be an e-mail address") from refused
    if len(plain) > 254:
        raise _wrong("/email", "254 characters at most")
    return plain


def checked_name(name: str, longest: int = 150) -> str:
    """Return the name without blanks around it. Raises Invalid for none or one that is too long."""
    plain = " ".join(name.split())
    if not plain or len(plain) > longest:
        raise _wrong("/name", f"1 to {longest} characters")
    return plain


def checked_time_zone(name: str) -> str:
    """Return the name of a time zone. Raises Invalid for an unknown one."""
    if name not in zoneinfo.available_timezones():
        raise _wrong("/time_zone", "must be a time zone such as Europe/London")
    return name


def checked_client(data: ClientIn) -> ClientIn:
    """Return the client's fields as they are kept. Raises Invalid, naming what is wrong."""
    unknown = [scope for scope in data.scopes if scope not in SCOPE_PERMISSIONS]
    if unknown or not data.scopes:
        known = ", ".join(SCOPE_PERMISSIONS)
        raise _wrong("/scopes", f"{', '.join(unknown) or 'none'} is not one of: {known}")
    if not 0 <= data.requests_per_minute <= MOST_REQUESTS:
        raise _wrong("/requests_per_minute", f"0 (no limit) to {MOST_REQUESTS}")
    if data.expires_at is not None and data.expires_at <= now():
        raise _wrong("/expires_at", "must lie in the future")
    name, scopes = checked_name(data.name, 100), sorted(set(data.scopes))
    return ClientIn(name, scopes, checked_scope(data.scope), data.requests_per_minute, data.expires_at)


def _wrong(pointer: str, detail: str) -> Invalid:
    said = f"{pointer.removeprefix('/').replace('_', ' ').capitalize()}: {detail}."
    return Invalid(said, errors=[FieldError(pointer, said)])
