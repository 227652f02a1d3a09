"""DRF authentication: bearer API keys, and the browser's session for reading."""

from typing import Any, cast

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from retailops.accounts.actor import Actor
from retailops.accounts.api_keys import recognize
from retailops.accounts.audit import denial_recorder


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer ro_…`. `request.user` is the ApiClient, `request.auth` its Actor."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        """Return (client, actor); None without a bearer token. Raises AuthenticationFailed for a dead key."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        known = recognize(key.strip())
        if known is None:
            raise AuthenticationFailed("The API key is unknown, expired or revoked.")
        _record_denials(request, known.actor)
        return known.client, known.actor

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme in WWW-Authenticate, so that a missing key is 401 and not 403."""
        return 'Bearer realm="RetailOps"'


class SessionReadAuthentication(SessionAuthentication):
    """A signed-in browser may read the API; changes need a key."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return (user, actor) for safe methods of a signed-in session."""
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            return None
        found = super().authenticate(request)
        if found is None:
            return None
        actor: Actor = request._request.actor  # type: ignore[attr-defined]  # set by ActorMiddleware
        _record_denials(request, actor)
        return found[0], actor


def _record_denials(request: Request, actor: Actor) -> None:
    record = denial_recorder(actor, request.method or "", request.path)
    request._request.audit_denial = record  # type: ignore[attr-defined]  # read by lib.problem


def actor_of(request: Request) -> Actor:
    """Return the Actor of an authenticated API request."""
    return cast(Actor, request.auth)
