"""Units: taken once, counted as they came and were judged."""

from retailops.lib.audit import register_sql_audit
from returns.enums import LIVE_STATUSES

LIVE = {"live": [str(status) for status in LIVE_STATUSES]}

TAKEN_ONCE = """
WITH taken AS (
    SELECT l.order_line_id, (u->>0)::int AS a, (u->>1)::int AS b
      FROM returns_returnline l JOIN returns_return r ON r.id = l.rma_id, jsonb_array_elements(l.units) u
     WHERE l.order_line_id IS NOT NULL AND r.status = ANY(%(live)s)
), ordered AS (
    SELECT order_line_id, a, max(b) OVER (PARTITION BY order_line_id ORDER BY a, b
                                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM taken
)
SELECT 'order line ' || order_line_id, 'unit ' || a || ' is in two live returns' FROM ordered WHERE before > a
UNION ALL
SELECT 'order line ' || o.id, 'unit ' || (max(t.b) - 1) || ' is returned, ' || o.shipped_quantity || ' were shipped'
  FROM taken t JOIN returns_orderline o ON o.id = t.order_line_id
 GROUP BY o.id, o.shipped_quantity HAVING max(t.b) > o.shipped_quantity
UNION ALL
SELECT 'return line ' || l.id, held.units || ' units for ' || (l.requested - l.canceled - l.sent_back) || ' requested'
  FROM returns_returnline l JOIN returns_return r ON r.id = l.rma_id,
       LATERAL (SELECT coalesce(sum((u->>1)::int - (u->>0)::int), 0) AS units FROM jsonb_array_elements(l.units) u) held
 WHERE l.order_line_id IS NOT NULL
   -- A draft takes no units, and neither does one that was discarded.
   AND NOT (held.units = 0 AND l.authorized = 0 AND r.status IN ('draft', 'canceled'))
   AND held.units NOT BETWEEN l.requested - l.canceled - l.sent_back
                          AND l.requested - l.canceled - l.sent_back + l.over_approved
"""

ARRIVED = """
SELECT 'return line ' || id, received || ' received, ' || missing || ' missing, ' || kept || ' kept, ' || canceled
       || ' canceled of ' || authorized || ' authorized and ' || over_approved || ' accepted extra'
  FROM returns_returnline WHERE received + missing + kept + canceled > authorized + over_approved
UNION ALL
SELECT 'return line ' || l.id, 'counts ' || l.received || ' received, receipts and accepted extras say ' || came.units
  FROM returns_returnline l
  LEFT JOIN (SELECT line_id, sum(quantity * CASE WHEN r.reverses_id IS NULL THEN 1 ELSE -1 END) AS units
               FROM returns_receiptline rl JOIN returns_receipt r ON r.id = rl.receipt_id
              WHERE rl.match = 'expected' GROUP BY line_id) expected ON expected.line_id = l.id
  LEFT JOIN (SELECT split_part(effect_key, ':', 2)::uuid AS line_id, sum(quantity) AS units
               FROM inventory_stockmove WHERE effect_key LIKE 'extra:%%' GROUP BY 1) extra ON extra.line_id = l.id,
  LATERAL (SELECT coalesce(expected.units, 0) + coalesce(extra.units, 0) AS units) came
 WHERE l.received <> came.units
"""

INSPECTED = """
SELECT 'return line ' || l.id, 'counts ' || l.accepted || ' accepted and ' || l.rejected || ' rejected, verdicts say '
       || coalesce(s.accepted, 0) || ' and ' || coalesce(s.rejected, 0)
  FROM returns_returnline l
  LEFT JOIN (SELECT line_id, sum(quantity) FILTER (WHERE accepted) AS accepted,
                    sum(quantity) FILTER (WHERE NOT accepted) AS rejected
               FROM returns_dispositionslice WHERE status <> 'reversed' GROUP BY line_id) s ON s.line_id = l.id
 WHERE l.accepted <> coalesce(s.accepted, 0) OR l.rejected <> coalesce(s.rejected, 0)
    OR l.accepted + l.rejected > l.received
"""

DISPOSED = """
SELECT 'return line ' || l.id, s.units || ' disposed of, ' || l.received || ' received; ' || s.sellable || ' sellable, '
       || l.accepted || ' accepted'
  FROM returns_returnline l
  JOIN (SELECT line_id, sum(quantity) AS units,
               coalesce(sum(quantity) FILTER (WHERE disposition = 'sellable'), 0) AS sellable
          FROM returns_dispositionslice WHERE status <> 'reversed' GROUP BY line_id) s ON s.line_id = l.id
 WHERE s.units > l.received OR s.sellable > l.accepted
"""

SELLABLE = """
SELECT 'move ' || m.id, m.quantity || ' of ' || m.sku || ' became sellable without an accepting verdict'
  FROM inventory_stockmove m
 WHERE m.subject_type = 'return' AND m.target = 'sellable' AND m.source <> 'sellable'
   AND NOT EXISTS (SELECT 1 FROM returns_dispositionslice s
                    WHERE m.effect_key = 'place:' || s.id AND s.accepted AND s.disposition = 'sellable'
                      AND s.quantity = m.quantity AND s.posted_at IS NOT NULL)
"""

POSTED = """
SELECT 'disposition ' || s.id, 'posted ' || s.quantity || ', and stock moved ' || coalesce(m.quantity, 0)
  FROM returns_dispositionslice s LEFT JOIN inventory_stockmove m ON m.effect_key = 'place:' || s.id
 WHERE s.posted_at IS NOT NULL AND s.quantity <> coalesce(m.quantity, 0)
UNION ALL
SELECT 'disposition ' || s.id, 'decided and not posted, and the return is closed'
  FROM returns_dispositionslice s JOIN returns_returnline l ON l.id = s.line_id JOIN returns_return r ON r.id = l.rma_id
 WHERE r.status = 'closed' AND s.status NOT IN ('posted', 'reversed')
"""

PENDING_STOCK = """
WITH held AS (
    SELECT subject_id, sum(CASE WHEN target = 'pending_inspection' THEN quantity ELSE 0 END
                         - CASE WHEN source = 'pending_inspection' THEN quantity ELSE 0 END) AS units
      FROM inventory_stockmove WHERE subject_type = 'return' GROUP BY subject_id
), expected AS (
    SELECT l.rma_id, sum(l.received - coalesce(s.posted, 0)) AS units
      FROM returns_returnline l
      LEFT JOIN (SELECT line_id, sum(quantity) AS posted FROM returns_dispositionslice WHERE status = 'posted'
                  GROUP BY line_id) s ON s.line_id = l.id
     GROUP BY l.rma_id
)
SELECT 'return ' || e.rma_id, 'stock holds ' || coalesce(h.units, 0) || ' pending inspection, the return ' || e.units
  FROM expected e LEFT JOIN held h ON h.subject_id = e.rma_id WHERE e.units <> coalesce(h.units, 0)
"""

REFUNDED = """
WITH settled AS (
    SELECT proposal FROM returns_refund WHERE status NOT IN ('superseded', 'denied')
     GROUP BY proposal HAVING bool_and(status = 'succeeded')
), units AS (
    SELECT DISTINCT l.line_id, (u->>0)::int AS a, (u->>1)::int AS b
      FROM returns_refundline l JOIN returns_refund r ON r.id = l.refund_id
      JOIN settled ON settled.proposal = r.proposal, jsonb_array_elements(l.units) u
), counted AS (SELECT line_id, sum(b - a) AS units FROM units GROUP BY line_id)
SELECT 'return line ' || l.id, 'counts ' || l.refunded || ' refunded, refunds say ' || coalesce(c.units, 0)
  FROM returns_returnline l LEFT JOIN counted c ON c.line_id = l.id WHERE l.refunded <> coalesce(c.units, 0)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("each shipped unit is in one live return", TAKEN_ONCE, invariant="2", parameters=LIVE)
    register_sql_audit("arrivals within what was authorized", ARRIVED, invariant="3", parameters={})
    register_sql_audit("verdicts sum to accepted and rejected", INSPECTED, invariant="4")
    register_sql_audit("disposed within received, sellable within accepted", DISPOSED, invariant="5")
    register_sql_audit("nothing sellable before an accepting verdict", SELLABLE, invariant="6")
    register_sql_audit("what is posted is what was decided", POSTED, invariant="7")
    register_sql_audit("stock pending inspection is what the returns hold", PENDING_STOCK, invariant="7")
    register_sql_audit("refunded units are those of settled refunds", REFUNDED, invariant="9")
