"""Verdicts, dispositions and their posting by whoever owns the stock."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from inventory.models import StockBalance
from inventory.selectors import available_to_promise
from retailops.accounts.permissions import Permission
from retailops.events.catalog import DeliverySpec, registry, route
from retailops.events.enums import DestinationKind
from retailops.events.models import Destination, Event
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound, Unprocessable
from returns.models import DispositionSlice, Inspection
from returns.services import decisions, placing
from tests.factories import (
    SYSTEM,
    actor_with,
    everyone_with,
    fresh,
    make_inspection,
    make_location,
    make_receipt,
    make_return,
    slice_data,
    unique,
)
from tests.returns.proofs import prove

pytestmark = pytest.mark.django_db


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Destination:
    """A warehouse system that is owed every disposition."""
    made = Destination.objects.create(kind=DestinationKind.CONNECTION, name=unique("wms-"), system="wms")

    def router(events: Any, stamp: Any) -> Any:
        for event in events:
            if event.type == "inventory.disposition_decided":
                yield event, DeliverySpec(made.id, "stock.place", event.data["effect_key"])

    monkeypatch.setattr(registry, "routers", [])
    route(router)
    return made


def test_slices_split_a_line() -> None:
    rma = make_return(quantities={1: 3})
    make_receipt(rma)
    parts = [
        slice_data(1, 2, condition="new", grade="A"),
        slice_data(1, 1, accepted=False, disposition="scrap", reason="broken", evidence=["photo-1"]),
    ]
    make_inspection(rma, parts)
    line = rma.lines.get()
    after = fresh(rma)
    assert (line.accepted, line.rejected, after.inspection, after.stock) == (2, 1, "done", "placed")
    assert available_to_promise(line.sku) == 2
    assert {row.disposition: row.quantity for row in StockBalance.objects.filter(sku=line.sku, quantity__gt=0)} == {
        "sellable": 2, "scrap": 1,
    }  # fmt: skip
    told = Event.objects.filter(subject_id=rma.id, type__startswith="return_line.").order_by("position")
    assert [(e.type, e.data["quantity"]) for e in told][1:] == [
        ("return_line.inspected", 3), ("return_line.accepted", 2), ("return_line.rejected", 1),
    ]  # fmt: skip
    assert [refund.amount for refund in rma.refunds.all()] == [2000]
    prove()


def test_the_same_reference_is_the_same_inspection() -> None:
    rma, other = make_return(quantities={1: 2}), make_return()
    make_receipt(rma)
    make_receipt(other)
    first = make_inspection(rma, [slice_data(1, 1)], reference="I")
    assert make_inspection(rma, [slice_data(1, 1)], reference="I").id == first.id
    with pytest.raises(Conflict) as refused:
        make_inspection(other, reference="I")
    assert refused.value.code == "reference-reused"
    assert rma.lines.get().accepted == 1


def test_no_more_is_judged_than_arrived() -> None:
    rma = make_return(quantities={1: 2})
    make_receipt(rma, {1: 1})
    with pytest.raises(Unprocessable) as refused:
        make_inspection(rma, [slice_data(1, 1), slice_data(1, 1)])
    assert [error.pointer for error in refused.value.errors] == ["/slices/1/quantity"]
    with pytest.raises(Invalid):
        make_inspection(rma, [slice_data(5, 1)])
    assert not Inspection.objects.filter(rma=rma).exists()
    prove()


def test_rejected_goods_never_become_sellable() -> None:
    rma = make_return()
    make_receipt(rma)
    with pytest.raises(Invalid):
        make_inspection(rma, [slice_data(accepted=False)])
    make_inspection(rma, [slice_data(accepted=False, disposition="damaged")])
    part = DispositionSlice.objects.get(line__rma=rma)
    with pytest.raises(Invalid):
        placing.redecide_disposition(actor=SYSTEM, slice_id=part.id, disposition="sellable", reason="no")
    with pytest.raises(IntegrityError), transaction.atomic():
        DispositionSlice.objects.filter(pk=part.pk).update(disposition="sellable")


def test_stock_moves_when_the_warehouse_has_placed_it(warehouse: Destination) -> None:
    rma = make_return(quantities={1: 2})
    make_receipt(rma)
    make_inspection(rma)
    part = DispositionSlice.objects.get(line__rma=rma)
    sku = part.line.sku
    assert (part.status, fresh(rma).stock, available_to_promise(sku)) == ("posting", "pending", 0)
    placing.record_disposition_posted(actor=SYSTEM, slice_id=part.id, external_reference="P-1")
    placing.record_disposition_posted(actor=SYSTEM, slice_id=part.id, external_reference="P-1")
    placing.record_disposition_failed(actor=SYSTEM, slice_id=part.id, failure="late news")
    part.refresh_from_db()
    assert (part.status, part.external_reference, fresh(rma).stock) == ("posted", "P-1", "placed")
    assert available_to_promise(sku) == 2
    assert Event.objects.filter(type="inventory.disposition_posted", subject_id=rma.id).count() == 1
    prove()


def test_a_refused_placement_keeps_stock_where_it_is_until_it_succeeds(warehouse: Destination) -> None:
    rma = make_return()
    make_receipt(rma)
    make_inspection(rma)
    part = DispositionSlice.objects.get(line__rma=rma)
    placing.record_disposition_failed(actor=SYSTEM, slice_id=part.id, failure="no such bin")
    part.refresh_from_db()
    assert (part.status, part.failure, available_to_promise(part.line.sku)) == ("post_failed", "no such bin", 0)
    placing.record_disposition_posted(actor=SYSTEM, slice_id=part.id, external_reference="P-2")
    assert available_to_promise(part.line.sku) == 1
    prove()


def test_a_verdict_is_changed_by_a_compensating_move() -> None:
    rma = make_return(quantities={1: 2})
    make_receipt(rma)
    make_inspection(rma)
    part = DispositionSlice.objects.get(line__rma=rma)
    new = placing.redecide_disposition(
        actor=SYSTEM, slice_id=part.id, disposition="refurbish", reason="scratch found", accepted=True
    )
    part.refresh_from_db()
    assert (part.status, new.status, new.replaces_id) == ("reversed", "posted", part.id)
    assert available_to_promise(part.line.sku) == 0
    assert rma.lines.get().accepted == 2
    assert Event.objects.filter(type="inventory.disposition_reversed", subject_id=rma.id).count() == 1
    prove()


def test_a_verdict_is_taken_back_and_given_anew() -> None:
    rma = make_return()
    make_receipt(rma)
    make_inspection(rma, [slice_data(accepted=False, disposition="damaged")])
    part = DispositionSlice.objects.get(line__rma=rma)
    with pytest.raises(Conflict) as refused:
        placing.reverse_disposition(actor=SYSTEM, slice_id=part.id, reason="wrong item looked at")
    assert refused.value.code == "closed"
    decisions.reopen_return(actor=SYSTEM, return_id=rma.id, reason="wrong item looked at")
    placing.reverse_disposition(actor=SYSTEM, slice_id=part.id, reason="wrong item looked at")
    assert (rma.lines.get().rejected, fresh(rma).inspection) == (0, "pending")
    make_inspection(rma)
    assert fresh(rma).inspection == "done"
    prove()


def test_units_are_gathered_where_they_are_inspected() -> None:
    rma = make_return(quantities={1: 2})
    dock, bench = make_location().code, make_location().code
    make_receipt(rma, {1: 1}, location=dock)
    make_receipt(rma, {1: 1}, location=bench)
    make_inspection(rma, [slice_data(1, 2)], location=bench)
    rows = StockBalance.objects.filter(sku=rma.lines.get().sku, quantity__gt=0)
    assert [(row.location.code, row.disposition, row.quantity) for row in rows] == [(bench, "sellable", 2)]
    prove()


def test_nothing_is_judged_of_a_return_that_is_not_authorized() -> None:
    rma = make_return()
    decisions.cancel_return(actor=SYSTEM, return_id=rma.id)
    make_receipt(rma)
    with pytest.raises(Conflict):
        make_inspection(rma, [slice_data()])


def test_three_persons() -> None:
    rma = make_return(quantities={1: 1})
    make_receipt(rma)
    allowed, elsewhere, nobody = everyone_with(Permission.RETURNS_INSPECT, Permission.RETURNS_VIEW)
    looker = actor_with(Permission.RETURNS_VIEW)
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            make_inspection(rma, [slice_data()], actor=actor)
    assert not rma.inspections.exists()
    make_inspection(rma, [slice_data()], actor=allowed)
    part = DispositionSlice.objects.get(line__rma=rma)
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            placing.reverse_disposition(actor=actor, slice_id=part.id, reason="x")
        with pytest.raises(error):
            placing.record_disposition_posted(actor=actor, slice_id=part.id, external_reference="x")
    assert placing.reverse_disposition(actor=allowed, slice_id=part.id, reason="x").status == "reversed"


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"disposition": "lost_in_transit"}, {}])
def test_a_stranger_learns_nothing_of_the_rules_of_a_verdict(wrong: dict[str, str]) -> None:
    rma = make_return()
    make_receipt(rma)
    make_inspection(rma, [slice_data(accepted=False, disposition="damaged")])
    part = DispositionSlice.objects.get(line__rma=rma)
    before = Event.objects.count()
    given: dict[str, Any] = {"disposition": "sellable", "reason": "no", **wrong}
    with pytest.raises(NotFound):
        placing.redecide_disposition(actor=actor_with(), slice_id=part.id, **given)
    with pytest.raises(Denied):
        placing.redecide_disposition(actor=actor_with(Permission.RETURNS_VIEW), slice_id=part.id, **given)
    with pytest.raises(Denied):
        placing.reverse_disposition(actor=actor_with(Permission.RETURNS_VIEW), slice_id=part.id, reason="")
    assert Event.objects.count() == before
