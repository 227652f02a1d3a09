"""Tell of second factors that people add and remove by themselves."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.people.events import SecondFactorAdded, SecondFactorRemoved
from retailops.people.telling import tell_person


def register() -> None:
    """Listen to the library that keeps them."""
    authenticator_added.connect(_added, dispatch_uid="people.second_factor_added")
    authenticator_removed.connect(_removed, dispatch_uid="people.second_factor_removed")


def _added(request: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    _tell(SecondFactorAdded, request, user, authenticator)


def _removed(request: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    _tell(SecondFactorRemoved, request, user, authenticator)


def _tell(shape: type[Any], request: Any, user: User, authenticator: Authenticator) -> None:
    actor = getattr(request, "actor", None) or Actor("user", str(user.id), str(user))
    with transaction.atomic():
        tell_person(shape, user, actor, factor=str(authenticator.type))
