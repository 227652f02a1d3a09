"""Deliveries that ended and clocks that were met, by hour: rows that add up, put together by a sweep.

Triggers add a row for each change (see the migration), so that no two writers wait for each other. A sweep replaces the
rows of one hour by their sum.
"""

from typing import LiteralString

from retailops.events.raw_sql import fetch
from retailops.events.sweeps import register_sweep

BATCH = 5_000
# What a statement deletes it sums up itself, so that no other fold, and no row that comes meanwhile, is lost.
_FOLD: LiteralString = """
WITH loose AS (
    SELECT DISTINCT {cell} FROM (SELECT {cell} FROM {table} WHERE NOT folded ORDER BY id LIMIT %(batch)s) l
), gone AS (
    DELETE FROM {table} f USING loose l WHERE (f.{of}) = (l.{like}) RETURNING f.*
), sums AS (
    INSERT INTO {table} ({cell}, {first}, {second}, folded)
    SELECT {cell}, sum({first}), sum({second}), true FROM gone GROUP BY {cell}
    HAVING sum({first}) <> 0 OR sum({second}) <> 0
)
SELECT count(*) FILTER (WHERE NOT folded) FROM gone
"""


def _fold_of(table: LiteralString, cell: LiteralString, first: LiteralString, second: LiteralString) -> LiteralString:
    return _FOLD.format(
        table=table, cell=cell, first=first, second=second,
        of=cell.replace(", ", ", f."), like=cell.replace(", ", ", l."),
    )  # fmt: skip


_FOLDS = (
    _fold_of("workbench_deliveryflow", "at, region, brand, channel, destination_id", "ended", "at_once"),
    _fold_of("workbench_clockflow", "at, name, region, brand, channel, connection", "met", "kept"),
)


def fold() -> int:
    """Put loose rows together by hour and scope; return how many were loose. Sums stay what they are."""
    return sum(map(_fold, _FOLDS))


def _fold(statement: LiteralString) -> int:
    done = 0
    while count := fetch(statement, {"batch": BATCH})[0][0]:
        done += int(count)
        if count < BATCH:
            break
    return done


def register() -> None:
    """Have the sweeper put rows together."""
    register_sweep("dashboards.flows", fold, every=60)
