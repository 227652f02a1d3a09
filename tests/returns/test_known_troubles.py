"""Troubles that people of other systems report, each as what must hold here."""

import pytest

from retailops.cases.models import Case
from returns.inputs import RefundProposalIn
from returns.models import Payment
from returns.services import refund_outcomes, refunds
from tests.factories import (
    SYSTEM,
    fresh,
    line_data,
    make_inspected_return,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    order_data,
    slice_data,
)
from tests.returns.proofs import prove
from tests.returns.refunding import approver, owed_return, paid_order, parts, refunds_of

pytestmark = pytest.mark.django_db


def test_a_discount_stays_with_its_lines_and_never_moves_to_those_that_survive() -> None:
    order = make_order(
        **order_data(
            lines=[line_data("L1", quantity=1, unit_price=6000), line_data("L2", quantity=1, unit_price=4000)],
            discount=1000,
        )
    )
    before = list(order.lines.values_list("net", "discount"))
    assert before == [(5400, 600), (3600, 400)]
    first = make_inspected_return(order, {1: 1})
    assert first.refunds.get().amount == 5400
    assert list(order.lines.values_list("net", "discount")) == before
    second = make_inspected_return(order, {2: 1})
    assert second.refunds.get().amount == 3600
    prove()


def test_discount_and_tax_have_one_basis() -> None:
    """20 % on 9.00 after a discount of 1.00 a unit: what comes back for a unit is its price less its discount, and the
    tax of that, never the tax of the price before it."""
    taxes = [{"code": "VAT20", "amount": 540}]
    lines = [line_data("L1", quantity=3, unit_price=1000, discount=300, taxes=taxes)]
    order = make_order(**order_data(lines=lines))
    refund = make_inspected_return(order, {1: 1}).refunds.get()
    assert parts(refund) == {"item": 900, "tax": 180}
    assert parts(refund)["tax"] * 5 == parts(refund)["item"]
    prove()


def test_shipping_that_was_refunded_does_not_block_later_refunds() -> None:
    order = paid_order()
    rma = owed_return(order, {1: 1})
    early = RefundProposalIn(refund_shipping=True, reason="parcel was late")
    [first] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=early)
    refunds.approve_refund(actor=approver(), refund_id=first.id)
    assert (parts(first)["shipping"], parts(first)["shipping_tax"]) == (500, 100)
    later = [make_inspected_return(order, {1: 1}).refunds.get() for _ in range(2)]
    assert [refund.status for refund in later] == ["pending_approval"] * 2
    assert sum(refund.amount for refund in [first, *later]) == Payment.objects.get(order=order).captured
    prove()


def test_a_partial_return_brings_back_the_tax_of_its_units_alone() -> None:
    order = paid_order()
    refund = make_inspected_return(order, {1: 1}).refunds.get()
    tax = {part.code: part.amount for part in refund.components.filter(kind="tax")}
    assert tax == {"VAT": 200, "ECO": 3}
    prove()


def test_what_arrived_is_refunded_and_not_what_was_requested() -> None:
    rma = make_return(make_order(), {1: 3})
    make_receipt(rma, {1: 2})
    make_inspection(rma, [slice_data(1, 1), slice_data(1, 1, accepted=False, disposition="damaged")])
    assert refunds_of(rma) == [(1000, "submitting")]
    prove()


def test_a_canceled_refund_swallows_nothing() -> None:
    """The money is free again, the units count as not refunded, a case says so, and the whole is refunded anew."""
    rma = make_inspected_return(make_order(), {1: 3})
    refund = rma.refunds.get()
    refund_outcomes.record_refund_pending(actor=SYSTEM, refund_id=refund.id)
    refund_outcomes.cancel_refund(actor=SYSTEM, refund_id=refund.id, code="canceled")
    assert fresh(rma).money == "attention"
    assert rma.lines.get().refunded == 0
    case = Case.objects.get(kind="refund_failed", status="open")
    [new] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    assert refunds_of(rma) == [(3000, "superseded"), (3000, "submitting")]
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=new.id, external_reference="re_1")
    assert rma.lines.get().refunded == 3
    case.refresh_from_db()
    assert case.status == "resolved"
    prove()
