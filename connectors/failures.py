"""Failures of calls to vendors, and how each is classed. The class decides what happens next (retry, dead, look up)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from retailops.events.enums import OutcomeClass
from retailops.events.transport import Claimed, Outcome
from retailops.lib.clock import now

TRANSIENT_STATUSES = frozenset({408, 425, 429})
AUTH_STATUSES = frozenset({401, 403})
# Nothing of the request had left when these are raised.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class VendorFailure(Exception):
    """A call that did not succeed, classed. `message` is for people and holds no secret; `retry_after` in seconds."""

    def __init__(
        self,
        result: OutcomeClass,
        code: str,
        message: str,
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
        external_reference: str = "",
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.result, self.code, self.message = result, code, message
        self.http_status, self.retry_after = http_status, retry_after
        self.external_reference = external_reference


class CredentialMissing(VendorFailure):
    """The connection lacks a secret."""

    def __init__(self, name: str) -> None:
        super().__init__(OutcomeClass.AUTH, "credential_missing", f"The secret '{name}' is not set.")


class ForbiddenAddress(VendorFailure):
    """The address leads into a private network."""

    def __init__(self, host: str) -> None:
        super().__init__(OutcomeClass.CONTRACT, "forbidden_address", f"'{host}' is not a public address.")


def delivered(
    claimed: Claimed,
    reference: str = "",
    answer: Mapping[str, Any] | None = None,
    *,
    http_status: int | None = 200,
    code: str = "",
    message: str = "",
) -> Outcome:
    """Return the outcome of a call that did what it should. `answer` is what the domain must learn of it."""
    return Outcome(
        claimed,
        OutcomeClass.DELIVERED,
        code=code,
        message=message,
        http_status=http_status,
        external_reference=reference,
        answer=dict(answer or {}),
    )


def class_of_status(status: int, *, repeat_safe: bool) -> OutcomeClass:
    """Class an HTTP status that is not a success.

    A 5xx says nothing about the effect: it is retried where repeating is harmless, else in doubt.
    """
    if status in AUTH_STATUSES:
        return OutcomeClass.AUTH
    if status in TRANSIENT_STATUSES:
        return OutcomeClass.TRANSIENT
    if status >= 500:
        return OutcomeClass.TRANSIENT if repeat_safe else OutcomeClass.IN_DOUBT
    return OutcomeClass.BUSINESS if 400 <= status < 500 else OutcomeClass.CONTRACT


def refusal(
    response: httpx.Response,
    claimed: Claimed,
    *,
    code: str = "",
    message: str = "",
    codes: Mapping[str, OutcomeClass] | None = None,
) -> VendorFailure:
    """Return the failure that a non-2xx response means; `codes` maps the vendor's error codes to classes."""
    mapped = (codes or {}).get(code)
    return VendorFailure(
        mapped or class_of_status(response.status_code, repeat_safe=claimed.repeat_safe),
        code or f"http_{response.status_code}",
        message or f"HTTP {response.status_code} {response.reason_phrase}",
        http_status=response.status_code,
        retry_after=retry_after(response.headers),
    )


def failure_of_error(error: httpx.HTTPError | httpx.InvalidURL, *, repeat_safe: bool) -> VendorFailure:
    """Class an exception of the HTTP client. Whatever may have reached the remote is in doubt unless repeat-safe."""
    if isinstance(error, httpx.InvalidURL):
        return VendorFailure(OutcomeClass.CONTRACT, "invalid_address", str(error))
    name = type(error).__name__
    if isinstance(error, NEVER_SENT):
        return VendorFailure(OutcomeClass.TRANSIENT, f"network.{name}", str(error) or name)
    result = OutcomeClass.TRANSIENT if repeat_safe else OutcomeClass.IN_DOUBT
    return VendorFailure(result, f"network.{name}", str(error) or name)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After` (seconds, or an HTTP date) as seconds from now; None when absent or unreadable."""
    value = headers.get("retry-after", "") or headers.get("Retry-After", "")
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        return _seconds_until(value)


def _seconds_until(date: str) -> float | None:
    try:
        moment: datetime = parsedate_to_datetime(date)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now()).total_seconds())
