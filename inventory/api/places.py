"""Items and locations: what skus are, and where goods are."""

from typing import Literal
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from inventory.enums import LocationKind
from inventory.inputs import ItemIn, LocationIn
from inventory.models import Location
from inventory.selectors import locations_visible_to
from inventory.services import add_location, change_location, put_items
from retailops.accounts.endpoint import Answer, Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.wire import Body, Shape


class ItemsBody(Body):
    """Up to 1,000 items."""

    items: list[ItemIn] = Field(min_length=1, max_length=1000)


class ItemsShape(Shape):
    """How many items were written."""

    written: int


class LocationShape(Shape):
    """A place where goods are. Limits are minor units of its currency."""

    id: UUID
    code: str
    name: str
    kind: LocationKind
    region: str
    sellable: bool
    currency: str
    adjustment_limit: int
    drift_limit: int
    quarantine_days: int


class LocationList(Shape):
    """All locations that the caller may see, by code."""

    results: list[LocationShape]


def location_shape(place: Location) -> LocationShape:
    """Return one location."""
    return LocationShape.build(**{name: getattr(place, name) for name in LocationShape.model_fields})


class Items(CommandEndpoint):
    """What is known of skus."""

    @operation(
        id="putItems", summary="Tell what skus are and what they are worth", tag="Inventory",
        permission=Permission.INVENTORY_MANAGE, body=ItemsBody, answers={200: ItemsShape}, key="optional",
    )  # fmt: skip
    def put(self, request: Request, body: ItemsBody) -> ItemsShape:
        """Serials, lots and the value of a unit by currency; what is told of a sku replaces what was known."""
        return ItemsShape.build(written=len(put_items(actor=self.actor, items=body.items)))


class Locations(Endpoint):
    """Where goods are."""

    @operation(
        id="listLocations", summary="Locations", tag="Inventory", permission=Permission.INVENTORY_VIEW,
        answers={200: LocationList},
    )  # fmt: skip
    def get(self, request: Request) -> LocationList:
        """Those of the caller's regions."""
        rows = locations_visible_to(self.actor).order_by("code")
        return LocationList.build(results=[location_shape(place) for place in rows])


class LocationBody(LocationIn):
    """A location, named by its address."""

    code: Literal[""] = ""


class LocationEndpoint(CommandEndpoint):
    """One location."""

    @operation(
        id="putLocation", summary="Add or change a location", tag="Inventory",
        permission=Permission.INVENTORY_MANAGE, body=LocationBody, answers={200: LocationShape, 201: LocationShape},
        key="optional", problems=(404, 409),
    )  # fmt: skip
    def put(self, request: Request, code: str, body: LocationBody) -> Answer:
        """201 where there was none of that code. Its currency stays while stock stands there (409)."""
        told = LocationIn.model_validate({**body.model_dump(), "code": code})
        if Location.objects.filter(code=code).exists():
            return Answer(location_shape(change_location(actor=self.actor, location=told)), 200)
        return Answer(location_shape(add_location(actor=self.actor, location=told)), 201)
