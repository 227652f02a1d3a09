"""Serial numbers on what was sold, what comes and what is judged: what does not fit is kept and told."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from inventory.models import Lot, SerialUnit, StockMove
from retailops.cases.models import Case
from retailops.lib.audit import audits
from retailops.lib.errors import Invalid
from returns.inputs import InspectionIn, OrderIn, ReceiptIn, read
from returns.models import Order, Receipt, ReceiptSerial, Return, SliceSerial, SoldSerial
from returns.selectors import find_by_any_id
from returns.services.extra_units import accept_over_receipt
from returns.services.inspecting import inspect_return
from returns.services.orders import capture_order
from returns.services.placing import reverse_disposition
from returns.services.receiving import receive_return, reverse_receipt
from tests.factories import (
    SYSTEM,
    fresh,
    line_data,
    make_inspection,
    make_location,
    make_order,
    make_return,
    order_data,
    receipt_data,
    slice_data,
    unique,
)

pytestmark = pytest.mark.django_db


def sold(*serials: str, quantity: int = 2) -> Order:
    """Return an order of phones that was shipped with these numbers."""
    return make_order(lines=[line_data("L1", quantity=quantity, sku=unique("PHONE-"), serials=list(serials))])


def came(rma: Return, serials: Sequence[str], quantity: int = 0, **fields: Any) -> Receipt:
    line = {"line_no": 1, "quantity": quantity or len(serials), "serials": list(serials)}
    data = receipt_data(rma, {1: 1}, lines=[line], **fields)
    return receive_return(actor=SYSTEM, return_id=rma.id, receipt=read(ReceiptIn, data))


def places() -> dict[str, str]:
    return dict(SerialUnit.objects.values_list("serial", "disposition"))


def findings() -> list[tuple[str, str]]:
    return list(ReceiptSerial.objects.order_by("id").values_list("serial", "finding"))


def breaches() -> list[object]:
    return [each for audit in audits() for each in audit.run()]


def test_units_that_were_sold_come_and_are_judged_by_their_numbers() -> None:
    rma = make_return(sold("A", "B"), {1: 2})
    came(rma, ["A", "B"])
    assert places() == {"A": "pending_inspection", "B": "pending_inspection"}
    slices = [
        slice_data(1, 1, serials=["B"]),
        slice_data(1, 1, accepted=False, disposition="scrap", serials=["A"]),
    ]
    make_inspection(fresh(rma), slices)
    assert places() == {"A": "scrap", "B": "sellable"}
    assert findings() == [("A", "fits"), ("B", "fits")]
    assert not Case.objects.filter(kind="serial_mismatch").exists()
    assert not SerialUnit.objects.filter(presumed=True).exists()
    assert breaches() == []


def test_another_unit_than_the_one_that_was_sold_waits_in_quarantine_with_a_case() -> None:
    rma = make_return(sold("A", "B"), {1: 2})
    came(rma, ["A", "Z"])
    rma = fresh(rma)
    line = rma.lines.get()
    assert (line.received, places()) == (1, {"A": "pending_inspection", "Z": "quarantine"})
    assert findings() == [("A", "fits"), ("Z", "not_sold")]
    case = Case.objects.get(kind="serial_mismatch")
    assert case.title == f"{rma.number}: serial Z of {line.sku} was not sold on this order"
    assert not Case.objects.filter(kind="wrong_item").exists()
    make_inspection(rma)
    assert sum(fresh(rma).refunds.values_list("amount", flat=True)) == 1000
    assert breaches() == []


def test_a_person_may_accept_the_other_unit() -> None:
    rma = make_return(sold("A"), {1: 1})
    came(rma, ["Z"])
    accept_over_receipt(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason="exchanged in the store")
    line = fresh(rma).lines.get()
    assert (line.received, line.over_approved, places()) == (1, 0, {"Z": "pending_inspection"})
    assert breaches() == []


def test_a_number_sold_to_somebody_else_does_not_fit() -> None:
    other = sold("A")
    rma = make_return(make_order(lines=[line_data("L1", sku=other.lines.get().sku)]), {1: 1})
    came(rma, ["A"])
    assert findings() == [("A", "not_sold")]


def test_the_same_number_twice_in_a_parcel_is_one_unit_and_a_doubt() -> None:
    rma = make_return(sold("A", "B"), {1: 2})
    came(rma, ["A", "A"])
    assert (findings(), places()) == ([("A", "fits"), ("A", "twice")], {"A": "pending_inspection"})
    assert fresh(rma).lines.get().received == 1
    assert Case.objects.get(kind="serial_mismatch").detail.endswith("A: was read twice")
    assert breaches() == []


def test_a_number_that_came_already_stands_elsewhere() -> None:
    rma = make_return(sold("A", "B"), {1: 2})
    came(rma, ["A"])
    came(rma, ["A"])
    assert findings() == [("A", "fits"), ("A", "elsewhere")]
    assert places() == {"A": "pending_inspection"}
    assert fresh(rma).lines.get().received == 1
    assert breaches() == []


def test_a_unit_that_was_sold_again_may_come_again() -> None:
    order = sold("A")
    first = make_return(order, {1: 1})
    came(first, ["A"])
    make_inspection(fresh(first))
    sku = order.lines.get().sku
    again = make_return(make_order(lines=[line_data("L1", sku=sku, serials=["A"])]), {1: 1})
    came(again, ["A"])
    assert (findings()[-1], places()) == (("A", "fits"), {"A": "pending_inspection"})
    assert breaches() == []


def test_a_number_first_read_at_the_inspection_is_of_a_unit_that_came() -> None:
    rma = make_return(sold("A", "B"), {1: 2})
    came(rma, [], 2)
    slices = [slice_data(1, 1, serials=["A"]), slice_data(1, 1, disposition="refurbish", serials=["Y"])]
    make_inspection(fresh(rma), slices)
    assert places() == {"A": "sellable", "Y": "refurbish"}
    assert list(SliceSerial.objects.order_by("id").values_list("finding", flat=True)) == ["fits", "not_sold"]
    assert Case.objects.filter(kind="serial_mismatch").count() == 1
    assert breaches() == []


def test_a_number_that_did_not_come_is_told_of_what_a_warehouse_judged() -> None:
    rma = make_return(sold("A", "B"), {1: 1})
    came(rma, ["A"])
    inspection = {"reference": "R-1", "location": make_location(region="uk").code}
    told = read(InspectionIn, inspection | {"slices": [slice_data(1, 1, serials=["B"])]})
    inspect_return(actor=SYSTEM, return_id=rma.id, inspection=told, reported=True)
    assert SliceSerial.objects.get().finding == "not_received"
    assert Case.objects.filter(kind="serial_mismatch").count() == 1
    assert breaches() == []


def test_where_a_warehouse_does_not_say_which_the_first_that_came_is_presumed() -> None:
    rma = make_return(sold("A", "B"), {1: 2})
    where = came(rma, ["A", "B"]).location.code
    told = read(InspectionIn, {"reference": "R-1", "location": where, "slices": [slice_data(1, 1)]})
    inspect_return(actor=SYSTEM, return_id=rma.id, inspection=told, reported=True)
    assert sorted(SerialUnit.objects.values_list("serial", "disposition", "presumed")) == [
        ("A", "sellable", True),
        ("B", "pending_inspection", False),
    ]
    assert breaches() == []


def test_units_are_inspected_somewhere_else_and_taken_back_with_their_numbers() -> None:
    there = make_location(region="uk")
    rma = make_return(sold("A", "B"), {1: 2})
    came(rma, ["A", "B"])
    row = make_inspection(fresh(rma), [slice_data(1, 1, serials=["B"])], location=there.code)
    unit = SerialUnit.objects.get(serial="B")
    assert (unit.location, unit.disposition) == (there, "sellable")
    reverse_disposition(actor=SYSTEM, slice_id=row.slices.get().id, reason="a mistake")
    unit.refresh_from_db()
    assert (unit.location, unit.disposition) == (there, "pending_inspection")
    assert breaches() == []


def test_a_receipt_that_was_a_mistake_takes_its_numbers_out() -> None:
    rma = make_return(sold("A", "B"), {1: 2})
    receipt = came(rma, ["A", "B"])
    reverse_receipt(actor=SYSTEM, return_id=rma.id, scan_id=receipt.scan_id, reason="another parcel")
    assert places() == {"A": "external", "B": "external"}
    came(rma, ["A"])
    assert findings()[-1] == ("A", "fits")
    assert breaches() == []


def test_a_number_is_found_by_its_order_and_its_return() -> None:
    order = sold("SN-FIND")
    rma = make_return(order, {1: 1})
    came(rma, ["SN-FIND"])
    assert [(hit.kind, hit.id) for hit in find_by_any_id("SN-FIND")] == [("order", order.id), ("return", rma.id)]


def test_the_same_scan_reads_nothing_twice() -> None:
    rma = make_return(sold("A"), {1: 1})
    location = make_location(region="uk").code
    for _ in range(2):
        came(rma, ["A"], scan_id="SCAN-1", location=location)
    assert findings() == [("A", "fits")]


def test_more_numbers_than_units_are_no_receipt() -> None:
    rma = make_return(sold("A"), {1: 1})
    with pytest.raises(Invalid):
        came(rma, ["A", "B"], quantity=1)
    assert not Receipt.objects.exists()


def test_a_newer_version_of_the_order_adds_numbers() -> None:
    data = order_data(lines=[line_data("L1", sku="P", quantity=2, serials=["A"])])
    order = capture_order(actor=SYSTEM, order=read(OrderIn, data)).order
    data["lines"][0]["serials"] = ["A", "B"]
    capture_order(actor=SYSTEM, order=read(OrderIn, data | {"version": 2}))
    assert set(SoldSerial.objects.filter(order_line__order=order).values_list("serial", flat=True)) == {"A", "B"}


def test_a_lot_comes_with_its_units() -> None:
    rma = make_return(sold(), {1: 2})
    line = {"line_no": 1, "quantity": 2, "lot": "L7", "expires_on": "2027-03-31"}
    data = receipt_data(rma, {1: 1}, lines=[line])
    receive_return(actor=SYSTEM, return_id=rma.id, receipt=read(ReceiptIn, data))
    lot = Lot.objects.get()
    assert (lot.code, str(lot.expires_on)) == ("L7", "2027-03-31")
    assert StockMove.objects.get(subject_id=rma.id).lot == lot


def test_what_was_read_stays_as_it_was() -> None:
    rma = make_return(sold("A"), {1: 1})
    came(rma, ["A"])
    with pytest.raises(IntegrityError), transaction.atomic():
        ReceiptSerial.objects.update(finding="not_sold")
