"""Tell of second factors that people add and remove by themselves."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_removed
from django.db import transaction
from django.db.models.signals import post_save

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.people.events import SecondFactorAdded, SecondFactorRemoved
from retailops.people.telling import tell_person


def register() -> None:
    """Listen to the library that keeps them; its own signal of a new one comes after the commit, which is too late."""
    post_save.connect(_saved, sender=Authenticator, dispatch_uid="people.second_factor_added")
    authenticator_removed.connect(_removed, dispatch_uid="people.second_factor_removed")


def _saved(instance: Authenticator, created: bool, raw: bool = False, **_: Any) -> None:
    if created and not raw:
        _tell(SecondFactorAdded, instance.user, instance)


def _removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    _tell(SecondFactorRemoved, user, authenticator)


def _tell(shape: type[Any], user: User, authenticator: Authenticator) -> None:
    # People add and remove their own; an administrator's reset has its own command.
    actor = Actor("user", str(user.pk), str(user))
    with transaction.atomic():
        tell_person(shape, user, actor, factor=str(authenticator.type))
