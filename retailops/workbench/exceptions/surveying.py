"""What each cause (or connection, operation, channel, …) holds of cases, the first to breach first; one statement."""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Min, QuerySet, Sum
from django.db.models.functions import Coalesce

from retailops.cases.group_figures import Figures
from retailops.cases.models import Case
from retailops.lib.money import THREE_DECIMAL, ZERO_DECIMAL, Money

# Sums of several currencies only put rows in order; none is shown.
_RANKED = """
ranked AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY due NULLS LAST, worth DESC, open DESC, oldest, key::text COLLATE "C") AS place, *
    FROM (
        SELECT key, sum(n)::bigint AS open, min(due) AS due, min(oldest) AS oldest,
            coalesce(sum(sum * CASE WHEN currency = ANY(%s) THEN 1 WHEN currency = ANY(%s) THEN 0.001 ELSE 0.01 END)
                FILTER (WHERE currency <> ''), 0) AS worth,
            array_agg(currency ORDER BY n DESC, currency) FILTER (WHERE currency <> '' AND sum IS NOT NULL)
                AS currencies,
            array_agg(sum::bigint ORDER BY n DESC, currency) FILTER (WHERE currency <> '' AND sum IS NOT NULL) AS sums
        FROM held GROUP BY key) AS by_key
    ORDER BY place LIMIT %s OFFSET %s)
"""
_FIGURES = """
SELECT key, open, due, oldest, currencies, sums, 0, 0 FROM ranked ORDER BY place
"""
# Stories and customers are gathered in the one pass over the cases, and told apart a key at a time: a sort of ids alone
# takes a third of a sort of keys with ids.
_FIGURES_AND_REACH = """
, chosen AS MATERIALIZED (SELECT key, stories, customers FROM held JOIN ranked USING (key))
SELECT key, open, due, oldest, currencies, sums, reach.returns, reach.customers
FROM ranked CROSS JOIN LATERAL (
    SELECT count(DISTINCT story) AS returns, count(DISTINCT customer) AS customers
    FROM (SELECT unnest(stories) AS story, unnest(customers) AS customer
          FROM chosen WHERE chosen.key = ranked.key) AS one
) AS reach
ORDER BY place
"""
_COUNTED = {"n": Count("*"), "sum": Sum("amount"), "due": Min("due_at"), "oldest": Min("opened_at")}
_GATHERED = {
    "stories": ArrayAgg("correlation_id"),
    "customers": ArrayAgg(Coalesce("customer_id", "correlation_id")),
}


def surveyed(
    rows: QuerySet[Case], column: str, start: int, size: int, *, reach: bool = True
) -> list[tuple[Any, Figures]]:
    """Return the keys (values of the column) from that place on, each with its figures over the rows.

    Those that breach first come first, then those with more money, with more cases, with older ones. Without `reach`
    returns and customers are left at 0.
    """
    counted = rows.order_by().values(column, "currency").annotate(**_COUNTED)
    names = ["key", "currency", *_COUNTED]
    if reach:
        counted, names = counted.annotate(**_GATHERED), [*names, *_GATHERED]
    try:
        inner, parameters = counted.query.sql_with_params()
    except EmptyResultSet:
        return []
    told = _FIGURES_AND_REACH if reach else _FIGURES
    # The inner statement is Django's and carries its values as parameters; the rest are texts of ours.
    statement = f"WITH held ({', '.join(names)}) AS MATERIALIZED ({inner}), {_RANKED} {told}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, list(ZERO_DECIMAL), list(THREE_DECIMAL), size, start])
        return [(row[0], _figures(row)) for row in cursor.fetchall()]


def _figures(row: Sequence[Any]) -> Figures:
    _, count, due, oldest, currencies, sums, returns, customers = row
    money = [Money(amount, currency) for amount, currency in zip(sums or [], currencies or [], strict=True)]
    return Figures(count, returns, customers, oldest, due, money)
