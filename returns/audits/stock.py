"""What returns did to stock: nothing is sellable before a verdict, and serials are where their numbers were read."""

from retailops.lib.audit import register_sql_audit

# What leaves a verdict's place for the shelf went by an accepted verdict, and in its quantity.
NOT_BEFORE_INSPECTION = """
SELECT 'move ' || m.id, m.quantity || ' of ' || m.sku || ' became sellable without an accepted verdict'
  FROM inventory_stockmove m
  LEFT JOIN returns_dispositionslice s ON m.effect_key = 'place:' || s.id
 WHERE m.target = 'sellable' AND m.source IN ('in_transit', 'received', 'pending_inspection')
   AND NOT coalesce(s.accepted AND s.disposition = 'sellable' AND s.quantity = m.quantity, false)
"""
SERIALS_OF_RECEIPTS = """
SELECT 'receipt line ' || l.id, count(*) || ' numbers for ' || l.quantity || ' units'
  FROM returns_receiptline l JOIN returns_receiptserial s ON s.line_id = l.id
 GROUP BY l.id, l.quantity HAVING count(*) > l.quantity
UNION ALL
SELECT 'serial ' || s.serial, 'came with receipt line ' || l.id || ', and its unit took no part in that move'
  FROM returns_receiptserial s JOIN returns_receiptline l ON l.id = s.line_id
 WHERE s.unit_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM inventory_serialstep p JOIN inventory_stockmove m ON m.id = p.move_id
        WHERE p.unit_id = s.unit_id AND m.effect_key = 'receipt:' || l.receipt_id || ':' || l.id)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("nothing is sellable before inspection", NOT_BEFORE_INSPECTION, invariant="6")
    register_sql_audit("numbers read on arrival are of units that arrived", SERIALS_OF_RECEIPTS)
