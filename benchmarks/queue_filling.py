"""Fill a destination's queue with SQL, so that a benchmark measures the engine and not the filling.

Ids are of version 7, as the product makes them.
"""

from uuid import UUID

from django.db import connection

from retailops.events.enums import DestinationKind
from retailops.events.models import Destination

_FILL = """
WITH made AS (
    INSERT INTO events_event (id, type, version, subject_type, subject_id, correlation_id, source, actor, on_behalf_of,
        reason_code, policy_version, region, brand, channel, data, occurred_at, recorded_at, input_hash)
    SELECT uuidv7(), 'return.authorized', 1, 'return', uuidv7(), uuidv7(), 'retailops',
        'system:benchmark', '', '', '', 'uk', 'b', 'web',
        jsonb_build_object('return_id', n, 'number', 'RMA-' || n, 'kind', 'mail_in', 'channel', 'web',
                           'currency', 'GBP'),
        now(), now(), ''
    FROM generate_series(1, %(count)s) n
    RETURNING id, subject_id)
INSERT INTO events_delivery (id, event_id, destination_id, operation, lane_key, effect_key, repeat_safe, currency,
    status, attempt_no, next_attempt_at, next_trigger, next_actor, fence, deadline_at, failure_class,
    failure_code, failure_message, fingerprint, external_reference, created_at, retry_no, look_ups)
SELECT uuidv7(), id, %(destination)s, 'webhook.send', subject_id::text, id::text, true, '', 'ready',
    0, now(), 'auto', '', 0, now() + interval '2 days', '', '', '', '', '', now(), 0, 0
FROM made
"""


def new_destination(name: str, kind: str = DestinationKind.WEBHOOK, **fields: object) -> Destination:
    """Return a destination without limits that matter: what is measured is the engine."""
    plenty = {"rate_per_second": 1e6, "burst": 1_000_000, "tokens": 1e6, "max_in_flight": 4000, "batch_size": 1000}
    return Destination.objects.create(kind=kind, name=name, system="benchmark", **(plenty | fields))


def fill(destination_id: UUID, count: int) -> None:
    """Add so many due deliveries, each in a lane of its own, and gather statistics."""
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"count": count, "destination": destination_id})
        cursor.execute("ANALYZE events_event, events_delivery")
