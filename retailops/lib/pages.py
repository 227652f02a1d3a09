"""Django's middleware of pages, passed by where a program calls the API with its key.

Such a call has no session, no person and no messages, and its answer is no page. A call without a key goes through all
of it: a signed-in browser may read the API.
"""

from collections.abc import Awaitable

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.deprecation import MiddlewareMixin

# JSON loads nothing and is nobody's frame.
POLICY_OF_DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def is_keyed_call(request: HttpRequest) -> bool:
    """Tell whether a program calls the API with a bearer key (good or bad)."""
    return request.path_info.startswith("/api/") and request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "


class PagesOnly(MiddlewareMixin):
    """Mixed in before a middleware of Django's: it passes keyed calls by."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request without this middleware when it is a keyed call."""
        return self.get_response(request) if is_keyed_call(request) else super().__call__(request)


class Compressed(PagesOnly, GZipMiddleware):
    """Pages over the wire at a seventh of their size; a random length of filling hides what a secret would add."""


class Sessions(PagesOnly, SessionMiddleware):
    """Django's sessions."""


class People(PagesOnly, AuthenticationMiddleware):
    """Django's `request.user`."""


class Messages(PagesOnly, MessageMiddleware):
    """Django's messages."""


class ContentSecurityPolicy(PagesOnly, CSPMiddleware):
    """The policy of pages with its nonce; keyed calls get the one of data, which allows nothing."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Set the policy of data where the call is keyed."""
        response = super().__call__(request)
        if isinstance(response, HttpResponseBase) and is_keyed_call(request):
            response.headers["Content-Security-Policy"] = POLICY_OF_DATA
        return response
