"""Reads of people and API clients."""

from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef, Q, QuerySet

from retailops.accounts.actor import Actor, covers
from retailops.accounts.models import ApiClient, RoleGrant, User
from retailops.accounts.second_factor import FACTORS
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid
from retailops.people.access import MANAGE

STANDINGS = {
    "active": Q(is_active=True),
    "invited": Q(is_active=True, password__startswith=UNUSABLE_PASSWORD_PREFIX),
    "inactive": Q(is_active=False),
    "all": Q(),
}


def people() -> QuerySet[User]:
    """Return all people with their grants; `second_factor` tells whether one is set up."""
    factors = Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=FACTORS)
    return User.objects.prefetch_related("grants").annotate(second_factor=Exists(factors))


def find_people(text: str = "", role: str = "", standing: str = "active") -> QuerySet[User]:
    """Return the people of a search: words of name or address, an id, a role, a standing of STANDINGS."""
    rows = people().filter(STANDINGS.get(standing, Q()))
    if role:
        rows = rows.filter(Exists(RoleGrant.objects.filter(user=OuterRef("pk"), role=role)))
    id = parse_uuid(text)
    if id is not None:
        return rows.filter(pk=id)
    return rows.filter(Q(name__icontains=text) | Q(email__icontains=text)) if text else rows


def clients_visible_to(actor: Actor) -> QuerySet[ApiClient]:
    """Return the API clients whose regions and brands are all within the actor's."""
    scopes = ApiClient.objects.values_list("pk", "regions", "brands")
    return ApiClient.objects.filter(
        pk__in=[pk for pk, regions, brands in scopes if covers(actor, MANAGE, regions, brands)]
    )


def is_open() -> Q:
    """Return the condition of clients whose key opens now."""
    return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now()))


def story_of(subject_id: UUID, limit: int = 30) -> list[Event]:
    """Return the latest events about a person or a client, newest first."""
    return list(Event.objects.filter(subject_id=subject_id).order_by("-position")[:limit])
