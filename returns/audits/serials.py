"""Numbers that were read on units: no more than units, and of those units."""

from retailops.lib.audit import register_sql_audit

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
    register_sql_audit("numbers read on arrival are of units that arrived", SERIALS_OF_RECEIPTS)
