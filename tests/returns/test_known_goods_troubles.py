"""Troubles that users of other systems report about goods; each must not happen here."""

import pytest

from returns.models import Receipt
from returns.services import decisions
from tests.factories import (
    SYSTEM,
    fresh,
    make_inspection,
    make_location,
    make_order,
    make_receipt,
    make_return,
    slice_data,
)
from tests.returns.proofs import prove
from tests.returns.refunding import refunds_of
from tests.returns.test_receiving import open_cases, standing

pytestmark = pytest.mark.django_db


def test_a_second_partial_receipt_adds_to_the_first() -> None:
    rma = make_return(make_order(), {1: 3})
    place = make_location().code
    make_receipt(rma, {1: 1}, location=place)
    make_receipt(rma, {1: 2}, location=place)
    assert rma.lines.get().received == 3
    assert [receipt.lines.get().quantity for receipt in Receipt.objects.filter(rma=rma).order_by("id")] == [1, 2]
    assert standing(rma) == {"external": -3, "pending_inspection": 3}
    prove()


def test_restocking_is_not_tied_to_a_refund() -> None:
    """Stock goes back though nothing is refunded, and money goes though nothing goes back on the shelf."""
    unpaid = make_return(make_order(), lines=[{"line_no": 1, "quantity": 1, "resolution": "none"}])
    make_receipt(unpaid)
    make_inspection(unpaid)
    assert (standing(unpaid), refunds_of(unpaid)) == ({"external": -1, "sellable": 1}, [])
    scrapped = make_return(make_order(), {1: 1})
    make_receipt(scrapped)
    make_inspection(scrapped, [slice_data(disposition="scrap")])
    assert (standing(scrapped), refunds_of(scrapped)) == ({"external": -1, "scrap": 1}, [(1000, "submitting")])
    prove()


def test_what_came_is_refunded_and_not_what_was_asked_for() -> None:
    rma = make_return(make_order(), {1: 3})
    make_receipt(rma, {1: 2})
    make_inspection(rma, [slice_data(quantity=1), slice_data(accepted=False, disposition="damaged")])
    assert refunds_of(rma) == [(1000, "submitting")]
    prove()


def test_goods_that_come_after_a_cancel_are_not_lost() -> None:
    rma = make_return(make_order(), {1: 1})
    decisions.cancel_return(actor=SYSTEM, return_id=rma.id, reason="changed her mind")
    receipt = make_receipt(rma)
    assert (fresh(rma).status, receipt.lines.get().match) == ("canceled", "over")
    assert standing(rma) == {"external": -1, "quarantine": 1}
    assert open_cases(rma) == ["unexpected_arrival"]
    assert refunds_of(rma) == []
    prove()
