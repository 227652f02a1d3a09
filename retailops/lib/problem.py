"""RFC 9457 problem documents, for DRF views and plain Django views alike."""

from collections.abc import Iterable
from typing import Any

import psycopg
import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.response import Response

from retailops.lib.errors import Conflict, Denied, DomainError, FieldError, Invalid, NotFound, hidden

CONTENT_TYPE = "application/problem+json"
TYPE_BASE = "/api/problems#"

# What says that the database is away: the kernel's raw statements raise psycopg's own errors, the ORM Django's.
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)

log = structlog.get_logger(__name__)


class Unavailable(DomainError):
    """Something that the request needs is away for the moment."""

    code, status, title = "unavailable", 503, "Not available at the moment"


class TooLarge(DomainError):
    """The body is larger than the server reads."""

    code, status, title = "too-large", 413, "The body is too large"


class Broken(DomainError):
    """A fault of ours; it was logged."""

    code, status, title = "internal-error", 500, "A fault on our side"


def document(error: DomainError) -> dict[str, Any]:
    """Return the problem document of a domain error."""
    body: dict[str, Any] = {
        "type": TYPE_BASE + error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if error.errors:
        body["errors"] = [fault.as_dict() for fault in error.errors]
    return body | error.extra


def problem_response(error: DomainError, headers: dict[str, str] | None = None) -> JsonResponse:
    """Return a domain error as a plain Django response."""
    return JsonResponse(document(error), status=error.status, content_type=CONTENT_TYPE, headers=headers)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | JsonResponse:
    """DRF's EXCEPTION_HANDLER: every error becomes a problem document; an unforeseen one is logged and answers 500."""
    request = context.get("request")
    error, headers = as_domain_error(exc)
    if isinstance(error, Broken):
        log.exception("api.fault", error=type(exc).__name__)  # noqa: LOG004  # DRF calls this inside its except block
        got_request_exception.send(sender=None, request=getattr(request, "_request", request))
    elif isinstance(error, Unavailable):
        log.warning("api.unavailable", error=type(exc).__name__, detail=str(exc)[:300])
    elif isinstance(error, Denied):
        record_denial(request, error.detail, error.places)
    return problem_response(error, headers)


def record_denial(request: Any, detail: str, places: list[dict[str, str]]) -> None:
    """Keep a denied attempt with where it was (`Denied.places`), where the request was authenticated."""
    record = getattr(request, "audit_denial", None) or getattr(getattr(request, "_request", None), "audit_denial", None)
    if record:
        record(detail, places)


def as_domain_error(exc: Exception) -> tuple[DomainError, dict[str, str]]:
    """Return the domain error that says what the exception means to a caller, and the headers that go with it."""
    if isinstance(exc, DomainError):
        return exc, getattr(exc, "headers", {}) | _retry_after(exc.extra.get("retry_after"))
    if isinstance(exc, exceptions.APIException):
        return _framework_error(exc)
    error = _foreign_error(exc)
    return error, _retry_after(1 if isinstance(error, Unavailable | Conflict) else None)


def _foreign_error(exc: Exception) -> DomainError:
    if isinstance(exc, Http404):
        return hidden()
    if isinstance(exc, PermissionDenied):
        return Denied(str(exc) or "This is not permitted.")
    if isinstance(exc, RequestDataTooBig):
        return TooLarge("Send a smaller batch.")
    if isinstance(exc, SuspiciousOperation):
        return DomainError("The request is malformed.", code="malformed-request")
    if isinstance(exc, AWAY):
        return Unavailable("The database is away or busy; try again.")
    if isinstance(exc, DataError | psycopg.DataError):
        log.warning("api.out_of_range", detail=str(exc)[:300])
        return Invalid("A value is outside the range that can be stored.")
    if _lost_race(exc):
        return Conflict("Another request did the same at the same moment; try again.", retry_after=1)
    return Broken("It was logged. Nothing that the request asked for was done.")


def _lost_race(exc: Exception) -> bool:
    cause = exc.__cause__ if isinstance(exc, IntegrityError) else exc
    return isinstance(cause, psycopg.errors.UniqueViolation)


def _framework_error(exc: exceptions.APIException) -> tuple[DomainError, dict[str, str]]:
    faults = list(_faults("", exc.detail)) if isinstance(exc, exceptions.ValidationError) else []
    detail = "See `errors` for each field." if faults else str(exc.detail)
    error = DomainError(detail, code=_code(exc), errors=faults)
    error.status = exc.status_code
    error.title = str(exc.default_detail).rstrip(".")
    if isinstance(exc, exceptions.MethodNotAllowed):
        error.title = "This address does not answer that method"
    headers = _retry_after(getattr(exc, "wait", None))
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return error, headers


def _code(exc: exceptions.APIException) -> str:
    return "invalid" if isinstance(exc, exceptions.ValidationError) else exc.default_code.replace("_", "-")


def _retry_after(seconds: float | None) -> dict[str, str]:
    return {"Retry-After": str(max(1, round(seconds)))} if seconds else {}


def _faults(pointer: str, detail: Any) -> Iterable[FieldError]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            step = "" if key == "non_field_errors" else f"/{key}"
            yield from _faults(pointer + step, value)
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            yield from _faults(f"{pointer}/{index}" if nested else pointer, value)
    else:
        yield FieldError(pointer or "/", str(detail))


@csrf_exempt
def problem_404(request: HttpRequest) -> JsonResponse:
    """Return the problem document for an unknown API address."""
    return problem_response(NotFound(f"There is nothing at {request.path}."))
