"""Stages that bring several items together: equal sums under one reference, and what was called off. They only read."""

from collections.abc import Sequence
from datetime import date

from reconciliation.matching.found import Found
from reconciliation.models import KeyType, Stage
from retailops.events.raw_sql import fetch

LARGEST = 500
_GROUPS = """
WITH wanted AS (
    SELECT DISTINCT key_hash FROM reconciliation_itemkey WHERE item_id = ANY(%(chunk)s) AND key_type = %(kind)s
), bearing AS (
    SELECT k.key_hash, k.value, i.id, i.side, i.type, coalesce(i.presentment_amount, i.amount) AS amount,
           coalesce(nullif(i.presentment_currency, ''), i.currency) AS currency
      FROM wanted w JOIN reconciliation_itemkey k ON k.key_hash = w.key_hash
      JOIN reconciliation_openitem o ON o.item_id = k.item_id AND o.lane = %(lane)s
      JOIN reconciliation_item i ON i.id = k.item_id AND i.amount = o.remaining
), sums AS (
    SELECT min(value) AS value, array_agg(id ORDER BY id) AS items FROM bearing GROUP BY key_hash, type, currency
    HAVING count(*) BETWEEN 3 AND %(largest)s AND count(DISTINCT side) = 2
       AND sum(CASE side WHEN 'A' THEN amount ELSE -amount END) = 0
)
SELECT value, items FROM sums g WHERE NOT EXISTS (
    SELECT 1 FROM reconciliation_allocation x JOIN reconciliation_match m ON m.id = x.match_id AND m.stage = 'reversal'
     WHERE x.item_id = ANY(g.items))
"""
# Of what is expected: the second must be due. Of what came: nothing of the key is expected any more.
_CALLED_OFF = """
WITH open AS (
    SELECT k.key_hash, k.value, i.id, i.side, i.amount, i.currency, i.type, i.value_date, o.due_on
      FROM reconciliation_openitem o JOIN reconciliation_item i ON i.id = o.item_id AND i.amount = o.remaining
      JOIN reconciliation_itemkey k ON k.item_id = i.id AND k.key_type = ANY(%(strong)s)
     WHERE o.lane = %(lane)s AND (i.type = ANY(%(backs)s) OR EXISTS (
           SELECT 1 FROM reconciliation_itemkey b JOIN reconciliation_openitem ob ON ob.item_id = b.item_id
             JOIN reconciliation_item ib ON ib.id = b.item_id AND ib.type = ANY(%(backs)s)
            WHERE b.key_hash = k.key_hash AND b.side = o.side AND ob.lane = o.lane))
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY key_hash, side, type, amount, currency ORDER BY value_date, id) AS n
      FROM open
), pairs AS (
    SELECT f.id AS first, b.id AS back, f.value, f.side FROM placed f JOIN placed b
        ON b.key_hash = f.key_hash AND b.side = f.side AND b.currency = f.currency
       AND b.amount = -f.amount AND b.n = f.n
     WHERE b.type = ANY(%(backs)s) AND NOT f.type = ANY(%(backs)s) AND (CASE f.side
        WHEN 'E' THEN b.due_on <= %(as_of)s
        ELSE NOT EXISTS (SELECT 1 FROM reconciliation_itemkey k WHERE k.key_hash = f.key_hash AND k.side = 'E') END)
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY first ORDER BY back) AS by_first,
           row_number() OVER (PARTITION BY back ORDER BY first) AS by_back
      FROM pairs p WHERE NOT EXISTS (
          SELECT 1 FROM reconciliation_allocation x JOIN reconciliation_match m ON m.id = x.match_id
             AND m.stage = 'reversal' JOIN reconciliation_allocation y ON y.match_id = x.match_id
           WHERE x.item_id = p.first AND y.item_id = p.back)
) SELECT first, back, value FROM ranked WHERE by_first = 1 AND by_back = 1 ORDER BY first LIMIT %(limit)s
"""
BACKS = ("refund_failure", "memo_reversal", "chargeback_won")


def groups(lane: str, chunk: Sequence[int], kind: KeyType) -> list[Found]:
    """Return the sets under one reference whose expected and actual sums are equal; each item is in one of them."""
    given = {"chunk": list(chunk), "kind": str(kind), "lane": lane, "largest": LARGEST}
    found, taken = [], set[int]()
    for value, items in fetch(_GROUPS, given):
        if taken.isdisjoint(items):
            taken.update(items)
            found.append(Found(Stage.GROUP, items, str(kind), value))
    return found


def called_off(lane: str, as_of: date, kind: KeyType, limit: int) -> list[Found]:
    """Return the pairs of one side that undo each other: nothing will come, or nothing was expected, of either."""
    given = {"lane": lane, "as_of": as_of, "strong": [str(kind)], "backs": list(BACKS), "limit": limit}
    return [Found(Stage.WITHDRAWN, (one, back), str(kind), value) for one, back, value in fetch(_CALLED_OFF, given)]
