"""What the API answers about people and API clients."""

from datetime import datetime
from uuid import UUID

from retailops.accounts.models import ApiClient, RoleGrant, User
from retailops.lib.wire import Shape


class GrantShape(Shape):
    """A role for regions and brands; `*` means all."""

    id: int
    role: str
    regions: list[str]
    brands: list[str]
    granted_at: datetime
    granted_by: str


class PersonShape(Shape):
    """Somebody who signs in."""

    id: UUID
    email: str
    name: str
    time_zone: str
    active: bool
    password_set: bool
    second_factor: bool
    last_login: datetime | None
    invited_at: datetime | None
    grants: list[GrantShape]


class PersonList(Shape):
    """One page of people."""

    results: list[PersonShape]
    next_cursor: str


class ClientShape(Shape):
    """An API client. Its key is never told again; `key_prefix` is the readable part of it."""

    id: UUID
    name: str
    key_prefix: str
    scopes: list[str]
    regions: list[str]
    brands: list[str]
    requests_per_minute: int
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    rotated_at: datetime | None
    previous_key_until: datetime | None


class ClientList(Shape):
    """One page of API clients."""

    results: list[ClientShape]
    next_cursor: str


class IssuedShape(Shape):
    """A client with its new key, which is told this once."""

    client: ClientShape
    key: str


class AccessRulesShape(Shape):
    """Which roles must sign in with a second factor."""

    second_factor_roles: list[str]


def grant_shape(grant: RoleGrant) -> GrantShape:
    """Return one role of a person."""
    return GrantShape.build(
        id=grant.pk, role=grant.role, regions=grant.regions, brands=grant.brands, granted_at=grant.granted_at,
        granted_by=grant.granted_by,
    )  # fmt: skip


def person_shape(person: User, *, second_factor: bool) -> PersonShape:
    """Return one person with the roles."""
    return PersonShape.build(
        id=person.id, email=person.email, name=person.name, time_zone=person.time_zone, active=person.is_active,
        password_set=person.has_usable_password(), second_factor=second_factor, last_login=person.last_login,
        invited_at=person.invited_at, grants=[grant_shape(grant) for grant in person.grants.all()],
    )  # fmt: skip


def client_shape(client: ApiClient) -> ClientShape:
    """Return one client."""
    return ClientShape.model_validate(client)
