"""Insert model rows by a prepared statement: what Django's compiler renders anew for every row is rendered once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, LiteralString

from django.db.models import JSONField, Model
from psycopg import sql
from psycopg.types.json import Jsonb

from retailops.events.raw_sql import execute_numbered, fetch_numbered

# Beyond so many rows Django's own way costs little a row, and would leave one prepared statement for each count.
MOST = 20


@dataclass(frozen=True)
class _Plan:
    columns: tuple[tuple[str, str, Callable[[Any], Any]], ...]
    returned: tuple[tuple[str, str], ...]


def insert_rows(rows: Sequence[Model], *, telling: LiteralString = "") -> Any:
    """Insert rows of one model, as `bulk_create` does; columns that the database fills are read back.

    `telling` is SQL that is read by the same statement; its value is returned, None where there are too many rows. It
    needs a model with a column to be read back.
    """
    if len(rows) > MOST:
        type(rows[0])._default_manager.bulk_create(rows)
        return None
    if not rows:
        return None
    plan = _plan(type(rows[0]))
    made: Sequence[tuple[Any, ...]] = fetch_numbered(
        _statement(type(rows[0]), len(rows), telling=telling), _values(rows)
    )
    for row, found in zip(rows, made or [()] * len(rows), strict=True):
        _written(row, plan.returned, found[: len(plan.returned)])
    return made[0][-1] if telling else None


def insert_missing(rows: Sequence[Model]) -> int:
    """Insert those rows of one model that conflict with none, in their order; return how many. What the database fills
    is not read back."""
    made = 0
    for start in range(0, len(rows), MOST):
        part = rows[start : start + MOST]
        made += execute_numbered(_statement(type(part[0]), len(part), returning=False), _values(part))
    return made


def insert_with_parts(whole: Model, parts: Sequence[Model]) -> None:
    """Insert a row and the rows that belong to it, as `insert_rows` does, in one statement.

    The whole must have a column with a database default, which is read back; those of the parts are not. Foreign keys
    between them must be deferred, as Django makes them.
    """
    if not parts or len(parts) > MOST:
        insert_rows([whole])
        insert_rows(parts)
        return
    values = [*_values([whole]), *_values(parts)]
    [made] = fetch_numbered(_statement_with_parts(type(whole), type(parts[0]), len(parts)), values)
    _written(whole, _plan(type(whole)).returned, made)
    for part in parts:
        _written(part, (), ())


def _values(rows: Sequence[Model]) -> list[Any]:
    columns = _plan(type(rows[0])).columns
    return [adapt(getattr(row, name)) for row in rows for name, _, adapt in columns]


def _written(row: Model, returned: Sequence[tuple[str, str]], found: Sequence[Any]) -> None:
    for (name, _), value in zip(returned, found, strict=True):
        setattr(row, name, value)
    row._state.adding, row._state.db = False, "default"


@lru_cache
def _plan(model: type[Model]) -> _Plan:
    fields = [(field, str(field.column)) for field in model._meta.concrete_fields]
    given = tuple(
        (field.attname, column, as_json if isinstance(field, JSONField) else as_plain)
        for field, column in fields
        if not field.db_returning
    )
    left = tuple((field.attname, column) for field, column in fields if field.db_returning)
    return _Plan(given, left)


@lru_cache
def _statement(
    model: type[Model], rows: int, first: int = 1, telling: LiteralString = "", *, returning: bool = True
) -> LiteralString:
    """Return the statement with parameters from `$first` on, row by row; not `returning`, it leaves out conflicts."""
    plan = _plan(model)
    width = len(plan.columns)
    places = [sql.SQL(f"${first + at}") for at in range(rows * width)]
    row_of = sql.SQL("({})")
    every = [row_of.format(sql.SQL(", ").join(places[at : at + width])) for at in range(0, rows * width, width)]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES {}").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join(sql.Identifier(column) for _, column, _ in plan.columns),
        sql.SQL(", ").join(every),
    )
    if not returning:
        return sql.SQL("{} ON CONFLICT DO NOTHING").format(statement).as_string()
    if plan.returned:
        columns = [sql.Identifier(column) for _, column in plan.returned]
        wanted = sql.SQL(", ").join([*columns, *([sql.SQL(telling)] if telling else [])])
        statement = sql.SQL("{} RETURNING {}").format(statement, wanted)
    return statement.as_string()


@lru_cache
def _statement_with_parts(whole: type[Model], part: type[Model], parts: int) -> LiteralString:
    after = len(_plan(whole).columns) + 1
    both = sql.SQL(_statement(whole, 1)), sql.SQL(_statement(part, parts, after))
    return sql.SQL("WITH whole AS ({}), parts AS ({}) SELECT * FROM whole").format(*both).as_string()


def as_json(value: Any) -> Any:
    """Return the value of a JSON column as psycopg takes it."""
    return None if value is None else Jsonb(value)


def as_plain(value: Any) -> Any:
    """Return the value of any other column as psycopg takes it."""
    return value.value if isinstance(value, Enum) else value
