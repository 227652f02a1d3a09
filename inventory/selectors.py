"""Reads of stock."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet, Sum

from inventory.enums import Disposition
from inventory.models import Item, ItemValue, Location, Snapshot, StockBalance, StockDrift, StockMove
from retailops.accounts.actor import Actor, require, scope_q
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Invalid, NotFound


@dataclass(frozen=True)
class Availability:
    """How much of a sku may be promised at a location, and where the rest of it stands."""

    sku: str
    location: str
    available: int
    by_disposition: dict[str, int]


def locations(*, region: str = "") -> QuerySet[Location]:
    """Return the locations, those of the region (and those of none) when one is given, by code."""
    rows = Location.objects.order_by("code")
    return rows.filter(region__in=["", region]) if region else rows


def location_of(code: str) -> Location:
    """Return the location of that code. Raises Invalid when there is none."""
    found = Location.objects.filter(code=code).first()
    if found is None:
        raise Invalid(f"There is no location {code}.", code="unknown-location")
    return found


def location_codes(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the codes of locations by id (one query)."""
    return dict(Location.objects.filter(id__in=set(ids)).values_list("id", "code"))


def availability(sku: str, location: str = "", *, actor: Actor | None = None) -> list[Availability]:
    """Return what may be promised of the sku: `sellable` at sellable locations, nothing else. One entry a location.

    With an actor, only locations of regions where it may view stock. Raises Denied when it may nowhere.
    """
    places = _visible_places(actor)
    if location:
        places = places.filter(code=location)
    rows = StockBalance.objects.filter(sku=sku, location__in=places, quantity__gt=0).select_related("location")
    found: dict[str, tuple[Location, dict[str, int]]] = {}
    for row in rows.order_by("location__code"):
        found.setdefault(row.location.code, (row.location, {}))[1][str(row.disposition)] = row.quantity
    return [
        Availability(sku, code, standing.get(Disposition.SELLABLE, 0) if place.sellable else 0, standing)
        for code, (place, standing) in found.items()
    ]


def available_to_promise(sku: str) -> int:
    """Return how many units may be promised, over all locations."""
    rows = StockBalance.objects.filter(sku=sku, disposition=Disposition.SELLABLE, location__sellable=True)
    return int(rows.aggregate(total=Sum("quantity"))["total"] or 0)


def moves_of(subject_id: UUID) -> QuerySet[StockMove]:
    """Return the moves that a subject caused, oldest first."""
    return (
        StockMove.objects.filter(subject_id=subject_id)
        .select_related("source_location", "target_location")
        .order_by("id")
    )


def _visible_places(actor: Actor | None) -> QuerySet[Location]:
    if actor is None:
        return Location.objects.all()
    require(actor, Permission.INVENTORY_VIEW)
    return Location.objects.filter(scope_q(actor, Permission.INVENTORY_VIEW, brand=""))


def unit_values(skus: Iterable[str], currency: str) -> dict[str, int]:
    """Return what a unit of each sku is worth in the currency, in minor units; those of unknown value are left out."""
    rows = (
        ItemValue.objects.filter(item__sku__in=set(skus), currency=currency) if currency else ItemValue.objects.none()
    )
    return dict(rows.values_list("item__sku", "unit_value"))


def locations_visible_to(actor: Actor) -> QuerySet[Location]:
    """Return the locations of the actor's regions. Raises Denied for whoever may see no stock at all."""
    return _visible_places(actor)


def drifts_visible_to(actor: Actor) -> QuerySet[StockDrift]:
    """Return the differences at the locations of the actor's regions, with location and last snapshot."""
    rows = StockDrift.objects.select_related("location", "last_snapshot")
    return rows.filter(location__in=locations_visible_to(actor))


def snapshots_visible_to(actor: Actor) -> QuerySet[Snapshot]:
    """Return the snapshots of the locations of the actor's regions."""
    rows = Snapshot.objects.select_related("location", "state_map")
    return rows.filter(location__in=locations_visible_to(actor))


def snapshot_visible_to(actor: Actor, snapshot_id: UUID) -> Snapshot:
    """Return one snapshot. Raises NotFound."""
    row = snapshots_visible_to(actor).filter(pk=snapshot_id).first()
    if row is None:
        raise NotFound("There is no such snapshot, or it is not yours to see.")
    return row


def serialized(skus: Iterable[str]) -> set[str]:
    """Return those of the skus whose units have serial numbers."""
    return set(Item.objects.filter(sku__in=set(skus), serialized=True).values_list("sku", flat=True))
