"""Say when a part of the engine last did its work."""

from datetime import timedelta
from typing import Any

from retailops.events.models import Heartbeat
from retailops.lib.clock import now


def beat(name: str, **detail: Any) -> None:
    """Record that `name` has just worked, with a few figures of what it did."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=now(), detail=detail)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "detail"],
    )


def older_than(name: str, seconds: float) -> bool:
    """Tell whether `name` has not worked for that long (or never)."""
    return not Heartbeat.objects.filter(name=name, at__gt=now() - timedelta(seconds=seconds)).exists()
