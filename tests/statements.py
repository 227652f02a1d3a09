"""All that is asked of the database, prepared statements included: Django's own way of counting sees only its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psycopg


@contextmanager
def statements() -> Iterator[list[str]]:
    """Yield the statements of the block, each on one line, as they are sent."""
    told: list[str] = []
    run = psycopg.Cursor.execute

    def execute(cursor: "psycopg.Cursor[object]", query: object, *given: object, **options: object) -> object:
        text = query.as_string() if isinstance(query, psycopg.sql.Composable) else query
        told.append(" ".join((text.decode() if isinstance(text, bytes) else str(text)).split()))
        return run(cursor, query, *given, **options)  # type: ignore[call-overload]  # passed on as it came

    with patch.object(psycopg.Cursor, "execute", execute):
        yield told
