"""When the deliveries of a destination are looked at next: no sooner than one can be late.

What is owed to a destination is late at its making plus the time of the promise. So nothing is late before the oldest
that is under way is due, nor what is made from now on before the time from now has passed. Only a person brings an
older one back: by sending it again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models.functions import Least

from retailops.events.models import Event
from retailops.events.raw_sql import fetch
from retailops.lib.clock import now
from retailops.sla.models import LatencyLook

# Where nothing is promised: a promise that comes into force is looked at as it does.
IDLE = timedelta(hours=1)
_DUE = """
SELECT t.name, t.id FROM events_destination t LEFT JOIN sla_latencylook l ON l.destination_id = t.id
WHERE t.retired_at IS NULL AND t.kind IN ('connection', 'webhook')
  AND (l.look_at IS NULL OR l.look_at <= %(moment)s OR t.name = ANY(%(names)s))
"""


def to_look_at(moment: datetime, names: set[str]) -> dict[str, UUID]:
    """Return the destinations whose time to be looked at has come, and those of these names, by name."""
    return dict(fetch(_DUE, {"moment": moment, "names": sorted(names)}))


def look_next(at: Mapping[UUID, datetime]) -> None:
    """Write when each destination must be looked at next."""
    rows = [LatencyLook(destination_id=id, look_at=moment) for id, moment in sorted(at.items())]
    LatencyLook.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["destination"], update_fields=["look_at"]
    )


def look_again(at: datetime) -> None:
    """Have every destination looked at by then: what is promised changes. In the transaction that changes it."""
    LatencyLook.objects.filter(look_at__gt=at).update(look_at=Least("look_at", at))


def sent_again(event: Event) -> None:
    """delivery.replayed -> what was made long ago is under way again: its destination is looked at. A subscriber."""
    moment = now()
    rows = LatencyLook.objects.filter(destination=event.data["destination_id"], look_at__gt=moment)
    rows.update(look_at=moment)
