"""Fetch + scope + permission + lock, in one call."""

from uuid import UUID

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.models import Delivery, Destination
from retailops.lib.errors import NotFound, hidden


def access_delivery(
    actor: Actor, delivery_id: UUID, permission: str = Permission.DELIVERIES_VIEW, *, lock: bool = False
) -> Delivery:
    """Return the delivery with its event and destination; the event's region and brand are its scope.

    Raises NotFound to whoever may not see it, Denied to whoever may see it but lacks the permission.
    """
    rows = Delivery.objects.select_related("event", "destination", "effect")
    if lock:
        rows = rows.select_for_update(of=("self",))
    delivery = rows.filter(pk=delivery_id).first()
    if delivery is None:
        raise hidden()
    region, brand = delivery.event.region, delivery.event.brand
    require(actor, permission, region=region, brand=brand, view=Permission.DELIVERIES_VIEW)
    return delivery


def access_destination(
    actor: Actor, destination_id: UUID, permission: str = Permission.CONNECTIONS_VIEW, *, lock: bool = False
) -> Destination:
    """Return the destination. Raises NotFound or Denied."""
    rows = Destination.objects.select_for_update(no_key=True) if lock else Destination.objects.all()
    destination = rows.filter(pk=destination_id).first()
    if destination is None:
        raise NotFound("There is no such destination.")
    require(actor, permission, view=Permission.CONNECTIONS_VIEW)
    return destination
