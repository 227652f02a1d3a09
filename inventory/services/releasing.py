"""Goods leave quarantine by hand: all that is left of what came with one move, or some units."""

from uuid import UUID

from django.db import transaction

from inventory.ageing import quarantine_layers
from inventory.enums import Disposition
from inventory.inputs import ReleaseIn, ShiftIn, read
from inventory.models import StockMove
from inventory.selectors import locations_visible_to
from inventory.services.shifting import effect_of, shift_stock
from retailops.accounts.actor import Actor
from retailops.lib.errors import Conflict, hidden


@transaction.atomic
def release_quarantined(*, actor: Actor, move_id: UUID, release: ReleaseIn) -> StockMove:
    """Move goods out of quarantine that came there with a move, once for each reference.

    They are units of that sku at that place: what came first is taken to have left first. Raises NotFound (no such move
    into quarantine, or not to be seen), Conflict (nothing of it is left), and as shift_stock.
    """
    came = StockMove.objects.select_related("target_location").filter(
        pk=move_id, target=Disposition.QUARANTINE, target_location__in=locations_visible_to(actor)
    )
    arrival = came.first()
    if arrival is None:
        raise hidden()
    told = release.model_dump(exclude={"quantity"}) | {
        "sku": arrival.sku,
        "location": arrival.target_location.code,
        "source": Disposition.QUARANTINE,
        "quantity": release.quantity or _left(arrival, release.reference),
    }
    return shift_stock(actor=actor, shift=read(ShiftIn, told))


def _left(arrival: StockMove, reference: str) -> int:
    """Return how many units of the move are left there; of a release that was made, those that it moved."""
    made = StockMove.objects.filter(effect_key=effect_of(reference)).values_list("quantity", flat=True).first()
    found = [layer.units for layer in quarantine_layers([arrival.target_location_id]) if layer.move_id == arrival.pk]
    if made is None and not found:
        raise Conflict("Nothing of it stands in quarantine any more.", code="not-enough-stock")
    return made or found[0]
