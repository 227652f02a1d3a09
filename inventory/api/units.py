"""Units that are told apart: lots with where they stand, serial numbers with how they came there."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from pydantic import Field, StringConstraints
from rest_framework.request import Request

from inventory.api.moves import MoveShape, move_shape
from inventory.enums import ENDS, Disposition
from inventory.models import Lot, LotBalance, SerialUnit
from inventory.services import date_lot
from inventory.traces import (
    EXPIRIES,
    expiring,
    lot_balances,
    lot_visible_to,
    lots_visible_to,
    serial_visible_to,
    serials_visible_to,
    steps_of_serial,
)
from retailops.accounts.actor import Actor
from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, Shape

VIEW = Permission.INVENTORY_VIEW
HISTORY_SHOWN = 500


class LotPlaceShape(Shape):
    """Units of a lot in one place."""

    location: str
    disposition: Disposition
    quantity: int


class LotShape(Shape):
    """A lot; `expires_on` is its last good day. `standing` are the places that the caller may see."""

    id: UUID
    sku: str
    code: str
    expires_on: date | None
    standing: list[LotPlaceShape]


class LotList(Shape):
    """One page."""

    results: list[LotShape]
    next_cursor: str


class LotDateBody(Body):
    """The last good day of a lot, and why it is another one."""

    expires_on: date | None = Field(description="Null: it has none.")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class SerialShape(Shape):
    """A unit with a number. `presumed`: nobody named it in its last move."""

    id: UUID
    sku: str
    serial: str
    disposition: Disposition
    location: str
    presumed: bool
    moved_at: datetime | None


class SerialStepShape(Shape):
    """A move that the unit took part in."""

    presumed: bool
    move: MoveShape


class SerialHistoryShape(SerialShape):
    """A unit with its moves, the last first, at most 500."""

    history: list[SerialStepShape]


class SerialList(Shape):
    """One page."""

    results: list[SerialShape]
    next_cursor: str


class LotFilter(filters.FilterSet):
    """Filters of lots: what stands of them somewhere."""

    sku = filters.CharFilter()
    code = filters.CharFilter()
    location = filters.CharFilter(method="standing_at")
    expiry = filters.ChoiceFilter(choices=list(EXPIRIES.items()), method="of_expiry")

    class Meta:
        model = Lot
        fields: ClassVar[list[str]] = []

    def standing_at(self, rows: "QuerySet[Lot]", name: str, value: str) -> "QuerySet[Lot]":
        """Keep lots of which units stand at the location of that code."""
        here = LotBalance.objects.filter(location__code=value, quantity__gt=0).exclude(disposition__in=ENDS)
        return rows.filter(id__in=here.values("lot"))

    def of_expiry(self, rows: "QuerySet[Lot]", name: str, value: str) -> "QuerySet[Lot]":
        """Keep lots of that expiry of which units stand somewhere."""
        standing = LotBalance.objects.filter(quantity__gt=0).exclude(disposition__in=ENDS)
        return rows.filter(id__in=expiring(standing, value).values("lot"))


class SerialFilter(filters.FilterSet):
    """Filters of units with numbers."""

    serial = filters.CharFilter()
    sku = filters.CharFilter()
    location = filters.CharFilter(field_name="location__code")
    disposition = filters.MultipleChoiceFilter(choices=Disposition.choices)

    class Meta:
        model = SerialUnit
        fields: ClassVar[list[str]] = []


def lot_shapes(actor: Actor, lots: list[Lot]) -> list[LotShape]:
    """Return lots with where they stand (one query for all)."""
    standing: dict[UUID, list[LotPlaceShape]] = {lot.id: [] for lot in lots}
    for row in lot_balances(actor).filter(lot__in=lots).order_by("location__code", "disposition"):
        place = LotPlaceShape.build(location=row.location.code, disposition=row.disposition, quantity=row.quantity)
        standing[row.lot_id].append(place)
    return [
        LotShape.build(id=lot.id, sku=lot.sku, code=lot.code, expires_on=lot.expires_on, standing=standing[lot.id])
        for lot in lots
    ]


def _serial_fields(unit: SerialUnit) -> dict[str, Any]:
    return {
        "id": unit.id, "sku": unit.sku, "serial": unit.serial, "disposition": str(unit.disposition),
        "location": unit.location.code if unit.location else "", "presumed": unit.presumed,
        "moved_at": unit.last_move.at if unit.last_move else None,
    }  # fmt: skip


class Lots(ListEndpoint):
    """Lots."""

    queryset = Lot.objects.none()
    filterset_class = LotFilter

    @operation(
        id="listLots", summary="Lots and where they stand", tag="Inventory", permission=VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: LotList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> LotList:
        """`expiry=expired` are those past their last good day of which units stand somewhere."""
        page = self.page(lots_visible_to(self.actor).distinct(), query)
        return LotList.build(results=lot_shapes(self.actor, list(page.rows)), next_cursor=page.next_cursor)


class LotEndpoint(Endpoint):
    """One lot."""

    @operation(
        id="getLot", summary="A lot and where it stands", tag="Inventory", permission=VIEW, answers={200: LotShape},
        problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> LotShape:
        """Balances are the sum of its moves."""
        return lot_shapes(self.actor, [lot_visible_to(self.actor, id)])[0]


class LotDate(CommandEndpoint):
    """The date of a lot."""

    @operation(
        id="dateLot", summary="Set the last good day of a lot", tag="Inventory",
        permission=Permission.INVENTORY_MANAGE, body=LotDateBody, answers={200: LotShape}, key="optional",
        problems=(404,),
    )  # fmt: skip
    def put(self, request: Request, id: UUID, body: LotDateBody) -> LotShape:
        """For a date that was told wrongly, or never. Tells `inventory.lot_dated`."""
        lot = date_lot(actor=self.actor, lot_id=id, expires_on=body.expires_on, reason=body.reason)
        return lot_shapes(self.actor, [lot])[0]


class Serials(ListEndpoint):
    """Units with numbers."""

    queryset = SerialUnit.objects.none()
    filterset_class = SerialFilter

    @operation(
        id="listSerials", summary="Units with serial numbers and where they stand", tag="Inventory", permission=VIEW,
        query=PageQuery, orderings=("-id", "id"), answers={200: SerialList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> SerialList:
        """`serial=` finds one number over all skus."""
        page = self.page(serials_visible_to(self.actor), query)
        found = [SerialShape.build(**_serial_fields(unit)) for unit in page.rows]
        return SerialList.build(results=found, next_cursor=page.next_cursor)


class SerialEndpoint(Endpoint):
    """One unit."""

    @operation(
        id="getSerial", summary="A unit with its moves", tag="Inventory", permission=VIEW,
        answers={200: SerialHistoryShape}, problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> SerialHistoryShape:
        """Where it stands, and every move that brought it there."""
        unit = serial_visible_to(self.actor, id)
        steps = steps_of_serial(self.actor, unit)[:HISTORY_SHOWN]
        history = [SerialStepShape.build(presumed=step.presumed, move=move_shape(step.move)) for step in steps]
        return SerialHistoryShape.build(**_serial_fields(unit), history=history)
