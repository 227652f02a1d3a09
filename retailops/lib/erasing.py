"""Take given strings out of every text and JSON column of the database, and find where they still stand.

Tables and columns come from PostgreSQL's catalog, so that a table added tomorrow is covered. What stands in their place
is MARK; triggers of append-only tables let exactly that change through, within a transaction that says `erasing`.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

MARK = "[erased]"
TEXT, JSON, LIST = "text", "json", "list"
_KINDS = {"text": TEXT, "varchar": TEXT, "bpchar": TEXT, "json": JSON, "jsonb": JSON, "_text": LIST, "_varchar": LIST}

_COLUMNS = """
SELECT c.relname, a.attname, t.typname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND t.typname = ANY(%s)
   AND a.attgenerated = ''
 ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True)
class Column:
    """A column that can hold text."""

    name: str
    kind: str

    @property
    def searched(self) -> str:
        """SQL of its text."""
        quoted = f'"{self.name}"'
        return {TEXT: quoted, JSON: f"{quoted}::text", LIST: f"array_to_string({quoted}, ' ')"}[self.kind]


def text_columns() -> dict[str, list[Column]]:
    """Return every text, JSON and text list column of the database, by table."""
    found: dict[str, list[Column]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [list(_KINDS)])
        for table, name, kind in cursor.fetchall():
            found.setdefault(table, []).append(Column(name, _KINDS[kind]))
    return found


def pattern(literals: Collection[str]) -> str:
    """Return a pattern (PostgreSQL and Python read it alike) of the strings as whole words; "" for none."""
    whole = [rf"(?<!\w){re.escape(each)}(?!\w)" for each in sorted(literals, key=len, reverse=True) if each]
    return "|".join(whole)


def phone_pattern(number: str) -> str:
    """Return a pattern of the number in any spelling: what people put between and before its last nine digits."""
    digits = [each for each in number if each.isdigit()]
    between = r"(?:[\s().\-/+]|%20)*"
    return rf"(?<!\d)\+?(?:\d{between}){{0,6}}{between.join(digits[-9:])}(?!\d)" if len(digits) >= 7 else ""


@contextmanager
def erasing() -> Iterator[None]:
    """Let what is append-only be erased within the block. Needs an open transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('retailops.erasing', 'on', true)")
        yield
        cursor.execute("SELECT set_config('retailops.erasing', '', true)")


def erase_everywhere(
    wanted: str,
    *,
    skip: Collection[str] = (),
    skip_columns: Collection[str] = (),
    narrow: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, int]:
    """Put MARK in place of each match; return how many rows of which table changed.

    `narrow` gives conditions for tables that are too large to be read whole; `only` limits to tables.
    """
    counts: dict[str, int] = {}
    if not wanted:
        return counts
    with erasing():
        for table, columns in text_columns().items():
            if table in skip or (only is not None and table not in only):
                continue
            kept = [column for column in columns if column.name not in skip_columns]
            changed = _erase(table, kept, wanted, (narrow or {}).get(table, ""), parameters or {})
            if changed:
                counts[table] = changed
    return counts


def _erase(table: str, columns: list[Column], wanted: str, where: str, parameters: Mapping[str, Any]) -> int:
    hit = " OR ".join(f"{column.searched} ~* %(wanted)s" for column in columns)
    names = ", ".join(f'"{column.name}"' for column in columns)
    statement = f'SELECT ctid::text, {names} FROM "{table}" WHERE ({hit}){f" AND {where}" if where else ""} FOR UPDATE'  # noqa: S608  # names of the catalog, conditions of ours
    found = re.compile(wanted, re.IGNORECASE)
    with connection.cursor() as cursor:
        cursor.execute(statement, {**parameters, "wanted": wanted})
        rows = cursor.fetchall()
        for ctid, *values in rows:
            changes = {
                column: new
                for column, old in zip(columns, values, strict=True)
                if (new := replaced(found, _plain(column, old))) != _plain(column, old)
            }
            if changes:
                _write(cursor, table, ctid, changes)
    return len(rows)


def _plain(column: Column, value: Any) -> Any:
    return json.loads(value) if column.kind == JSON and isinstance(value, str) else value


def replaced(found: re.Pattern[str], value: Any) -> Any:
    """Return the value with MARK in place of each match, at any depth; a number that matches becomes MARK."""
    if isinstance(value, str):
        return found.sub(MARK, value)
    if isinstance(value, dict):
        return {found.sub(MARK, str(key)): replaced(found, item) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(found, item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return MARK if found.fullmatch(str(value)) else value
    return value


def _write(cursor: Any, table: str, ctid: str, changes: Mapping[Column, Any]) -> None:
    setting = ", ".join(f'"{column.name}" = %s' for column in changes)
    values = [json.dumps(value) if column.kind == JSON else value for column, value in changes.items()]
    cursor.execute(f'UPDATE "{table}" SET {setting} WHERE ctid = %s::tid', [*values, ctid])  # noqa: S608  # names of the catalog
