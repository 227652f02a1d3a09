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
_EVIDENCE_KEPT = """
SELECT 'evidence ' || f.id, f.name || ' is not what was kept: its hash or size differs, or its content is gone'
FROM cases_evidencefile f LEFT JOIN cases_evidencecontent c ON c.file_id = f.id
WHERE c.file_id IS NULL OR encode(sha256(c.data), 'hex') <> f.sha256 OR length(c.data) <> f.size
"""
_EVIDENCE_SEEN = """
SELECT 'approval/' || a.id, 'decided on ' || coalesce(seen->>'name', 'a file') || ', which is not there as it was seen'
FROM cases_approval a, jsonb_array_elements(coalesce(a.seen->'files', '[]'::jsonb)) seen
LEFT JOIN cases_evidencefile f ON f.id::text = seen->>'id'
WHERE f.id IS NULL OR f.sha256 <> seen->>'sha256'
"""
_GROUP_STATES = """
SELECT 'group/' || g.id, g.title || ' is ' || g.state || ' and has had no open case for five minutes'
FROM cases_casegroup g
WHERE g.state NOT IN ('resolved', 'ignored')
  AND EXISTS (SELECT 1 FROM cases_case c WHERE c.group_id = g.id)
  AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.group_id = g.id
                  AND (c.status = 'open' OR c.resolved_at > now() - interval '5 minutes'))
UNION ALL
SELECT 'group/' || g.id, g.title || ' is resolved, and case ' || c.id || ' was seen after that'
FROM cases_casegroup g JOIN cases_case c ON c.group_id = g.id AND c.status = 'open' AND c.last_seen_at > g.state_at
WHERE g.state = 'resolved'
UNION ALL
SELECT 'group/' || g.id, g.title || ' is ignored, and what it waits for came five minutes ago'
FROM cases_casegroup g
WHERE g.state = 'ignored'
  AND (g.ignored_until < now() - interval '5 minutes' OR g.ignore_count_left <= 0 OR g.ignore_amount_left <= 0)
"""
_GROUP_MEMORY = """
SELECT 'group/' || g.id, g.title || ' is ' || g.state || ', and nothing tells how it was mended'
FROM cases_casegroup g
WHERE g.state IN ('resolved', 'regressed')
  AND NOT EXISTS (SELECT 1 FROM cases_groupending e WHERE e.group_id = g.id)
UNION ALL
SELECT 'group/' || g.id, g.title || ' has come back, and its last mending still counts as held'
FROM cases_casegroup g
JOIN LATERAL (SELECT came_back_at FROM cases_groupending e WHERE e.group_id = g.id ORDER BY e.at DESC LIMIT 1) e ON true
WHERE g.state = 'regressed' AND e.came_back_at IS NULL
"""
_GROUP_OF_CASE = """
SELECT 'case/' || c.id, 'it failed by ' || c.release || ', which is of another connection than ' || c.connection
FROM cases_case c WHERE c.release <> '' AND left(c.release, length(c.connection) + 1) <> c.connection || ' '
"""


def register() -> None:
    """Register the audits of cases and approvals with `manage.py audit`."""
    register_sql_audit("every dead delivery has a case", _DEAD_IN_SILENCE, invariant="20")
    register_sql_audit("a case ends with actor, reason and evidence", _ENDED_BADLY, invariant="20")
    register_sql_audit("groups stand as their cases say", _GROUP_STATES, invariant="20")
    register_sql_audit("how a group was mended is remembered", _GROUP_MEMORY, invariant="20")
    register_sql_audit("a case names the versions of its own connection", _GROUP_OF_CASE, invariant="20")
    register_sql_audit("the approver is not the requester", _SELF_APPROVED, invariant="17")
    register_sql_audit("evidence is what was kept", _EVIDENCE_KEPT, invariant="17")
    register_sql_audit("what a decision saw can be proven", _EVIDENCE_SEEN, invariant="17")
