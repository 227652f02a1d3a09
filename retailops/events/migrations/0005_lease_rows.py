from django.db import migrations

MOVE = """
INSERT INTO events_lease (destination_id, lane_key, delivery_id, fence, owner, expires_at, sending_since)
SELECT destination_id, lane_key, id, fence, lease_owner, CASE WHEN status = 'leased' THEN lease_expires_at END,
       sending_since
FROM events_delivery WHERE status IN ('leased', 'in_doubt');
UPDATE events_delivery SET status = 'ready', attempt_no = attempt_no - 1, lease_expires_at = NULL, lease_owner = ''
WHERE status = 'leased';
"""
BACK = """
UPDATE events_delivery d
SET status = 'leased', attempt_no = d.attempt_no + 1, fence = l.fence, lease_expires_at = l.expires_at,
    lease_owner = l.owner
FROM events_lease l WHERE l.delivery_id = d.id AND l.expires_at IS NOT NULL;
DELETE FROM events_lease;
"""


class Migration(migrations.Migration):
    """Move the holds of deliveries under way."""

    dependencies = [("events", "0004_leases")]
    operations = [migrations.RunSQL(MOVE, BACK)]
