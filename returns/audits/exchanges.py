"""Exchanges: units once, two gross sides, held goods, one memo."""

from retailops.lib.audit import register_sql_audit
from returns.enums import LIVE_REFUNDS

LIVE = {"live": [str(status) for status in LIVE_REFUNDS]}

ONCE = """
WITH claims AS (
    SELECT DISTINCT l.line_id, 'refund' AS what, r.proposal::text AS id, (u->>0)::int AS a, (u->>1)::int AS b
      FROM returns_refundline l JOIN returns_refund r ON r.id = l.refund_id, jsonb_array_elements(l.units) u
     WHERE r.proposal IN (SELECT proposal FROM returns_refund WHERE status = ANY(%(live)s))
    UNION ALL
    SELECT x.line_id, 'exchange', x.id::text, (u->>0)::int, (u->>1)::int
      FROM returns_exchangeline x JOIN returns_exchange e ON e.id = x.exchange_id, jsonb_array_elements(x.units) u
     WHERE e.status NOT IN ('converted', 'canceled')
), ordered AS (
    SELECT line_id, a, max(b) OVER (PARTITION BY line_id ORDER BY a, b, what, id
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM claims
)
SELECT 'return line ' || line_id, 'unit ' || a || ' is both refunded and exchanged, or exchanged twice'
  FROM ordered WHERE before > a
UNION ALL
SELECT 'return line ' || c.line_id, 'exchanges units ' || c.a || ' to ' || c.b || ', which are not on the line'
  FROM claims c JOIN returns_returnline l ON l.id = c.line_id
 WHERE c.what = 'exchange' AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(l.units) u
                                            WHERE (u->>0)::int <= c.a AND (u->>1)::int >= c.b)
UNION ALL
SELECT 'exchange line ' || x.id, 'counts ' || x.quantity || ' units and names ' || n.units
  FROM returns_exchangeline x,
       LATERAL (SELECT coalesce(sum((u->>1)::int - (u->>0)::int), 0) AS units FROM jsonb_array_elements(x.units) u) n
 WHERE x.quantity <> n.units
"""

COUNTED = """
SELECT 'return line ' || l.id, 'counts ' || l.exchanged || ' exchanged, exchanges say ' || coalesce(c.units, 0)
  FROM returns_returnline l
  LEFT JOIN (SELECT x.line_id, sum(x.quantity) AS units
               FROM returns_exchangeline x JOIN returns_exchange e ON e.id = x.exchange_id
              WHERE e.status = 'shipped' AND e.assessment_id IS NULL GROUP BY x.line_id) c ON c.line_id = l.id
 WHERE l.exchanged <> coalesce(c.units, 0)
"""

SIDES = """
SELECT 'exchange ' || e.id, 'credit ' || e.credit || ' and sale ' || e.sale || ', components '
       || coalesce(c.credit, 0) || ' and ' || coalesce(c.sale, 0)
  FROM returns_exchange e
  LEFT JOIN (SELECT exchange_id, sum(amount) FILTER (WHERE side = 'credit') AS credit,
                    sum(amount) FILTER (WHERE side = 'sale') AS sale
               FROM returns_exchangecomponent GROUP BY exchange_id) c ON c.exchange_id = e.id
 WHERE e.credit <> coalesce(c.credit, 0) OR e.sale <> coalesce(c.sale, 0)
"""

# As for refunds: k units of n are worth k * (t / n) + min(k, t mod n).
WITHIN_PAID = """
WITH granted AS (
    SELECT exchange_id, order_line_id, sum(amount) AS amount FROM returns_exchangecomponent
     WHERE side = 'credit' GROUP BY exchange_id, order_line_id
), amounts AS (
    SELECT id, quantity::bigint AS n, net AS t FROM returns_orderline
    UNION ALL SELECT id, quantity, duty FROM returns_orderline WHERE duty > 0
    UNION ALL SELECT o.id, o.quantity, (x->>'amount')::bigint FROM returns_orderline o, jsonb_array_elements(o.taxes) x
               WHERE NOT (x->>'included')::boolean
), worth AS (
    SELECT x.exchange_id, rl.order_line_id,
           sum(((u->>1)::bigint - (u->>0)::bigint) * (t / n) + least((u->>1)::bigint, t %% n)
               - least((u->>0)::bigint, t %% n)) AS amount
      FROM returns_exchangeline x JOIN returns_returnline rl ON rl.id = x.line_id
      JOIN amounts ON amounts.id = rl.order_line_id, jsonb_array_elements(x.units) u
     GROUP BY x.exchange_id, rl.order_line_id
)
SELECT 'exchange ' || g.exchange_id,
       'order line ' || g.order_line_id || ': credited ' || g.amount || ', worth ' || coalesce(w.amount, 0)
  FROM granted g LEFT JOIN worth w USING (exchange_id, order_line_id)
 WHERE g.amount > coalesce(w.amount, 0)
"""

SETTLED = """
WITH back AS (
    SELECT e.id, sum(r.amount - coalesce((SELECT sum(c.amount) FROM returns_refundcomponent c
                                           WHERE c.refund_id = r.id AND c.kind = 'rounding'), 0)) AS amount
      FROM returns_exchange e JOIN returns_refund r ON r.proposal = e.proposal
     WHERE r.status = ANY(%(live)s) GROUP BY e.id
), paid AS (SELECT exchange_id AS id, sum(amount) AS amount FROM returns_exchangepayment GROUP BY exchange_id)
SELECT 'exchange ' || e.id, 'credit ' || e.credit || ', sale ' || e.sale || ', refunds of its balance '
       || coalesce(b.amount, 0)
  FROM returns_exchange e LEFT JOIN back b USING (id)
 WHERE coalesce(b.amount, 0) > greatest(e.credit - e.sale, 0) OR (b.amount > 0 AND e.settled_at IS NULL)
UNION ALL
SELECT 'exchange ' || e.id, 'is ' || e.status || ', ' || (e.sale - e.credit) || ' was owed, paid '
       || coalesce(p.amount, 0)
  FROM returns_exchange e LEFT JOIN paid p USING (id)
 WHERE (e.status IN ('reserved', 'released', 'shipped') AND coalesce(p.amount, 0) <> greatest(e.sale - e.credit, 0))
    OR (e.status = 'awaiting_payment' AND coalesce(p.amount, 0) >= e.sale - e.credit)
    OR (e.status = 'proposed' AND coalesce(p.amount, 0) > greatest(e.sale - e.credit, 0))
UNION ALL
SELECT 'refund ' || r.id, 'pays the balance of an exchange that does not know it'
  FROM returns_refundcomponent c JOIN returns_refund r ON r.id = c.refund_id
 WHERE c.kind = 'exchange_balance'
   AND NOT EXISTS (SELECT 1 FROM returns_exchange e
                    WHERE e.proposal = r.proposal AND e.id::text = c.code AND e.currency = r.currency)
"""

MEMOS = """
SELECT 'exchange ' || e.id, 'settled for a credit of ' || e.credit || ', its memo is of ' || coalesce(m.amount, 0)
  FROM returns_exchange e JOIN returns_return t ON t.id = e.rma_id
  LEFT JOIN returns_creditmemo m ON m.exchange_id = e.id
 WHERE (e.settled_at IS NOT NULL AND t.memo_required AND e.credit <> coalesce(m.amount, 0))
    OR (m.id IS NOT NULL AND (e.settled_at IS NULL OR m.amount <> e.credit OR m.currency <> e.currency))
UNION ALL
SELECT 'refund ' || r.id, 'pays the balance of an exchange and has a memo of its own: the money is booked twice'
  FROM returns_creditmemo m JOIN returns_refund r ON r.id = m.refund_id
  JOIN returns_exchange e ON e.proposal = r.proposal
UNION ALL
SELECT 'return ' || t.number, 'closed, and the memo of exchange ' || e.id || ' is not posted'
  FROM returns_exchange e JOIN returns_return t ON t.id = e.rma_id
  JOIN returns_creditmemo m ON m.exchange_id = e.id
 WHERE t.status = 'closed' AND t.memo_required AND m.status <> 'posted'
"""

HELD = """
SELECT 'exchange ' || e.id, 'is ' || e.status || ', and ' || x.wanted_quantity || ' × ' || x.wanted_sku
       || ' of it are ' || coalesce(r.status, 'not reserved')
  FROM returns_exchange e JOIN returns_exchangeline x ON x.exchange_id = e.id
  LEFT JOIN inventory_reservation r ON r.id = x.reservation_id
 WHERE (e.status IN ('reserved', 'awaiting_payment') AND coalesce(r.status, '') NOT IN ('held', 'broken', 'expired'))
    OR (e.status IN ('proposed', 'converted', 'canceled') AND r.status IN ('held', 'consumed'))
    OR (e.status = 'shipped' AND r.status = 'held')
    OR (r.status = 'held' AND (r.quantity, r.sku) <> (x.wanted_quantity, x.wanted_sku))
UNION ALL
SELECT 'reservation ' || r.id, 'is held for an exchange that does not know it'
  FROM inventory_reservation r
 WHERE r.status = 'held' AND r.subject_type = 'exchange'
   AND NOT EXISTS (SELECT 1 FROM returns_exchangeline x WHERE x.reservation_id = r.id)
UNION ALL
SELECT 'exchange ' || e.id, 'went, and ' || x.wanted_quantity || ' × ' || x.wanted_sku
       || ' neither left our books nor have a case'
  FROM returns_exchange e JOIN returns_exchangeline x ON x.exchange_id = e.id
 WHERE e.status = 'shipped'
   AND NOT EXISTS (SELECT 1 FROM inventory_stockmove m WHERE m.effect_key = 'ship:' || e.id || ':' || x.id)
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.dedupe_key = 'exchange_stock_differs:' || e.id)
"""

ENDINGS = """
SELECT 'return ' || t.number, t.status || ', and exchange ' || e.id || ' is ' || e.status
  FROM returns_return t JOIN returns_exchange e ON e.rma_id = t.id
 WHERE (t.status = 'closed' AND e.status IN ('proposed', 'reserved', 'awaiting_payment', 'released'))
    OR (t.status IN ('canceled', 'expired') AND e.status NOT IN ('converted', 'canceled'))
"""

STATES = """
WITH said(type, status) AS (VALUES
    ('exchange.proposed', 'proposed'), ('exchange.reserved', 'reserved'),
    ('exchange.payment_awaited', 'awaiting_payment'), ('exchange.paid', 'reserved'),
    ('exchange.stock_lost', 'proposed'), ('exchange.released', 'released'), ('exchange.shipped', 'shipped'),
    ('exchange.converted', 'converted'), ('exchange.canceled', 'canceled')
), latest AS (
    SELECT DISTINCT ON (v.subject_id) v.subject_id, said.status
      FROM events_event v JOIN said ON said.type = v.type WHERE v.subject_type = 'exchange'
     ORDER BY v.subject_id, v.position DESC
)
SELECT 'exchange ' || e.id, 'is ' || e.status || ', its last event says ' || coalesce(l.status, 'nothing')
  FROM returns_exchange e LEFT JOIN latest l ON l.subject_id = e.id WHERE e.status <> coalesce(l.status, '')
"""

OWED = """
SELECT 'exchange ' || e.id, 'is released, and no connection is owed it and no case says so'
  FROM returns_exchange e
 WHERE e.status = 'released'
   AND NOT EXISTS (SELECT 1 FROM events_delivery d
                    WHERE d.operation = 'exchange.ship' AND d.effect_key = 'ship:' || e.id)
   -- Each key in a condition of its own: the two of them in one would compare every exchange with every case.
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.dedupe_key = 'exchange_unrouted:' || e.id)
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.dedupe_key = 'exchange_not_shipped:' || e.id)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("each unit is refunded or exchanged, once", ONCE, invariant="9", parameters=LIVE)
    register_sql_audit("exchanged units are those of shipped exchanges", COUNTED, invariant="9")
    register_sql_audit("both gross sides of an exchange are their components", SIDES, invariant="10")
    register_sql_audit(
        "credits of exchanges within the worth of their units", WITHIN_PAID, invariant="8", parameters={}
    )
    register_sql_audit("balances of exchanges paid once, refunded once", SETTLED, invariant="1", parameters=LIVE)
    register_sql_audit("one memo for the gross credit of an exchange", MEMOS, invariant="11")
    register_sql_audit("goods of exchanges are held until they go", HELD, invariant="14")
    register_sql_audit("no return ends with a live exchange", ENDINGS, invariant="12")
    register_sql_audit("exchanges stand where their last event says", STATES, invariant="15")
    register_sql_audit("released exchanges are on their way or a case", OWED)
