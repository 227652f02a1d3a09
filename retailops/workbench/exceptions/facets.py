"""How the items of a query split: by queue, class, connection, …, each value with how many. One pass, capped."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from retailops.cases.models import Case
from retailops.lib.keyset import COUNT_LIMIT
from retailops.workbench.exceptions.language import has_term, with_term
from retailops.workbench.words import operation, plain

# Key of the query box → heading and column.
FACETS: Mapping[str, tuple[str, str]] = {
    "queue": ("Queue", "queue"),
    "class": ("Kind of failure", "failure_class"),
    "connection": ("Connection", "connection"),
    "op": ("Operation", "operation"),
    "code": ("Code", "failure_code"),
    "region": ("Region", "region"),
    "channel": ("Channel", "channel"),
}
SHOWN = 8


@dataclass(frozen=True)
class Value:
    """One value with how many items have it; `query` is the query narrowed to it, or freed of it."""

    title: str
    count: int
    chosen: bool
    query: str


@dataclass(frozen=True)
class Facet:
    """One heading with its most frequent values."""

    title: str
    values: list[Value]


def counted(rows: QuerySet[Case], text: str, most: int = COUNT_LIMIT) -> tuple[int, list[Facet]]:
    """Return how many rows there are (most + 1 where there are more) and their facets, in one query; facets that
    split nothing are left out."""
    total, counted = _count(rows, most)
    found = []
    for key, (title, _) in FACETS.items():
        values = [_value(key, value, count, text) for value, count in counted[key][:SHOWN]]
        if len(values) > 1 or any(value.chosen for value in values):
            found.append(Facet(title, values))
    return total, found


def _count(rows: QuerySet[Case], most: int) -> tuple[int, dict[str, list[tuple[str, int]]]]:
    columns = [column for _, column in FACETS.values()]
    try:
        inner, parameters = rows.order_by().values(*columns)[: most + 1].query.sql_with_params()
    except EmptyResultSet:
        return 0, {key: [] for key in FACETS}
    listed = ", ".join(columns)
    sets = ", ".join(f"({column})" for column in columns)
    # Columns come from the table above; the inner statement carries its values as parameters.
    statement = (
        f"SELECT grouping({listed}), coalesce({listed}), count(*) FROM ({inner}) AS narrowed "  # noqa: S608
        f"GROUP BY GROUPING SETS ({sets}, ()) ORDER BY 3 DESC, 2"
    )
    found: dict[str, list[tuple[str, int]]] = {key: [] for key in FACETS}
    names, total = list(FACETS), 0
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        for mask, value, count in cursor.fetchall():
            if mask == 2 ** len(names) - 1:
                total = count
                continue
            # The one column that is grouped by has no bit in the mask; the first column is the highest bit.
            at = next(at for at in range(len(names)) if not mask >> (len(names) - 1 - at) & 1)
            if value:
                found[names[at]].append((value, count))
    return total, found


def _value(key: str, value: str, count: int, text: str) -> Value:
    title = operation(value) if key == "op" else value if key in ("connection", "code", "region") else plain(value)
    return Value(title, count, has_term(text, key, value), with_term(text, key, value))
