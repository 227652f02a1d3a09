"""Money: reserved within captured, exact to the unit, paid once."""

from retailops.lib.audit import register_sql_audit
from returns.enums import LIVE_REFUNDS

LIVE = {"live": [str(status) for status in LIVE_REFUNDS]}

# A bank takes what it takes: where that meets refunds that were paid, a case must say so.
CASE_OF_BOTH = """EXISTS (
    SELECT 1 FROM cases_case k JOIN returns_refund f ON f.payment_id = p.id
       AND k.dedupe_key = 'refund_plus_chargeback:' || f.rma_id || ':' || p.id)"""

WITHIN_CAPTURED = """
SELECT 'payment ' || p.id, 'captured ' || p.captured || ', charged back ' || p.charged_back || ', refunds ' || r.held
  FROM returns_payment p
  JOIN (SELECT payment_id, sum(amount) AS held FROM returns_refund WHERE status = ANY(%(live)s) GROUP BY payment_id) r
    ON r.payment_id = p.id
 WHERE r.held + p.charged_back > p.captured AND (r.held > p.captured OR NOT CASE_OF_BOTH)
UNION ALL
SELECT 'order ' || o.order_id, 'captured ' || o.captured || ', refunds and chargebacks ' || o.gone FROM (
    SELECT p.order_id, sum(p.captured) AS captured, sum(coalesce(r.held, 0) + p.charged_back) AS gone,
           sum(coalesce(r.held, 0)) AS held, bool_or(p.charged_back > 0 AND CASE_OF_BOTH) AS told
      FROM returns_payment p
      LEFT JOIN (SELECT payment_id, sum(amount) AS held FROM returns_refund WHERE status = ANY(%(live)s)
                  GROUP BY payment_id) r ON r.payment_id = p.id
     GROUP BY p.order_id) o
 WHERE o.held > 0 AND o.gone > o.captured AND (o.held > o.captured OR NOT o.told)
""".replace("CASE_OF_BOTH", CASE_OF_BOTH)

# The worth of units is largest remainder in closed form: k units of n are worth k * (t / n) + min(k, t mod n).
WITHIN_PAID = """
WITH live AS (
    SELECT id, proposal FROM returns_refund WHERE status = ANY(%(live)s)
), alive AS (
    SELECT DISTINCT proposal FROM live
), granted AS (
    SELECT live.proposal, c.order_line_id, sum(c.amount) AS amount
      FROM live JOIN returns_refundcomponent c ON c.refund_id = live.id
     WHERE c.order_line_id IS NOT NULL AND c.kind IN ('item', 'tax', 'duty') GROUP BY live.proposal, c.order_line_id
), paid_for AS (
    SELECT DISTINCT r.proposal, rl.order_line_id, (u->>0)::bigint AS a, (u->>1)::bigint AS b
      FROM alive JOIN returns_refund r ON r.proposal = alive.proposal
      JOIN returns_refundline l ON l.refund_id = r.id
      JOIN returns_returnline rl ON rl.id = l.line_id, jsonb_array_elements(l.units) u
), amounts AS (
    SELECT id, quantity::bigint AS n, net AS t FROM returns_orderline
    UNION ALL SELECT id, quantity, duty FROM returns_orderline WHERE duty > 0
    UNION ALL SELECT o.id, o.quantity, (x->>'amount')::bigint FROM returns_orderline o, jsonb_array_elements(o.taxes) x
               WHERE NOT (x->>'included')::boolean
), worth AS (
    SELECT p.proposal, p.order_line_id,
           sum((b - a) * (t / n) + least(b, t %% n) - least(a, t %% n)) AS amount
      FROM paid_for p JOIN amounts ON amounts.id = p.order_line_id GROUP BY p.proposal, p.order_line_id
)
SELECT 'refunds of proposal ' || g.proposal,
       'order line ' || g.order_line_id || ': granted ' || g.amount || ', its units are worth ' || coalesce(w.amount, 0)
  FROM granted g LEFT JOIN worth w USING (proposal, order_line_id)
 WHERE g.amount > coalesce(w.amount, 0)
"""

BEYOND_POLICY = """
SELECT 'refund ' || r.id, 'beyond policy without a used approval'
  FROM returns_refund r LEFT JOIN cases_approval a ON a.id = r.approval_id
 WHERE r.status NOT IN ('proposed', 'pending_approval', 'denied')
   AND NOT (r.status = 'superseded' AND a.status = 'voided')
   AND r.facts ? 'broken' AND coalesce(a.status, '') <> 'consumed'
UNION ALL
SELECT 'refund ' || c.refund_id, 'a manual amount without the rule that it breaks'
  FROM returns_refundcomponent c JOIN returns_refund r ON r.id = c.refund_id
 WHERE c.kind = 'manual' AND c.code = 'manual' AND c.amount > 0
   AND (r.facts->>'requested')::bigint > (r.facts->>'permitted')::bigint AND NOT r.facts ? 'broken'
"""

ONCE = """
WITH claims AS (
    SELECT DISTINCT l.line_id, r.proposal, (u->>0)::int AS a, (u->>1)::int AS b
      FROM returns_refundline l JOIN returns_refund r ON r.id = l.refund_id, jsonb_array_elements(l.units) u
     WHERE r.proposal IN (SELECT proposal FROM returns_refund WHERE status = ANY(%(live)s))
), ordered AS (
    SELECT line_id, a, max(b) OVER (PARTITION BY line_id ORDER BY a, b, proposal
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM claims
)
SELECT 'return line ' || line_id, 'unit ' || a || ' is refunded twice' FROM ordered WHERE before > a
UNION ALL
SELECT 'return line ' || c.line_id, 'refunds units ' || c.a || ' to ' || c.b || ', which are not on the line'
  FROM claims c JOIN returns_returnline l ON l.id = c.line_id
 WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements(l.units) u
                    WHERE (u->>0)::int <= c.a AND (u->>1)::int >= c.b)
"""

COMPONENTS = """
SELECT 'refund ' || r.id, 'amount ' || r.amount || ' and bonus ' || r.bonus || ', components ' || coalesce(c.total, 0)
       || ' and ' || coalesce(c.bonus, 0)
  FROM returns_refund r
  LEFT JOIN (SELECT refund_id, coalesce(sum(amount) FILTER (WHERE kind <> 'bonus'), 0) AS total,
                    coalesce(sum(amount) FILTER (WHERE kind = 'bonus'), 0) AS bonus
               FROM returns_refundcomponent GROUP BY refund_id) c ON c.refund_id = r.id
 WHERE r.amount <> coalesce(c.total, 0) OR r.bonus <> coalesce(c.bonus, 0)
"""

SHIPPING = """
SELECT 'order ' || o.id, c.kind || ': charged ' || CASE c.kind WHEN 'shipping' THEN o.shipping_charged
                                                          ELSE o.shipping_tax END || ', refunded ' || c.total
  FROM returns_order o JOIN (
    SELECT t.order_id, c.kind, sum(c.amount) AS total
      FROM returns_refundcomponent c JOIN returns_refund r ON r.id = c.refund_id
      JOIN returns_return t ON t.id = r.rma_id
     WHERE c.kind IN ('shipping', 'shipping_tax') AND r.status = ANY(%(live)s) GROUP BY t.order_id, c.kind
  ) c ON c.order_id = o.id
 WHERE c.total > CASE c.kind WHEN 'shipping' THEN o.shipping_charged ELSE o.shipping_tax END
"""

CURRENCY = """
SELECT 'refund ' || r.id, r.currency || ' of a payment in ' || p.currency
  FROM returns_refund r JOIN returns_payment p ON p.id = r.payment_id WHERE r.currency <> p.currency
UNION ALL
SELECT 'refund ' || r.id, 'paid from a payment of another order'
  FROM returns_refund r JOIN returns_payment p ON p.id = r.payment_id JOIN returns_return t ON t.id = r.rma_id
 WHERE p.order_id IS DISTINCT FROM t.order_id
"""

ONE_EFFECT = """
SELECT 'gateway ' || p.gateway, 'reference ' || r.external_reference || ' stands for ' || count(*) || ' refunds'
  FROM returns_refund r JOIN returns_payment p ON p.id = r.payment_id
 WHERE r.external_reference <> '' AND r.status NOT IN ('failed', 'superseded', 'canceled')
 GROUP BY p.gateway, r.external_reference HAVING count(*) > 1
UNION ALL
SELECT 'effect ' || business_key, 'confirmed at ' || count(*) || ' destinations'
  FROM events_effect WHERE kind = 'refund' AND status = 'confirmed' GROUP BY business_key HAVING count(*) > 1
"""

DOUBT_IS_RESERVED = """
SELECT 'refund ' || r.id, 'its delivery is in doubt, and the refund is ' || r.status
  FROM events_delivery d JOIN returns_refund r ON d.effect_key = 'refund:' || r.id || ':' || r.leg
 WHERE d.operation = 'refund.create' AND d.status = 'in_doubt' AND NOT r.status = ANY(%(live)s)
"""

MAKER_CHECKER = """
SELECT 'refund ' || id, 'approved by its requester ' || requested_by
  FROM returns_refund WHERE approved_by = requested_by
UNION ALL
SELECT 'refund ' || id, 'approved without a policy version or the facts'
  FROM returns_refund WHERE approved_by <> '' AND (policy_version = '' OR NOT facts ? 'permitted')
UNION ALL
SELECT 'refund ' || r.id, 'paid on an approval that is ' || a.status
  FROM returns_refund r JOIN cases_approval a ON a.id = r.approval_id
 WHERE r.status NOT IN ('pending_approval', 'denied') AND a.status <> 'consumed'
   AND NOT (r.status = 'superseded' AND a.status = 'voided')
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("live refunds and chargebacks within captured", WITHIN_CAPTURED, invariant="1", parameters=LIVE)
    register_sql_audit("line refunds within the worth of their units", WITHIN_PAID, invariant="8", parameters=LIVE)
    register_sql_audit("money beyond policy has a used approval", BEYOND_POLICY, invariant="8")
    register_sql_audit("each unit is refunded once", ONCE, invariant="9", parameters=LIVE)
    register_sql_audit("components sum to their refund", COMPONENTS, invariant="10")
    register_sql_audit("shipping refunded within what was charged", SHIPPING, parameters=LIVE)
    register_sql_audit("refund in its payment's currency, of its own order", CURRENCY, invariant="13")
    register_sql_audit("one outside effect for each refund", ONE_EFFECT, invariant="14")
    register_sql_audit("money in doubt stays reserved", DOUBT_IS_RESERVED, invariant="16", parameters=LIVE)
    register_sql_audit("approver is not requester; decisions keep policy and facts", MAKER_CHECKER, invariant="17")
