"""Stock moved and counted by hand or by another system: one at a time, each once for its reference."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from inventory.enums import Disposition
from inventory.inputs import AdjustmentIn, ShiftIn
from inventory.models import StockAdjustment, StockMove
from inventory.services import adjust_stock, shift_stock
from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.wire import Body, MoneyShape, Shape


class MovesBody(Body):
    """Up to 200 moves, all of them or none."""

    moves: list[ShiftIn] = Field(min_length=1, max_length=200)


class MoveShape(Shape):
    """A move as it was booked. Moves are never changed; a mistake is mended by a move back."""

    id: UUID
    sku: str
    quantity: int
    source: Disposition
    source_location: str
    target: Disposition
    target_location: str
    reason: str
    lot: str
    serials: list[str]
    actor: str
    at: datetime


class MovesShape(Shape):
    """The moves, in the order in which they were asked for."""

    moves: list[MoveShape]


class AdjustmentShape(Shape):
    """A counted difference; `waiting` until a second person agrees."""

    id: UUID
    reference: str
    sku: str
    location: str
    disposition: Disposition
    change: int
    status: Literal["waiting", "booked", "refused"]
    value: MoneyShape | None = Field(description="What the change is worth; null: the value of a unit is not known.")
    reason: str
    move_id: UUID | None


def move_shape(move: StockMove) -> MoveShape:
    """Return a move (locations and lot loaded)."""
    serials = list(move.steps.order_by("unit__serial").values_list("unit__serial", flat=True))
    return MoveShape.build(
        id=move.id, sku=move.sku, quantity=move.quantity, source=str(move.source),
        source_location=move.source_location.code, target=str(move.target),
        target_location=move.target_location.code, reason=move.reason, lot=move.lot.code if move.lot else "",
        serials=serials, actor=move.actor, at=move.at,
    )  # fmt: skip


def adjustment_shape(row: StockAdjustment) -> AdjustmentShape:
    """Return a counted difference."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in ("id", "reference", "sku", "change", "reason")}
    return AdjustmentShape.build(
        **fields, location=row.location.code, disposition=str(row.disposition), status=str(row.status),
        value=MoneyShape.maybe(row.value, row.currency), move_id=row.move_id,
    )  # fmt: skip


class Moves(CommandEndpoint):
    """Moves between dispositions and locations."""

    @operation(
        id="moveStock", summary="Move stock between dispositions and locations", tag="Inventory",
        permission=Permission.INVENTORY_WRITE, body=MovesBody, answers={201: MovesShape}, key="optional",
        problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: MovesBody) -> MovesShape:
        """All of them or none. What waits for a verdict is not moved here: it belongs to its return. The same
        `reference` answers the move that is there; with other content it is 409."""
        moves = [shift_stock(actor=self.actor, shift=shift) for shift in body.moves]
        return MovesShape.build(moves=[move_shape(move) for move in moves])


class Adjustments(CommandEndpoint):
    """Counted differences."""

    @operation(
        id="adjustStock", summary="Book a counted difference", tag="Inventory",
        permission=Permission.INVENTORY_WRITE, body=AdjustmentIn, answers={201: AdjustmentShape}, key="optional",
        problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: AdjustmentIn) -> AdjustmentShape:
        """Booked at once up to the location's limit; above it, and where the value of a unit is not known, it waits for
        a second person (`/approvals`)."""
        return adjustment_shape(adjust_stock(actor=self.actor, adjustment=body))
