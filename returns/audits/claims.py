"""Claims, fraud reviews and warranty: each unit once, each state what its last event says, money explained."""

from retailops.lib.audit import register_sql_audit

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


def register() -> None:
    """Register the audits."""
    register_sql_audit("each unit is claimed from its supplier once", CLAIMED_ONCE)
    register_sql_audit("goods of claims are what stock moved", CLAIM_GOODS)
    register_sql_audit("claims are worth their lines, and every difference is explained", CLAIM_MONEY)
    register_sql_audit("claims stand where their last event says", CLAIM_STATES, invariant="15")
    register_sql_audit("refused claims had an owner", CLAIM_TROUBLES)
