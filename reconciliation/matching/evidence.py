"""What stands against one another and does not match: by the evidence of keys, and by time. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reconciliation.lanes import HOUSE_PROVIDER, LAG_DAYS, MISSING
from reconciliation.matching.grouping import BACKS
from reconciliation.models import STRONG_KEYS, DiscrepancyType, KeyType, Lane
from retailops.events.raw_sql import fetch

# Days after which what came and nobody expected is told.
ORPHAN_DAYS = 3
D = DiscrepancyType


@dataclass(frozen=True)
class Against:
    """An item that does not match, what stands against it (if anything does), and how that is called."""

    type: DiscrepancyType
    item: int
    other: int | None
    key: str = ""


# An open line under a key of which something is expected: with an open one it differs; where all are closed it came
# once too often.
_BY_KEY = """
WITH lines AS (
    SELECT DISTINCT ON (i.id) i.id, i.type, k.key_hash, k.value,
           coalesce(i.presentment_amount, i.amount) AS amount,
           coalesce(nullif(i.presentment_currency, ''), i.currency) AS currency
      FROM reconciliation_itemkey c JOIN reconciliation_itemkey k ON k.key_hash = c.key_hash AND k.side = 'A'
      JOIN reconciliation_openitem o ON o.item_id = k.item_id AND o.lane = %(lane)s
      JOIN reconciliation_item i ON i.id = k.item_id
      JOIN reconciliation_itemkey e ON e.key_hash = k.key_hash AND e.side = 'E'
      JOIN reconciliation_item ei ON ei.id = e.item_id AND ei.lane = %(lane)s
     WHERE c.item_id = ANY(%(chunk)s) AND c.key_type = ANY(%(strong)s)
     ORDER BY i.id, k.id
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY key_hash, type ORDER BY id) AS n FROM lines
), waiting AS (
    SELECT k.key_hash, i.id, i.type, i.amount, i.currency,
           row_number() OVER (PARTITION BY k.key_hash, i.type ORDER BY i.id) AS n
      FROM reconciliation_itemkey k JOIN reconciliation_openitem o ON o.item_id = k.item_id AND o.lane = %(lane)s
      JOIN reconciliation_item i ON i.id = k.item_id
     WHERE k.side = 'E' AND k.key_hash IN (SELECT key_hash FROM lines)
)
SELECT l.id, l.type, l.amount, l.currency, l.value, w.id, w.amount, w.currency,
       (SELECT i.id FROM reconciliation_itemkey k JOIN reconciliation_item i ON i.id = k.item_id
         WHERE k.key_hash = l.key_hash AND k.side = 'E' AND NOT i.type = ANY(%(backs)s)
         ORDER BY (i.amount = l.amount AND i.currency = l.currency) DESC, i.id LIMIT 1) AS closed,
       EXISTS (SELECT 1 FROM reconciliation_itemkey k JOIN reconciliation_item i ON i.id = k.item_id
                WHERE k.key_hash = l.key_hash AND k.side = 'E' AND i.type = l.type AND i.amount = l.amount
                  AND i.currency = l.currency) AS same
  FROM numbered l LEFT JOIN waiting w USING (key_hash, type, n) ORDER BY l.id
"""
# A chargeback that nobody told us of, of a payment that was refunded.
_CHARGED_BACK = """
SELECT DISTINCT ON (i.id) i.id, r.id, k.value
  FROM reconciliation_item i JOIN reconciliation_openitem o ON o.item_id = i.id AND o.lane = %(lane)s
  JOIN reconciliation_itemkey k ON k.item_id = i.id AND k.key_type = ANY(%(weak)s)
  JOIN reconciliation_itemkey t ON t.key_hash = k.key_hash AND t.item_id <> i.id
  JOIN reconciliation_item r ON r.id = t.item_id AND r.type = 'refund'
 WHERE i.type = 'chargeback' AND i.side = 'A' AND (
    i.id = ANY(%(chunk)s) OR EXISTS (SELECT 1 FROM reconciliation_itemkey c
        WHERE c.item_id = ANY(%(chunk)s) AND c.key_hash = k.key_hash))
 ORDER BY i.id, k.key_type = 'payment' DESC, r.side DESC, r.id, k.id
"""
# Told of no discrepancy that is open, and of none that a person has explained.
_UNTOLD = """
NOT EXISTS (SELECT 1 FROM reconciliation_discrepancy d WHERE (d.item_id = o.item_id OR d.other_id = o.item_id)
            AND (d.status = 'open' OR d.resolution <> 'matched'))
"""
_MISSING = (
    """
SELECT o.item_id FROM reconciliation_openitem o JOIN reconciliation_item i ON i.id = o.item_id
 WHERE o.lane = %(lane)s AND o.side = 'E' AND o.due_on < %(as_of)s
   AND (%(anywhere)s AND i.gateway = '' OR i.gateway = ANY(%(gateways)s)) AND """
    + _UNTOLD
    + " ORDER BY o.due_on, o.item_id LIMIT %(limit)s"
)
_ORPHANS = (
    """
SELECT o.item_id FROM reconciliation_openitem o JOIN reconciliation_item i ON i.id = o.item_id
 WHERE o.lane = %(lane)s AND o.side = 'A' AND i.value_date < %(before)s AND """
    + _UNTOLD
    + " ORDER BY o.item_id LIMIT %(limit)s"
)
_COVERED = """
SELECT DISTINCT s.gateway FROM reconciliation_importfile f JOIN reconciliation_source s ON s.id = f.source_id
 WHERE s.provider <> %(house)s AND f.computed -> 'lanes' ? %(lane)s
"""


def by_key(lane: str, chunk: Sequence[int]) -> list[Against]:
    """Return what the keys of the chunk's items show to be another amount, another currency, or once too often."""
    given = {
        "lane": lane, "chunk": list(chunk), "strong": [str(each) for each in STRONG_KEYS], "backs": list(BACKS),
    }  # fmt: skip
    found = []
    for id, kind, amount, currency, key, waiting, wanted, wanted_in, closed, same in fetch(_BY_KEY, given):
        if (amount, currency) == (wanted, wanted_in):
            continue  # a person took the two apart
        if waiting is not None:
            type = D.AMOUNT_VARIANCE if currency == wanted_in else D.CURRENCY_MISMATCH
            found.append(Against(type, waiting, id, key))
        elif kind == "refund_failure":
            found.append(Against(D.REFUND_FAILED_AFTER_SETTLEMENT, id, closed, key))
        else:
            found.append(Against(D.DUPLICATE_REFUND if same else D.OVER_REFUND, id, closed, key))
    return found


def charged_back(lane: str, chunk: Sequence[int]) -> list[Against]:
    """Return the chargebacks of payments that were refunded, where neither side of them was expected."""
    if lane != Lane.PAYMENT:
        return []
    weak = [str(KeyType.PAYMENT), str(KeyType.ORDER)]
    rows = fetch(_CHARGED_BACK, {"lane": lane, "chunk": list(chunk), "weak": weak})
    return [Against(D.REFUND_PLUS_CHARGEBACK, id, refund, key) for id, refund, key in rows]


def missing(lane: Lane, as_of: date, limit: int) -> list[Against]:
    """Return what should have come by then, of providers that tell of this lane at all."""
    covered = [row[0] for row in fetch(_COVERED, {"lane": str(lane), "house": HOUSE_PROVIDER})]
    given = {
        "lane": str(lane), "as_of": as_of, "gateways": covered, "anywhere": bool(covered), "limit": limit,
    }  # fmt: skip
    return [Against(MISSING[lane], id, None) for (id,) in fetch(_MISSING, given)] if covered else []


def orphans(lane: Lane, as_of: date, limit: int) -> list[Against]:
    """Return what came, and nobody expected it for longer than the lane takes."""
    before = as_of - timedelta(days=min(ORPHAN_DAYS, LAG_DAYS[lane]))
    given = {"lane": str(lane), "before": before, "limit": limit}
    return [Against(D.ORPHAN_LINE, id, None) for (id,) in fetch(_ORPHANS, given)]
