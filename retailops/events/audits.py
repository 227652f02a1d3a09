"""What must hold over the whole engine, whatever happened."""

from retailops.lib.audit import register_sql_audit

_DELIVERED_UNPROVEN = """
SELECT 'delivery/' || d.id, d.operation || ' is delivered, but no attempt says so'
FROM events_delivery d
WHERE d.status = 'delivered' AND d.finished_at > now() - interval '30 days'
  AND NOT EXISTS (SELECT 1 FROM events_attempt a WHERE a.delivery_id = d.id AND a.outcome = 'delivered')
"""
_LEASE_FORGOTTEN = """
SELECT 'delivery/' || id, operation || ' is leased to ' || lease_owner || ' since before ' || lease_expires_at
FROM events_delivery WHERE status = 'leased' AND lease_expires_at < now() - interval '10 minutes'
"""
_LANE_SHARED = """
SELECT 'lane/' || destination_id || '/' || lane_key, count(*) || ' deliveries are under way at once'
FROM events_delivery WHERE status IN ('leased', 'in_doubt') GROUP BY destination_id, lane_key HAVING count(*) > 1
"""
_DOUBT_UNWATCHED = """
SELECT 'delivery/' || id, operation || ' is in doubt, but nobody will ask: ' || coalesce(next_attempt_at::text, 'never')
FROM events_delivery
WHERE status = 'in_doubt' AND (in_doubt_since IS NULL OR next_attempt_at > now() + interval '1 day')
"""


def register() -> None:
    """Register the engine's audits with `manage.py audit`."""
    register_sql_audit("every delivered delivery has an attempt that says so", _DELIVERED_UNPROVEN)
    register_sql_audit("no lease is forgotten", _LEASE_FORGOTTEN)
    register_sql_audit("a lane has one delivery under way", _LANE_SHARED)
    register_sql_audit("every doubt will be asked about", _DOUBT_UNWATCHED, invariant="16")
