"""Cases and groups that are there tell where and how they failed, as new ones do."""

from django.db import migrations

# The group has system and operation, a delivery's case the class and the code in its evidence.
CASES = """
UPDATE cases_case c
SET system = g.system, operation = g.operation,
    failure_class = left(coalesce(c.evidence->>'class', ''), 12),
    failure_code = left(coalesce(c.evidence->>'code', ''), 120),
    connection = coalesce(d.name, '')
FROM cases_casegroup g, cases_case c2
LEFT JOIN events_delivery e ON e.id = c2.delivery_id
LEFT JOIN events_destination d ON d.id = e.destination_id
WHERE g.id = c.group_id AND c2.id = c.id AND c.system = '' AND c.operation = ''
"""
GROUPS = """
UPDATE cases_casegroup g
SET connection = c.connection, failure_class = c.failure_class, failure_code = c.failure_code
FROM (SELECT DISTINCT ON (group_id) group_id, connection, failure_class, failure_code
      FROM cases_case ORDER BY group_id, opened_at DESC) c
WHERE c.group_id = g.id AND g.connection = ''
"""
ENDINGS = """
INSERT INTO cases_groupending (group_id, at, by, by_label, reason, evidence, cases, end_cases, came_back_at)
SELECT g.id, c.resolved_at, c.resolved_by, '', c.resolution_reason, c.resolution_evidence, 0, false,
       CASE WHEN g.state = 'regressed' THEN g.last_seen_at END
FROM cases_casegroup g
JOIN LATERAL (SELECT * FROM cases_case c WHERE c.group_id = g.id AND c.status = 'resolved'
              ORDER BY c.resolved_at DESC LIMIT 1) c ON true
WHERE g.state IN ('resolved', 'regressed')
"""
STATES = """
UPDATE cases_casegroup g
SET state_at = greatest(e.at, g.last_seen_at), state_by = e.by, state_reason = e.reason
FROM cases_groupending e WHERE e.group_id = g.id AND g.state = 'resolved'
"""


class Migration(migrations.Migration):
    """Data alone: what is known of older cases is written where lists look for it."""

    dependencies = [("cases", "0004_groups_worked"), ("events", "0002_tables")]
    operations = [migrations.RunSQL([CASES, GROUPS, ENDINGS, STATES], migrations.RunSQL.noop)]
