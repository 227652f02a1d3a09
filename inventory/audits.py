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

RESERVED = """
WITH held AS (
    SELECT sku, location_id, 'sellable' AS disposition, sum(quantity) AS units
      FROM inventory_reservation WHERE status = 'held' GROUP BY sku, location_id
)
SELECT 'stock ' || sku || ' in ' || disposition,
       'counts ' || coalesce(b.reserved, 0) || ' reserved of ' || coalesce(b.quantity, 0) || ', reservations hold '
       || coalesce(h.units, 0)
  FROM inventory_stockbalance b FULL JOIN held h USING (sku, location_id, disposition)
 WHERE coalesce(b.reserved, 0) <> coalesce(h.units, 0) OR coalesce(h.units, 0) > coalesce(b.quantity, 0)
    AND coalesce(h.units, 0) > 0
"""
CONSUMED = """
SELECT 'reservation ' || r.id, 'consumed ' || r.quantity || ' of ' || r.sku || ', moves took ' || coalesce(m.units, 0)
  FROM (SELECT subject_id, sku, location_id, sum(quantity) AS quantity, min(id::text) AS id
          FROM inventory_reservation WHERE status = 'consumed' GROUP BY subject_id, sku, location_id) r
  LEFT JOIN (SELECT subject_id, sku, source_location_id AS location_id, sum(quantity) AS units
               FROM inventory_stockmove WHERE transition_id = 'sellable>external'
              GROUP BY subject_id, sku, source_location_id) m USING (subject_id, sku, location_id)
 WHERE r.quantity > coalesce(m.units, 0)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("stock balances equal the sum of their moves", BALANCES, invariant="19")
    register_sql_audit("stock moves only between legal dispositions", TRANSITIONS, invariant="6")
    register_sql_audit("reserved stock is what reservations hold, within the sellable", RESERVED, invariant="19")
    register_sql_audit("consumed reservations went out of the house", CONSUMED, invariant="14")
