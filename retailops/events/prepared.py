"""Queries that are rendered once: what Django builds and compiles anew for every read is done at the first one.

A read by Django's own way costs 0.6 ms of Python, most of it for putting the same text together again, and lets
PostgreSQL plan it again; a prepared one costs a fifth of that. The rows are the same: Django's own columns, converters
and relations are used. For the reads that every command makes; others stay as they are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, Generic, LiteralString, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesListIterable, get_related_populators
from django.db.transaction import TransactionManagementError

from retailops.events.numbering import numbered, plain, stand_in
from retailops.events.raw_sql import fetch_as_text
from retailops.lib.new_rows import written_row

Row = TypeVar("Row")


@dataclass(frozen=True)
class _Given:
    """A value as psycopg takes it. Of a list with one value that value: its plan is the best."""

    value: Any
    several: bool

    @property
    def shape(self) -> tuple[type, bool]:
        return type(self.value), self.several


@dataclass(frozen=True)
class _Rendered:
    statement: LiteralString
    locks: bool
    rows: Callable[[Iterable[Sequence[Any]]], list[Any]]


class Prepared(Generic[Row]):
    """A query with parameters: `Prepared(lambda id: Order.objects.filter(pk=id))`.

    The lambda gets a stand-in of each value's type, and may only have it compared with a column; for a list or set it
    gets a list, which stands after `__in`. Models, `values_list`, `select_related`, annotations and locks are fine;
    prefetching, slices by a parameter and comparing with None are not.
    """

    def __init__(self, build: Callable[..., "QuerySet[Any, Row]"]) -> None:
        self._build = build
        self._known: dict[tuple[tuple[type, bool], ...], _Rendered] = {}

    def all(self, *values: Any) -> list[Row]:
        """Return the rows as of now. Raises TransactionManagementError for locks outside of a transaction."""
        given = [_given(value) for value in values]
        if any(each.several and each.value == [] for each in given):
            return []
        shape = tuple(each.shape for each in given)
        rendered = self._known.get(shape)
        if rendered is None:
            rendered = self._known[shape] = _render(self._build, given)
        if rendered.locks and not connections[DEFAULT_DB_ALIAS].in_atomic_block:
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        return rendered.rows(fetch_as_text(rendered.statement, [each.value for each in given]))

    def first(self, *values: Any) -> Row | None:
        """Return the first row, None where there is none."""
        rows = self.all(*values)
        return rows[0] if rows else None


def _given(value: Any) -> _Given:
    if isinstance(value, list | set | frozenset | tuple):
        several = list(dict.fromkeys(plain(each) for each in value))
        return _Given(several[0] if len(several) == 1 else several, several=True)
    return _Given(plain(value), several=False)


def _render(build: Callable[..., "QuerySet[Any, Any]"], given: Sequence[_Given]) -> _Rendered:
    stands = [stand_in(each.value) for each in given]
    shown = [[stand] if each.several else stand for each, stand in zip(given, stands, strict=True)]
    query = build(*shown)
    compiler = query.query.get_compiler(DEFAULT_DB_ALIAS)
    text, parameters = compiler.as_sql()
    if lost := sum(stand not in parameters for stand in stands):
        raise TypeError(
            f"A prepared query compares with its values as they are: {lost} of them were changed or not used."
        )
    places = {
        stand: f"ANY(${number})" if isinstance(each.value, list) else f"${number}"
        for number, (stand, each) in enumerate(zip(stands, given, strict=True), start=1)
    }
    return _Rendered(numbered(text, parameters, places), query.query.select_for_update, _reader(query, compiler))


def _reader(query: "QuerySet[Any, Any]", compiler: Any) -> Callable[[Iterable[Sequence[Any]]], list[Any]]:
    converters = compiler.get_converters([column for column, *_ in compiler.select[: compiler.col_count]])
    shaped = _shape(query, compiler)

    def read(rows: Iterable[Sequence[Any]]) -> list[Any]:
        converted = compiler.apply_converters(rows, converters) if converters else rows
        return [shaped(row) for row in converted]

    return read


def _shape(query: Any, compiler: Any) -> Callable[[Sequence[Any]], Any]:
    kind = query._iterable_class
    if kind is ValuesListIterable:
        return tuple
    if kind is FlatValuesListIterable:
        return itemgetter(0)
    if kind is not ModelIterable or query._prefetch_related_lookups:
        raise TypeError(f"A prepared query yields no {kind.__name__}, and prefetches nothing.")
    return _model_row(compiler)


def _model_row(compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """Return what makes a row of the model: `Model.from_db`, its signals (which nothing listens to) apart."""
    told, annotations = compiler.klass_info, list((compiler.annotation_col_map or {}).items())
    model, fields = told["model"], told["select_fields"]
    start, end = fields[0], fields[-1] + 1
    names = [column[0].target.attname for column in compiler.select[start:end]]
    if len(names) != len(model._meta.concrete_fields):
        raise TypeError("A prepared query reads whole rows.")
    related: Any = get_related_populators  # the stubs are those of a newer Django
    populators = related(told, compiler.select, DEFAULT_DB_ALIAS)

    def make(row: Sequence[Any]) -> Any:
        made = written_row(model, dict(zip(names, row[start:end], strict=True)))
        for populator in populators:
            populator.populate(row, made)
        for name, at in annotations:
            setattr(made, name, row[at])
        return made

    return make


def load(row: Model, *names: str) -> None:
    """Read these foreign keys' rows where they are not loaded yet, as the attribute would by Django's own way."""
    for name in names:
        field: Any = type(row)._meta.get_field(name)
        key = getattr(row, field.attname)
        if key is not None and not field.is_cached(row):
            field.set_cached_value(row, _by_key(field.related_model).first(key))


@cache
def _by_key(model: type[Model]) -> "Prepared[Any]":
    return Prepared(lambda key: model._base_manager.filter(pk=key))
