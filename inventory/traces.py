"""Where units of one lot or one serial number stand, and how they came there: reads within a person's regions."""

from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum

from inventory.enums import ENDS
from inventory.models import Lot, LotBalance, LotStep, SerialStep, SerialUnit
from inventory.promising import expired_lots, today
from inventory.selectors import locations_visible_to
from retailops.accounts.actor import Actor
from retailops.lib.errors import hidden

Row = TypeVar("Row")
# A lot that expires within so many days is worth a look.
SOON = timedelta(days=30)
EXPIRIES = {
    "expired": "Expired",
    "soon": "Expires within 30 days",
    "later": "Expires later",
    "undated": "No date known",
}


def lot_balances(actor: Actor) -> QuerySet[LotBalance]:
    """Return what stands of each lot where the actor may see, what expires first before the rest."""
    rows = LotBalance.objects.filter(location__in=locations_visible_to(actor), quantity__gt=0)
    rows = rows.exclude(disposition__in=ENDS).select_related("lot", "location")
    return rows.order_by(F("lot__expires_on").asc(nulls_last=True), "id")


def expiring(rows: QuerySet[LotBalance], key: str) -> QuerySet[LotBalance]:
    """Narrow what stands to one of EXPIRIES; any other key leaves it as it is."""
    here = today()
    found: dict[str, Q] = {
        "expired": Q(lot__expires_on__lt=here),
        "soon": Q(lot__expires_on__gte=here, lot__expires_on__lte=here + SOON),
        "later": Q(lot__expires_on__gt=here + SOON),
        "undated": Q(lot__expires_on__isnull=True),
    }
    return rows.filter(found[key]) if key in found else rows


def after(rows: QuerySet[LotBalance], key: str) -> QuerySet[LotBalance]:
    """Return the rows behind the one of that id, in the order of `lot_balances`."""
    last = LotBalance.objects.filter(pk=int(key)).select_related("lot").first() if key.isdigit() else None
    if last is None:
        return rows
    same = Q(lot__expires_on=last.lot.expires_on) if last.lot.expires_on else Q(lot__expires_on__isnull=True)
    behind = same & Q(id__gt=last.id)
    if last.lot.expires_on:
        behind |= Q(lot__expires_on__gt=last.lot.expires_on) | Q(lot__expires_on__isnull=True)
    return rows.filter(behind)


def lots_visible_to(actor: Actor) -> QuerySet[Lot]:
    """Return the lots that have ever stood somewhere that the actor may see, or moved nowhere yet."""
    seen = LotBalance.objects.filter(location__in=locations_visible_to(actor)).values("lot")
    return Lot.objects.filter(Q(id__in=seen) | Q(balances__isnull=True))


def lot_visible_to(actor: Actor, lot_id: UUID) -> Lot:
    """Return one lot. Raises NotFound."""
    return _one(lots_visible_to(actor).filter(pk=lot_id).distinct().first())


def steps_of_lot(actor: Actor, lot: Lot) -> QuerySet[LotStep]:
    """Return its steps between places that the actor may see, with their moves, the last first."""
    rows = lot.steps.select_related("move__source_location", "move__target_location", "move__lot")
    return rows.filter(_seen(actor)).order_by("-id")


def serials_visible_to(actor: Actor) -> QuerySet[SerialUnit]:
    """Return the units with numbers that stand, or last stood, where the actor may see."""
    rows = SerialUnit.objects.filter(location__in=locations_visible_to(actor))
    return rows.select_related("location", "last_move")


def serial_visible_to(actor: Actor, unit_id: UUID) -> SerialUnit:
    """Return one unit. Raises NotFound."""
    return _one(serials_visible_to(actor).filter(pk=unit_id).first())


def steps_of_serial(actor: Actor, unit: SerialUnit) -> QuerySet[SerialStep]:
    """Return the unit's steps between places that the actor may see, with their moves, the last first."""
    rows = unit.steps.select_related("move__source_location", "move__target_location", "move__lot")
    return rows.filter(_seen(actor)).order_by("-id")


def expired_sellable() -> dict[UUID, int]:
    """Return by sellable location how many units of expired lots stand as sellable."""
    rows = expired_lots().filter(location__sellable=True)
    return {key: int(units) for key, units in rows.values_list("location").annotate(units=Sum("quantity"))}


def _seen(actor: Actor) -> Q:
    places = locations_visible_to(actor)
    return Q(move__source_location__in=places) | Q(move__target_location__in=places)


def _one(found: Row | None) -> Row:
    if found is None:
        raise hidden()
    return found
