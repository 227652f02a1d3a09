"""What must hold over all cases and approvals, whatever happened."""

from retailops.lib.audit import register_sql_audit

_DEAD_IN_SILENCE = """
SELECT 'delivery/' || d.id, d.operation || ' is dead, and no case was ever opened for it'
FROM events_delivery d
WHERE d.status = 'dead' AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.delivery_id = d.id)
"""
_ENDED_BADLY = """
SELECT 'case/' || id, title || ' is resolved without actor, reason or evidence'
FROM cases_case
WHERE status = 'resolved' AND (resolved_by = '' OR resolution_reason = '' OR resolution_evidence = '{}'::jsonb)
"""
_SELF_APPROVED = """
SELECT 'approval/' || id, kind || ' was decided by ' || decided_by || ', who asked for it'
FROM cases_approval WHERE decided_by <> '' AND decided_by = requested_by
"""


def register() -> None:
    """Register the audits of cases and approvals with `manage.py audit`."""
    register_sql_audit("every dead delivery has a case", _DEAD_IN_SILENCE, invariant="20")
    register_sql_audit("a case ends with actor, reason and evidence", _ENDED_BADLY, invariant="20")
    register_sql_audit("the approver is not the requester", _SELF_APPROVED, invariant="17")
