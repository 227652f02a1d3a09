"""Each request is one span, and whatever is logged while it is answered bears its trace and its actor."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject, empty

from retailops.lib import tracing
from retailops.lib.log_lines import acting

UNWATCHED = ("/healthz", "/readyz", "/metrics")


class RequestContext:
    """The outermost middleware: takes `traceparent` from the caller, or begins a trace, and answers with its id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer within a span; a server error makes it a failed one."""
        with acting(lambda: actor_of(request)):
            return self.get_response(request) if request.path in UNWATCHED else self._within_span(request)

    def _within_span(self, request: HttpRequest) -> HttpResponse:
        parent = request.headers.get(tracing.HEADER, "")
        with tracing.span(f"{request.method} request", kind=tracing.SERVER, parent=parent, keep=True) as span:
            response = self.get_response(request)
            route = request.resolver_match.route if request.resolver_match else ""
            span.name = f"{request.method} /{route}"
            span.attributes |= {"http.request.method": request.method or "", "http.route": f"/{route}"}
            span.attributes["http.response.status_code"] = response.status_code
            span.failed = response.status_code >= 500
            response.headers["X-Correlation-ID"] = span.correlation_id
            return response


def actor_of(request: HttpRequest) -> str:
    """Return who makes the request as far as anybody has asked: a log line must not cost a query."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = user.__dict__.get("_wrapped")
        user = None if user is empty else user
    return _key(user)


def _key(user: Any) -> str:
    key = getattr(user, "actor_key", "")
    if key:
        return str(key)
    return f"api_client:{user.pk}" if getattr(user, "pk", None) and hasattr(user, "key_prefix") else "user:anonymous"
