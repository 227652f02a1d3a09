"""Alerts are owed to the channel that they name."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from retailops.events.catalog import DeliverySpec
from retailops.events.models import Event

TOLD = ("alert.raised", "alert.escalated")
OPERATION = "alert.send"


def route_alerts(events: Sequence[Event], stamp: UUID | None) -> Iterable[tuple[Event, DeliverySpec]]:
    """Return one delivery for each alert that is told. Receivers drop repeats by the key, which is the event's id."""
    return [
        (
            event,
            DeliverySpec(
                destination_id=UUID(event.data["destination_id"]),
                operation=OPERATION,
                effect_key=f"alert:{event.id}",
                lane=event.data["alert_id"],
            ),
        )
        for event in events
        if event.type in TOLD
    ]
