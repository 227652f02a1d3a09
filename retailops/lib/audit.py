"""Registry of audits: each proves one invariant over the whole database and yields what breaks it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

from django.db import connection


@dataclass(frozen=True)
class Breach:
    """One object that breaks an invariant."""

    subject: str
    detail: str


@dataclass(frozen=True)
class Audit:
    """A named proof. `invariant` is the number on the domain's list, or empty."""

    name: str
    run: Callable[[], Iterable[Breach]]
    invariant: str = ""


_audits: dict[str, Audit] = {}


def register_audit(name: str, run: Callable[[], Iterable[Breach]], *, invariant: str = "") -> None:
    """Register an audit under its name; a second one of that name replaces it."""
    _audits[name] = Audit(name, run, invariant)


def register_sql_audit(
    name: str, statement: LiteralString, *, invariant: str = "", parameters: dict[str, Any] | None = None
) -> None:
    """Register an audit that is one set-based statement: each row it finds is a breach, as (subject, detail)."""
    register_audit(name, lambda: _find(statement, parameters or {}), invariant=invariant)


def _find(statement: LiteralString, parameters: dict[str, Any]) -> Iterator[Breach]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(1000):
            yield from (Breach(str(subject), str(detail)) for subject, detail in rows)


def audits() -> list[Audit]:
    """Return all registered audits: by number of invariant, those without one last, else in order of registration."""
    return sorted(_audits.values(), key=lambda audit: int(audit.invariant or 99))
