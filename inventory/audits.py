"""Proofs over stock: what is stored as a balance is the sum of the moves."""

from retailops.lib.audit import register_sql_audit

BALANCES = """
WITH summed AS (
    SELECT sku, location_id, disposition, sum(quantity) AS quantity FROM (
        SELECT sku, target_location_id AS location_id, target AS disposition, quantity::bigint FROM inventory_stockmove
        UNION ALL
        SELECT sku, source_location_id, source, -quantity::bigint FROM inventory_stockmove
    ) moved GROUP BY sku, location_id, disposition
)
SELECT 'stock ' || sku || ' in ' || disposition,
       'balance ' || coalesce(b.quantity, 0) || ', moves say ' || coalesce(s.quantity, 0)
  FROM inventory_stockbalance b FULL JOIN summed s USING (sku, location_id, disposition)
 WHERE coalesce(b.quantity, 0) <> coalesce(s.quantity, 0)
"""
TRANSITIONS = """
SELECT 'move ' || id, 'refers to ' || transition_id || ' but went ' || source || '>' || target
  FROM inventory_stockmove WHERE transition_id <> source || '>' || target
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("stock balances equal the sum of their moves", BALANCES, invariant="19")
    register_sql_audit("stock moves only between legal dispositions", TRANSITIONS, invariant="6")
