"""Chargebacks and overrides: what banks took is counted, nothing is paid beside a dispute or beyond its approval."""

from retailops.lib.audit import register_sql_audit

CHARGED_BACK = """
SELECT 'payment ' || p.id, 'charged back ' || p.charged_back || ', its chargebacks take ' || coalesce(c.taken, 0)
  FROM returns_payment p
  LEFT JOIN (SELECT payment_id, sum(amount) AS taken FROM returns_chargeback WHERE status IN ('opened', 'lost')
              GROUP BY payment_id) c ON c.payment_id = p.id
 WHERE p.charged_back <> coalesce(c.taken, 0)
UNION ALL
SELECT 'chargeback ' || c.id, c.currency || ' of a payment in ' || p.currency
  FROM returns_chargeback c JOIN returns_payment p ON p.id = c.payment_id WHERE c.currency <> p.currency
"""

REFUND_OF_DISPUTED = """
SELECT 'refund ' || r.id, 'is ' || r.status || ' on a payment that is disputed, and no case says so'
  FROM returns_refund r JOIN returns_chargeback c ON c.payment_id = r.payment_id AND c.status = 'opened'
 WHERE r.status IN ('proposed', 'pending_approval', 'approved')
    OR (r.status IN ('submitting', 'unknown', 'pending', 'requires_action') AND NOT EXISTS (
        SELECT 1 FROM cases_case k
         WHERE k.dedupe_key = 'refund_plus_chargeback:' || r.rma_id || ':' || r.payment_id))
"""

# Past its decision a refund beyond policy rests on an approval of exactly what it credits, bonus included, by a third
# party.
PAID_AS_APPROVED = """
SELECT 'refund ' || r.id, 'of ' || (r.amount + r.bonus) || ' rests on an approval of '
       || coalesce(a.amount::text, 'nothing') || ' that is ' || a.status || ' by ' || a.decided_by
  FROM returns_refund r JOIN cases_approval a ON a.id = r.approval_id
 WHERE r.status NOT IN ('proposed', 'pending_approval', 'denied', 'superseded')
   AND (a.status <> 'consumed' OR a.subject_id <> r.id OR a.amount IS DISTINCT FROM r.amount + r.bonus
        OR a.currency <> r.currency OR a.decided_by IN ('', r.requested_by))
UNION ALL
SELECT 'refund ' || o.refund_id, 'has an override, and its facts name no rule that it breaks'
  FROM returns_refundoverride o JOIN returns_refund r ON r.id = o.refund_id WHERE NOT r.facts ? 'broken'
UNION ALL
SELECT 'refund ' || r.id, 'breaks a rule, and no override says why'
  FROM returns_refund r
 WHERE r.facts ? 'broken' AND NOT EXISTS (SELECT 1 FROM returns_refundoverride o WHERE o.refund_id = r.id)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("charged back is what the chargebacks take", CHARGED_BACK, invariant="1")
    register_sql_audit("no refund goes beside a dispute in silence", REFUND_OF_DISPUTED, invariant="1")
    register_sql_audit("money beyond policy is what was approved", PAID_AS_APPROVED, invariant="17")
