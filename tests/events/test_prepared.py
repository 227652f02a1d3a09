"""Prepared reads and writes do what Django's own do."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError, transaction
from django.db.models import Count, F, Model
from django.db.transaction import TransactionManagementError
from psycopg import errors

from inventory.models import Location, StockBalance
from retailops.events.inserting import MOST, insert_missing
from retailops.events.prepared import Prepared, load
from retailops.events.updating import update_row, update_rows
from returns.models import Order, OrderLine, Return, ReturnLine
from tests.factories import make_location, make_order, make_return, unique
from tests.statements import statements

pytestmark = pytest.mark.django_db


def columns(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_rows_are_those_of_django_with_what_belongs_to_them() -> None:
    rma = make_return(quantities={1: 2, 2: 1})
    read = Prepared(lambda id: ReturnLine.objects.filter(rma_id=id).select_related("order_line", "rma__policy"))
    for _ in range(2):
        mine, theirs = read.all(rma.id), list(ReturnLine.objects.filter(rma_id=rma.id).select_related("order_line"))
        assert [columns(line) for line in mine] == [columns(line) for line in theirs]
        assert [type(value) for value in columns(mine[0]).values()] == [
            type(value) for value in columns(theirs[0]).values()
        ]
        with statements() as told:
            assert [columns(line.order_line) for line in mine if line.order_line] == [
                columns(line.order_line) for line in theirs if line.order_line
            ]
            assert {line.rma.policy.label for line in mine if line.rma.policy} == {"standard@1"}
        assert told == []
    line = mine[0]
    assert (line.pk, line._state.adding, line._state.db) == (theirs[0].pk, False, "default")
    line.received = 1
    line.save(update_fields=["received"])
    assert ReturnLine.objects.get(pk=line.pk).received == 1
    assert read.first(uuid4()) is None


def test_times_documents_and_states_are_read_as_django_reads_them() -> None:
    rma = make_return()
    [mine], theirs = Prepared(lambda id: Return.objects.filter(pk=id)).all(rma.id), Return.objects.get(pk=rma.id)
    assert columns(mine) == columns(theirs)
    assert mine.policy_facts == theirs.policy_facts != {}
    assert (mine.requested_at.tzinfo, mine.requested_at) == (theirs.requested_at.tzinfo, theirs.requested_at)


def test_several_values_one_value_and_none() -> None:
    first, second = make_location(), make_location()
    make_location()
    read = Prepared(
        lambda codes: Location.objects.filter(code__in=codes).order_by("code").values_list("code", flat=True)
    )
    both = sorted([first.code, second.code])
    assert read.all(both) == both
    assert read.all({first.code}) == [first.code]
    assert read.all([first.code, first.code]) == [first.code]
    with statements() as told:
        assert read.all([]) == []
    assert told == []


def test_constants_stay_constants_and_keep_every_sign() -> None:
    place = make_location()
    strange = 'it\'s 100 % "%s" \\ $1'
    Location.objects.filter(pk=place.pk).update(name=strange)
    read = Prepared(lambda code: Location.objects.filter(code=code, name=strange).values_list("code", "name"))
    assert read.all(place.code) == [(place.code, strange)]
    assert read.all("nowhere") == []
    with statements() as told:
        read.all(place.code)
    assert "$1" in told[0]
    assert "it''s 100 % " in told[0]


def test_sums_are_read_and_rows_are_locked() -> None:
    order = make_order()
    counted = Prepared(lambda id: Order.objects.filter(pk=id).annotate(count=Count("lines")))
    assert [row.count for row in counted.all(order.id)] == [order.lines.count()]
    locked = Prepared(
        lambda id: Order.objects.select_for_update(no_key=True).filter(pk=id).values_list("pk", flat=True)
    )
    with transaction.atomic(), statements() as told:
        assert locked.all(order.id) == [order.id]
    assert "FOR NO KEY UPDATE" in next(each for each in told if each.startswith("SELECT"))


@pytest.mark.django_db(transaction=True)
def test_locks_need_a_transaction() -> None:
    order = make_order()
    locked = Prepared(lambda id: Order.objects.select_for_update().filter(pk=id))
    with transaction.atomic():
        assert [row.id for row in locked.all(order.id)] == [order.id]
    with pytest.raises(TransactionManagementError):
        locked.all(order.id)


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(TypeError, match="not with None"):
        Prepared(lambda id: Order.objects.filter(pk=id)).all(None)
    with pytest.raises(TypeError, match="prefetches nothing"):
        Prepared(lambda id: Order.objects.filter(pk=id).prefetch_related("lines")).all(uuid4())
    with pytest.raises(TypeError, match="whole rows"):
        Prepared(lambda id: Order.objects.filter(pk=id).only("number")).all(uuid4())
    with pytest.raises(TypeError, match="1 of them were changed or not used"):
        Prepared(lambda name: Location.objects.filter(name__contains=name)).all("x")
    with pytest.raises(TypeError, match="cannot be given a float"):
        Prepared(lambda id: OrderLine.objects.filter(quantity=id)).all(1.5)


def test_foreign_keys_are_loaded_once() -> None:
    rma = Return.objects.get(pk=make_return().pk)
    with statements() as told:
        load(rma, "order", "policy", "customer")
        load(rma, "order", "policy", "customer")
        assert rma.order is not None
    assert len(told) == 2 + (rma.customer_id is not None)
    assert columns(rma.order) == columns(Order.objects.get(returns=rma.pk))


def test_one_row_is_written_whole_or_in_part() -> None:
    rma = make_return()
    rma.tracking, rma.policy_facts, rma.closed_at = "JD 1", {"a": [1, "ä"]}, rma.requested_at
    update_row(rma, "tracking")
    assert Return.objects.values_list("tracking", "closed_at").get(pk=rma.pk) == ("JD 1", None)
    update_row(rma)
    assert columns(Return.objects.get(pk=rma.pk)) == columns(rma)


def test_several_rows_are_written_in_parts_of_one_statement() -> None:
    places = [make_location() for _ in range(MOST + 3)]
    for number, place in enumerate(places):
        place.name = f"Place {number}"
    with statements() as told:
        update_rows(places, ["name"])
    assert [each.split(" SET")[0] for each in told] == ['UPDATE "inventory_location"'] * 2
    found = dict(Location.objects.filter(pk__in=[place.pk for place in places]).values_list("pk", "name"))
    assert found == {place.pk: place.name for place in places}
    update_rows([], ["name"])


def test_what_is_too_long_is_refused_and_not_cut_off() -> None:
    places = [make_location(), make_location()]
    places[1].name = "x" * 1000
    with pytest.raises((DataError, errors.DataError)), transaction.atomic():
        update_rows(places, ["name"])
    assert not Location.objects.filter(name__startswith="x").exists()


def test_a_row_that_is_gone_is_told() -> None:
    place = make_location()
    Location.objects.filter(pk=place.pk).delete()
    with pytest.raises(LookupError):
        update_row(place, "name")


def test_what_is_there_already_stays() -> None:
    place, sku = make_location(), unique("sku-")
    there = StockBalance.objects.create(sku=sku, location=place, disposition="sellable", quantity=3)
    rows = [StockBalance(sku=sku, location=place, disposition=where) for where in ("quarantine", "sellable")]
    assert insert_missing(rows) == 1
    assert insert_missing(rows) == insert_missing([]) == 0
    found = StockBalance.objects.filter(sku=sku).order_by(F("disposition")).values_list("disposition", "quantity")
    assert list(found) == [("quarantine", 0), ("sellable", there.quantity)]
