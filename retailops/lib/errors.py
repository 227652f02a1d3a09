"""Errors that a caller can mend. Every face (API, HTML, inbox, command line) shows them; services raise them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One fault in the input: a JSON pointer (`/lines/0/quantity`) and what to do about it."""

    pointer: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        """Return the wire shape of RFC 9457's `errors` members."""
        return {"pointer": self.pointer, "detail": self.detail}


class DomainError(Exception):
    """A refusal in the terms of the business; nothing was changed.

    `code` names the problem type (`/api/problems#<code>`), `status` is the HTTP status, `extra` adds members to the
    problem document.
    """

    code = "refused"
    status = 400
    title = "The request was refused"

    def __init__(self, detail: str, *, code: str = "", errors: Sequence[FieldError] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.errors = tuple(errors)
        self.extra = extra


class Invalid(DomainError):
    """The input is wrong; `errors` names the fields."""

    code, status, title = "invalid", 400, "The input is not valid"


class NotFound(DomainError):
    """There is no such object, or the actor may not know of it."""

    code, status, title = "not-found", 404, "Not found"


def hidden() -> NotFound:
    """Return what is raised for an object that is not there, or is another region's: in the same words for both."""
    return NotFound("There is no such object, or it is not yours to see.")


class Denied(DomainError):
    """The actor may see the object but not do this.

    `region` and `brand` say where the object stands, for whoever audits that place; the caller is not told. Empty where
    what was refused is of no place.
    """

    code, status, title = "denied", 403, "Not permitted"

    def __init__(self, detail: str, *, region: str | None = None, brand: str | None = None, **more: Any) -> None:
        super().__init__(detail, **more)
        self.region, self.brand = region or "", brand or ""

    @property
    def places(self) -> list[dict[str, str]]:
        """Return where it was refused, as it is kept: one place, or none."""
        return [{"region": self.region, "brand": self.brand}] if self.region or self.brand else []


class Conflict(DomainError):
    """The object's present state does not allow it, or another change came first."""

    code, status, title = "conflict", 409, "In conflict with the present state"


class Unprocessable(DomainError):
    """The input is well formed, but a rule of the business refuses it."""

    code, status, title = "rule-broken", 422, "A rule does not allow this"
