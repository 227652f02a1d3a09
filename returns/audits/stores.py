"""Stores and carriers: what a till told is there whole; what no payment bears is a case."""

from retailops.lib.audit import register_sql_audit

PAYOUTS = """
SELECT 'till refunds of proposal ' || t.proposal, 'reserve ' || t.reserved || ', observed refunds sum to '
       || coalesce(r.amount, 0)
  FROM (SELECT proposal, sum(reserved) AS reserved FROM returns_tillrefund WHERE proposal IS NOT NULL
         GROUP BY proposal) t
  LEFT JOIN (SELECT proposal, sum(amount) AS amount FROM returns_refund WHERE superseded_by_id IS NULL
              GROUP BY proposal) r
    ON r.proposal = t.proposal
 WHERE t.reserved <> coalesce(r.amount, 0)
UNION ALL
SELECT 'till refund ' || t.reference, 'no payment bears ' || t.excess || ' of it, and no case says so'
  FROM returns_tillrefund t JOIN inventory_location l ON l.id = t.location_id
 WHERE t.excess > 0
   AND NOT EXISTS (SELECT 1 FROM cases_case c
                    WHERE c.dedupe_key = left('over_refund:' || l.code || ':' || t.reference, 200))
"""

ITEMS = """
SELECT 'store item ' || i.external_id, 'taken in, and its goods have no receipt'
  FROM returns_storebatchitem i
 WHERE i.status <> 'refused' AND NOT EXISTS (SELECT 1 FROM returns_receipt r WHERE r.rma_id = i.rma_id)
UNION ALL
SELECT 'store item ' || i.external_id, 'does not fit, and no case says so'
  FROM returns_storebatchitem i JOIN inventory_location l ON l.id = i.location_id
 WHERE i.status = 'conflict'
   AND NOT EXISTS (SELECT 1 FROM cases_case c
                    WHERE c.dedupe_key = left('store_conflict:' || l.code || ':' || i.external_id, 200))
UNION ALL
SELECT 'store batch ' || i.batch_id, 'item ' || i.position || ' was refused, and no case says so'
  FROM returns_storebatchitem i
 WHERE i.status = 'refused'
   AND NOT EXISTS (SELECT 1 FROM cases_case c
                    WHERE c.dedupe_key = 'store_item_refused:' || i.batch_id || ':' || i.position)
"""

SENT_OUT = """
SELECT 'return ' || r.number, 'has a drop-off code, and is ' || r.kind
  FROM returns_dropoffcode d JOIN returns_return r ON r.id = d.rma_id WHERE r.kind <> 'drop_off'
UNION ALL
SELECT 'return ' || r.number, 'is a draft, and takes units'
  FROM returns_return r JOIN returns_returnline l ON l.rma_id = r.id
 WHERE r.status = 'draft' AND (l.units <> '[]'::jsonb OR l.authorized > 0)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("payouts of tills are reserved or a case", PAYOUTS, invariant="1")
    register_sql_audit("what an offline till told is there whole", ITEMS, invariant="18")
    register_sql_audit("drafts take no units; codes are of drop-offs", SENT_OUT, invariant="2")
