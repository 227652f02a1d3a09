"""Reads of stock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from inventory.enums import Disposition
from inventory.models import (
    Item,
    ItemValue,
    Location,
    Reservation,
    Snapshot,
    StateMap,
    StockBalance,
    StockDrift,
    StockMove,
    StockTransfer,
)
from inventory.promising import with_free
from retailops.accounts.actor import Actor, require, scope_q
from retailops.accounts.permissions import Permission
from retailops.events.prepared import Prepared
from retailops.lib.errors import Invalid, hidden


@dataclass(frozen=True)
class Availability:
    """How much of a sku may be promised at a location, and where the rest of it stands.

    At a sellable location, sellable = available + reserved + expired.
    """

    sku: str
    location: str
    available: int
    by_disposition: dict[str, int]
    reserved: int = 0
    expired: int = 0


_BY_CODE = Prepared(lambda code: Location.objects.filter(code=code))


def locations(*, region: str = "") -> QuerySet[Location]:
    """Return the locations, those of the region (and those of none) when one is given, by code."""
    rows = Location.objects.order_by("code")
    return rows.filter(region__in=["", region]) if region else rows


def location_of(code: str) -> Location:
    """Return the location of that code. Raises Invalid when there is none."""
    found = _BY_CODE.first(code)
    if found is None:
        raise Invalid(f"There is no location {code}.", code="unknown-location")
    return found


def location_codes(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the codes of locations by id (one query)."""
    return dict(Location.objects.filter(id__in=set(ids)).values_list("id", "code"))


def availability(sku: str, location: str = "", *, actor: Actor | None = None) -> list[Availability]:
    """Return what may be promised of the sku at each place: `sellable` at sellable locations, less what is reserved
    and what has expired.

    With an actor, only locations of regions where it may view stock. Raises Denied when it may nowhere.
    """
    places = _visible_places(actor)
    if location:
        places = places.filter(code=location)
    rows = StockBalance.objects.filter(sku=sku, location__in=places, quantity__gt=0).select_related("location")
    found: dict[str, list[Any]] = {}
    for row in with_free(rows).order_by("location__code"):
        found.setdefault(row.location.code, []).append(row)
    return [_availability(sku, balances) for balances in found.values()]


def _availability(sku: str, balances: list[Any]) -> Availability:
    """Return what balances of one place that know what is `free` and `expired` come to."""
    standing = {str(row.disposition): row.quantity for row in balances}
    free, reserved, expired = (sum(getattr(row, name) for row in balances) for name in ("free", "reserved", "expired"))
    return Availability(sku, balances[0].location.code, free, standing, reserved, expired)


def available_to_promise(sku: str) -> int:
    """Return how many units may be promised, over all locations."""
    rows = StockBalance.objects.filter(sku=sku, disposition=Disposition.SELLABLE, location__sellable=True)
    return int(with_free(rows).aggregate(total=Sum("free"))["total"] or 0)


def place_with(wanted: Mapping[str, int], *, region: str = "") -> str:
    """Return the code of a sellable location that has all of it free now (units by sku); "" where none has.

    Of several the one with the most to spare; of equals, the first by code. It is a look, not a promise.
    """
    places = locations(region=region).filter(sellable=True)
    rows = StockBalance.objects.filter(sku__in=wanted, disposition=Disposition.SELLABLE, location__in=places)
    spare: dict[str, dict[str, int]] = {}
    free = with_free(rows).order_by("location__code").values_list("location__code", "sku", "free")
    for code, sku, units in free:
        spare.setdefault(code, {})[sku] = units - wanted[sku]
    able = {code: min(left.values()) for code, left in spare.items() if len(left) == len(wanted)}
    best = max(able, key=lambda code: able[code], default="")
    return best if best and able[best] >= 0 else ""


def offered(*, region: str = "", limit: int = 300) -> dict[str, int]:
    """Return what may be promised in the region, by sku, in its order; skus without a free unit are left out."""
    rows = StockBalance.objects.filter(
        disposition=Disposition.SELLABLE, location__in=locations(region=region).filter(sellable=True)
    )
    free = with_free(rows).filter(free__gt=0).values("sku").annotate(units=Sum("free"))
    return dict(free.order_by("sku").values_list("sku", "units")[:limit])


def reservations_of(subject_id: UUID) -> QuerySet[Reservation]:
    """Return the reservations of a subject with their locations, oldest first."""
    return Reservation.objects.filter(subject_id=subject_id).select_related("location").order_by("id")


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
        raise hidden()
    return row


def transfers_visible_to(actor: Actor) -> QuerySet[StockTransfer]:
    """Return the transfers from or to the locations of the actor's regions, with both."""
    places = locations_visible_to(actor)
    rows = StockTransfer.objects.select_related("source", "target")
    return rows.filter(Q(source__in=places) | Q(target__in=places))


def state_maps_in_force() -> QuerySet[StateMap]:
    """Return the latest version of each source's map, by source. Maps are of every region."""
    return StateMap.objects.order_by("source", "-version").distinct("source")


def serialized(skus: Iterable[str]) -> set[str]:
    """Return those of the skus whose units have serial numbers."""
    return set(Item.objects.filter(sku__in=set(skus), serialized=True).values_list("sku", flat=True))
