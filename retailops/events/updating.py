"""Update model rows by a prepared statement: what Django's compiler renders anew for every row is rendered once."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, LiteralString

from django.db import connection
from django.db.models import JSONField, Model
from psycopg import sql

from retailops.events.inserting import MOST, as_json, as_plain
from retailops.events.raw_sql import execute_numbered


def update_row(row: Model, *names: str) -> None:
    """Write the named columns of a row (all but its key where none is named), as `save(update_fields=…)` does."""
    update_rows([row], names)


def update_rows(rows: Sequence[Model], names: Iterable[str] = ()) -> None:
    """Write the named columns of rows of one model, as `bulk_update` does; all but the key where none is named.

    Columns go by their attribute names (`rma_id`, not `rma`) and hold values, no expressions. Signals are not sent.
    Raises LookupError where a row is gone.
    """
    if not rows:
        return
    model, wanted = type(rows[0]), tuple(names) or _all_names(type(rows[0]))
    for start in range(0, len(rows), MOST):
        part = rows[start : start + MOST]
        _update(model, wanted, part)


def _update(model: type[Model], names: tuple[str, ...], rows: Sequence[Model]) -> None:
    columns = _columns(model, names)
    values = [adapt(getattr(row, name)) for row in rows for name, _, _, adapt in columns]
    if execute_numbered(_statement(model, names, len(rows)), values) != len(rows):
        raise LookupError(f"{model.__name__}: a row to be written is gone")


def _all_names(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields if not field.primary_key)


@lru_cache
def _columns(model: type[Model], names: tuple[str, ...]) -> tuple[tuple[str, str, str, Any], ...]:
    """Return name, column, type and adapter of the key and the named columns."""
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    fields = [*(field for field in by_name.values() if field.primary_key), *(by_name[name] for name in names)]
    return tuple(
        (field.attname, str(field.column), _type(field), as_json if isinstance(field, JSONField) else as_plain)
        for field in fields
    )


def _type(field: Any) -> str:
    """Return the type of a column without its length: a cast would cut off what the column refuses."""
    return re.sub(r"\(.*?\)", "", str(field.db_type(connection)))


@lru_cache
def _statement(model: type[Model], names: tuple[str, ...], rows: int) -> LiteralString:
    columns = _columns(model, names)
    width = len(columns)
    key, *rest = [sql.Identifier(column) for _, column, _, _ in columns]
    table = sql.Identifier(model._meta.db_table)
    if rows == 1:
        given = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(name, sql.SQL(f"${at}")) for at, name in enumerate(rest, 2)
        )
        return sql.SQL("UPDATE {} SET {} WHERE {} = $1").format(table, given, key).as_string()
    every = [
        sql.SQL(", ").join(sql.SQL(f"${at + place}::{columns[place][2]}") for place in range(width))
        for at in range(1, rows * width, width)
    ]
    statement = "UPDATE {table} SET {given} FROM (VALUES {every}) AS told ({names}) WHERE {table}.{key} = told.{key}"
    return (
        sql.SQL(statement)
        .format(
            table=table,
            given=sql.SQL(", ").join(sql.SQL("{0} = told.{0}").format(name) for name in rest),
            every=sql.SQL(", ").join(sql.SQL("({})").format(row) for row in every),
            names=sql.SQL(", ").join([key, *rest]),
            key=key,
        )
        .as_string()
    )
