"""A second factor by role: whoever must have one and has none can set it up, and nothing else. Keys are unaffected."""

import time
from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from retailops.accounts.actor import Actor
from retailops.accounts.models import AccessRules, User
from retailops.lib.errors import Denied
from retailops.lib.pages import is_keyed_call
from retailops.lib.problem import problem_response

# What is open before: setting it up, proving who one is, the own password, leaving.
OPEN_PATHS = ("/accounts/mfa/", "/accounts/reauthenticate/", "/accounts/logout/", "/accounts/password/")
# Of these nothing is a page of a person: they ask for no session.
NO_PAGES = ("/webhooks/", "/static/", "/healthz", "/readyz", "/metrics", "/accounts/login/")
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactorNeeded(Denied):
    """The person's role must sign in with a second factor, and there is none yet."""

    code, title = "second-factor-needed", "A second factor is needed"


class _Remembered:
    roles: frozenset[str] = frozenset()
    until = 0.0


def roles_that_need_it() -> frozenset[str]:
    """Return the roles that must sign in with a second factor; at most API_KEY_CACHE_SECONDS old."""
    if time.monotonic() >= _Remembered.until:
        found = AccessRules.objects.filter(pk=1).values_list("second_factor_roles", flat=True).first()
        _Remembered.roles = frozenset(found or ())
        _Remembered.until = time.monotonic() + settings.API_KEY_CACHE_SECONDS
    return _Remembered.roles


def forget_rules() -> None:
    """Read the rules anew at the next request of this process."""
    _Remembered.until = 0.0


def has_second_factor(user: User) -> bool:
    """Tell whether the person has one; recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def needs_second_factor(actor: Actor) -> bool:
    """Tell whether one of the person's roles must have a second factor."""
    roles = roles_that_need_it()
    return bool(roles) and not roles.isdisjoint(actor.roles)


class SecondFactorMiddleware:
    """Leads a signed-in person who must have a second factor to its set-up, whatever was asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, or lead to the set-up; the API answers 403."""
        if is_keyed_call(request) or request.path.startswith(NO_PAGES + OPEN_PATHS) or not self._is_owed(request):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return problem_response(SecondFactorNeeded("Set up two-factor sign-in in the workbench first."))
        where = reverse("mfa_activate_totp")
        if getattr(request, "htmx", None):
            return HttpResponse(headers={"HX-Redirect": where})
        return HttpResponseRedirect(where, status=303)

    @staticmethod
    def _is_owed(request: HttpRequest) -> bool:
        if not roles_that_need_it() or not isinstance(request.user, User):
            return False
        actor: Actor = request.actor  # type: ignore[attr-defined]  # set by ActorMiddleware
        return needs_second_factor(actor) and not has_second_factor(request.user)
