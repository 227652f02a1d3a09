"""The text of a rendered query: what it is given stands as `$n`, what it holds besides as a constant."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, LiteralString
from uuid import UUID, uuid4

from psycopg import sql


def plain(value: Any) -> Any:
    """Return a value as psycopg takes it. Raises TypeError for None, with which nothing is equal."""
    if value is None:
        raise TypeError("A prepared query compares with values, not with None.")
    return value.value if isinstance(value, Enum) else value


def stand_in(value: Any) -> Any:
    """Return a value of the same type that no query holds as a constant."""
    if isinstance(value, list):
        return stand_in(value[0])
    if isinstance(value, UUID):
        return uuid4()
    if isinstance(value, str):
        return f"stand-in-{uuid4()}"
    if isinstance(value, datetime):
        return datetime(2900, 1, 1, tzinfo=UTC) + timedelta(microseconds=uuid4().int % 10**12)
    if type(value) is int:
        return uuid4().int % 1_000_000_000 + 1_000_000_000
    raise TypeError(f"A prepared query cannot be given a {type(value).__name__}.")


def numbered(text: str, parameters: Sequence[Any], places: Mapping[Any, str]) -> LiteralString:
    """Put its place (`$n`, `ANY($n)`) where a stand-in is, and constants where they are: partial indexes are found by
    constants alone.

    Raises TypeError for what would stay as it was when the text was made: a moment, or what was made of a stand-in.
    """
    parts = re.split(r"(IN \(%s\)|%s)", text)
    for at, value in zip(range(1, len(parts), 2), parameters, strict=True):
        place = places.get(value)
        if place is not None and place.startswith("ANY"):
            parts[at] = {"IN (%s)": f"= {place}"}[parts[at]]
        else:
            parts[at] = parts[at].replace("%s", place or _constant(value))
    whole = "".join(parts).replace("%%", "%")
    if any(str(stand) in whole for stand in places):
        raise TypeError("A prepared query compares with its values as they are: one of them was changed.")
    return whole


def _constant(value: Any) -> str:
    if isinstance(value, datetime):
        raise TypeError("A prepared query is given the present; it does not ask for it.")
    return sql.Literal(plain(value)).as_string().replace("%", "%%")
