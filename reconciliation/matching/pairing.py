"""Stages that bring two items together: by the same reference, or by what they belong to. They only read."""

from collections.abc import Sequence
from typing import LiteralString

from reconciliation.matching.found import Found
from reconciliation.models import STRONG_KEYS, KeyType, Stage
from retailops.events.raw_sql import fetch

WEAKER_KEYS = (KeyType.PAYMENT, KeyType.ORDER)

# Whole open items that bear a key which an item of the chunk bears, as they are compared.
_BEARING: LiteralString = """
WITH wanted AS (
    SELECT DISTINCT key_hash FROM reconciliation_itemkey
     WHERE item_id = ANY(%(chunk)s) AND key_type = %(kind)s
), bearing AS (
    SELECT k.key_hash, k.value, i.id, i.side, i.type, i.value_date,
           EXISTS (SELECT 1 FROM reconciliation_allocation x WHERE x.item_id = i.id) AS undone,
           coalesce(i.presentment_amount, i.amount) AS amount,
           coalesce(nullif(i.presentment_currency, ''), i.currency) AS currency
      FROM wanted w JOIN reconciliation_itemkey k ON k.key_hash = w.key_hash
      JOIN reconciliation_openitem o ON o.item_id = k.item_id AND o.lane = %(lane)s
      JOIN reconciliation_item i ON i.id = k.item_id AND i.amount = o.remaining
)
"""
# What a person took apart stays apart.
_NOT_UNDONE: LiteralString = """
NOT EXISTS (
    SELECT 1 FROM reconciliation_allocation x JOIN reconciliation_match m ON m.id = x.match_id AND m.stage = 'reversal'
      JOIN reconciliation_allocation y ON y.match_id = x.match_id
     WHERE x.item_id = p.expected AND y.item_id = p.actual)
"""
# Equal amounts under one key are paired by ordinal, what was taken apart last: a third stays open.
_EXACT: LiteralString = (
    _BEARING  # noqa: S608  # of constants
    + """
, placed AS (
    SELECT *, row_number() OVER twins AS n, lead(id) OVER twins AS next FROM bearing
    WINDOW twins AS (PARTITION BY key_hash, side, type, amount, currency ORDER BY undone, value_date, id)
), pairs AS (
    SELECT e.id AS expected, a.id AS actual, e.value, a.next FROM placed e JOIN placed a USING (key_hash, type, amount,
           currency, n) WHERE e.side = 'E' AND a.side = 'A'
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY expected ORDER BY actual) AS by_expected,
           row_number() OVER (PARTITION BY actual ORDER BY expected) AS by_actual
      FROM pairs p WHERE """
    + _NOT_UNDONE
    + """
) SELECT expected, actual, value, next FROM ranked WHERE by_expected = 1 AND by_actual = 1
"""
)
# What a payment or an order has once on each side, and no strong key of both says otherwise.
_WEAKER: LiteralString = (
    _BEARING  # noqa: S608  # of constants
    + """
, alone AS (
    SELECT min(id) FILTER (WHERE side = 'E') AS expected, min(id) FILTER (WHERE side = 'A') AS actual,
           min(value) AS value
      FROM bearing GROUP BY key_hash, type, amount, currency
    HAVING count(*) FILTER (WHERE side = 'E') = 1 AND count(*) FILTER (WHERE side = 'A') = 1
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY expected ORDER BY actual) AS by_expected,
           row_number() OVER (PARTITION BY actual ORDER BY expected) AS by_actual
      FROM alone p WHERE """
    + _NOT_UNDONE
    + """
      AND NOT EXISTS (
          SELECT 1 FROM reconciliation_itemkey e JOIN reconciliation_itemkey a
              ON a.item_id = p.actual AND a.key_type = e.key_type
           WHERE e.item_id = p.expected AND e.key_type = ANY(%(strong)s)
           GROUP BY e.key_type HAVING bool_and(e.key_hash <> a.key_hash))
) SELECT expected, actual, value, NULL::bigint FROM ranked WHERE by_expected = 1 AND by_actual = 1
"""
)


def exact(lane: str, chunk: Sequence[int], kind: KeyType) -> list[Found]:
    """Return the pairs that have the same reference of a kind, the same type, currency and amount."""
    return _pairs(_EXACT, Stage.EXACT, lane, chunk, kind)


def weaker(lane: str, chunk: Sequence[int], kind: KeyType) -> list[Found]:
    """Return the pairs of the same payment or order, type, currency and amount, where there is one on either side."""
    return _pairs(_WEAKER, Stage.WEAKER, lane, chunk, kind)


def _pairs(statement: LiteralString, stage: Stage, lane: str, chunk: Sequence[int], kind: KeyType) -> list[Found]:
    given = {"chunk": list(chunk), "kind": str(kind), "lane": lane, "strong": [str(each) for each in STRONG_KEYS]}
    return [
        Found(stage, (expected, actual), str(kind), value, runner_up, None if runner_up is None else 0)
        for expected, actual, value, runner_up in fetch(statement, given)
    ]
