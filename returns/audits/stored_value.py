"""Stored value: balances are sums of entries, each refund is credited once; marketplaces' money is as they told it."""

from retailops.lib.audit import register_sql_audit

BALANCES = """
SELECT 'account ' || a.id, 'balance ' || a.balance || ', entries ' || coalesce(e.total, 0)
  FROM returns_storedaccount a
  LEFT JOIN (SELECT account_id, sum(amount) AS total, count(*) AS booked FROM returns_storedentry GROUP BY account_id) e
    ON e.account_id = a.id
 WHERE a.balance <> coalesce(e.total, 0) OR a.booked <> coalesce(e.booked, 0)
UNION ALL
SELECT 'entry ' || id, 'leaves ' || balance_after || ', the entries until then sum to ' || running
  FROM (SELECT id, balance_after, sum(amount) OVER (PARTITION BY account_id ORDER BY number) AS running
          FROM returns_storedentry) e
 WHERE balance_after <> running
UNION ALL
SELECT 'account ' || id, 'is ' || status || ', and ' || balance || ' is left on it'
  FROM returns_storedaccount WHERE status <> 'active' AND balance <> 0
UNION ALL
SELECT 'entry ' || e.id, 'in ' || e.currency || ' on an account in ' || a.currency
  FROM returns_storedentry e JOIN returns_storedaccount a ON a.id = e.account_id WHERE e.currency <> a.currency
"""

# What a refund that went into the ledger is worth there: its amount and bonus while it stands, nothing once reversed.
CREDITED = """
WITH booked AS (
    SELECT refund_id, sum(amount) AS total, count(*) FILTER (WHERE kind IN ('issue', 'restore')) AS times
      FROM returns_storedentry WHERE refund_id IS NOT NULL GROUP BY refund_id
), ledger AS (
    SELECT r.id, r.status, r.amount + r.bonus AS credited
      FROM returns_refund r JOIN returns_payment p ON p.id = r.payment_id
     WHERE (r.destination <> 'tender' OR p.gateway = 'stored_value')
       -- What a till paid out in cash stands against a payment, and the customer has it: nothing is restored.
       AND NOT EXISTS (SELECT 1 FROM returns_tillrefund t WHERE t.proposal = r.proposal)
)
SELECT 'refund ' || l.id, 'is ' || l.status || ' of ' || l.credited || ', the ledger holds ' || coalesce(b.total, 0)
       || ' in ' || coalesce(b.times, 0) || ' credits'
  FROM ledger l LEFT JOIN booked b ON b.refund_id = l.id
 WHERE coalesce(b.total, 0) <> CASE WHEN l.status = 'succeeded' THEN l.credited ELSE 0 END OR coalesce(b.times, 0) > 1
UNION ALL
SELECT 'refund ' || b.refund_id, 'goes through a gateway, and the ledger holds ' || b.total
  FROM booked b WHERE NOT EXISTS (SELECT 1 FROM ledger l WHERE l.id = b.refund_id)
"""

UNDONE_ONCE = """
SELECT 'entry ' || v.id, 'undoes ' || e.amount || ' by ' || v.amount
  FROM returns_storedentry v JOIN returns_storedentry e ON e.id = v.reverses_id
 WHERE v.amount <> -e.amount OR v.account_id <> e.account_id OR v.kind <> 'void'
"""

OBSERVED = """
SELECT 'refund ' || r.id, 'of ' || r.amount || ' is ' || r.status || ', and its marketplace told '
       || coalesce(o.amount::text, 'nothing')
  FROM returns_refund r JOIN returns_payment p ON p.id = r.payment_id
  LEFT JOIN returns_observedrefund o ON o.refund_id = r.id
 WHERE r.destination = 'tender' AND 'marketplace' IN (p.tender, p.gateway)
   AND CASE WHEN o.id IS NULL THEN r.status IN ('succeeded', 'submitting', 'unknown')
            ELSE o.payment_id <> r.payment_id OR r.status IN ('pending', 'approved')
                 OR (r.amount <> o.amount AND NOT EXISTS (
                        SELECT 1 FROM cases_case c WHERE c.subject_id = r.id AND c.kind = 'marketplace_differs')) END
UNION ALL
SELECT 'observed refund ' || o.external_id, 'of ' || o.amount || ' settles no refund, and no case says so'
  FROM returns_observedrefund o
 WHERE o.refund_id IS NULL
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.dedupe_key = 'marketplace_unexpected:' || o.id)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("stored value balances equal the sum of their entries", BALANCES, invariant="19")
    register_sql_audit("stored value is credited once for each refund", CREDITED, invariant="9")
    register_sql_audit("an entry of stored value is undone once, by its opposite", UNDONE_ONCE, invariant="14")
    register_sql_audit("marketplace refunds are as the marketplace told", OBSERVED, invariant="14")
