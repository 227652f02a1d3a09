"""History: a state is what its last event says; nothing was lost on the way out."""

from retailops.lib.audit import register_sql_audit

REFUND_STATES = """
WITH said(type, status) AS (VALUES
    ('refund.proposed', 'proposed'), ('refund.approval_requested', 'pending_approval'), ('refund.approved', 'approved'),
    ('refund.denied', 'denied'), ('refund.submitted', 'submitting'), ('refund.outcome_unknown', 'unknown'),
    ('refund.pending', 'pending'), ('refund.action_required', 'requires_action'), ('refund.succeeded', 'succeeded'),
    ('refund.failed', 'failed'), ('refund.reversed', 'reversed'), ('refund.canceled', 'canceled'),
    ('refund.superseded', 'superseded')
), latest AS (
    SELECT DISTINCT ON (e.subject_id) e.subject_id, said.status
      FROM events_event e JOIN said ON said.type = e.type WHERE e.subject_type = 'refund'
     ORDER BY e.subject_id, e.position DESC
)
SELECT 'refund ' || r.id, 'is ' || r.status || ', its last event says ' || coalesce(l.status, 'nothing')
  FROM returns_refund r LEFT JOIN latest l ON l.subject_id = r.id
 WHERE l.status IS NULL OR (r.status <> l.status AND NOT (r.status = 'superseded'
                                                        AND l.status IN ('failed', 'canceled', 'reversed')))
"""

RETURN_STATES = """
WITH said(type, status) AS (VALUES
    ('return.drafted', 'draft'), ('return.draft_discarded', 'canceled'),
    ('return.requested', 'requested'), ('return.review_required', 'in_review'), ('return.authorized', 'authorized'),
    ('return.declined', 'declined'), ('return.canceled', 'canceled'), ('return.expired', 'expired'),
    ('return.reinstated', 'authorized'), ('return.closed', 'closed'), ('return.reopened', 'authorized')
), latest AS (
    SELECT DISTINCT ON (e.subject_id) e.subject_id, said.status
      FROM events_event e JOIN said ON said.type = e.type WHERE e.subject_type = 'return'
     ORDER BY e.subject_id, e.position DESC
)
SELECT 'return ' || r.number, 'is ' || r.status || ', its last event says ' || coalesce(l.status, 'nothing')
  FROM returns_return r LEFT JOIN latest l ON l.subject_id = r.id
 WHERE r.status <> coalesce(l.status, '')
   AND NOT (r.kind = 'blind' AND r.status = 'authorized' AND l.status = 'requested')
"""

BACKWARDS = """
SELECT 'refund ' || a.refund_id, 'told succeeded, and is ' || r.status
  FROM returns_refundattempt a JOIN returns_refund r ON r.id = a.refund_id
 WHERE a.outcome = 'succeeded' AND a.at >= r.submitted_at
   AND r.status IN ('submitting', 'unknown', 'pending', 'requires_action')
"""

OWED = """
SELECT 'refund ' || r.id, 'is submitting, and no connection is owed it and no case says so'
  FROM returns_refund r
 WHERE r.status = 'submitting'
   AND NOT EXISTS (SELECT 1 FROM events_delivery d
                    WHERE d.operation = 'refund.create' AND d.effect_key = 'refund:' || r.id || ':' || r.leg)
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.subject_id = r.id AND c.kind = 'refund_unrouted')
UNION ALL
SELECT 'credit memo ' || m.id, 'is queued, and no connection is owed it and no case says so'
  FROM returns_creditmemo m
 WHERE m.status = 'queued'
   AND NOT EXISTS (SELECT 1 FROM events_delivery d
                    WHERE d.operation = 'credit_memo.post' AND d.effect_key = 'memo:' || m.id)
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.dedupe_key = 'memo_unrouted:' || m.id)
UNION ALL
SELECT 'disposition ' || s.id, 'is ' || s.status || ', and no connection is owed it'
  FROM returns_dispositionslice s
 WHERE s.status IN ('decided', 'posting')
   AND NOT EXISTS (SELECT 1 FROM events_delivery d
                    WHERE d.operation = 'stock.place' AND d.effect_key = 'place:' || s.id)
"""

ARRIVALS_OWNED = """
SELECT 'receipt ' || r.scan_id, l.match || ' units of ' || l.sku || ' without a case'
  FROM returns_receiptline l JOIN returns_receipt r ON r.id = l.receipt_id
 WHERE l.match <> 'expected' AND r.reverses_id IS NULL
   AND NOT EXISTS (SELECT 1 FROM cases_case c
                    WHERE c.subject_id = r.rma_id AND c.evidence->>'scan_id' = r.scan_id)
UNION ALL
SELECT 'return ' || t.number, 'blind, and never had a case'
  FROM returns_return t
 WHERE t.kind = 'blind'
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.subject_id = t.id AND c.kind = 'blind_return')
UNION ALL
SELECT 'return ' || t.number, 'blind, without a receipt'
  FROM returns_return t
 WHERE t.kind = 'blind' AND NOT EXISTS (SELECT 1 FROM returns_receipt r WHERE r.rma_id = t.id)
"""

CASES_END = """
SELECT 'case ' || id, 'resolved without actor, reason or evidence'
  FROM cases_case
 WHERE status = 'resolved' AND (resolved_by = '' OR resolution_reason = '' OR resolution_evidence = '{}'::jsonb)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("refunds stand where their last event says", REFUND_STATES, invariant="15")
    register_sql_audit("returns stand where their last event says", RETURN_STATES, invariant="15")
    register_sql_audit("no refund stands behind what its gateway said", BACKWARDS, invariant="15")
    register_sql_audit("what is owed to other systems is on its way or a case", OWED)
    register_sql_audit("every parcel has a receipt and an owner", ARRIVALS_OWNED, invariant="18")
    register_sql_audit("every case ends with actor, reason and evidence", CASES_END, invariant="20")
