"""Places where goods are."""

from typing import Any

from django.db import transaction

from inventory.inputs import LocationIn
from inventory.models import Location, StockBalance
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, hidden


@transaction.atomic
def ensure_location(
    *,
    actor: Actor,
    code: str,
    name: str = "",
    kind: str = "warehouse",
    region: str = "",
    sellable: bool = True,
    currency: str = "",
) -> Location:
    """Return the location of that code, made if there was none; an existing one is left as it is."""
    require(actor, Permission.INVENTORY_WRITE, region=region or None)
    fields = {"name": name or code, "kind": kind, "region": region, "sellable": sellable, "currency": currency}
    location, _ = Location.objects.get_or_create(code=code, defaults=fields)
    return location


@transaction.atomic
def add_location(*, actor: Actor, location: LocationIn) -> Location:
    """Add a location. Raises Conflict when the code is taken, Denied."""
    require(actor, Permission.INVENTORY_MANAGE, region=location.region)
    made, new = Location.objects.get_or_create(code=location.code, defaults=_fields(location))
    if not new:
        raise Conflict(f"There is a location {location.code} already.", code="location-exists")
    return made


@transaction.atomic
def change_location(*, actor: Actor, location: LocationIn) -> Location:
    """Change what is known of the location of that code, in the regions that it leaves and comes to.

    Its currency stays while stock stands there: values of one place are never added up over currencies. Raises
    Conflict, NotFound, Denied.
    """
    place = Location.objects.select_for_update(no_key=True).filter(code=location.code).first()
    if place is None:
        raise hidden()
    for region in (place.region, location.region):
        require(actor, Permission.INVENTORY_MANAGE, region=region, view=Permission.INVENTORY_VIEW)
    if place.currency and location.currency != place.currency and _holds_stock(place):
        raise Conflict("Stock stands there: its currency cannot change now.", code="location-in-use")
    for name, value in _fields(location).items():
        setattr(place, name, value)
    place.save()
    return place


def _holds_stock(place: Location) -> bool:
    return StockBalance.objects.filter(location=place).exclude(quantity=0).exists()


def _fields(location: LocationIn) -> dict[str, Any]:
    return location.model_dump(exclude={"code"})
