"""Give each web request its Actor, and turn domain errors of HTML views into pages."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from retailops.accounts.actor import Actor
from retailops.accounts.audit import denial_recorder
from retailops.accounts.models import User
from retailops.lib.errors import Denied, DomainError

ANONYMOUS = Actor("user", "anonymous", "Nobody")


class ActorMiddleware:
    """Sets `request.actor` (lazy: one query, only where used) and the person's time zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Attach the actor, answer, and forget the time zone again."""
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]  # our addition to the request
        # The API speaks UTC and must not pay for a session look-up.
        if not request.path.startswith(("/api/", "/webhooks/")):
            _activate_time_zone(request)
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render a DomainError as a page that says what happened and what to do."""
        if not isinstance(exception, DomainError):
            return None
        if isinstance(exception, Denied):
            actor: Actor = request.actor  # type: ignore[attr-defined]  # set above
            denial_recorder(actor, request.method or "", request.path)(exception.detail, exception.places)
        return render(request, "errors/refused.html", {"error": exception}, status=exception.status)


def _actor(request: HttpRequest) -> Actor:
    user = getattr(request, "user", None)  # A keyed call has none.
    return user.actor() if isinstance(user, User) else ANONYMOUS


def _activate_time_zone(request: HttpRequest) -> None:
    if isinstance(request.user, User):
        timezone.activate(zoneinfo.ZoneInfo(request.user.time_zone))
