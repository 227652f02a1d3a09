"""What must hold over the whole engine, whatever happened."""

from retailops.lib.audit import register_sql_audit

_DELIVERED_UNPROVEN = """
SELECT 'delivery/' || d.id, d.operation || ' is delivered, but no attempt says so'
FROM events_delivery d
WHERE d.status = 'delivered' AND d.finished_at > now() - interval '30 days'
  AND NOT EXISTS (SELECT 1 FROM events_attempt a WHERE a.delivery_id = d.id AND a.outcome = 'delivered')
"""
_LEASE_FORGOTTEN = """
SELECT 'delivery/' || delivery_id, 'leased to ' || owner || ' since before ' || expires_at
FROM events_lease WHERE expires_at < now() - interval '10 minutes'
"""
_LEASE_WRONG = """
SELECT 'delivery/' || l.delivery_id, coalesce('its lane is held, but it is ' || d.status, 'a lease without a delivery')
FROM events_lease l LEFT JOIN events_delivery d ON d.id = l.delivery_id
WHERE d.id IS NULL OR (d.destination_id, d.lane_key) <> (l.destination_id, l.lane_key)
   OR d.status <> CASE WHEN l.expires_at IS NULL THEN 'in_doubt' ELSE 'ready' END
UNION ALL
SELECT 'delivery/' || d.id, d.operation || ' is in doubt, but does not hold its lane'
FROM events_delivery d WHERE d.status = 'in_doubt'
  AND NOT EXISTS (SELECT 1 FROM events_lease l WHERE l.destination_id = d.destination_id AND l.delivery_id = d.id)
"""
_ATTEMPT_STRAY = """
SELECT 'attempt/' || a.id, 'of a delivery that is not there'
FROM events_attempt a WHERE NOT EXISTS (SELECT 1 FROM events_delivery d WHERE d.id = a.delivery_id)
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
    register_sql_audit("a lane has one delivery under way, and its lease says which", _LEASE_WRONG)
    register_sql_audit("every attempt belongs to a delivery", _ATTEMPT_STRAY)
    register_sql_audit("every doubt will be asked about", _DOUBT_UNWATCHED, invariant="16")
