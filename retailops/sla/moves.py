"""Which events move a clock, and what they say: when it occurred, and what it is about."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from retailops.events.models import Event
from retailops.lib.ids import parse_uuid

RECORDED = "recorded"
# Ours alone move clocks: what other systems tell makes nobody act.
OURS = "retailops"


@dataclass(frozen=True)
class Move:
    """One way to move a clock: a type of event, whose data has these values.

    `at` says when it occurred: empty: the event's own instant; `recorded`: when we recorded it; else the field of its
    data that holds an ISO instant. `where` maps fields of the data to a value, or to a list of which one must fit.
    """

    type: str
    at: str = ""
    where: dict[str, Any] = field(default_factory=dict)

    def fits(self, event: Event) -> bool:
        """Tell whether the event is one of these (its type is known to fit)."""
        return all(_among(event.data.get(name), wanted) for name, wanted in self.where.items())

    def instant(self, event: Event) -> datetime:
        """Return when it occurred; never after it was recorded."""
        if self.at == RECORDED:
            return event.recorded_at
        told = _parsed(event.data.get(self.at)) if self.at else None
        return min(told or event.occurred_at, event.recorded_at)


def _among(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else value == wanted


def _parsed(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def subject_in(event: Event, subject_type: str) -> UUID | None:
    """Return the thing of this type that the event tells of: itself, or the one that its data names; None: none."""
    if event.subject_type == subject_type:
        named = event.data.get(f"{subject_type}_id")
        return (parse_uuid(named) if isinstance(named, str) else None) or event.subject_id
    named = event.data.get(f"{subject_type}_id")
    return parse_uuid(named) if isinstance(named, str) else None


def connection_in(event: Event) -> str:
    """Return the name of the connection that the event tells of: a delivery's destination, or a refund's gateway."""
    data = event.data
    return str(data.get("destination", "") if "destination_id" in data else data.get("gateway", ""))
