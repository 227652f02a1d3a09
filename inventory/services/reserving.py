"""Hold sellable stock for somebody, let it go, or use it up. Whoever comes first has it; nobody has it twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from inventory.enums import Disposition, ReservationStatus
from inventory.events import ReservationConsumed, ReservationExpired, ReservationReleased, StockReserved
from inventory.models import Location, Reservation, StockBalance
from inventory.promising import expired_at
from inventory.services.moving import MoveIn, Place, book_moves, lock_balances
from inventory.services.reservation_endings import end_reservations, tell_reservations
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Invalid, hidden
from retailops.lib.fsm import fire

SELLABLE, EXTERNAL = str(Disposition.SELLABLE), str(Disposition.EXTERNAL)


@dataclass(frozen=True)
class ReservationIn:
    """Units of a sku to be held at a location (by code) for a subject; `effect_key` makes it happen once."""

    effect_key: str
    sku: str
    quantity: int
    location: str
    subject: Subject
    expires_at: datetime | None = None


@transaction.atomic
def reserve_stock(*, actor: Actor, wanted: Sequence[ReservationIn]) -> list[Reservation]:
    """Hold all of the units or none; a repeated effect key returns the reservation that it made.

    Raises Conflict (not that many free, or a key reused for another), Invalid (no such or no sellable location),
    Denied. Needs the permission in the region of every location.
    """
    for place in _places(wanted).values():
        require(actor, Permission.INVENTORY_WRITE, region=place.region or None, view=Permission.INVENTORY_VIEW)
    return hold(actor, wanted)


def hold(actor: Actor, wanted: Sequence[ReservationIn]) -> list[Reservation]:
    """Do as reserve_stock for a command that has checked its own permission, inside that command's transaction."""
    places = _places(wanted)
    rows = {each.effect_key: _row(actor, each, places[each.location]) for each in wanted}
    if len(rows) < len(wanted):
        raise Invalid("The same effect key is given twice.")
    # Locked before looking for repeats, as for moves: who comes second finds what the first has made.
    balances = lock_balances((row.sku, row.location_id, SELLABLE) for row in rows.values())
    known = _known(rows)
    fresh = [row for key, row in rows.items() if key not in known]
    free = _free(balances)
    for row in fresh:
        place = (row.sku, row.location_id, SELLABLE)
        if row.quantity > free[place]:
            raise Conflict(f"Only {free[place]} of {row.sku} are free at {row.location.code}.", code="not-enough-stock")
        free[place] -= row.quantity
    Reservation.objects.bulk_create(fresh)
    tell_reservations(actor, StockReserved, fresh)
    return [known.get(key) or row for key, row in rows.items()]


def _free(balances: Mapping[Place, StockBalance]) -> dict[Place, int]:
    """Return how many units of these (locked) nobody holds and no expiry takes: a lot changes under their lock too."""
    expired = expired_at((sku, location) for sku, location, _ in balances)
    return {
        place: max(0, balance.quantity - balance.reserved - expired.get(place[:2], 0))
        for place, balance in balances.items()
    }


def _places(wanted: Iterable[ReservationIn]) -> dict[str, Location]:
    codes = {each.location for each in wanted}
    found = {place.code: place for place in Location.objects.filter(code__in=codes, sellable=True)}
    if missing := sorted(codes - found.keys()):
        raise Invalid(f"There is no sellable location {', '.join(missing)}.", code="unknown-location")
    return found


def _row(actor: Actor, wanted: ReservationIn, place: Location) -> Reservation:
    if wanted.quantity <= 0:
        raise Invalid("Reserve at least one unit.")
    subject = wanted.subject
    return Reservation(
        effect_key=wanted.effect_key,
        sku=wanted.sku,
        location=place,
        quantity=wanted.quantity,
        subject_type=subject.type,
        subject_id=subject.id,
        correlation_id=subject.correlation_id,
        lane=subject.lane,
        region=subject.region,
        brand=subject.brand,
        channel=subject.channel,
        actor=actor.key,
        expires_at=wanted.expires_at,
    )


def _known(rows: dict[str, Reservation]) -> dict[str, Reservation]:
    found = Reservation.objects.filter(effect_key__in=rows).select_related("location")
    known = {row.effect_key: row for row in found}
    for key, row in known.items():
        wanted = rows[key]
        if (row.sku, row.location_id, row.quantity) != (wanted.sku, wanted.location_id, wanted.quantity):
            raise Conflict(f"{key} already holds something else.", code="key-reused")
    return known


@transaction.atomic
def release_reservation(*, actor: Actor, reservation_id: UUID, reason: str) -> Reservation:
    """Let held units go; one that ended already is returned as it is. Raises NotFound, Denied."""
    _require(actor, reservation_id)
    let_go(actor, [reservation_id], reason)
    return Reservation.objects.get(pk=reservation_id)


def let_go(actor: Actor, ids: Iterable[UUID], reason: str) -> None:
    """Release those of the reservations that are held, for a command that has checked its own permission."""
    held = _locked(ids)
    end_reservations(actor, held, "release", ReservationReleased, reason)


@transaction.atomic
def consume_reservation(*, actor: Actor, reservation_id: UUID, effect_key: str) -> Reservation:
    """Book held units out of the house (sellable → external, once for the key). Raises TransitionRefused, Denied."""
    _require(actor, reservation_id)
    found = Reservation.objects.get(pk=reservation_id)
    if found.status == ReservationStatus.HELD:
        use_up(actor, {reservation_id: effect_key})
    elif found.status != ReservationStatus.CONSUMED:
        fire(found.consume)
    return Reservation.objects.get(pk=reservation_id)


def use_up(actor: Actor, keys: dict[UUID, str]) -> set[UUID]:
    """Consume those of the reservations that are held and book their moves, under the same locks; return their ids.

    `keys` are the effect keys of the moves, by reservation. For a command that has checked its own permission.
    """
    held = _locked(keys, with_external=True)
    end_reservations(actor, held, "consume", ReservationConsumed, "shipped")
    book_moves(actor=actor, moves=[_out(row, keys[row.id]) for row in held])
    return {row.id for row in held}


def _out(row: Reservation, key: str) -> MoveIn:
    return MoveIn(
        effect_key=key,
        sku=row.sku,
        quantity=row.quantity,
        source=SELLABLE,
        target=EXTERNAL,
        location=row.location.code,
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        correlation_id=row.correlation_id,
        lane=row.lane,
        region=row.region,
        brand=row.brand,
        channel=row.channel,
        reason="shipped",
    )


def keep_for_good(ids: Iterable[UUID]) -> None:
    """Let held units no longer expire: they are about to go out."""
    Reservation.objects.filter(id__in=list(ids), status=ReservationStatus.HELD).update(expires_at=None)


@transaction.atomic
def expire_reservation(*, actor: Actor, reservation_id: UUID) -> bool:
    """End a reservation whose time has passed; tell whether it did. One that was used meanwhile is left alone."""
    due = [row for row in _locked([reservation_id]) if row.expires_at is not None and row.expires_at <= now()]
    end_reservations(actor, due, "expire", ReservationExpired, "not used in time")
    return bool(due)


def _locked(ids: Iterable[UUID], *, with_external: bool = False) -> list[Reservation]:
    """Return those that are held, locked after their balances, as every command takes them."""
    ids = list(ids)
    places: list[Place] = []
    for sku, location in Reservation.objects.filter(id__in=ids).values_list("sku", "location_id"):
        places += [(sku, location, SELLABLE), *([(sku, location, EXTERNAL)] if with_external else [])]
    lock_balances(places)
    rows = Reservation.objects.select_for_update(of=("self",)).select_related("location")
    return list(rows.filter(id__in=ids, status=ReservationStatus.HELD).order_by("id"))


def _require(actor: Actor, reservation_id: UUID) -> None:
    region = Reservation.objects.filter(pk=reservation_id).values_list("location__region", flat=True).first()
    if region is None:
        raise hidden()
    require(actor, Permission.INVENTORY_WRITE, region=region or None, view=Permission.INVENTORY_VIEW)
