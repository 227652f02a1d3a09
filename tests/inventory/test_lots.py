"""Lots: each stands where its moves brought it, exactly and under load; what expired may not be sold in silence."""

from datetime import date, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from inventory import promising
from inventory.enums import Disposition
from inventory.models import Location, Lot, LotBalance, LotStep, StockBalance, StockMove
from inventory.promising import today
from inventory.selectors import availability, available_to_promise, offered, place_with
from inventory.services import date_lot, move_stock, reserve_stock
from inventory.services.expiry import watch_expiry
from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.audit import audits
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, Unprocessable
from retailops.lib.ids import uuid7
from tests.factories import SYSTEM, actor_with, unique
from tests.inventory.test_by_hand import breaches, place, shift, stock
from tests.inventory.test_hot_sku import at_once, deadlocks
from tests.inventory.test_moving import balance, move
from tests.inventory.test_reserving import wanted

pytestmark = pytest.mark.django_db
SOON, LATE = date(2027, 1, 31), date(2028, 1, 31)


def standing(location: Location) -> dict[tuple[str, str], int]:
    """Return the units by lot and disposition that stand at the place."""
    rows = LotBalance.objects.filter(location=location, quantity__gt=0).exclude(disposition__in=["external"])
    return {(row.lot.code, row.disposition): row.quantity for row in rows.select_related("lot")}


def steps() -> list[tuple[str, int, bool]]:
    return list(LotStep.objects.order_by("id").values_list("lot__code", "quantity", "presumed"))


def test_a_lot_stands_where_its_moves_brought_it() -> None:
    here, there = place(), place()
    stock(here, quantity=5, lot="L1", lot_expires_on=SOON)
    stock(here, quantity=3, lot="L2")
    shift(here, "sellable", "damaged", quantity=2, lot="L1")
    shift(here, "sellable", "sellable", quantity=1, lot="L1", target_location=there.code)
    assert standing(here) == {("L1", "sellable"): 2, ("L1", "damaged"): 2, ("L2", "sellable"): 3}
    assert standing(there) == {("L1", "sellable"): 1}
    assert all(not presumed for _, _, presumed in steps())
    assert breaches() == []


def test_what_expires_first_goes_first_where_nobody_named_a_lot() -> None:
    here = place()
    stock(here, quantity=3, lot="LATE", lot_expires_on=LATE)
    stock(here, quantity=2, lot="SOON", lot_expires_on=SOON)
    stock(here, quantity=4)  # of no lot: these may be the ones that go
    stock(here, "external", 4, source="sellable")
    assert standing(here) == {("LATE", "sellable"): 3, ("SOON", "sellable"): 2}
    stock(here, "external", 3, source="sellable")
    assert standing(here) == {("LATE", "sellable"): 2}
    assert steps()[-2:] == [("SOON", 2, True), ("LATE", 1, True)]
    assert breaches() == []


def test_a_person_says_which_of_several_lots_goes() -> None:
    here = place()
    stock(here, quantity=2, lot="A")
    stock(here, quantity=2, lot="B")
    with pytest.raises(Unprocessable) as refused, transaction.atomic():
        shift(here, "sellable", "damaged")
    assert refused.value.code == "lot-needed"
    assert standing(here) == {("A", "sellable"): 2, ("B", "sellable"): 2}
    shift(here, "sellable", "damaged", quantity=4)  # all of them: nobody need say which
    assert standing(here) == {("A", "damaged"): 2, ("B", "damaged"): 2}
    assert all(not presumed for _, _, presumed in steps())


def test_more_of_a_lot_than_stands_there_is_refused() -> None:
    here = place()
    stock(here, quantity=2, lot="L1")
    stock(here, quantity=5)
    before = steps()
    with pytest.raises(Conflict) as refused, transaction.atomic():
        shift(here, "sellable", "damaged", quantity=3, lot="L1")
    assert refused.value.code == "not-in-lot"
    assert (steps(), standing(here)) == (before, {("L1", "sellable"): 2})


def test_a_move_that_takes_another_back_brings_the_same_lots_back() -> None:
    here = place()
    stock(here, quantity=2, lot="SOON", lot_expires_on=SOON)
    stock(here, quantity=2, lot="LATE", lot_expires_on=LATE)
    gone = stock(here, "external", 3, source="sellable")
    wanted = move(
        here.code, source="external", target="sellable", quantity=3, reverses_id=gone.id, effect_key=unique("back-")
    )
    move_stock(actor=SYSTEM, moves=[wanted])
    assert standing(here) == {("SOON", "sellable"): 2, ("LATE", "sellable"): 2}
    assert breaches() == []


@pytest.mark.parametrize("statement", ["UPDATE inventory_lotstep SET quantity = 1", "DELETE FROM inventory_lotstep"])
def test_steps_of_lots_are_append_only(statement: str) -> None:
    stock(place(), quantity=2, lot="L1")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_holds_lots_within_units() -> None:
    here = place()
    made = stock(here, quantity=2, lot="L1")
    lot = Lot.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        LotStep.objects.create(lot=lot, move=made, quantity=1)  # the move's units are all of it already
    other = Lot.objects.create(sku="OTHER", code="L1")
    bare = stock(here, quantity=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        LotStep.objects.create(lot=other, move=bare, quantity=1)
    LotBalance.objects.filter(disposition=Disposition.SELLABLE).update(quantity=5)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    LotBalance.objects.filter(disposition=Disposition.SELLABLE).update(quantity=2)


def test_the_audit_finds_a_lot_that_stands_elsewhere_than_its_steps_say() -> None:
    stock(place(), quantity=2, lot="L1")
    LotBalance.objects.filter(disposition=Disposition.SELLABLE).update(quantity=1)
    audit = next(each for each in audits() if each.name.startswith("lots stand"))
    assert [found.detail for found in audit.run()] == ["balance 1, steps say 2"]


def test_past_moves_get_their_lots() -> None:
    """Moves of before lots had balances: those named keep their lot, the rest is what must have gone."""
    here = place()
    lots = [Lot.objects.create(sku="OLD", code=code, expires_on=day) for code, day in (("A", LATE), ("B", SOON))]
    told = [
        ("external", "sellable", 2, lots[0]),
        ("external", "sellable", 2, lots[1]),
        ("sellable", "external", 3, None),
    ]
    moment = now() - timedelta(days=1)
    for number, (source, target, quantity, lot) in enumerate(told):
        StockMove.objects.create(
            effect_key=unique("old-"), transition_id=f"{source}>{target}", sku="OLD", quantity=quantity, source=source,
            target=target, source_location=here, target_location=here, subject_type="x", subject_id=uuid7(), actor="x",
            lot=lot, at=moment + timedelta(seconds=number),
        )  # fmt: skip
    StockBalance.objects.create(sku="OLD", location=here, disposition="sellable", quantity=1)
    StockBalance.objects.create(sku="OLD", location=here, disposition="external", quantity=-1)
    import_module("inventory.migrations.0010_lots_of_past_moves").follow(apps, None)
    assert standing(here) == {("A", "sellable"): 1}
    assert steps()[-2:] == [("B", 2, True), ("A", 1, True)]


def test_expired_goods_that_may_be_sold_are_one_case_a_place() -> None:
    here, closed = place(region="uk"), place(region="uk", sellable=False)
    yesterday = today() - timedelta(days=1)
    for where in (here, closed):
        stock(where, quantity=3, lot="OLD", lot_expires_on=yesterday)
    stock(here, quantity=3, lot="LAST", lot_expires_on=today())
    for _ in range(2):
        assert watch_expiry() == 1
    case = Case.objects.get(kind="lot_expired")
    assert (case.title, case.region, case.occurrences) == (
        f"3 units of expired lots stand on the shelf at {here.name}", "uk", 1,
    )  # fmt: skip
    shift(here, "sellable", "quarantine", quantity=3, lot="OLD")
    assert watch_expiry() == 0
    case.refresh_from_db()
    assert case.status == "resolved"


def promised(code: str) -> tuple[int, int, int]:
    """Return what may be promised of the sku at the place, what is held, and what has expired; they reconcile."""
    [found] = availability("SKU", code)
    assert found.available + found.reserved + found.expired == found.by_disposition["sellable"]
    return found.available, found.reserved, found.expired


def test_what_expires_tonight_is_promised_today_and_not_tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    here = place(region="uk")
    stock(here, quantity=3, lot="TONIGHT", lot_expires_on=today())
    stock(here, quantity=4, lot="LATE", lot_expires_on=LATE)
    stock(here, quantity=2)
    reserve_stock(actor=SYSTEM, wanted=[wanted(here.code, "SKU", 1)])
    assert (promised(here.code), available_to_promise("SKU"), watch_expiry()) == ((8, 1, 0), 8, 0)
    tomorrow = today() + timedelta(days=1)
    monkeypatch.setattr(promising, "today", lambda: tomorrow)
    assert (promised(here.code), available_to_promise("SKU")) == ((5, 1, 3), 5)
    assert (offered(region="uk"), place_with({"SKU": 5}), place_with({"SKU": 6})) == ({"SKU": 5}, here.code, "")
    with pytest.raises(Conflict) as refused, transaction.atomic():
        reserve_stock(actor=SYSTEM, wanted=[wanted(here.code, "SKU", 6)])
    assert (refused.value.code, refused.value.detail) == (
        "not-enough-stock", f"Only 5 of SKU are free at {here.code}.",
    )  # fmt: skip
    reserve_stock(actor=SYSTEM, wanted=[wanted(here.code, "SKU", 5)])
    assert (promised(here.code), breaches()) == ((0, 6, 3), [])
    assert balance(here.code, "sellable") == 9


def test_what_is_held_of_goods_that_expired_is_told_with_their_case() -> None:
    here = place(region="uk")
    stock(here, quantity=3, lot="OLD", lot_expires_on=today())
    reserve_stock(actor=SYSTEM, wanted=[wanted(here.code, "SKU", 2)])
    yesterday = today() - timedelta(days=1)
    date_lot(actor=SYSTEM, lot_id=Lot.objects.get().id, expires_on=yesterday, reason="misread")
    case = Case.objects.get(kind="lot_expired")  # at once, not by the next sweep
    assert case.detail == (
        "Their last good day has passed, and they stand as sellable. They are promised to nobody any more. "
        "2 units that are held for somebody cannot be given from what is left."
    )
    lots = [{"sku": "SKU", "lot": "OLD", "expired": yesterday.isoformat(), "units": 3}]
    assert case.evidence == {"location": here.code, "units": 3, "lots": lots}
    assert available_to_promise("SKU") == 0


def test_a_sale_that_names_no_lot_has_not_taken_what_expired() -> None:
    here = place()
    stock(here, quantity=2, lot="OLD", lot_expires_on=today() - timedelta(days=1))
    stock(here, quantity=2, lot="LATE", lot_expires_on=LATE)
    stock(here, "external", 2, source="sellable")
    assert standing(here) == {("OLD", "sellable"): 2}
    assert (available_to_promise("SKU"), steps()[-1]) == (0, ("LATE", 2, True))


def test_a_wrong_date_is_mended_by_those_who_manage_stock() -> None:
    here = place(region="uk")
    stock(here, quantity=1, lot="L1", lot_expires_on=SOON)
    lot = Lot.objects.get()
    nobody = actor_with(P.INVENTORY_VIEW, regions=["uk"])
    with pytest.raises(Denied):
        date_lot(actor=nobody, lot_id=lot.id, expires_on=LATE, reason="misread")
    with pytest.raises(Invalid):
        date_lot(actor=SYSTEM, lot_id=lot.id, expires_on=LATE, reason=" ")
    lot.refresh_from_db()
    assert lot.expires_on == SOON
    assert not Event.objects.filter(type="inventory.lot_dated").exists()
    for _ in range(2):
        date_lot(actor=SYSTEM, lot_id=lot.id, expires_on=LATE, reason="misread")
    told = Event.objects.get(type="inventory.lot_dated").data
    assert (told["expires_on"], told["former"]) == ("2028-01-31", "2027-01-31")


@pytest.mark.django_db(transaction=True)
def test_lots_are_exact_when_many_take_of_them_at_once() -> None:
    before, here = deadlocks(), place()
    stock(here, quantity=60, lot="A", lot_expires_on=SOON)
    stock(here, quantity=60, lot="B", lot_expires_on=LATE)

    def take(number: int) -> bool:
        named = {"lot": "B"} if number % 3 == 0 else {}
        try:
            stock(here, "damaged", 1, source="sellable", **named)
        except Conflict:
            return False
        return True

    done = sum(map(bool, at_once(take, 140)))
    held = standing(here)
    assert done == 120
    assert (held[("A", "damaged")], held[("B", "damaged")]) == (60, 60)
    assert deadlocks() == before
    assert breaches() == []
