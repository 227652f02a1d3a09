"""Add a person, who sets the own password by a link in an e-mail; nobody else ever sees one."""

from uuid import UUID

import structlog
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from retailops.accounts.actor import Actor, require
from retailops.accounts.models import User
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid
from retailops.people.access import MANAGE, access_person, access_rules, refuse, why_not_person
from retailops.people.events import PersonInvited, PersonInvitedAgain
from retailops.people.inputs import Scope, checked_email, checked_name, checked_reason
from retailops.people.services.granting import grant_role
from retailops.people.telling import tell_person

log = structlog.get_logger(__name__)


@transaction.atomic
def invite_person(
    actor: Actor, *, email: str, name: str, reason: str, role: str = "", scope: Scope | None = None
) -> User:
    """Add a person, with a first role where one is named, and send the link to set a password after the commit.

    Raises Invalid (an address that is taken among them), Denied.
    """
    require(actor, MANAGE)
    access_rules(lock=True)
    address, why = checked_email(email), checked_reason(reason)
    if User.objects.filter(email__iexact=address).exists():
        raise Invalid(
            "Somebody has this address already.", errors=[FieldError("/email", "Somebody has this address already.")]
        )
    person = User.objects.create_user(address, None, name=checked_name(name), invited_at=now())
    tell_person(PersonInvited, person, actor, reason=why)
    if role:
        grant_role(actor, person.id, role=role, scope=scope or Scope(), reason=why)
    _send_after_commit(person)
    return person


@transaction.atomic
def invite_again(actor: Actor, person_id: UUID, reason: str) -> User:
    """Send the link once more, to a person who has not set a password yet. Raises Conflict where that is done."""
    person = access_person(actor, person_id, lock=True)
    refuse(why_not_person(actor, person))
    if not person.is_active:
        raise Conflict("The person is deactivated: reactivate first.", present="inactive")
    if person.has_usable_password():
        raise Conflict("The person has a password: “Forgot your password?” sends a new link.", present="active")
    person.invited_at, person.invitation_sent_at = now(), None
    person.save(update_fields=["invited_at", "invitation_sent_at"])
    tell_person(PersonInvitedAgain, person, actor, reason=checked_reason(reason))
    _send_after_commit(person)
    return person


def set_password_link(person: User) -> str:
    """Return the address at which the person sets a password: signed, for one use, for PASSWORD_RESET_TIMEOUT."""
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)},
    )
    return settings.PUBLIC_URL.rstrip("/") + path


def _send_after_commit(person: User) -> None:
    transaction.on_commit(lambda: send_invitation(person), robust=True)


def send_invitation(person: User) -> bool:
    """Send the link; tells whether it left. A mail server that is away leaves the person without `invitation_sent_at`,
    which the page of the person shows with the way to send it again."""
    context = {"person": person, "link": set_password_link(person), "days": settings.PASSWORD_RESET_TIMEOUT // 86400}
    try:
        send_mail(
            "You are invited to RetailOps", render_to_string("people/invitation.txt", context), None, [person.email]
        )
    except OSError as error:  # smtplib's own errors among them
        log.warning("invitation.not_sent", person=str(person.id), error=type(error).__name__)
        return False
    User.objects.filter(pk=person.pk).update(invitation_sent_at=now())
    return True
