"""Publish what happened to a person or an API client."""

from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.accounts.models import ApiClient, RoleGrant, User
from retailops.events.catalog import Subject
from retailops.events.publish import publish

# The rules of access are of no person: their events share this id.
RULES_ID = UUID("00000000-0000-7000-8000-00000000acce")


def tell_person(shape: type[Any], person: User, actor: Actor, reason: str = "", **more: Any) -> None:
    """Publish an event about the person; the reason that somebody wrote stands beside it."""
    fact = shape(person_id=str(person.id), **more)
    publish(fact, subject=_subject("person", person.id), actor=actor, words=reason)


def tell_grant(shape: type[Any], grant: RoleGrant, actor: Actor, reason: str) -> None:
    """Publish that a role was given or taken."""
    tell_person(
        shape, grant.user, actor, reason, grant_id=grant.pk, role=grant.role, regions=list(grant.regions),
        brands=list(grant.brands),
    )  # fmt: skip


def tell_client(shape: type[Any], client: ApiClient, actor: Actor, reason: str, **more: Any) -> None:
    """Publish an event about the client, as it is now."""
    fact = shape(
        client_id=str(client.id), name=client.name, scopes=list(client.scopes), regions=list(client.regions),
        brands=list(client.brands), requests_per_minute=client.requests_per_minute,
        expires_at=client.expires_at.isoformat() if client.expires_at else "", **more,
    )  # fmt: skip
    publish(fact, subject=_subject("api_client", client.id), actor=actor, words=reason)


def tell_rules(data: Any, actor: Actor, reason: str) -> None:
    """Publish a change of the rules of access."""
    publish(data, subject=_subject("access_rules", RULES_ID), actor=actor, words=reason)


def _subject(kind: str, id: UUID) -> Subject:
    return Subject(kind, id, id, str(id))
