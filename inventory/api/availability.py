"""GET /inventory/availability: what may be promised, and where the rest stands."""

from pydantic import Field
from rest_framework.request import Request

from inventory import selectors
from inventory.enums import ENDS, Disposition
from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.lib.wire import Query, Shape

# Balances of units that do not stand at the location.
ELSEWHERE = ENDS | {Disposition.IN_TRANSIT, Disposition.MISSING, Disposition.KEEP_IT}


class AvailabilityQuery(Query):
    """Which sku, and where."""

    sku: str = Field(min_length=1, max_length=64, description="The sku, exactly.")
    location: str = Field("", max_length=40, description="Code of one location; without it, all of them.")


class LocationAvailability(Shape):
    """A sku at one location. Only `sellable` units at a sellable location that nobody has reserved and that have not
    expired may be promised: there, `sellable` = `available` + `reserved` + `expired`."""

    location: str
    available: int = Field(description="Units that may be promised.")
    reserved: int = Field(description="Sellable units that are held for somebody.")
    expired: int = Field(description="Sellable units of lots whose last good day has passed: never promised.")
    physical: int = Field(description="Units that are there, in whatever disposition.")
    by_disposition: dict[str, int] = Field(examples=[{"sellable": 4, "pending_inspection": 1}])


class AvailabilityShape(Shape):
    """A sku over the locations that the caller may see."""

    sku: str
    available: int
    reserved: int
    expired: int
    physical: int
    locations: list[LocationAvailability]


class AvailabilityEndpoint(Endpoint):
    """Stock of a sku."""

    @operation(
        id="getAvailability", summary="Physical stock and stock available to promise", tag="Inventory",
        permission=Permission.INVENTORY_VIEW, query=AvailabilityQuery, answers={200: AvailabilityShape},
    )  # fmt: skip
    def get(self, request: Request, query: AvailabilityQuery) -> AvailabilityShape:
        """Physical and available to promise, by location and disposition. An announced return adds nothing."""
        found = [_location(place) for place in selectors.availability(query.sku, query.location, actor=self.actor)]
        available = sum(place.available for place in found)
        reserved = sum(place.reserved for place in found)
        physical = sum(place.physical for place in found)
        return AvailabilityShape(
            sku=query.sku, available=available, reserved=reserved, expired=sum(place.expired for place in found),
            physical=physical, locations=found,
        )  # fmt: skip


def _location(place: selectors.Availability) -> LocationAvailability:
    standing = {name: quantity for name, quantity in place.by_disposition.items() if name not in ENDS}
    return LocationAvailability(
        location=place.location,
        available=place.available,
        reserved=place.reserved,
        expired=place.expired,
        physical=sum(quantity for name, quantity in standing.items() if name not in ELSEWHERE),
        by_disposition=standing,
    )
