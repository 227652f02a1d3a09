"""Fetch + scope + permission + lock, in one call; and who may change whom.

Everybody with `people.manage` sees all people: whoever gives roles must find the person. What is changed must lie
within the own regions and brands. Every change of access takes the lock of the one row of rules first, so that two
administrators cannot each remove the other.
"""

from collections.abc import Iterable
from uuid import UUID

from retailops.accounts.actor import EVERYWHERE, Actor, covers, require
from retailops.accounts.models import AccessRules, ApiClient, RoleGrant, User
from retailops.accounts.permissions import SCOPE_PERMISSIONS, Permission, Role
from retailops.lib.errors import Denied, NotFound, hidden

MANAGE = Permission.PEOPLE_MANAGE


def access_rules(*, lock: bool = False) -> AccessRules:
    """Return the rules of access, made where they are missing; their lock makes changes of access wait for another."""
    AccessRules.objects.bulk_create([AccessRules(pk=1)], ignore_conflicts=True)
    return (AccessRules.objects.select_for_update() if lock else AccessRules.objects).get(pk=1)


def access_person(actor: Actor, person_id: UUID, *, lock: bool = False) -> User:
    """Return a person to whoever manages people. Raises Denied, NotFound."""
    require(actor, MANAGE)
    if lock:
        access_rules(lock=True)
    person = (User.objects.select_for_update() if lock else User.objects).filter(pk=person_id).first()
    if person is None:
        raise NotFound("There is no such person.")
    return person


def access_client(actor: Actor, client_id: UUID, *, lock: bool = False) -> ApiClient:
    """Return an API client whose regions and brands are all within the actor's. Raises Denied, NotFound."""
    require(actor, MANAGE)
    client = (ApiClient.objects.select_for_update() if lock else ApiClient.objects).filter(pk=client_id).first()
    if client is None or not covers(actor, MANAGE, client.regions, client.brands):
        raise hidden()
    return client


def why_not_grant(actor: Actor, person: User, role: str, regions: Iterable[str], brands: Iterable[str]) -> str:
    """Say why the actor may not give or take this role there; "" where it may."""
    if actor.key == person.actor_key:
        return "Nobody changes the own roles: another administrator must."
    if not covers(actor, MANAGE, regions, brands):
        return "It reaches beyond the regions and brands in which you manage people."
    if actor.kind == "api_client" and role == Role.ADMINISTRATOR:
        return "A key never gives or takes the role of an administrator: a person must."
    return ""


def why_not_person(actor: Actor, person: User) -> str:
    """Say why the actor may not deactivate, reactivate or reset the person; "" where it may."""
    if actor.key == person.actor_key:
        return "Nobody does this to the own account: another administrator must."
    grants = list(person.grants.all())
    if any(not covers(actor, MANAGE, grant.regions, grant.brands) for grant in grants):
        return "The person has roles beyond the regions and brands in which you manage people."
    if actor.kind == "api_client" and any(grant.role == Role.ADMINISTRATOR for grant in grants):
        return "A key never touches an administrator: a person must."
    return ""


def why_not_scopes(actor: Actor, scopes: Iterable[str]) -> str:
    """Say why the actor may not give these scopes to a client; "" where it may: nobody gives what it does not hold."""
    held = {permission for grant in actor.grants for permission in grant.permissions}
    beyond = [scope for scope in scopes if not {str(p) for p in SCOPE_PERMISSIONS.get(scope, ())} <= held]
    return f"You do not hold what {', '.join(beyond)} allows." if beyond else ""


def refuse(reason: str) -> None:
    """Raise Denied where there is a reason."""
    if reason:
        raise Denied(reason, permission=str(MANAGE))


def administrators_besides(*, person: User | None = None, grant: RoleGrant | None = None) -> int:
    """Return how many active people would administrate everywhere without this person or grant."""
    rows = RoleGrant.objects.filter(
        role=Role.ADMINISTRATOR, user__is_active=True, regions__contains=[EVERYWHERE], brands__contains=[EVERYWHERE]
    )
    if person is not None:
        rows = rows.exclude(user=person)
    if grant is not None:
        rows = rows.exclude(pk=grant.pk)
    return rows.values("user").distinct().count()
