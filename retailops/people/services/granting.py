"""Give a person a role for regions and brands, and take it."""

from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import RoleGrant, User
from retailops.accounts.permissions import Role
from retailops.lib.errors import Conflict, NotFound
from retailops.people.access import access_person, administrators_besides, refuse, why_not_grant
from retailops.people.events import RoleGranted, RoleRevoked
from retailops.people.inputs import Scope, checked_reason, checked_role, checked_scope
from retailops.people.telling import tell_grant


@transaction.atomic
def grant_role(actor: Actor, person_id: UUID, *, role: str, scope: Scope, reason: str) -> RoleGrant:
    """Give the role there. Raises Denied for oneself and beyond the own scope, Conflict where it is held already."""
    person = access_person(actor, person_id, lock=True)
    where, why = checked_scope(scope), checked_reason(reason)
    refuse(why_not_grant(actor, person, checked_role(role), where.regions, where.brands))
    if not person.is_active:
        raise Conflict("The person is deactivated: reactivate first.", present="inactive")
    held = person.grants.filter(role=role, regions=list(where.regions), brands=list(where.brands))
    if held.exists():
        raise Conflict("The person has this role there already.", present="granted")
    grant = RoleGrant.objects.create(
        user=person, role=role, regions=list(where.regions), brands=list(where.brands), granted_by=actor.key
    )
    tell_grant(RoleGranted, grant, actor, why)
    return grant


@transaction.atomic
def revoke_role(actor: Actor, person_id: UUID, grant_id: int, reason: str) -> User:
    """Take the role. Raises NotFound, Denied as granting does, Conflict for the last administrator."""
    person = access_person(actor, person_id, lock=True)
    grant = RoleGrant.objects.select_related("user").filter(pk=grant_id, user=person).first()
    if grant is None:
        raise NotFound("The person has no such role.")
    why = checked_reason(reason)
    refuse(why_not_grant(actor, person, grant.role, grant.regions, grant.brands))
    keep_an_administrator(grant)
    tell_grant(RoleRevoked, grant, actor, why)
    grant.delete()
    return person


def keep_an_administrator(grant: RoleGrant) -> None:
    """Raise Conflict where without the grant nobody active would administrate everywhere."""
    if grant.role == Role.ADMINISTRATOR and grant.user.is_active and not administrators_besides(grant=grant):
        raise Conflict("This is the last administrator: make another one first.", present="last-administrator")
