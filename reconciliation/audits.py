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


def register() -> None:
    """Register the audits."""
    register_sql_audit("discrepancies and their cases end together", WITH_CASE, invariant="20")
    register_sql_audit("every discrepancy ends with evidence", EXPLAINED, invariant="20")
