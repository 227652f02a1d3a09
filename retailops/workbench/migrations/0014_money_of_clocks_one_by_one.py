from django.db import migrations

COLUMNS = """
SELECT c.id, c.policy_id, c.name, c.subject_type, c.subject_id, c.correlation_id, c.region, c.brand,
       c.channel, c.connection, c.state, c.started_at, c.due_at, c.ended_at, c.breached_at,
       coalesce(t.waiting, f.amount) AS at_stake, coalesce(t.currency, f.currency) AS told_in
  FROM sla_slaclock c
"""
# The offset keeps the money of each clock a look-up of its own: of many clocks that run few are asked for, and all that
# is owed was read for them.
ONE_BY_ONE = f"""
CREATE OR REPLACE VIEW workbench_clockmoney AS {COLUMNS}
  LEFT JOIN LATERAL (
      SELECT waiting, currency FROM workbench_returntimes WHERE id = c.subject_id AND waiting > 0 OFFSET 0
  ) t ON true
  LEFT JOIN LATERAL (
      SELECT amount, currency FROM returns_refund WHERE c.subject_type = 'refund' AND id = c.subject_id OFFSET 0
  ) f ON true
"""
JOINED = f"""
CREATE OR REPLACE VIEW workbench_clockmoney AS {COLUMNS}
  LEFT JOIN workbench_returntimes t ON t.id = c.subject_id AND t.waiting > 0
  LEFT JOIN returns_refund f ON f.id = CASE WHEN c.subject_type = 'refund' THEN c.subject_id END
"""


class Migration(migrations.Migration):
    """The money of clocks is looked up for those that are asked for."""

    dependencies = [("workbench", "0013_late_clocks_follow")]
    operations = [migrations.RunSQL(ONE_BY_ONE, JOINED)]
