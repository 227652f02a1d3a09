"""Proofs over the whole database of what reconciliation promises."""

from retailops.lib.audit import register_sql_audit

WITH_CASE = """
SELECT 'discrepancy ' || d.id, 'open without an open case'
  FROM reconciliation_discrepancy d LEFT JOIN cases_case c ON c.id = d.case_id AND c.status = 'open'
 WHERE d.status = 'open' AND c.id IS NULL
UNION ALL
SELECT 'discrepancy ' || d.id, 'settled, and its case is open'
  FROM reconciliation_discrepancy d JOIN cases_case c ON c.id = d.case_id AND c.status = 'open'
 WHERE d.status = 'resolved' AND c.opened_at <= d.resolved_at
   AND NOT EXISTS (SELECT 1 FROM cases_casenote n WHERE n.case_id = c.id AND n.kind = 'reopened')
"""

EXPLAINED = """
SELECT 'discrepancy ' || id, 'settled without evidence'
  FROM reconciliation_discrepancy WHERE status = 'resolved' AND evidence = '{}'
"""

NETS = """
SELECT 'match ' || p.match_id, 'does not net to nothing in ' || p.currency FROM (
    SELECT a.match_id, i.currency, CASE i.side WHEN 'A' THEN a.amount ELSE -a.amount END AS amount
      FROM reconciliation_allocation a JOIN reconciliation_item i ON i.id = a.item_id
    UNION ALL SELECT match_id, currency, amount FROM reconciliation_matchadjustment
) p GROUP BY p.match_id, p.currency HAVING sum(p.amount) <> 0
UNION ALL
SELECT 'match ' || m.id, 'is not sealed' FROM reconciliation_match m
 WHERE NOT EXISTS (SELECT 1 FROM reconciliation_matchseal s WHERE s.match_id = m.id)
UNION ALL
SELECT 'match ' || m.id, 'takes fewer than two items' FROM reconciliation_match m
 WHERE (SELECT count(*) FROM reconciliation_allocation a WHERE a.match_id = m.id) < 2
"""

WITHIN = """
SELECT 'item ' || i.id, 'is allocated beyond its amount' FROM reconciliation_item i
  JOIN (SELECT item_id, sum(amount) AS taken FROM reconciliation_allocation GROUP BY item_id) t ON t.item_id = i.id
 WHERE t.taken * sign(i.amount) < 0 OR abs(t.taken) > abs(i.amount)
"""

OPEN = """
SELECT 'item ' || coalesce(o.item_id, r.id), 'open is ' || coalesce(o.remaining, 0) || ', not ' || coalesce(r.rest, 0)
  FROM (SELECT i.id, i.lane, i.side, i.due_on, i.amount - coalesce(sum(a.amount), 0) AS rest
          FROM reconciliation_item i LEFT JOIN reconciliation_allocation a ON a.item_id = i.id
         WHERE i.lane IN ('payment', 'erp_memo', 'gift_card', 'tax') GROUP BY i.id
        HAVING i.amount <> coalesce(sum(a.amount), 0)) r
  FULL JOIN reconciliation_openitem o ON o.item_id = r.id
 WHERE (o.lane, o.side, o.remaining, o.due_on) IS DISTINCT FROM (r.lane, r.side, r.rest, r.due_on)
"""

LINES = """
SELECT 'file ' || f.id, 'has ' || f.lines || ' lines, and ' || count(r.id) || ' are accounted for'
  FROM reconciliation_importfile f LEFT JOIN reconciliation_rawline r ON r.file_id = f.id
 GROUP BY f.id HAVING f.lines <> count(r.id)
UNION ALL
SELECT 'line ' || r.line || ' of file ' || r.file_id, 'is said to be an item, and is none'
  FROM reconciliation_rawline r WHERE r.fate IN ('item', 'unmapped')
   AND NOT EXISTS (SELECT 1 FROM reconciliation_item i WHERE i.file_id = r.file_id AND i.line = r.line)
UNION ALL
SELECT 'item ' || i.id, 'is of no line of its file' FROM reconciliation_item i
 WHERE i.file_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM reconciliation_rawline r WHERE r.file_id = i.file_id AND r.line = i.line
       AND r.fate IN ('item', 'unmapped'))
UNION ALL
SELECT 'file ' || f.id, 'has ' || f.items || ' items, and ' || count(i.id) || ' are there'
  FROM reconciliation_importfile f LEFT JOIN reconciliation_item i ON i.file_id = f.id
 GROUP BY f.id HAVING f.items <> count(i.id)
"""

BATCHES = """
SELECT 'payout ' || b.id, 'its lines come to ' || coalesce(sum(i.amount), 0) || ', not ' || b.lines_net
  FROM reconciliation_settlementbatch b
  LEFT JOIN reconciliation_item i ON i.batch_id = b.id AND i.lane <> 'payout'
 GROUP BY b.id HAVING b.lines_net <> coalesce(sum(i.amount), 0)
"""

KEYS = """
SELECT 'key ' || k.id, 'is on another side than its item' FROM reconciliation_itemkey k
  JOIN reconciliation_item i ON i.id = k.item_id WHERE k.side <> i.side
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("discrepancies and their cases end together", WITH_CASE, invariant="20")
    register_sql_audit("every discrepancy ends with evidence", EXPLAINED, invariant="20")
    register_sql_audit("each match is sealed and nets to nothing in each currency", NETS)
    register_sql_audit("no item is allocated beyond its amount", WITHIN)
    register_sql_audit("what is open is what is not matched in full", OPEN)
    register_sql_audit("each line of a file is accounted for", LINES)
    register_sql_audit("a payout's lines come to what is kept of it", BATCHES)
    register_sql_audit("keys stand on the side of their items", KEYS)
