"""Stock moved by hand: between shelves and places, counted differences with a second person's word; serials, lots."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from inventory.enums import Disposition
from inventory.inputs import AdjustmentIn, ItemIn, LocationIn, ShiftIn, read
from inventory.models import Location, SerialUnit, StockAdjustment, StockBalance, StockMove
from inventory.services import add_location, adjust_stock, change_location, move_stock, put_items, shift_stock
from inventory.vocabularies import CROSSWALK, VOCABULARIES, codes_of, meanings_of
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Approval, ApprovalStatus
from retailops.cases.services import approve, refuse
from retailops.lib.audit import audits
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound, Unprocessable
from tests.factories import SYSTEM, actor_with, everyone_with, make_location, unique
from tests.inventory.test_moving import balance, move

pytestmark = pytest.mark.django_db
RIGHTS = (P.INVENTORY_WRITE, P.INVENTORY_VIEW)


def item(sku: str, *, value: int | None = None, serialized: bool = False) -> None:
    values = [] if value is None else [{"currency": "GBP", "amount": value}]
    put_items(actor=SYSTEM, items=[read(ItemIn, {"sku": sku, "serialized": serialized, "values": values})])


def place(**fields: Any) -> Location:
    return make_location(currency="GBP", **fields)


def stock(location: Location, disposition: str = "sellable", quantity: int = 5, **fields: Any) -> StockMove:
    """Return the move that brought units there."""
    [made] = move_stock(actor=SYSTEM, moves=[move(location.code, target=disposition, quantity=quantity, **fields)])
    return made


def shift(location: Location, source: str, target: str, actor: Actor = SYSTEM, **fields: Any) -> StockMove:
    data = {
        "reference": unique("shift-"), "sku": "SKU", "quantity": 1, "location": location.code, "source": source,
        "target": target, "reason": "looked at again",
    }  # fmt: skip
    return shift_stock(actor=actor, shift=read(ShiftIn, data | fields))


def adjust(location: Location, change: int, actor: Actor = SYSTEM, **fields: Any) -> StockAdjustment:
    data = {
        "reference": unique("count-"), "sku": "SKU", "location": location.code, "disposition": "sellable",
        "change": change, "reason": "counted",
    }  # fmt: skip
    return adjust_stock(actor=actor, adjustment=read(AdjustmentIn, data | fields))


def breaches() -> list[object]:
    return [each for audit in audits() for each in audit.run()]


def test_units_go_to_another_disposition_and_another_place_once() -> None:
    here, there = place(), place()
    stock(here, "quarantine")
    first = shift(here, "quarantine", "sellable", quantity=2, reference="R1")
    again = shift(here, "quarantine", "sellable", quantity=2, reference="R1")
    shift(here, "sellable", "sellable", target_location=there.code)
    assert first.id == again.id
    assert (balance(here.code, "quarantine"), balance(here.code, "sellable"), balance(there.code, "sellable")) == (
        3,
        1,
        1,
    )


@pytest.mark.parametrize(
    ("source", "target", "error", "code"),
    [
        ("pending_inspection", "sellable", Unprocessable, "not-by-hand"),
        ("quarantine", "pending_inspection", Unprocessable, "not-by-hand"),
        ("quarantine", "adjustment", Unprocessable, "not-by-hand"),
        ("damaged", "sellable", Unprocessable, "illegal-move"),
        ("quarantine", "scrap", Conflict, "not-enough-stock"),
    ],
)
def test_what_a_hand_may_not_do(source: str, target: str, error: type[DomainError], code: str) -> None:
    here = place()
    stock(here, "pending_inspection")
    stock(here, "damaged", source="adjustment")
    with pytest.raises(error) as refused, transaction.atomic():
        shift(here, source, target)
    assert refused.value.code == code
    assert StockMove.objects.count() == 2


def test_three_persons_move_by_hand() -> None:
    here = place(region="uk")
    stock(here)
    allowed, elsewhere, nobody = everyone_with(*RIGHTS, region="uk")
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (actor_with(P.INVENTORY_VIEW), Denied)):
        with pytest.raises(error):
            shift(here, "sellable", "damaged", actor)
        with pytest.raises(error):
            adjust(here, -1, actor)
    assert balance(here.code, "sellable") == 5
    shift(here, "sellable", "damaged", allowed)
    assert balance(here.code, "damaged") == 1


def test_a_small_difference_is_booked_at_once() -> None:
    here = place()
    item("SKU", value=1000)
    stock(here)
    row = adjust(here, -2, reference="C1")
    assert (row.status, row.value, row.currency) == ("booked", -2000, "GBP")
    assert adjust(here, -2, reference="C1").id == row.id
    with pytest.raises(Conflict) as refused:
        adjust(here, -3, reference="C1")
    assert refused.value.code == "key-reused"
    assert (balance(here.code, "sellable"), balance(here.code, "adjustment")) == (3, 2)
    assert not Approval.objects.exists()


@pytest.mark.parametrize("value", [None, 50_001])
def test_a_large_or_unknown_value_waits_for_a_second_person(value: int | None) -> None:
    here = place(region="uk")
    item("SKU", value=value)
    stock(here)
    first, second = actor_with(*RIGHTS), actor_with(P.APPROVALS_DECIDE, P.CASES_VIEW)
    row = adjust(here, -1, first)
    assert (row.status, balance(here.code, "sellable")) == ("waiting", 5)
    asked = Approval.objects.get(subject_id=row.id)
    assert asked.amount == value
    both = actor_with(*RIGHTS, P.APPROVALS_DECIDE, P.CASES_VIEW, id=first.id)
    with pytest.raises(Denied):
        approve(both, asked.id, "my own")
    approve(second, asked.id, "counted with me")
    row.refresh_from_db()
    asked.refresh_from_db()
    assert (row.status, asked.status, balance(here.code, "sellable")) == ("booked", ApprovalStatus.CONSUMED, 4)


def test_a_refused_difference_changes_nothing() -> None:
    here = place()
    stock(here)
    row = adjust(here, -1, actor_with(*RIGHTS))
    refuse(SYSTEM, Approval.objects.get(subject_id=row.id).id, "count again")
    row.refresh_from_db()
    assert (row.status, row.move_id, balance(here.code, "sellable")) == ("refused", None, 5)


def test_what_waits_for_a_verdict_is_not_counted_away() -> None:
    with pytest.raises(Invalid):
        adjust(place(), -1, disposition="pending_inspection")


def test_serials_go_where_their_moves_go() -> None:
    here, there = place(), place()
    item("SKU", serialized=True)
    stock(here, quantity=3, serials=("A", "B"))
    shift(here, "sellable", "sellable", target_location=there.code, serials=["A"])
    unit = SerialUnit.objects.get(serial="A")
    assert (unit.location, unit.disposition, unit.presumed) == (there, "sellable", False)
    assert list(unit.steps.order_by("id").values_list("move__target_location__code", flat=True)) == [
        here.code,
        there.code,
    ]
    assert breaches() == []


def test_a_person_says_which_serials_go() -> None:
    here = place()
    stock(here, quantity=3, serials=("A", "B"))
    shift(here, "sellable", "damaged")  # the third, which has no number, may be the one
    with pytest.raises(Unprocessable) as refused, transaction.atomic():
        shift(here, "sellable", "damaged")
    assert refused.value.code == "serials-needed"
    with pytest.raises(Conflict) as elsewhere, transaction.atomic():
        shift(here, "damaged", "scrap", serials=["A"])
    assert elsewhere.value.code == "serial-elsewhere"
    shift(here, "sellable", "damaged", quantity=2)  # both: nobody need name them
    assert set(SerialUnit.objects.values_list("disposition", "presumed")) == {("damaged", False)}


def test_a_system_that_names_no_serials_takes_the_longest_standing_as_presumed() -> None:
    here = place()
    stock(here, quantity=1, serials=("OLD",))
    stock(here, quantity=1, serials=("NEW",))
    stock(here, "external", 1, source="sellable")
    assert [(u.serial, u.disposition, u.presumed) for u in SerialUnit.objects.order_by("serial")] == [
        ("NEW", "sellable", False),
        ("OLD", "external", True),
    ]
    assert breaches() == []


def test_more_serials_than_units_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        stock(place(), quantity=1, serials=("A", "B"))
    assert refused.value.code == "more-serials-than-units"
    assert not SerialUnit.objects.exists()


def test_the_database_keeps_a_serial_where_its_last_move_brought_it() -> None:
    here, there = place(), place()
    stock(here, serials=("A",))
    for change in ({"location": there}, {"disposition": "scrap"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SerialUnit.objects.filter(serial="A").update(**change)
    StockBalance.objects.filter(disposition="sellable").update(quantity=0)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    StockBalance.objects.filter(disposition="sellable").update(quantity=5)


def test_lots_are_kept_apart() -> None:
    here = place()
    stock(here, quantity=2, lot="L1")
    stock(here, quantity=5)
    shift(here, "sellable", "damaged", quantity=2, lot="L1")
    with pytest.raises(Conflict) as refused, transaction.atomic():
        shift(here, "sellable", "damaged", lot="L1")
    assert refused.value.code == "not-in-lot"


def test_locations_are_added_and_changed_by_those_who_manage_them() -> None:
    data = {"code": unique("DC-"), "name": "Center", "region": "uk", "currency": "GBP"}
    allowed, elsewhere, nobody = everyone_with(P.INVENTORY_MANAGE, P.INVENTORY_VIEW, region="uk")
    for actor in (elsewhere, nobody):
        with pytest.raises(Denied):
            add_location(actor=actor, location=read(LocationIn, data))
    made = add_location(actor=allowed, location=read(LocationIn, data))
    with pytest.raises(Conflict):
        add_location(actor=allowed, location=read(LocationIn, data))
    with pytest.raises(NotFound):
        change_location(actor=elsewhere, location=read(LocationIn, data | {"name": "Mine"}))
    changed = change_location(actor=allowed, location=read(LocationIn, data | {"sellable": False}))
    assert (changed.id, changed.sellable) == (made.id, False)
    stock(made)
    with pytest.raises(Conflict) as refused:
        change_location(actor=allowed, location=read(LocationIn, data | {"currency": "EUR"}))
    assert refused.value.code == "location-in-use"


def test_items_are_replaced_with_their_values() -> None:
    item("A", value=5)
    [row] = put_items(actor=SYSTEM, items=[read(ItemIn, {"sku": "A", "title": "Lamp", "serialized": True})])
    assert (row.title, row.serialized, row.values.count()) == ("Lamp", True, 0)
    with pytest.raises(Denied):
        put_items(actor=actor_with(P.INVENTORY_WRITE), items=[])


@pytest.mark.parametrize(
    ("vocabulary", "disposition", "codes"),
    [
        ("shopify", "sellable", ("RESTOCKED",)),
        ("shopify", "repair", ("PROCESSING_REQUIRED",)),
        ("loop", "donate", ("donate",)),
        ("loop", "scrap", ()),
        ("arts", "return_to_vendor", ("ReturnToSupplier",)),
        ("x12_1292", "keep_it", ("KA",)),
        ("x12_1292", "refurbish", ("RF", "KR", "MW")),
        ("arts", "in_transit", ()),
    ],
)
def test_other_vocabularies_words(vocabulary: str, disposition: str, codes: tuple[str, ...]) -> None:
    assert codes_of(vocabulary, disposition) == codes
    assert all(Disposition(disposition) in meanings_of(vocabulary, code) for code in codes)


def test_a_code_is_never_guessed() -> None:
    assert meanings_of("shopify", "PROCESSING_REQUIRED") == {
        Disposition.QUARANTINE, Disposition.PENDING_INSPECTION, Disposition.REFURBISH, Disposition.REPAIR,
    }  # fmt: skip
    assert meanings_of("loop", "new_state") == frozenset()
    named = [each for row in CROSSWALK for each in row.dispositions]
    assert len(named) == len(set(named))
    assert len(VOCABULARIES) == 4
