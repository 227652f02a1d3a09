"""The ten rules of money, each held by a test of its own."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from retailops.cases.models import Case
from retailops.lib.errors import Invalid, Unprocessable
from retailops.lib.money import Money, major, minor
from returns.allocation import value
from returns.inputs import OrderIn, RefundProposalIn, read
from returns.models import OrderLine, Payment, Refund
from returns.services import refund_outcomes, refunds
from returns.services.orders import capture_order
from returns.services.previewing import preview_refund
from returns.web.forms import RefundForm
from tests.factories import (
    SYSTEM,
    ensure_policy,
    fresh,
    line_data,
    make_inspected_return,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    order_data,
    slice_data,
    unique,
)
from tests.returns.proofs import prove
from tests.returns.refunding import approver, owed_return, parts, refunds_of, split_order

pytestmark = pytest.mark.django_db

CURRENCIES = [("JPY", 0), ("GBP", 2), ("KWD", 3)]


def order_of(currency: str = "GBP", *, quantity: int = 3, unit_price: int = 1000, **fields: Any) -> Any:
    """Return an order of one line in a currency; `line` adds fields to the line."""
    line = line_data("L1", quantity=quantity, unit_price=unit_price, **fields.pop("line", {}))
    return make_order(**order_data(lines=[line], currency=currency, **fields))


def by_bank(captured: int) -> list[dict[str, Any]]:
    """Return a payment whose gateway pays any amount of any currency."""
    return [{"external_id": unique("pay_"), "gateway": "bank", "captured": captured}]


# 1. Integer minor units and the currency's own exponent.


@pytest.mark.parametrize(("currency", "digits"), CURRENCIES)
def test_rule_1_amounts_are_whole_minor_units_of_their_currency(currency: str, digits: int) -> None:
    ensure_policy(restocking_fee={"percent": "12.5"}, auto_approve_limit={"*": None})
    order = order_of(currency, unit_price=333, line={"taxes": [{"code": "VAT", "amount": 101}]}, payments=by_bank(1100))
    refund = make_inspected_return(order, {1: 3}).refunds.get()
    # 12.5 % of 999 is 124.875: half to even gives 125, whatever the exponent.
    assert parts(refund) == {"item": 999, "tax": 101, "restocking_fee": -125}
    assert refund.amount == 975
    assert str(Money(refund.amount, currency)) == f"{Decimal(975).scaleb(-digits):,} {currency}"
    assert minor(major(refund.amount, currency), currency) == refund.amount
    prove()


@pytest.mark.parametrize(
    ("currency", "typed", "amount"), [("JPY", "250", 250), ("GBP", "2.50", 250), ("KWD", "0.250", 250)]
)
def test_rule_1_forms_take_as_many_decimals_as_the_currency_has(currency: str, typed: str, amount: int) -> None:
    rma = make_return(order_of(currency))
    data = {"expected_version": rma.version, "seen": "", "reason": "less"}
    form = RefundForm({**data, "amount": typed}, rma=rma)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["amount"] == amount
    too_fine = RefundForm({**data, "amount": f"{typed}{'.5' if currency == 'JPY' else '5'}"}, rma=rma)
    assert not too_fine.is_valid()
    assert "decimals" in str(too_fine.errors["amount"])


def test_rule_1_a_fraction_of_a_minor_unit_is_refused() -> None:
    with pytest.raises(Invalid):
        read(RefundProposalIn, {"amount": 10.5, "reason": "x"})
    with pytest.raises(ValueError, match="decimals"):
        minor("1.005", "GBP")


# 2. Allocations are frozen per unit at capture.


@pytest.mark.parametrize(("currency", "_digits"), CURRENCIES)
def test_rule_2_parts_in_any_order_sum_to_the_whole(currency: str, _digits: int) -> None:
    ensure_policy(auto_approve_limit={"*": None})
    order = order_of(
        currency, unit_price=334, discount=2, line={"taxes": [{"code": "VAT", "amount": 200}]}, payments=by_bank(1200)
    )
    amounts = [make_inspected_return(order, {1: 1}).refunds.get().amount for _ in range(3)]
    assert amounts == [401, 400, 399]
    assert sum(amounts) == Payment.objects.get(order=order).captured == 1200
    prove()


@given(st.integers(0, 10**9), st.integers(1, 50), st.data())
def test_rule_2_any_partition_of_units_sums_to_the_total(total: int, units: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, units))
    assert value(total, units, [[0, cut]]) + value(total, units, [[cut, units]]) == total


# 3. Tax is refunded by its captured lines, on the basis that the discount left.


def test_rule_3_each_tax_comes_back_by_its_own_line() -> None:
    taxes = [
        {"code": "VAT", "amount": 301},
        {"code": "CITY", "amount": 31},
        {"code": "ECO", "amount": 10, "included": True},
    ]
    order = order_of(line={"taxes": taxes})
    refund = make_inspected_return(order, {1: 2}).refunds.get()
    found = {(part.kind, part.code): part.amount for part in refund.components.all()}
    assert found == {("item", ""): 1993, ("tax", "VAT"): 201, ("tax", "CITY"): 21, ("tax", "ECO"): 7}
    prove()


def test_rule_3_two_included_taxes_never_grant_a_unit_more_than_it_is_worth() -> None:
    taxes = [{"code": code, "amount": 5, "included": True} for code in ("A", "B")]
    order = order_of(unit_price=4, line={"taxes": taxes, "discount": 2})
    amounts = [make_inspected_return(order, {1: 1}).refunds.get().amount for _ in range(3)]
    assert amounts == [4, 3, 3]
    prove()


# 4. Shipping has its own cap; label, outbound shipping and duty are parts of their own.


@pytest.mark.parametrize("rule", ["proportional", "full_when_all"])
def test_rule_4_shipping_net_and_tax_are_capped_apart(rule: str) -> None:
    ensure_policy(refund_shipping=rule, auto_approve_limit={"*": None})
    # 10.00 less a discount of 4.00 was charged for shipping: only what was charged can come back.
    order = order_of(shipping_charged=600, shipping_tax=101)
    for _ in range(3):
        make_inspected_return(order, {1: 1})
    rows = [parts(refund) for refund in Refund.objects.order_by("id")]
    assert sum(row.get("shipping", 0) for row in rows) == 600
    assert sum(row.get("shipping_tax", 0) for row in rows) == 101
    assert [("shipping" in row) for row in rows] == ([True] * 3 if rule == "proportional" else [False, False, True])
    prove()


def test_rule_4_shipping_given_early_is_not_given_again() -> None:
    order = order_of(shipping_charged=600, shipping_tax=100)
    rma = owed_return(order, {1: 1})
    early = RefundProposalIn(refund_shipping=True, reason="parcel was late")
    [first] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=early)
    assert first.facts["broken"] == {"shipping": {"permitted": 0, "requested": 700}}
    refunds.approve_refund(actor=approver(), refund_id=first.id)
    assert parts(first) == {"item": 1000, "shipping": 600, "shipping_tax": 100}
    last = make_inspected_return(order, {1: 2})
    assert parts(last.refunds.get()) == {"item": 2000}
    prove()


def test_rule_4_duty_label_and_shipping_are_components_of_their_own() -> None:
    ensure_policy(label_fee={"fixed": {"GBP": 450}}, auto_approve_limit={"*": None})
    order = order_of(shipping_charged=600, shipping_tax=120, line={"duty": 99})
    refund = make_inspected_return(order, {1: 3}).refunds.get()
    assert parts(refund) == {"item": 3000, "duty": 99, "shipping": 600, "shipping_tax": 120, "label_fee": -450}
    prove()


def test_rule_4_duty_stays_where_policy_says() -> None:
    ensure_policy(refund_duty=False)
    refund = make_inspected_return(order_of(line={"duty": 99}), {1: 1}).refunds.get()
    assert parts(refund) == {"item": 1000}


# 5. Fees are negative parts, waived for the merchant's fault, and a refund is never below nothing.


def test_rule_5_fees_are_waived_by_reason_line_by_line() -> None:
    ensure_policy(restocking_fee={"percent": "10", "fixed": {"GBP": 50}, "waived_reasons": ["defective"]})
    order = make_order(**order_data(lines=[line_data("L1", quantity=1), line_data("L2", quantity=1, unit_price=2000)]))
    lines = [
        {"line_no": 1, "quantity": 1, "reason": "defective"},
        {"line_no": 2, "quantity": 1, "reason": "too_small"},
    ]
    refund = make_inspected_return(order, lines=lines).refunds.get()
    assert parts(refund) == {"item": 3000, "restocking_fee": -250}
    assert {(part.order_line.line_no if part.order_line else None) for part in refund.components.all()} == {1, 2, None}
    prove()


def test_rule_5_a_fixed_fee_is_taken_once_a_return() -> None:
    ensure_policy(restocking_fee={"fixed": {"GBP": 50}})
    rma = make_return(order_of(), {1: 2})
    for _ in range(2):
        make_receipt(rma, {1: 1})
        make_inspection(rma)
    assert refunds_of(rma) == [(950, "submitting"), (1000, "submitting")]
    prove()


def test_rule_5_fees_never_make_a_refund_negative_and_a_return_they_eat_is_not_stuck_in_silence() -> None:
    ensure_policy(restocking_fee={"fixed": {"GBP": 5000}})
    rma = make_inspected_return(order_of(), {1: 1})
    assert refunds_of(rma) == []
    case = Case.objects.get(kind="refund_eaten_by_fees", status="open")
    assert (case.subject_id, rma.open_cases) == (rma.id, 1)
    proposal = RefundProposalIn(waive_fees=True, reason="goodwill")
    [refund] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=proposal)
    assert (refund.amount, refund.status) == (1000, "pending_approval")
    case.refresh_from_db()
    assert case.status == "resolved"
    prove()


# 6. The order of tenders is policy; never more than what is left of each; a fallback needs a reason.


@pytest.mark.parametrize(
    ("tender_order", "expected"), [("proportional", [375, 125]), ("first", [500]), ("last", [250, 250])]
)
def test_rule_6_tenders_follow_policy(tender_order: str, expected: list[int]) -> None:
    ensure_policy(tender_order=tender_order, restocking_fee={"percent": "50"})
    order = split_order(750, 250)
    assert [amount for amount, _ in refunds_of(make_inspected_return(order, {1: 1}))] == expected
    prove()


def test_rule_6_a_fallback_tender_needs_a_reason() -> None:
    rma = make_inspected_return(split_order(750, 250), {1: 1})
    card, other = rma.refunds.order_by("-amount")
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=other.id, code="closed")
    with pytest.raises(Unprocessable) as refused:
        refunds.supersede_refund(actor=SYSTEM, refund_id=other.id, reason=" ", payment_id=card.payment_id)
    assert refused.value.code == "reason-needed"
    with pytest.raises(Invalid):
        read(RefundProposalIn, {"payment_id": str(card.payment_id)})
    with pytest.raises(Unprocessable) as refused:
        refunds.supersede_refund(actor=SYSTEM, refund_id=other.id, reason="closed", payment_id=card.payment_id)
    assert refused.value.code == "exceeds-tender"
    assert refunds_of(rma) == [(750, "submitting"), (250, "failed")]


def test_rule_6_a_failed_tender_leaves_the_other_alone() -> None:
    rma = make_inspected_return(split_order(750, 250), {1: 1})
    first, second = rma.refunds.order_by("id")
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=first.id, external_reference="re_1")
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=second.id, code="closed")
    assert refunds_of(rma) == [(750, "succeeded"), (250, "failed")]
    assert fresh(rma).money == "attention"


# 7. Refund currency is the payment's.


def test_rule_7_a_refund_in_another_currency_is_refused_by_the_database() -> None:
    rma = make_inspected_return(order_of("KWD"), {1: 1})
    refund = rma.refunds.get()
    assert refund.currency == refund.payment.currency == "KWD"
    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.create(rma=rma, payment=refund.payment, amount=1, currency="USD", requested_by="x")


# 8. Gross amounts are kept apart, and nothing is charged by itself.


def test_rule_8_what_is_owed_is_never_netted_nor_charged() -> None:
    ensure_policy(label_fee={"fixed": {"GBP": 5000}})
    rma = make_inspected_return(order_of(), {1: 1})
    assert refunds_of(rma) == []
    assert Payment.objects.get(order=rma.order).captured == 3000


# 9. The ceiling follows receipt and inspection unless policy advances it.


@pytest.mark.parametrize(
    ("timing", "expected"), [("on_scan", [3000]), ("on_receipt", [2000]), ("on_inspection", [1000])]
)
def test_rule_9_only_what_earned_it_is_refunded(timing: str, expected: list[int]) -> None:
    from retailops.lib.clock import now
    from returns.services.transit import mark_in_transit

    ensure_policy(refund_timing=timing)
    rma = make_return(order_of(), {1: 3})
    mark_in_transit(actor=SYSTEM, return_id=rma.id, tracking="T", scanned_at=now())
    make_receipt(rma, {1: 2})
    make_inspection(rma, [slice_data(1, 1)])
    assert [amount for amount, _ in refunds_of(rma)] == expected
    prove()


def test_rule_9_more_than_earned_is_refused_to_a_person_too() -> None:
    ensure_policy(auto_approve_limit={"*": 0})
    rma = make_return(order_of(), {1: 3})
    make_receipt(rma, {1: 1})
    proposal = read(RefundProposalIn, {"lines": [{"line_no": 1, "quantity": 1}], "reason": "early"})
    with pytest.raises(Unprocessable) as refused:
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=proposal)
    assert refused.value.code == "not-earned"
    assert refunds_of(rma) == []


# 10. Money is reserved under the payment's lock, before a gateway is called.


def test_rule_10_a_waiting_refund_holds_its_money() -> None:
    ensure_policy(auto_approve_limit={"*": 0})
    order = order_of()
    rma = make_inspected_return(order, {1: 3})
    assert refunds_of(rma) == [(3000, "pending_approval")]
    [preview] = preview_refund(SYSTEM, rma.id)
    assert (preview.total.amount, preview.why.tenders[0].left, preview.why.tenders[0].held) == (0, 0, 3000)
    refunds.deny_refund(actor=approver(), refund_id=rma.refunds.get().id, reason="no")
    [preview] = preview_refund(SYSTEM, rma.id)
    assert (preview.total.amount, preview.why.tenders[0].left) == (3000, 3000)


def test_captured_amounts_are_allocated_exactly_in_every_currency() -> None:
    data = order_data(
        currency="KWD",
        discount=1001,
        lines=[line_data("L1", quantity=3, unit_price=1999), line_data("L2", quantity=7, unit_price=333)],
    )
    order = capture_order(actor=SYSTEM, order=read(OrderIn, data)).order
    nets = list(OrderLine.objects.filter(order=order).values_list("net", "discount"))
    assert sum(net for net, _ in nets) == 3 * 1999 + 7 * 333 - 1001
    assert sum(discount for _, discount in nets) == 1001
