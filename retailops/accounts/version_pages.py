"""What the pages of all versioned rules share: who looks, which version is meant, and where it stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from retailops.accounts import web
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, hidden
from retailops.lib.htmx import show


class Version(Protocol):
    """One version of something: `name@version`, for a scope, in force for a time."""

    name: Any
    version: Any
    region: Any
    brand: Any
    status: Any
    effective_from: Any

    def in_force(self, at: datetime) -> bool:
        """Tell whether it decides at the instant."""


V = TypeVar("V", bound=Version)


@dataclass(frozen=True)
class VersionPages(Generic[V]):
    """The pages below `namespace`; `visible(actor)` are the versions that the actor may look at."""

    namespace: str
    visible: Callable[[Actor], QuerySet[Any]]

    def actor_of(self, request: HttpRequest) -> Actor:
        """Return who makes the request; it may look at policies. Raises Denied."""
        actor = web.actor_of(request)
        require(actor, Permission.POLICIES_VIEW)
        return actor

    def asked(self, request: HttpRequest, name: str, version: int, *, to_change: bool = False) -> tuple[Actor, V]:
        """Return who asks and the version that is meant. Raises NotFound, Denied."""
        actor = self.actor_of(request)
        found: V | None = self.visible(actor).filter(name=name, version=version).first()
        if found is None:
            raise hidden()
        if to_change:
            require(actor, Permission.POLICIES_MANAGE, region=found.region, brand=found.brand)
        return actor, found

    def manages(self, actor: Actor, row: V) -> bool:
        """Tell whether the actor may change versions of that scope."""
        return can(actor, Permission.POLICIES_MANAGE, region=row.region, brand=row.brand)

    def address(self, row: V, page: str = "detail") -> str:
        """Return where a page of the version is."""
        return reverse(f"{self.namespace}:{page}", args=[row.name, row.version])

    def stale(self, request: HttpRequest, row: V, conflict: Conflict) -> HttpResponse:
        """Show that somebody changed it meanwhile, with the way back to it."""
        return show(request, "errors/refused.html", {"error": conflict, "again": self.address(row)}, status=409)


def standing(row: Version, moment: datetime) -> str:
    """Return the word for where a version stands: of an active one also whether it has begun, or is over."""
    if row.status != "active":
        return str(row.status)
    if row.effective_from is not None and row.effective_from > moment:
        return "scheduled"
    return "active" if row.in_force(moment) else "ended"
