"""A database of millions: 2,000,000 returns of 90 days with all that hangs on them, written set-based.

`fill()` writes each table of `volume_rows` in steps, two at a time, without its secondary indexes, which are built
again afterwards. Every row of a return follows from one row of the staging table `volume.story`. Columns that a table
of rows does not name get what is neutral for their type, so that a column that comes later needs no word here.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

RETURNS, DAYS, STEP, AT_ONCE = 2_000_000, 90, 250_000, 2
NEUTRAL = {
    "character varying": "''", "text": "''", "integer": "0", "bigint": "0", "smallint": "0", "double precision": "0",
    "boolean": "false", "jsonb": "'{}'", "ARRAY": "'{}'", "uuid": "uuidv7()", "timestamp with time zone": "now()",
}  # fmt: skip
_NEEDED = """
SELECT column_name, data_type FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO' AND column_default IS NULL
   AND is_identity = 'NO'
"""
# Those that hold no constraint: they can go and come back.
_SECONDARY = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
 WHERE i.indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""


@dataclass(frozen=True)
class Rows:
    """Rows of one table: the expression of each column over the staging row `s`, and which staging rows have them."""

    table: str
    columns: Mapping[str, str]
    where: str = "true"
    # What is joined to the staging row.
    join: str = ""


def say(text: str) -> None:
    """Print progress as a comment of the table of figures."""
    print(f"<!-- {time.strftime('%H:%M:%S')} {text} -->", flush=True)


def fill(story: str, tables: Sequence[Rows], returns: int = RETURNS) -> None:
    """Write the staging table by the statement `story`, then every table. Raises what PostgreSQL refuses.

    `story` is formatted with first, last, total and days. Triggers and references are not asked: the rows are ours.
    """
    began = time.monotonic()
    ranges = [(first, min(first + STEP, returns) - 1) for first in range(0, returns, STEP)]
    _all([story.format(first=first, last=last, total=returns, days=DAYS) for first, last in ranges])
    _run("CREATE INDEX ON volume.story (n)", "ANALYZE volume.story")
    say(f"{returns:,} stories after {time.monotonic() - began:.0f} s")
    names = list(dict.fromkeys(rows.table for rows in tables))
    with _bare(names):
        for name in names:
            mine = [statement_of(rows, *r) for r in ranges for rows in tables if rows.table == name]
            _all(mine)
            say(f"{name}: {_count(name):,} rows after {time.monotonic() - began:.0f} s")
    _all([f"VACUUM (ANALYZE) {name}" for name in names])
    _run("DROP SCHEMA volume CASCADE", "CHECKPOINT")
    say(f"filled in {time.monotonic() - began:.0f} s")


def statement_of(rows: Rows, first: int, last: int) -> str:
    """Return the statement that writes the rows of the stories first to last."""
    columns = {name: NEUTRAL[kind] for name, kind in _needed(rows.table)} | dict(rows.columns)
    named, values = ", ".join(f'"{name}"' for name in columns), ", ".join(columns.values())
    return (
        f"INSERT INTO {rows.table} ({named}) SELECT {values} FROM volume.story s {rows.join} "  # noqa: S608  # ours
        f"WHERE s.n BETWEEN {first} AND {last} AND ({rows.where})"
    )


@contextmanager
def filling() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Yield a connection of the server's owner on which triggers and references rest and commits do not wait."""
    found = connection.settings_dict
    place = psycopg.conninfo.make_conninfo(dbname=found["NAME"], user="postgres", host=found["HOST"])
    with psycopg.connect(place, autocommit=True) as mine:
        mine.execute("SET session_replication_role = replica")
        mine.execute("SET synchronous_commit = off")
        mine.execute("SET maintenance_work_mem = '768MB'")
        mine.execute("SET work_mem = '128MB'")
        yield mine


def _run(*statements: str) -> None:
    with filling() as mine:
        for statement in statements:
            mine.execute(sql.SQL(statement))


def _all(statements: Sequence[str]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(_run, statement) for statement in statements]:
            done.result()


def fetched(statement: str) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _count(table: str) -> int:
    return int(fetched(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608  # a table of the list


def _needed(table: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_NEEDED, [table])
        return [(name, kind) for name, kind in cursor.fetchall()]


@contextmanager
def _bare(tables: Sequence[str]) -> Iterator[None]:
    """Take the secondary indexes of the tables away for the block and build them again after it."""
    taken: list[tuple[str, str]] = []
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(_SECONDARY, [table])
            taken += cursor.fetchall()
    for name, _ in taken:
        _run(f"DROP INDEX {name}")
    yield
    began = time.monotonic()
    _all([definition for _, definition in taken])
    say(f"{len(taken)} indexes in {time.monotonic() - began:.0f} s")
