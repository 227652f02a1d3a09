"""Keyset pages for lists: `?cursor=`, `?limit=` (at most 200), `?ordering=`. Stable while rows come and go."""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from pydantic import Field as Described

from retailops.lib.errors import FieldError, Invalid
from retailops.lib.wire import Query

M = TypeVar("M", bound=Model)
DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class PageQuery(Query):
    """Which part of a list."""

    cursor: str | None = Described(None, description="`next_cursor` of the page before.", max_length=1000)
    limit: int = Described(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most items to answer.")
    ordering: str | None = Described(None, description="Field to order by; `-` in front for falling.", max_length=60)


@dataclass(frozen=True)
class Page(Generic[M]):
    """Rows of one page and the cursor of the next; "" at the end."""

    rows: list[M]
    next_cursor: str


def keyset_page(rows: "QuerySet[M]", query: PageQuery, orderings: Sequence[str]) -> Page[M]:
    """Return one page. `orderings` are those allowed, the first being the default; ties go by primary key.

    Each must be a column that is never null. Raises Invalid for an ordering that is not offered and for a cursor that
    was made for another ordering or is damaged.
    """
    ordering = query.ordering or orderings[0]
    if ordering not in orderings:
        raise wrong_parameter("ordering", f"Must be one of: {', '.join(orderings)}.")
    fields = _with_key(ordering)
    if query.cursor:
        rows = rows.filter(_after(rows.model, ordering, fields, query.cursor))
    found = list(rows.order_by(*fields)[: query.limit + 1])
    more = len(found) > query.limit
    kept = found[: query.limit]
    return Page(kept, encode_cursor(ordering, _values(kept[-1], fields)) if more else "")


def encode_cursor(kind: str, values: Iterable[Any]) -> str:
    """Return an opaque cursor: what it belongs to, and the position's values."""
    text = json.dumps([kind, *map(_plain, values)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(kind: str, cursor: str, count: int) -> list[Any]:
    """Return the `count` values of a cursor. Raises Invalid when it is damaged or belongs to something else."""
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != count + 1 or found[0] != kind:
        raise wrong_parameter("cursor", "Not a cursor of this list in this ordering; begin again without one.")
    return found[1:]


def wrong_parameter(name: str, detail: str) -> Invalid:
    """Return the refusal of one parameter."""
    return Invalid("See `errors` for each parameter.", errors=[FieldError(f"?{name}", detail)])


def _with_key(ordering: str) -> list[str]:
    if ordering.lstrip("-") == "id":
        return [ordering]
    return [ordering, "-id" if ordering.startswith("-") else "id"]


def _values(row: Model, fields: list[str]) -> list[Any]:
    return [getattr(row, name.lstrip("-")) for name in fields]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _after(model: type[Model], ordering: str, fields: list[str], cursor: str) -> Q:
    values = decode_cursor(ordering, cursor, len(fields))
    try:
        typed = [_typed(model, name.lstrip("-"), value) for name, value in zip(fields, values, strict=True)]
    except (ValidationError, TypeError, ValueError) as damaged:
        raise wrong_parameter("cursor", "The cursor is damaged; begin again without one.") from damaged
    if None in typed:
        raise wrong_parameter("cursor", "The cursor is damaged; begin again without one.")
    return _keyset(fields, typed)


def _typed(model: type[Model], name: str, value: Any) -> Any:
    column = model._meta.get_field(name)
    assert isinstance(column, Field)  # noqa: S101  # orderings are columns; for the types
    return column.to_python(value)


def _keyset(fields: list[str], values: list[Any]) -> Q:
    name, value = fields[0].lstrip("-"), values[0]
    beyond = Q(**{f"{name}__{'lt' if fields[0].startswith('-') else 'gt'}": value})
    if len(fields) == 1:
        return beyond
    return beyond | Q(**{name: value}) & _keyset(fields[1:], values[1:])
