"""Look for strings in every text, JSON and byte column of every table: where a person still stands, or slipped in."""

import re
from collections.abc import Collection

from django.db import connection

from retailops.lib.erasing import text_columns


def places_of(*strings: str, only: Collection[str] = ()) -> list[str]:
    """Return `table.column` for each place that holds one of the strings, in any case; `only` limits to tables."""
    wanted = "|".join(re.escape(each) for each in strings)
    found = []
    columns = [(table, each.name, each.searched) for table, named in text_columns().items() for each in named]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND data_type = 'bytea'"
        )
        columns += [(table, name, f"encode(\"{name}\", 'escape')") for table, name in cursor.fetchall()]
        for table, name, text in columns:
            if only and table not in only:
                continue
            cursor.execute(f'SELECT 1 FROM "{table}" WHERE {text} ~* %s LIMIT 1', [wanted])  # noqa: S608  # names of the catalog
            if cursor.fetchone():
                found.append(f"{table}.{name}")
    return found
