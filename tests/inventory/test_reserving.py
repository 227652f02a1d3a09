"""Reservations: held once, within what is sellable; let go, used up, expired or broken, never twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from inventory.enums import Disposition
from inventory.models import Reservation, StockBalance, StockMove
from inventory.selectors import availability, available_to_promise, offered, place_with
from inventory.services import (
    MoveIn,
    ReservationIn,
    consume_reservation,
    move_stock,
    release_reservation,
    reserve_stock,
)
from inventory.sweeps import expire_reservations
from retailops.accounts.permissions import Permission
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound
from retailops.lib.fsm import TransitionRefused
from retailops.lib.ids import uuid7
from tests.factories import SYSTEM, actor_with, everyone_with, make_location, unique
from tests.returns.proofs import prove

pytestmark = pytest.mark.django_db


def stocked(sku: str, quantity: int = 5, **place: Any) -> str:
    """Return a place with so many sellable units."""
    code = make_location(**place).code
    moved(code, sku, quantity, "external", "sellable")
    return code


def moved(place: str, sku: str, quantity: int, source: str, target: str) -> None:
    """Move units of a sku."""
    what = MoveIn(unique("m-"), sku, quantity, source, target, place, "adjustment", uuid7(), uuid7())
    move_stock(actor=SYSTEM, moves=[what])


def wanted(place: str, sku: str, quantity: int = 2, **fields: Any) -> ReservationIn:
    """Return units to be held for a new subject."""
    id = uuid7()
    key = fields.pop("key", "") or unique("hold-")
    return ReservationIn(key, sku, quantity, place, Subject("order", id, id, str(id)), **fields)


def held(place: str, sku: str, quantity: int = 2, **fields: Any) -> Reservation:
    [made] = reserve_stock(actor=SYSTEM, wanted=[wanted(place, sku, quantity, **fields)])
    return made


def events_of(reservation: Reservation) -> list[str]:
    rows = Event.objects.filter(data__reservation_id=str(reservation.id)).order_by("position")
    return list(rows.values_list("type", flat=True))


def test_what_is_held_is_promised_to_nobody_else() -> None:
    sku = unique("SKU-")
    place = stocked(sku)
    made = held(place, sku, 2)
    [found] = availability(sku)
    assert (found.available, found.reserved, found.by_disposition) == (3, 2, {"sellable": 5})
    assert (available_to_promise(sku), offered(region="uk")[sku]) == (3, 3)
    assert (place_with({sku: 3}), place_with({sku: 4})) == (place, "")
    assert events_of(made) == ["inventory.reserved"]
    prove()


def test_a_repeated_key_holds_once_and_another_content_is_refused() -> None:
    sku = unique("SKU-")
    place = stocked(sku)
    first, again = held(place, sku, key="k"), held(place, sku, key="k")
    assert first.id == again.id
    with pytest.raises(Conflict) as refused:
        held(place, sku, 3, key="k")
    assert refused.value.code == "key-reused"
    assert available_to_promise(sku) == 3


def test_all_of_it_is_held_or_nothing() -> None:
    one, two = unique("SKU-"), unique("SKU-")
    place = stocked(one)
    moved(place, two, 1, "external", "sellable")
    with pytest.raises(Conflict) as refused, transaction.atomic():
        reserve_stock(actor=SYSTEM, wanted=[wanted(place, one, 2), wanted(place, two, 2)])
    assert refused.value.code == "not-enough-stock"
    assert not Reservation.objects.exists()
    assert (available_to_promise(one), available_to_promise(two)) == (5, 1)
    assert not Event.objects.filter(type="inventory.reserved").exists()


@pytest.mark.parametrize(("quantity", "place", "error"), [(0, "", Invalid), (1, "nowhere", Invalid)])
def test_what_cannot_be_is_refused(quantity: int, place: str, error: type[DomainError]) -> None:
    sku = unique("SKU-")
    there = stocked(sku)
    with pytest.raises(error):
        held(place or there, sku, quantity)
    backroom = stocked(sku, sellable=False)
    with pytest.raises(Invalid):
        held(backroom, sku, 1)
    assert not Reservation.objects.exists()


def test_release_gives_the_units_back_once() -> None:
    sku = unique("SKU-")
    made = held(stocked(sku), sku)
    for _ in range(2):
        ended = release_reservation(actor=SYSTEM, reservation_id=made.id, reason="not needed")
        assert (ended.status, ended.reason) == ("released", "not needed")
    assert available_to_promise(sku) == 5
    assert events_of(made) == ["inventory.reserved", "inventory.reservation_released"]
    with pytest.raises(TransitionRefused):
        consume_reservation(actor=SYSTEM, reservation_id=made.id, effect_key="out")
    assert StockMove.objects.count() == 1
    prove()


def test_consuming_books_the_units_out_once() -> None:
    sku = unique("SKU-")
    made = held(stocked(sku), sku)
    for _ in range(2):
        assert consume_reservation(actor=SYSTEM, reservation_id=made.id, effect_key="out").status == "consumed"
    out = StockMove.objects.get(effect_key="out")
    assert (out.quantity, out.source, out.target, out.subject_id) == (2, "sellable", "external", made.subject_id)
    [found] = availability(sku)
    assert (found.available, found.reserved, found.by_disposition["sellable"]) == (3, 0, 3)
    assert events_of(made) == ["inventory.reserved", "inventory.reservation_consumed"]
    prove()


def test_others_are_refused_what_is_reserved() -> None:
    sku = unique("SKU-")
    place = stocked(sku)
    held(place, sku, 4)
    with pytest.raises(Conflict) as refused, transaction.atomic():
        moved(place, sku, 2, "sellable", "external")
    assert refused.value.code == "stock-reserved"
    moved(place, sku, 1, "sellable", "external")
    assert available_to_promise(sku) == 0
    prove()


@pytest.mark.parametrize("target", ["damaged", "missing", "quarantine", "pending_inspection", "adjustment"])
def test_a_fact_breaks_the_latest_reservations(target: str) -> None:
    sku = unique("SKU-")
    place = stocked(sku)
    first, second = held(place, sku, 2), held(place, sku, 2)
    moved(place, sku, 2, "sellable", target)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("held", "broken")
    assert second.reason == f"found to be {Disposition(target).label.lower()}"
    assert events_of(second) == ["inventory.reserved", "inventory.reservation_broken"]
    assert available_to_promise(sku) == 1
    prove()


def test_only_what_is_overdue_expires() -> None:
    sku = unique("SKU-")
    place = stocked(sku)
    late = held(place, sku, 1, expires_at=now() - timedelta(seconds=1))
    later, never = held(place, sku, 1, expires_at=now() + timedelta(days=1)), held(place, sku, 1)
    assert (expire_reservations(), expire_reservations()) == (1, 0)
    assert [Reservation.objects.get(pk=each.pk).status for each in (late, later, never)] == ["expired", "held", "held"]
    assert available_to_promise(sku) == 3
    prove()


def test_the_database_itself_keeps_reserved_within_sellable() -> None:
    sku = unique("SKU-")
    made = held(stocked(sku), sku, 4)
    balance = StockBalance.objects.filter(sku=sku, disposition="sellable")
    with pytest.raises(IntegrityError), transaction.atomic():
        balance.update(quantity=3)
    fields = {name: getattr(made, name) for name in ("sku", "location", "subject_id", "correlation_id")}
    with pytest.raises(IntegrityError), transaction.atomic():
        Reservation.objects.create(effect_key="x", quantity=2, subject_type="order", actor="test", **fields)
    for change in ({"quantity": 1}, {"sku": "OTHER"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Reservation.objects.filter(pk=made.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Reservation.objects.filter(pk=made.pk).delete()
    assert balance.get().reserved == 4


def test_three_persons_reserve() -> None:
    sku = unique("SKU-")
    place = stocked(sku, region="uk")
    allowed, elsewhere, nobody = everyone_with(Permission.INVENTORY_WRITE, Permission.INVENTORY_VIEW, region="uk")
    looker = actor_with(Permission.INVENTORY_VIEW)
    [made] = reserve_stock(actor=allowed, wanted=[wanted(place, sku, 1)])
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            reserve_stock(actor=actor, wanted=[wanted(place, sku, 1)])
        with pytest.raises(error):
            release_reservation(actor=actor, reservation_id=made.id, reason="x")
        with pytest.raises(error):
            consume_reservation(actor=actor, reservation_id=made.id, effect_key="x")
    assert (Reservation.objects.count(), available_to_promise(sku)) == (1, 4)
