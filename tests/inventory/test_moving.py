"""Stock moves: once, legal, never below nothing, balances equal to their sum."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.models import LegalTransition, StockBalance, StockMove
from inventory.selectors import availability, available_to_promise
from inventory.services import MoveIn, ensure_location, move_stock
from inventory.transitions import legal_pairs, transition_key
from retailops.accounts.permissions import Permission
from retailops.events.models import Event
from retailops.lib.audit import audits
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound, Unprocessable
from retailops.lib.ids import uuid7
from tests.factories import SYSTEM, actor_with, everyone_with, make_location, unique

pytestmark = pytest.mark.django_db


def move(location: str, **fields: Any) -> MoveIn:
    """Return a move of five units from outside into quarantine."""
    wanted: dict[str, Any] = {
        "effect_key": unique("move-"), "sku": "SKU", "quantity": 5, "source": "external", "target": "quarantine",
        "subject_type": "adjustment", "subject_id": uuid7(), "correlation_id": uuid7(),
    }  # fmt: skip
    return MoveIn(location=location, **(wanted | fields))


def balance(location: str, disposition: str, sku: str = "SKU") -> int:
    """Return how many stand there."""
    rows = StockBalance.objects.filter(sku=sku, location__code=location, disposition=disposition)
    return sum(rows.values_list("quantity", flat=True))


def test_a_move_changes_both_ends_and_is_told() -> None:
    place = make_location().code
    [made] = move_stock(actor=SYSTEM, moves=[move(place)])
    assert (balance(place, "external"), balance(place, "quarantine")) == (-5, 5)
    told = Event.objects.get(type="inventory.moved", subject_id=made.subject_id)
    assert told.data["quantity"] == 5
    assert told.data["target_location"] == place


def test_the_same_key_moves_once() -> None:
    place = make_location().code
    wanted = move(place)
    [first] = move_stock(actor=SYSTEM, moves=[wanted])
    [again] = move_stock(actor=SYSTEM, moves=[wanted])
    assert first.id == again.id
    assert balance(place, "quarantine") == 5
    with pytest.raises(Conflict) as refused:
        move_stock(actor=SYSTEM, moves=[move(place, effect_key=wanted.effect_key, quantity=6)])
    assert refused.value.code == "key-reused"
    assert balance(place, "quarantine") == 5


@pytest.mark.parametrize(
    ("fields", "error", "code"),
    [
        ({"source": "keep_it", "target": "sellable"}, Unprocessable, "illegal-move"),
        ({"source": "scrap", "target": "sellable"}, Unprocessable, "illegal-move"),
        ({"source": "quarantine", "target": "sellable"}, Conflict, "not-enough-stock"),
        ({"location": "nowhere"}, Invalid, "unknown-location"),
    ],
)
def test_a_refused_move_changes_nothing(fields: dict[str, Any], error: type[DomainError], code: str) -> None:
    place = fields.pop("location", None) or make_location().code
    with pytest.raises(error) as refused, transaction.atomic():
        move_stock(actor=SYSTEM, moves=[move(make_location().code), move(place, **fields)])
    assert refused.value.code == code
    assert not StockMove.objects.exists()
    assert not StockBalance.objects.exists()
    assert not Event.objects.filter(type="inventory.moved").exists()


def test_three_persons() -> None:
    place = make_location(region="uk").code
    rights = (Permission.INVENTORY_WRITE, Permission.INVENTORY_VIEW)
    allowed, elsewhere, nobody = everyone_with(*rights, region="uk")
    looker = actor_with(Permission.INVENTORY_VIEW)
    assert move_stock(actor=allowed, moves=[move(place)])
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            move_stock(actor=actor, moves=[move(place)])
    assert balance(place, "quarantine") == 5
    assert [each.location for each in availability("SKU", actor=allowed)] == [place]
    assert availability("SKU", actor=elsewhere) == []
    with pytest.raises(Denied):
        availability("SKU", actor=nobody)


def test_only_sellable_at_a_sellable_place_is_available() -> None:
    shop, backroom = make_location().code, make_location(sellable=False).code
    for place in (shop, backroom):
        move_stock(actor=SYSTEM, moves=[move(place, target="sellable"), move(place, quantity=2)])
    found = {each.location: each for each in availability("SKU")}
    assert (found[shop].available, found[backroom].available) == (5, 0)
    assert found[shop].by_disposition == {"sellable": 5, "quarantine": 2}
    assert available_to_promise("SKU") == 5


def test_a_place_is_made_once() -> None:
    code = unique("WH-")
    first = ensure_location(actor=SYSTEM, code=code, region="uk")
    assert ensure_location(actor=SYSTEM, code=code, region="de").id == first.id
    with pytest.raises(Denied):
        ensure_location(actor=actor_with(), code=unique(), region="uk")


def test_the_seeded_pairs_are_the_hand_written_ones() -> None:
    assert set(LegalTransition.objects.values_list("key", flat=True)) == {
        transition_key(*pair) for pair in legal_pairs()
    }


@pytest.mark.parametrize("change", ["UPDATE inventory_stockmove SET quantity = 1", "DELETE FROM inventory_stockmove"])
def test_moves_are_append_only(change: str) -> None:
    move_stock(actor=SYSTEM, moves=[move(make_location().code)])
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert StockMove.objects.get().quantity == 5


def test_the_database_refuses_a_negative_balance() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        StockBalance.objects.create(sku="S", location=make_location(), disposition="sellable", quantity=-1)


PLACES = ("A", "B")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(legal_pairs()), st.sampled_from(PLACES), st.sampled_from(PLACES), st.integers(1, 4)),
        max_size=12,
    )
)
def test_balances_are_the_sum_of_whatever_moved(steps: list[tuple[tuple[str, str], str, str, int]]) -> None:
    sku = unique("SKU-")
    codes = {name: make_location(f"{name}-{sku}").code for name in PLACES}
    for (source, target), here, there, quantity in steps:
        if (source, here) == (target, there):
            continue
        wanted = move(
            codes[here],
            target_location=codes[there],
            sku=sku,
            source=source,
            target=target,
            quantity=quantity,
            subject_type="stock_transfer",
        )
        with suppress(Conflict), transaction.atomic():
            move_stock(actor=SYSTEM, moves=[wanted])
    for audit in audits():
        if "stock balances" in audit.name:
            assert list(audit.run()) == []
    assert (
        StockBalance.objects.filter(sku=sku, quantity__lt=0).exclude(disposition__in=["external", "adjustment"]).count()
        == 0
    )
