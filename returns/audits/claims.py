"""Claims, fraud reviews and warranty: each unit once, each state what its last event says, money explained."""

from retailops.lib.audit import register_sql_audit
from returns.enums import LIVE_REFUNDS

CLAIMED_ONCE = """
SELECT 'disposition ' || s.id, sum(l.quantity) || ' units claimed of ' || s.quantity || ', and it is ' || s.status
  FROM returns_claimline l JOIN returns_dispositionslice s ON s.id = l.slice_id
 WHERE l.live GROUP BY s.id HAVING sum(l.quantity) > s.quantity OR s.status = 'reversed'
"""

CLAIM_GOODS = """
WITH moved AS (
    SELECT subject_id, sku,
           coalesce(sum(quantity) FILTER (WHERE target = 'external'), 0) AS sent,
           coalesce(sum(quantity) FILTER (WHERE source = 'external'), 0) AS back
      FROM inventory_stockmove WHERE subject_type = 'claim' GROUP BY subject_id, sku
), counted AS (
    SELECT claim_id, sku, sum(sent) AS sent, sum(came_back) AS back FROM returns_claimline GROUP BY claim_id, sku
)
SELECT 'claim ' || c.claim_id, 'counts ' || c.sent || ' of ' || c.sku || ' sent and ' || c.back || ' back, stock says '
       || coalesce(m.sent, 0) || ' and ' || coalesce(m.back, 0)
  FROM counted c LEFT JOIN moved m ON m.subject_id = c.claim_id AND m.sku = c.sku
 WHERE c.sent <> coalesce(m.sent, 0) OR c.back <> coalesce(m.back, 0)
"""

CLAIM_MONEY = """
SELECT 'claim ' || c.number, 'is for ' || c.value || ', its lines are worth ' || l.worth
  FROM returns_supplierclaim c
  JOIN (SELECT claim_id, sum(quantity * unit_cost) AS worth FROM returns_claimline GROUP BY claim_id) l
    ON l.claim_id = c.id
 WHERE c.value <> l.worth
UNION ALL
SELECT 'claim ' || c.number, 'counts ' || c.credited || ' credited, its credits sum to ' || coalesce(n.total, 0)
  FROM returns_supplierclaim c
  LEFT JOIN (SELECT claim_id, sum(amount) AS total FROM returns_claimcredit GROUP BY claim_id) n ON n.claim_id = c.id
 WHERE c.credited <> coalesce(n.total, 0)
UNION ALL
SELECT 'claim ' || number, 'closed, and ' || (claimed - credited - written_off) || ' of it is neither credited nor '
       || 'written off'
  FROM returns_supplierclaim
 WHERE status = 'closed' AND sent_at IS NOT NULL AND claimed > credited + written_off
UNION ALL
SELECT 'claim ' || number, 'differs from its credits, and nobody said why'
  FROM returns_supplierclaim
 WHERE status IN ('credited', 'closed') AND sent_at IS NOT NULL AND claimed <> credited AND difference_reason = ''
"""

CLAIM_STATES = """
WITH latest AS (
    SELECT DISTINCT ON (e.subject_id) e.subject_id, e.data->>'status' AS status
      FROM events_event e WHERE e.subject_type = 'claim' AND e.type LIKE 'claim.%%'
     ORDER BY e.subject_id, e.position DESC
)
SELECT 'claim ' || c.number, 'is ' || c.status || ', its last event says ' || coalesce(l.status, 'nothing')
  FROM returns_supplierclaim c LEFT JOIN latest l ON l.subject_id = c.id
 WHERE c.status <> coalesce(l.status, '')
"""

CLAIM_TROUBLES = """
SELECT 'claim ' || c.number, 'was refused, and never had a case'
  FROM returns_supplierclaim c
 WHERE c.status = 'refused'
   AND NOT EXISTS (SELECT 1 FROM cases_case k WHERE k.subject_id = c.id AND k.kind = 'claim_refused')
"""

REVIEWS = """
WITH latest AS (
    SELECT DISTINCT ON (e.subject_id) e.subject_id, e.data->>'status' AS status
      FROM events_event e WHERE e.subject_type = 'fraud_review' AND e.type LIKE 'fraud_review.%%'
     ORDER BY e.subject_id, e.position DESC
)
SELECT 'fraud review ' || v.id, 'is ' || v.status || ', its last event says ' || coalesce(l.status, 'nothing')
  FROM returns_fraudreview v LEFT JOIN latest l ON l.subject_id = v.id WHERE v.status <> coalesce(l.status, '')
"""

HELD = """
SELECT 'return ' || r.number, 'is ' || r.status || ' while a fraud review holds it'
  FROM returns_fraudreview v JOIN returns_return r ON r.id = v.rma_id
 WHERE v.status = 'pending' AND v.proposal IS NULL AND r.status NOT IN ('requested', 'in_review')
UNION ALL
SELECT 'refund ' || f.id, 'is ' || f.status || ' while its fraud review is ' || v.status
  FROM returns_fraudreview v
  JOIN returns_refund f ON f.proposal = v.proposal AND coalesce(v.held->'refunds' ? f.id::text, true)
 WHERE (v.status = 'pending' AND f.status NOT IN ('proposed', 'denied'))
    OR (v.status = 'blocked' AND f.status <> 'denied')
UNION ALL
SELECT 'fraud review ' || v.id, 'is pending, and nothing waits for it'
  FROM returns_fraudreview v
 WHERE v.status = 'pending' AND v.proposal IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM returns_refund f WHERE f.proposal = v.proposal AND f.status = 'proposed')
UNION ALL
SELECT 'fraud review ' || v.id, 'cleared by who asked for it' FROM returns_fraudreview v
 WHERE v.status = 'cleared' AND v.decided_by = v.requested_by
UNION ALL
SELECT 'fraud review ' || v.id, 'waits, and never had a case'
  FROM returns_fraudreview v
 WHERE v.status = 'pending'
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.dedupe_key = 'fraud_review:' || v.id)
"""

WARRANTY_COUNTS = """
SELECT 'return line ' || l.id, 'counts ' || l.sent_back || ' sent back and ' || l.replaced || ' replaced, verdicts say '
       || coalesce(a.sent, 0) || ' and ' || coalesce(a.replaced, 0)
  FROM returns_returnline l
  LEFT JOIN (SELECT line_id, sum(quantity) FILTER (WHERE progress = 'sent_back') AS sent,
                    sum(quantity) FILTER (WHERE progress = 'replaced') AS replaced
               FROM returns_warrantyassessment GROUP BY line_id) a ON a.line_id = l.id
 WHERE l.sent_back <> coalesce(a.sent, 0) OR l.replaced <> coalesce(a.replaced, 0)
UNION ALL
SELECT 'return line ' || l.id, l.received || ' units came under warranty, assessments say ' || coalesce(a.units, 0)
  FROM returns_returnline l JOIN returns_return r ON r.id = l.rma_id
  LEFT JOIN (SELECT line_id, sum(quantity) AS units FROM returns_warrantyassessment GROUP BY line_id) a
    ON a.line_id = l.id
 WHERE r.kind = 'warranty' AND l.received <> coalesce(a.units, 0)
UNION ALL
SELECT 'return ' || r.number, 'closed, and ' || a.progress || ' units under warranty are not done'
  FROM returns_warrantyassessment a JOIN returns_return r ON r.id = a.rma_id
 WHERE r.status = 'closed'
   AND (a.status = 'pending' OR a.progress IN ('in_repair', 'repaired', 'to_send_back', 'replacement_due'))
"""

REPLACED = """
SELECT 'exchange ' || e.id, 'is ' || e.status || ' for ' || coalesce(x.units, 0) || ' units; its warranty is '
       || a.progress || ' for ' || a.quantity
  FROM returns_exchange e JOIN returns_warrantyassessment a ON a.id = e.assessment_id
  LEFT JOIN (SELECT exchange_id, sum(quantity) AS units, bool_or(wanted_quantity <> quantity) AS more,
                    min(line_id::text) AS line, count(*) AS lines
               FROM returns_exchangeline GROUP BY exchange_id) x ON x.exchange_id = e.id
 WHERE e.status NOT IN ('converted', 'canceled')
   AND (x.units IS DISTINCT FROM a.quantity OR x.more OR x.lines > 1 OR x.line <> a.line_id::text
        OR e.rma_id <> a.rma_id
        OR a.progress <> CASE e.status WHEN 'shipped' THEN 'replaced' ELSE 'replacement_due' END)
UNION ALL
SELECT 'assessment ' || a.id, 'promises a replacement that no exchange sends, and never had a case'
  FROM returns_warrantyassessment a
 WHERE a.progress = 'replacement_due'
   AND NOT EXISTS (SELECT 1 FROM returns_exchange e
                    WHERE e.assessment_id = a.id AND e.status NOT IN ('converted', 'canceled'))
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.dedupe_key = 'warranty_replacement:' || a.id)
"""

SETTLED_ONCE = """
SELECT 'return line ' || l.id, l.refunded || ' refunded, ' || l.exchanged || ' exchanged, ' || l.replaced
       || ' replaced, ' || l.sent_back || ' sent back of ' || (l.requested + l.over_approved)
  FROM returns_returnline l
 WHERE l.refunded + l.exchanged + l.replaced + l.sent_back > l.requested + l.over_approved
UNION ALL
SELECT 'return line ' || l.id, paid.units || ' units are being refunded, warranty granted ' || coalesce(a.units, 0)
  FROM returns_returnline l JOIN returns_return r ON r.id = l.rma_id
  JOIN (SELECT rl.line_id, sum(rl.quantity) AS units
          FROM returns_refundline rl JOIN returns_refund f ON f.id = rl.refund_id
         WHERE f.status = ANY(%(live)s) GROUP BY rl.line_id) paid ON paid.line_id = l.id
  LEFT JOIN (SELECT line_id, sum(quantity) AS units FROM returns_warrantyassessment WHERE progress = 'refunded'
              GROUP BY line_id) a ON a.line_id = l.id
 WHERE r.kind = 'warranty' AND paid.units > coalesce(a.units, 0)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("each unit is claimed from its supplier once", CLAIMED_ONCE)
    register_sql_audit("goods of claims are what stock moved", CLAIM_GOODS)
    register_sql_audit("claims are worth their lines, and every difference is explained", CLAIM_MONEY)
    register_sql_audit("claims stand where their last event says", CLAIM_STATES, invariant="15")
    register_sql_audit("refused claims had an owner", CLAIM_TROUBLES)
    register_sql_audit("fraud reviews stand where their last event says", REVIEWS, invariant="15")
    register_sql_audit("what a fraud review holds waits", HELD, invariant="17")
    register_sql_audit("warranty counts what it settled", WARRANTY_COUNTS, invariant="9")
    register_sql_audit("what replaces units under warranty follows its verdict", REPLACED, invariant="9")
    live = {"live": [str(status) for status in LIVE_REFUNDS]}
    register_sql_audit(
        "each unit is refunded, replaced or sent back once", SETTLED_ONCE, invariant="9", parameters=live
    )
