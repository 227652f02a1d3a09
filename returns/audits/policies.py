"""Policies and vocabularies: one version decides, two persons stood for it, each decision names it, no code is lost."""

from retailops.lib.audit import register_sql_audit

ONE_DECIDES = """
SELECT 'policy ' || later.name || '@' || later.version,
       'serves all orders, and ' || former.name || '@' || former.version || ' was not ended by it'
  FROM returns_returnpolicy later
  JOIN returns_returnpolicy former ON former.name = later.name AND former.id <> later.id
 WHERE later.status = 'active' AND former.status = 'active'
   AND later.effective_to IS NULL AND former.effective_to IS NULL
   AND (later.effective_from, later.version) > (former.effective_from, former.version)
   AND coalesce((later.rollout->-1->>'share')::int, (later.rules->>'canary_share')::int, 100) = 100
"""

TWO_PERSONS = """
SELECT 'policy ' || name || '@' || version, 'was put in force by ' || activated_by || ' without a second person''s word'
  FROM returns_returnpolicy
 WHERE activated_by <> '' AND (approved_by = '' OR approved_by IN (created_by, edited_by))
UNION ALL
SELECT 'policy ' || p.name || '@' || p.version, 'waits for a word that nobody is asked for'
  FROM returns_returnpolicy p
 WHERE p.status = 'submitted' AND NOT EXISTS (SELECT 1 FROM cases_approval a
        WHERE a.kind = 'policy' AND a.subject_id = p.id AND a.status = 'requested')
"""

NAMED = """
SELECT 'return ' || r.number, 'was decided upon without naming its policy and what the decision saw'
  FROM returns_return r
 WHERE r.kind <> 'blind' AND r.order_id IS NOT NULL AND r.status <> 'draft'
   AND (r.policy_id IS NULL OR NOT r.policy_facts ? 'policy' OR NOT r.policy_facts ? 'lines')
UNION ALL
SELECT 'event ' || e.type || ' of return ' || r.number, 'names no policy version'
  FROM events_event e JOIN returns_return r ON r.id = e.subject_id
 WHERE e.subject_type = 'return' AND r.policy_id IS NOT NULL AND e.policy_version = '' AND r.kind <> 'blind'
   AND e.type IN ('return.requested', 'return.review_required', 'return.authorized', 'return.declined',
                  'return.canceled', 'return.expired', 'return.reinstated', 'return.reopened')
UNION ALL
SELECT 'refund ' || f.id, 'names no policy version, or not what was permitted'
  FROM returns_refund f JOIN returns_return r ON r.id = f.rma_id
 WHERE r.policy_id IS NOT NULL AND (f.policy_version = '' OR NOT f.facts ? 'permitted')
"""

CODES_OWNED = """
SELECT 'code ' || m.external_code || ' of ' || m.connection, 'has no meaning, and no open case says so'
  FROM returns_vocabularymapping m
 WHERE m.term_id IS NULL
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.status = 'open' AND c.dedupe_key = 'code_unmapped:' || m.id)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("one version of a policy decides at any instant", ONE_DECIDES)
    register_sql_audit("policies in force have two persons' word", TWO_PERSONS, invariant="17")
    register_sql_audit("every decision names its policy and what it saw", NAMED, invariant="17")
    register_sql_audit("every code without a meaning has an open case", CODES_OWNED, invariant="20")
