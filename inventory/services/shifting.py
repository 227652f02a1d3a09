"""What people do with stock by hand: give it another disposition, bring it to another place."""

from django.db import transaction

from inventory.enums import SHELF, Disposition
from inventory.inputs import ShiftIn
from inventory.models import Location, StockMove
from inventory.services.moving import MoveIn, move_stock
from retailops.accounts.actor import Actor
from retailops.lib.errors import Unprocessable
from retailops.lib.ids import uuid7

SUBJECT = "stock_shift"
LANE_LENGTH = 80
BY_HAND = SHELF | {Disposition.EXTERNAL}


@transaction.atomic
def shift_stock(*, actor: Actor, shift: ShiftIn) -> StockMove:
    """Move units by hand, once for each reference.

    What waits for a verdict belongs to its return and is never moved by hand, so nothing becomes sellable without an
    inspection. Goods that leave for good (a vendor's van, a buyer of remainders) go to `external`. Raises as
    move_stock, with `must_name`.
    """
    if shift.source not in SHELF:
        raise Unprocessable(
            f"What is {shift.source.label.lower()} belongs to a return: decide about it there.", code="not-by-hand"
        )
    if shift.target not in BY_HAND:
        raise Unprocessable(f"Nothing is brought to {shift.target.label.lower()} by hand.", code="not-by-hand")
    [move] = move_stock(actor=actor, moves=[_move(shift)], must_name=True)
    return move


def effect_of(reference: str) -> str:
    """Return the effect key of the move by hand with that reference."""
    return f"shift:{reference}"


def _move(shift: ShiftIn) -> MoveIn:
    id = uuid7()
    return MoveIn(
        effect_key=effect_of(shift.reference),
        sku=shift.sku,
        quantity=shift.quantity,
        source=shift.source,
        target=shift.target,
        location=shift.location,
        target_location=shift.target_location,
        subject_type=SUBJECT,
        subject_id=id,
        correlation_id=id,
        region=region_of(shift.location),
        reason=shift.reason,
        serials=tuple(shift.serials),
        lot=shift.lot,
        # Everything of one sku at one place in its order, for whoever follows the stock.
        lane=f"stock:{shift.location}:{shift.sku}"[:LANE_LENGTH],
    )


def region_of(code: str) -> str:
    """Return the region of a location, "" where there is no such."""
    return Location.objects.filter(code=code).values_list("region", flat=True).first() or ""
