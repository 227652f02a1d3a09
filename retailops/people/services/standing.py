"""Whether a person may sign in: deactivate, reactivate, end sessions, help after a lost device."""

from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.accounts.permissions import Role
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from retailops.people.access import access_person, administrators_besides, refuse, why_not_person
from retailops.people.events import PersonDeactivated, PersonReactivated, SecondFactorReset
from retailops.people.inputs import checked_reason
from retailops.people.telling import tell_person


@transaction.atomic
def deactivate_person(actor: Actor, person_id: UUID, reason: str) -> User:
    """Keep the person out from now on and end all sessions; roles stay on record and do nothing.

    Raises Denied for oneself and beyond the own scope, Conflict for the last administrator and one who is out already.
    """
    person, why = _changeable(actor, person_id, reason)
    if not person.is_active:
        raise Conflict("The person is deactivated already.", present="inactive")
    if person.grants.filter(role=Role.ADMINISTRATOR).exists() and not administrators_besides(person=person):
        raise Conflict("This is the last administrator: make another one first.", present="last-administrator")
    person.is_active, person.deactivated_at = False, now()
    _end_sessions(person, "is_active", "deactivated_at")
    tell_person(PersonDeactivated, person, actor, reason=why)
    return person


@transaction.atomic
def reactivate_person(actor: Actor, person_id: UUID, reason: str) -> User:
    """Let the person sign in again, with the roles of before. Raises Denied, Conflict for one who may already."""
    person, why = _changeable(actor, person_id, reason)
    if person.is_active:
        raise Conflict("The person is active already.", present="active")
    person.is_active, person.deactivated_at = True, None
    person.save(update_fields=["is_active", "deactivated_at"])
    tell_person(PersonReactivated, person, actor, reason=why)
    return person


@transaction.atomic
def reset_second_factor(actor: Actor, person_id: UUID, reason: str) -> User:
    """Remove the person's second factors and end all sessions. Raises Denied, Conflict where there is none."""
    person, why = _changeable(actor, person_id, reason)
    removed, _ = Authenticator.objects.filter(user=person).delete()
    if not removed:
        raise Conflict("The person has no second factor.", present="none")
    _end_sessions(person)
    tell_person(SecondFactorReset, person, actor, reason=why)
    return person


def _changeable(actor: Actor, person_id: UUID, reason: str) -> tuple[User, str]:
    person = access_person(actor, person_id, lock=True)
    why = checked_reason(reason)
    refuse(why_not_person(actor, person))
    return person, why


def _end_sessions(person: User, *fields: str) -> None:
    person.session_epoch += 1
    person.save(update_fields=["session_epoch", *fields])
