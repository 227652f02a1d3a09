"""Server-side parameters, prepared statements and binary transfer on Django's own connection.

The engine's hot statements carry arrays of hundreds of rows; Django's cursor would render each into the SQL text.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, LiteralString

import psycopg
from django.db import DEFAULT_DB_ALIAS, DataError, InterfaceError, OperationalError, connections
from psycopg.rows import RowFactory, tuple_row
from psycopg.types.json import set_json_dumps, set_json_loads
from pydantic_core import from_json, to_json

# Three times as fast as the standard library's; Django's own fields bring their own and are not concerned. What JSON
# has no word for (NaN) is written as it is, so that the database refuses it.
set_json_loads(from_json)
set_json_dumps(partial(to_json, inf_nan_mode="constants"))

# So many statements stay prepared on a connection; beyond them the one unused for longest is forgotten.
PREPARED_MOST = 500

# Lost races (deadlock, serialization) and lost connections, as psycopg and as Django name them.
PASSING_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError, OperationalError, InterfaceError)
DATA_ERRORS = (psycopg.DataError, DataError)


def raw_cursor(row_factory: RowFactory[Any] = tuple_row) -> "psycopg.Cursor[Any]":
    """Return a psycopg cursor on Django's connection; it takes part in the open `transaction.atomic()`."""
    return psycopg.Cursor(_connected(), row_factory=row_factory)


def fetch_numbered(statement: LiteralString, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one prepared statement whose parameters are `$1`, `$2`, …, and return its rows, none where it returns none.

    Placeholders by name are looked for in the text on each call; a statement with fifty parameters pays for that.
    """
    cursor = psycopg.RawCursor(_connected(), row_factory=tuple_row)
    cursor.execute(statement, values, prepare=True, binary=True)
    return cursor.fetchall() if cursor.description else []


def execute_numbered(statement: LiteralString, values: Sequence[Any]) -> int:
    """As `fetch_numbered`, for a statement that returns no rows; return how many it touched."""
    cursor = psycopg.RawCursor(_connected(), row_factory=tuple_row)
    return cursor.execute(statement, values, prepare=True).rowcount


def fetch_as_text(statement: LiteralString, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """As `fetch_numbered`, with rows as Django's own cursor reads them: its converters expect them so."""
    cursor = psycopg.RawCursor(_connected(), row_factory=tuple_row)
    return cursor.execute(statement, values, prepare=True).fetchall()


def _connected() -> "psycopg.Connection[Any]":
    """Return the connection under Django's own, looked up once: its proxy asks for the thread at each attribute."""
    own = connections[DEFAULT_DB_ALIAS]
    own.ensure_connection()
    found: psycopg.Connection[Any] = own.connection
    if found.prepared_max != PREPARED_MOST:
        found.prepared_max = PREPARED_MOST
    return found


def fetch(
    statement: LiteralString, parameters: dict[str, Any], *, prepare: bool | None = None
) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows, decoded from the binary format."""
    with raw_cursor() as cursor:
        return cursor.execute(statement, parameters, prepare=prepare, binary=True).fetchall()


def execute(statement: LiteralString, parameters: dict[str, Any], *, prepare: bool | None = None) -> int:
    """Run one statement and return how many rows it touched."""
    with raw_cursor() as cursor:
        return cursor.execute(statement, parameters, prepare=prepare).rowcount


def copy_rows(statement: LiteralString, types: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows by a binary COPY; `types` names the PostgreSQL type of each column."""
    with raw_cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
