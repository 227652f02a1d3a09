"""A thousand parcels with one hot sku at once: nothing is lost, no ring of waiting; and moves against each other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from inventory.models import Location, StockBalance, StockMove
from inventory.services import MoveIn, move_stock
from retailops.lib.audit import audits
from retailops.lib.errors import Conflict
from retailops.lib.ids import uuid7
from returns.models import Receipt, Return
from tests.factories import SYSTEM, line_data, make_location, make_order, make_receipt, make_return

pytestmark = pytest.mark.django_db(transaction=True)
PARCELS, THREADS = 1_000, 8
SKU = "HOT"


def at_once(work: Callable[[int], object], count: int, threads: int = THREADS) -> list[object]:
    """Run work(0) … work(count - 1) from several threads, each with its own connection; return what they return."""
    start = Barrier(threads)

    def share(first: int) -> list[object]:
        try:
            start.wait(30)
            return [work(number) for number in range(first, count, threads)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return [found for part in pool.map(share, range(threads)) for found in part]


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


@pytest.fixture
def hot() -> Iterator[list[Return]]:
    """A thousand returns of one unit of the same sku, ten to an order."""
    before = deadlocks()
    returns = []
    for _ in range(PARCELS // 10):
        order = make_order(lines=[line_data("L1", sku=SKU, quantity=10)])
        returns += [make_return(order, {1: 1}) for _ in range(10)]
    yield returns
    assert deadlocks() == before


def test_a_thousand_receipts_of_one_sku_at_once(hot: list[Return]) -> None:
    place = make_location(region="uk").code
    found = at_once(lambda number: make_receipt(hot[number], {1: 1}, location=place), PARCELS)
    assert len(found) == Receipt.objects.count() == StockMove.objects.filter(sku=SKU).count() == PARCELS
    assert dict(StockBalance.objects.filter(sku=SKU).values_list("disposition", "quantity")) == {
        "external": -PARCELS,
        "pending_inspection": PARCELS,
    }
    assert [breach for audit in audits() for breach in audit.run()] == []


def test_moves_against_each_other_over_the_same_places_never_wait_in_a_ring() -> None:
    before, skus = deadlocks(), ("HOT-A", "HOT-B")
    places = make_location(), make_location()
    for sku in skus:
        for place in places:
            _move(place, place, "external", "sellable", sku, 40)

    def back_and_forth(number: int) -> bool:
        here, there = places if number % 2 else places[::-1]
        order = skus if number % 3 else skus[::-1]
        moves = [_moving(here, there, "sellable", "sellable", sku, 1) for sku in order]
        try:
            move_stock(actor=SYSTEM, moves=moves)
        except Conflict:  # nothing left there at this moment
            return False
        return True

    done = at_once(back_and_forth, 400)
    assert sum(map(bool, done)) == StockMove.objects.filter(source="sellable").count() / 2
    assert sum(StockBalance.objects.filter(disposition="sellable").values_list("quantity", flat=True)) == 160
    assert deadlocks() == before
    assert [breach for audit in audits() for breach in audit.run()] == []


def _move(here: Location, there: Location, source: str, target: str, sku: str, quantity: int) -> None:
    move_stock(actor=SYSTEM, moves=[_moving(here, there, source, target, sku, quantity)])


def _moving(here: Location, there: Location, source: str, target: str, sku: str, quantity: int) -> MoveIn:
    id = uuid7()
    return MoveIn(
        effect_key=f"test:{id}", sku=sku, quantity=quantity, source=source, target=target, location=here.code,
        target_location=there.code, subject_type="test", subject_id=id, correlation_id=id,
    )  # fmt: skip
