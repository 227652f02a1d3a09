"""Quarantine: what stands there by the move that brought it, and its way out."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from inventory.ageing import Layer, layers_visible_to
from inventory.api.moves import MoveShape, move_shape
from inventory.inputs import ReleaseIn
from inventory.services import release_quarantined
from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import DEFAULT_LIMIT, MAX_LIMIT, decode_cursor, encode_cursor
from retailops.lib.wire import MoneyShape, Query, Shape

Age = Literal["", "week", "fortnight", "month", "two_months", "older"]
CURSOR = "quarantine"


class QuarantineQuery(Query):
    """Which part of quarantine."""

    region: str = Field("", max_length=32)
    location: str = Field("", max_length=40, description="Code of one location.")
    sku: str = Field("", max_length=64, description="The sku, exactly.")
    bucket: Age = Field("", description="Days there: under 7, under 14, under 30, under 60, or more.")
    cursor: str | None = Field(None, description="`next_cursor` of the page before.", max_length=1000)
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most items to answer.")


class LayerShape(Shape):
    """Units of one move into quarantine that still stand there: what came first is taken to have left first."""

    move_id: UUID
    sku: str
    location: str
    units: int
    since: datetime
    days: int
    bucket: Age
    overdue: bool = Field(description="They stand there longer than the location allows.")
    value: MoneyShape | None = Field(description="Null: the value of a unit is not known.")


class QuarantineShape(Shape):
    """One page, the oldest first; `units` and `arrivals` are of all pages."""

    results: list[LayerShape]
    next_cursor: str
    units: int
    arrivals: int


class Quarantine(Endpoint):
    """What stands in quarantine."""

    @operation(
        id="listQuarantine", summary="Quarantine by age", tag="Inventory", permission=Permission.INVENTORY_VIEW,
        query=QuarantineQuery, answers={200: QuarantineShape},
    )  # fmt: skip
    def get(self, request: Request, query: QuarantineQuery) -> QuarantineShape:
        """At the locations of the caller's regions, by the move that brought it, the oldest first."""
        found = layers_visible_to(
            self.actor, region=query.region, location=query.location, bucket=query.bucket, sku=query.sku
        )
        after = _place(query.cursor)
        behind = [layer for layer in found if _key(layer) > after]
        shown = behind[: query.limit]
        more = len(behind) > query.limit
        return QuarantineShape.build(
            results=[layer_shape(layer) for layer in shown],
            next_cursor=encode_cursor(CURSOR, _key(shown[-1])) if more else "",
            units=sum(layer.units for layer in found),
            arrivals=len(found),
        )


def _key(layer: Layer) -> tuple[str, str]:
    return layer.since.isoformat(timespec="microseconds"), str(layer.move_id)


def _place(cursor: str | None) -> tuple[str, str]:
    since, move_id = decode_cursor(CURSOR, cursor, 2) if cursor else ("", "")
    return str(since), str(move_id)


def layer_shape(layer: Layer) -> LayerShape:
    """Return a layer on the wire."""
    return LayerShape.build(
        move_id=layer.move_id, sku=layer.sku, location=layer.location, units=layer.units, since=layer.since,
        days=layer.days, bucket=layer.bucket, overdue=layer.overdue,
        value=MoneyShape.maybe(layer.value, layer.currency),
    )  # fmt: skip


class QuarantineRelease(CommandEndpoint):
    """The way out of quarantine."""

    @operation(
        id="releaseQuarantine", summary="Move goods out of quarantine", tag="Inventory",
        permission=Permission.INVENTORY_WRITE, body=ReleaseIn, answers={201: MoveShape}, key="optional",
        problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ReleaseIn) -> MoveShape:
        """By the `move_id` of a layer: to `sellable`, to another disposition, or to another location. The same
        `reference` answers the move that is there; with other content it is 409."""
        return move_shape(release_quarantined(actor=self.actor, move_id=id, release=body))
