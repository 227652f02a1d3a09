"""Customers: one owner of each name, merges that can be followed and undone, erased is erased."""

from retailops.lib.audit import register_sql_audit

WHERE_THEY_WENT = """
SELECT 'customer ' || c.id, 'merged, and ' || found.what || ' ' || found.id || ' is still there'
  FROM returns_customer c JOIN (
    SELECT customer_id, 'order' AS what, id::text FROM returns_order
    UNION ALL SELECT customer_id, 'return', id::text FROM returns_return
    UNION ALL SELECT customer_id, 'identity', id::text FROM returns_customeridentity
    UNION ALL SELECT customer_id, 'key', id::text FROM returns_customerkey
  ) found ON found.customer_id = c.id
 WHERE c.merged_into_id IS NOT NULL
UNION ALL
SELECT 'return ' || r.number, 'its customer is ' || coalesce(r.customer_id::text, 'nobody') || ', of its order '
       || coalesce(o.customer_id::text, 'nobody')
  FROM returns_return r JOIN returns_order o ON o.id = r.order_id WHERE r.customer_id IS DISTINCT FROM o.customer_id
UNION ALL
SELECT 'order ' || o.id, 'bought by a name of customer ' || i.customer_id || ''
  FROM returns_order o JOIN returns_customeridentity i ON i.id = o.identity_id
 WHERE i.customer_id IS DISTINCT FROM o.customer_id
"""

LOGGED = """
SELECT 'customer ' || c.id, 'merged into ' || coalesce(c.merged_into_id::text, 'nobody') || ', the log says '
       || coalesce(m.winner_id::text, 'nobody')
  FROM returns_customer c FULL JOIN (
    SELECT m.loser_id, m.winner_id FROM returns_customermerge m
     WHERE NOT EXISTS (SELECT 1 FROM returns_customerunmerge u WHERE u.merge_id = m.id)
  ) m ON m.loser_id = c.id
 WHERE c.merged_into_id IS DISTINCT FROM m.winner_id
"""

SURVIVED = """
WITH latest AS (
    SELECT DISTINCT ON (customer_id, field) customer_id, field, value
      FROM returns_survivor ORDER BY customer_id, field, id DESC
)
SELECT 'customer ' || c.id, 'holds another ' || s.field || ' than the one that is recorded to have won'
  FROM returns_customer c JOIN latest s ON s.customer_id = c.id
 WHERE c.erased_at IS NULL AND s.value <> '[erased]'
   AND s.value <> CASE s.field WHEN 'name' THEN c.name WHEN 'email' THEN c.email WHEN 'phone' THEN c.phone
                               WHEN 'loyalty_id' THEN c.loyalty_id ELSE c."group" END
"""

ERASED = """
SELECT 'customer ' || c.id, 'erased, and something is known of it' FROM returns_customer c
 WHERE c.erased_at IS NOT NULL
   AND (c.name <> '' OR c.email <> '' OR c.phone <> '' OR c.loyalty_id <> ''
        OR EXISTS (SELECT 1 FROM returns_customerkey k WHERE k.customer_id = c.id)
        OR EXISTS (SELECT 1 FROM returns_customerclaim k JOIN returns_customeridentity i ON i.id = k.identity_id
                    WHERE i.customer_id = c.id)
        OR EXISTS (SELECT 1 FROM returns_survivor s WHERE s.customer_id = c.id AND s.value NOT IN ('', '[erased]')))
UNION ALL
SELECT 'customer ' || c.id, 'erased without the proof of it' FROM returns_customer c
 WHERE c.erased_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM returns_customererasure e WHERE e.customer_id = c.id)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("a merged customer's orders, returns and names are where it went", WHERE_THEY_WENT)
    register_sql_audit("merges are as their log says", LOGGED)
    register_sql_audit("customers hold what is recorded to have won", SURVIVED)
    register_sql_audit("erased customers are erased", ERASED)
