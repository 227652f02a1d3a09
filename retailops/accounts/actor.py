"""Who acts. Every command takes an Actor as an argument; nothing reads one from the air."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from retailops.accounts.permissions import Permission
from retailops.lib.errors import Denied, hidden

EVERYWHERE = "*"


@dataclass(frozen=True)
class Grant:
    """Permissions within regions and brands; `*` among them means all."""

    permissions: frozenset[str]
    regions: frozenset[str] = frozenset({EVERYWHERE})
    brands: frozenset[str] = frozenset({EVERYWHERE})
    role: str = ""

    def covers(self, permission: str, region: str | None, brand: str | None) -> bool:
        """Tell whether the grant allows the permission there; None asks "anywhere at all?"."""
        return permission in self.permissions and _within(self.regions, region) and _within(self.brands, brand)


@dataclass(frozen=True)
class Actor:
    """A person, an API client, a connection or the system itself, with what it may do where.

    `kind` is one of user, api_client, connection, system. `label` is shown to people and stored with events.
    """

    kind: str
    id: str
    label: str
    grants: tuple[Grant, ...] = ()
    on_behalf_of: str = ""
    roles: frozenset[str] = field(default=frozenset(), compare=False)

    @classmethod
    def system(cls, label: str) -> "Actor":
        """Return the system acting for a named reason ("sweep", "policy"); it may do everything."""
        return cls("system", label, label, (Grant(frozenset(Permission)),))

    @classmethod
    def connection(cls, id: str, label: str, on_behalf_of: str = "") -> "Actor":
        """Return an external system speaking through its connection; its signature was verified."""
        return cls("connection", id, label, (Grant(frozenset(Permission)),), on_behalf_of)

    @property
    def key(self) -> str:
        """The identity stored with events: `user:…`, `api_client:…`, `connection:…`, `system:…`."""
        return f"{self.kind}:{self.id}"

    def roles_in(self, region: str, brand: str) -> frozenset[str]:
        """Return the roles that the actor holds in that region and brand: a role elsewhere gives no say here."""
        return frozenset(
            grant.role
            for grant in self.grants
            if grant.role and _within(grant.regions, region) and _within(grant.brands, brand)
        )


def can(actor: Actor, permission: str, *, region: str | None = None, brand: str | None = None) -> bool:
    """Tell whether the actor holds the permission in that region and brand (None: anywhere at all)."""
    return any(grant.covers(permission, region, brand) for grant in actor.grants)


def covers(actor: Actor, permission: str, regions: Iterable[str], brands: Iterable[str]) -> bool:
    """Tell whether the actor holds the permission in all of these regions and brands (`*` among them: everywhere)."""
    return all(can(actor, permission, region=region, brand=brand) for region in regions for brand in brands)


def require(
    actor: Actor, permission: str, *, region: str | None = None, brand: str | None = None, view: str | None = None
) -> None:
    """Raise unless the actor holds the permission there.

    With `view`, an actor who may not even see the object gets NotFound, so that its existence is not told; one who may
    see it gets Denied.
    """
    if can(actor, permission, region=region, brand=brand):
        return
    if view and not can(actor, view, region=region, brand=brand):
        raise hidden()
    detail = f"{actor.label} does not hold the permission {permission} here."
    raise Denied(detail, region=region, brand=brand, permission=str(permission))


def scope_q(actor: Actor, permission: str, *, region: str = "region", brand: str = "brand") -> Q:
    """Return the filter for rows that the actor holds the permission on; matches nothing without a grant.

    `region` and `brand` name the fields; an empty name leaves that dimension out.
    """
    allowed = Q(pk__in=[])
    for grant in actor.grants:
        if permission in grant.permissions:
            # A grant for everything is an empty Q, and an empty Q vanishes from an OR: say "every row" in its place.
            allowed |= (_among(region, grant.regions) & _among(brand, grant.brands)) or ~Q(pk__in=[])
    return allowed


def _within(allowed: Iterable[str], value: str | None) -> bool:
    return value is None or EVERYWHERE in allowed or value in allowed


def _among(name: str, allowed: frozenset[str]) -> Q:
    if not name or EVERYWHERE in allowed:
        return Q()
    condition: dict[str, Any] = {f"{name}__in": sorted(allowed)}
    return Q(**condition)
