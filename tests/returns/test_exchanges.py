"""Exchanges: frozen gross sides, held goods, a balance that is never charged by itself, units that are paid once."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from pydantic import ValidationError

from inventory.models import Reservation, StockBalance
from inventory.selectors import available_to_promise
from inventory.services import reserve_stock
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound, Unprocessable
from retailops.lib.fsm import TransitionRefused
from returns.enums import ReturnStatus
from returns.facets import recompute
from returns.inputs import RefundProposalIn
from returns.inputs.exchanges import ExchangeIn
from returns.models import Exchange, ExchangeComponent, ExchangeLine, ExchangePayment, Refund, RefundLine
from returns.refund_explanation import explanation_of
from returns.services import credit_memos, decisions, exchanges, quantities, refund_outcomes, refunds
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    make_user,
    slice_data,
)
from tests.inventory.test_reserving import wanted as reservation
from tests.returns.exchanging import (
    cases_of,
    events_of,
    exchangeable,
    now_of,
    paid,
    proposal,
    propose,
    shipped,
    stocked,
)
from tests.returns.proofs import prove
from tests.returns.refunding import paid_order, refunds_of

pytestmark = pytest.mark.django_db


def came(rma: Any, *slices: dict[str, Any]) -> None:
    """Everything arrives and is accepted, or judged as told."""
    make_receipt(rma)
    make_inspection(rma, list(slices) or None)


def sides(exchange: Exchange) -> list[tuple[str, str, str, int]]:
    rows = ExchangeComponent.objects.filter(exchange=exchange).order_by("id")
    return list(rows.values_list("side", "kind", "code", "amount"))


def test_both_sides_are_gross_and_frozen_by_component() -> None:
    ensure_policy(resolutions=["refund", "exchange"])
    line = {"line_no": 1, "quantity": 2, "resolution": "exchange"}
    rma = make_return(paid_order(), lines=[line])
    taxes = [{"code": "VAT", "amount": 300}, {"code": "ECO", "amount": 10, "included": True}]
    exchange = propose(rma, stocked(), 1200, quantity=2, wanted_quantity=1, taxes=taxes)
    # Two of three units: goods 1998 after the discount, less eco 6, VAT 400, eco 6, duty 67.
    assert sides(exchange) == [
        ("credit", "item", "", 1992),
        ("credit", "tax", "VAT", 400),
        ("credit", "tax", "ECO", 6),
        ("credit", "duty", "", 67),
        ("sale", "item", "", 1190),
        ("sale", "tax", "VAT", 300),
        ("sale", "tax", "ECO", 10),
    ]
    assert (exchange.credit, exchange.sale, exchange.balance) == (2465, 1500, -965)
    changes: list[dict[str, Any]] = [{"unit_price": 1}, {"taxes": []}, {"units": [[0, 1]]}, {"wanted_sku": "X"}]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            ExchangeLine.objects.filter(exchange=exchange).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        ExchangeComponent.objects.filter(exchange=exchange).update(amount=1)
    prove()


def test_an_even_exchange_goes_from_request_to_close() -> None:
    rma = exchangeable()
    sku = stocked(quantity=1)
    exchange = propose(rma, sku)
    assert (exchange.status, available_to_promise(sku)) == ("reserved", 0)
    came(rma)
    assert now_of(exchange).status == "released"
    assert fresh(rma).status == ReturnStatus.AUTHORIZED
    done = shipped(exchange)
    assert (done.status, done.tracking, done.settled_at is not None) == ("shipped", "TRK-X", True)
    line = rma.lines.get()
    assert (line.exchanged, line.refunded) == (1, 0)
    memo = rma.credit_memos.get()
    assert (memo.amount, memo.status, memo.exchange_id, memo.refund_id) == (1000, "queued", exchange.id, None)
    assert refunds_of(rma) == []
    assert fresh(rma).status == ReturnStatus.AUTHORIZED
    credit_memos.record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference="CM-1")
    assert (cases_of(exchange), cases_of(rma)) == ([], [])
    assert fresh(rma).status == ReturnStatus.CLOSED
    assert (fresh(rma).money, fresh(rma).erp) == ("none", "posted")
    assert events_of(exchange) == ["proposed", "reserved", "released", "shipped", "settled"]
    prove()


def test_a_balance_that_the_customer_owes_waits_for_a_payment() -> None:
    rma = exchangeable()
    exchange = propose(rma, price=1500)
    assert (exchange.status, exchange.balance) == ("awaiting_payment", 500)
    came(rma)
    assert now_of(exchange).status == "awaiting_payment"
    with pytest.raises(Conflict) as refused:
        exchanges.release_exchange(actor=SYSTEM, exchange_id=exchange.id)
    assert refused.value.detail == "The customer has not paid the balance."
    paid(exchange, 200, reference="pi_1")
    assert now_of(exchange).status == "awaiting_payment"
    first, again = paid(exchange, 300, reference="pi_2"), paid(exchange, 300, reference="pi_2")
    assert first.id == again.id
    assert ExchangePayment.objects.filter(exchange=exchange).count() == 2
    assert now_of(exchange).status == "released"
    shipped(exchange)
    assert rma.credit_memos.get().amount == 1000
    assert refunds_of(rma) == []
    assert events_of(exchange) == [
        "proposed", "reserved", "payment_awaited", "payment_recorded", "payment_recorded", "paid", "released",
        "shipped", "settled",
    ]  # fmt: skip
    prove()


@pytest.mark.parametrize(
    ("fields", "error", "code"),
    [
        ({"amount": 501}, Unprocessable, "more-than-owed"),
        ({"amount": 500, "currency": "EUR"}, Unprocessable, "other-currency"),
        ({"amount": 400, "reference": "pi_known"}, Conflict, "reference-reused"),
    ],
    ids=["too-much", "other-currency", "reused"],
)
def test_a_payment_that_does_not_fit_is_refused(fields: dict[str, Any], error: type[DomainError], code: str) -> None:
    exchange = propose(exchangeable(), price=1500)
    paid(propose(exchangeable(), price=1500), 100, reference="pi_known")
    with pytest.raises(error) as refused:
        paid(exchange, **fields)
    assert refused.value.code == code
    assert not exchange.payments.exists()
    assert now_of(exchange).status == "awaiting_payment"


def test_nothing_is_taken_where_nothing_is_owed() -> None:
    exchange = propose(exchangeable())
    with pytest.raises(Conflict) as refused:
        paid(exchange, 1)
    assert refused.value.code == "not-owed"


def test_a_balance_in_the_customers_favor_is_refunded_once_by_the_usual_way() -> None:
    rma = exchangeable(auto_approve_limit={"*": 0})
    exchange = propose(rma, price=400)
    came(rma)
    assert refunds_of(rma) == []
    shipped(exchange)
    assert refunds_of(rma) == [(600, "pending_approval")]
    shipped(exchange)
    refund = rma.refunds.get()
    assert (refund.proposal, refund.requested_by) == (now_of(exchange).proposal, "system:policy")
    assert list(refund.components.values_list("kind", "code", "amount")) == [
        ("exchange_balance", str(exchange.id), 600)
    ]
    assert not refund.lines.exists()
    refunds.approve_refund(actor=make_user("administrator").actor(), refund_id=refund.id)
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    # One memo of the gross credit: 400 used by the sale, 600 that moved.
    memo = rma.credit_memos.get()
    assert (memo.amount, memo.exchange_id, memo.refund_id) == (1000, exchange.id, None)
    assert (rma.lines.get().refunded, rma.lines.get().exchanged) == (0, 1)
    assert fresh(rma).money == "refunded"
    prove()


def test_a_failed_balance_is_paid_by_another_try_of_the_same_proposal() -> None:
    rma = exchangeable()
    exchange = propose(rma, price=400)
    came(rma)
    shipped(exchange)
    refund = rma.refunds.get()
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=refund.id, code="x", message="no")
    new = refunds.supersede_refund(actor=SYSTEM, refund_id=refund.id, reason="again")
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=new.id, external_reference="re_2")
    assert refunds_of(rma) == [(600, "superseded"), (600, "succeeded")]
    assert (new.proposal, rma.credit_memos.get().amount) == (now_of(exchange).proposal, 1000)
    prove()


def test_a_replacement_moves_goods_and_no_money() -> None:
    rma = exchangeable(2, resolution="replacement")
    line = rma.lines.get()
    sku = stocked(line.sku)
    exchange = propose(rma, sku, None, quantity=2)
    assert (exchange.status, exchange.credit, exchange.sale, sides(exchange)) == ("reserved", 0, 0, [])
    came(rma)
    shipped(exchange)
    assert (rma.lines.get().exchanged, available_to_promise(sku)) == (2, 5)  # 5 - 2 sent + 2 that came back
    assert not rma.credit_memos.exists()
    assert fresh(rma).status == ReturnStatus.CLOSED
    prove()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({"resolution": "replacement", "lines": [{"line_no": 1, "quantity": 1, "unit_price": 5}]}, "has no price"),
        ({"lines": [{"line_no": 1, "quantity": 1, "wanted_sku": "X"}]}, "names the wanted sku and its price"),
        ({"lines": [{"line_no": 1, "quantity": 1, "unit_price": 5}]}, "names the wanted sku and its price"),
        (
            {"lines": [{"line_no": 1, "quantity": 1, "wanted_sku": "X", "unit_price": 5,
                        "taxes": [{"code": "VAT", "amount": 6, "included": True}]}]},
            "more than the price",
        ),
    ],
    ids=["priced-replacement", "no-price", "no-sku", "tax-above-price"],
)  # fmt: skip
def test_a_proposal_must_make_sense(data: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        ExchangeIn.model_validate(data)


@pytest.mark.parametrize(
    ("wanted", "error", "code"),
    [
        (lambda: proposal("X", quantity=2), Unprocessable, "too-many"),
        (lambda: proposal("X", line_no=7), Invalid, "invalid"),
        (lambda: proposal("X", None), Unprocessable, "not-the-same"),
    ],
    ids=["too-many", "no-line", "other-sku"],
)
def test_what_cannot_be_exchanged_is_refused(wanted: Any, error: type[DomainError], code: str) -> None:
    rma = exchangeable()
    with pytest.raises(error) as refused, transaction.atomic():
        exchanges.propose_exchange(actor=SYSTEM, return_id=rma.id, proposal=wanted())
    assert refused.value.code == code
    assert not Exchange.objects.exists()


def test_what_policy_does_not_offer_needs_a_reason() -> None:
    ensure_policy(resolutions=["refund"])
    rma = make_return(make_order(), {1: 1})
    with pytest.raises(Unprocessable) as refused:
        propose(rma, "X")
    assert refused.value.code == "not-offered"
    assert propose(rma, reason="the customer asked by telephone").reason == "the customer asked by telephone"


def test_units_are_exchanged_or_refunded_never_both() -> None:
    ensure_policy(resolutions=["refund", "exchange"])
    rma = make_return(make_order(), {1: 3})
    first = propose(rma)
    with pytest.raises(Unprocessable):
        propose(rma, quantity=3)
    came(rma)
    assert now_of(first).status == "released"
    assert refunds_of(rma) == [(2000, "submitting")]
    with pytest.raises(Unprocessable) as refused:
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=RefundProposalIn(reason="more"))
    assert refused.value.code == "nothing-due"
    with pytest.raises(Unprocessable) as refused:
        propose(rma)
    assert refused.value.code == "too-many"
    shipped(first)
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=rma.refunds.get().id, external_reference="re_1")
    assert (rma.lines.get().exchanged, rma.lines.get().refunded) == (1, 2)
    assert fresh(rma).money == "refunded"
    assert sorted(rma.credit_memos.values_list("amount", flat=True)) == [1000, 2000]
    prove()


def test_units_of_an_exchange_are_not_given_back_to_the_order() -> None:
    rma = exchangeable(2)
    propose(rma, quantity=2)
    with pytest.raises(Unprocessable) as refused:
        quantities.cancel_remaining(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1)
    assert refused.value.code == "units-refunded"
    assert rma.lines.get().canceled == 0


def test_too_little_stock_is_a_case_that_ends_when_it_is_reserved() -> None:
    rma = exchangeable()
    exchange = propose(rma, "GONE")
    assert (exchange.status, cases_of(exchange)) == ("proposed", ["exchange_out_of_stock"])
    assert fresh(rma).open_cases == 1
    assert not Reservation.objects.exists()
    came(rma)
    stocked("GONE", 1)
    exchanges.reserve_exchange(actor=SYSTEM, exchange_id=exchange.id)
    assert (now_of(exchange).status, cases_of(exchange)) == ("released", ["exchange_unrouted"])
    assert cases_of(exchange, "resolved") == ["exchange_out_of_stock"]
    prove()


def test_stock_that_somebody_else_holds_is_not_to_be_had() -> None:
    sku = stocked(quantity=1)
    place = StockBalance.objects.get(sku=sku, disposition="sellable").location.code
    reserve_stock(actor=SYSTEM, wanted=[reservation(place, sku, 1)])
    exchange = propose(exchangeable(), sku)
    assert (exchange.status, cases_of(exchange)) == ("proposed", ["exchange_out_of_stock"])
    prove()


@pytest.mark.parametrize("to", ["refund", "store_credit"])
def test_converted_goods_are_let_go_and_the_units_are_paid_otherwise(to: Any) -> None:
    rma = exchangeable()
    sku = stocked(quantity=1)
    exchange = propose(rma, sku, 1500)
    came(rma)
    done = exchanges.convert_exchange(actor=SYSTEM, exchange_id=exchange.id, to=to, reason="no longer wanted")
    assert (done.status, done.converted_to, available_to_promise(sku)) == ("converted", to, 1)
    assert rma.lines.get().resolution == to
    assert refunds_of(rma) == [(1000, "submitting" if to == "refund" else "succeeded")]
    assert events_of(exchange)[-1] == "converted"
    with pytest.raises(Conflict):
        exchanges.convert_exchange(actor=SYSTEM, exchange_id=exchange.id, to=to, reason="again")
    prove()


def test_only_the_units_of_a_converted_exchange_are_paid_otherwise() -> None:
    rma = exchangeable(3)
    one, two = propose(rma), propose(rma, quantity=2)
    exchanges.convert_exchange(actor=SYSTEM, exchange_id=one.id, to="refund", reason="she wants one back in money")
    line = rma.lines.get()
    assert (line.resolution, line.instead) == ("exchange", {"refund": [[0, 1]]})
    came(rma)
    assert refunds_of(rma) == [(1000, "submitting")]
    assert [row.units for row in RefundLine.objects.filter(line=line)] == [[[0, 1]]]
    assert (now_of(two).status, cases_of(rma)) == ("released", [])
    told = [reason.text for reason in explanation_of(rma.refunds.get()).reasons if reason.rule == "resolutions"]
    assert told == ["1 of line 1 bring refund to tender: the exchange was converted."]
    shipped(two)
    memo_of_exchange = rma.credit_memos.get(exchange=two)
    credit_memos.record_credit_memo(actor=SYSTEM, memo_id=memo_of_exchange.id, external_reference="CM-X")
    standing = recompute(rma)
    assert (standing.due, standing.exchanging) == (1, 0)
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=rma.refunds.get().id, external_reference="re_1")
    memo = rma.credit_memos.exclude(pk=memo_of_exchange.pk).get()
    credit_memos.record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference="CM-R")
    assert (fresh(rma).status, fresh(rma).money) == ("closed", "refunded")
    prove()


def test_the_last_conversion_makes_the_line_what_it_brings() -> None:
    rma = exchangeable(2)
    one, two = propose(rma), propose(rma)
    exchanges.convert_exchange(actor=SYSTEM, exchange_id=one.id, to="store_credit", reason="credit")
    exchanges.convert_exchange(actor=SYSTEM, exchange_id=two.id, to="refund", reason="money")
    line = rma.lines.get()
    assert (line.resolution, line.instead) == ("refund", {"store_credit": [[0, 1]]})
    came(rma)
    assert sorted((refund.amount, refund.destination) for refund in rma.refunds.all()) == [
        (1000, "store_credit"),
        (1000, "tender"),
    ]
    prove()


def test_units_that_were_to_be_paid_are_exchanged_after_all_or_canceled() -> None:
    rma = exchangeable(3)
    one = propose(rma)
    exchanges.convert_exchange(actor=SYSTEM, exchange_id=one.id, to="refund", reason="money")
    anew = propose(rma)
    assert (anew.lines.get().units, rma.lines.get().instead) == ([[0, 1]], {})
    exchanges.convert_exchange(actor=SYSTEM, exchange_id=anew.id, to="refund", reason="money after all")
    assert rma.lines.get().instead == {"refund": [[0, 1]]}
    quantities.cancel_remaining(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=2)
    assert rma.lines.get().instead == {"refund": [[0, 1]]}
    quantities.cancel_remaining(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1)
    assert (rma.lines.get().units, rma.lines.get().instead) == ([], {})
    assert fresh(rma).status == "closed"
    prove()


def test_before_the_goods_came_a_conversion_pays_nothing_yet() -> None:
    rma = exchangeable()
    exchange = propose(rma)
    exchanges.convert_exchange(actor=SYSTEM, exchange_id=exchange.id, to="refund", reason="changed mind")
    assert refunds_of(rma) == []
    came(rma)
    assert refunds_of(rma) == [(1000, "submitting")]
    prove()


def test_a_canceled_exchange_frees_its_units_and_the_line_asks_for_another() -> None:
    rma = exchangeable()
    exchange = propose(rma)
    make_receipt(rma)
    exchanges.cancel_exchange(actor=SYSTEM, exchange_id=exchange.id, reason="wrong size")
    make_inspection(rma)
    assert cases_of(rma) == ["exchange_owed"]
    assert fresh(rma).status == ReturnStatus.AUTHORIZED
    again = propose(rma)
    assert (now_of(again).status, again.ordinal, cases_of(rma)) == ("released", 2, [])
    prove()


def test_money_paid_for_an_exchange_that_ends_is_a_case() -> None:
    rma = exchangeable()
    exchange = propose(rma, price=1500)
    paid(exchange, 500)
    exchanges.cancel_exchange(actor=SYSTEM, exchange_id=exchange.id, reason="changed mind")
    assert cases_of(exchange) == ["exchange_payment_stranded"]
    late = propose(rma, price=1500)
    exchanges.cancel_exchange(actor=SYSTEM, exchange_id=late.id, reason="changed mind")
    assert cases_of(late) == []
    paid(late, 500, reference="pi_late")
    assert cases_of(late) == ["exchange_payment_stranded"]
    prove()


def test_rejected_units_stop_the_exchange_before_its_release() -> None:
    rma = exchangeable()
    sku = stocked(quantity=1)
    exchange = propose(rma, sku)
    came(rma, slice_data(1, 1, accepted=False, disposition="damaged"))
    assert (now_of(exchange).status, available_to_promise(sku)) == ("canceled", 1)
    assert refunds_of(rma) == []
    assert cases_of(exchange) == []
    assert fresh(rma).status == ReturnStatus.CLOSED
    prove()


def test_one_of_two_rejected_stops_it_and_asks_for_another() -> None:
    rma = exchangeable(2)
    exchange = propose(rma, quantity=2)
    came(rma, slice_data(1, 1), slice_data(1, 1, accepted=False, disposition="damaged"))
    assert now_of(exchange).status == "canceled"
    assert cases_of(rma) == ["exchange_owed"]
    prove()


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_end_needs_a_reason(reason: str) -> None:
    exchange = propose(exchangeable())
    with pytest.raises(Invalid):
        exchanges.cancel_exchange(actor=SYSTEM, exchange_id=exchange.id, reason=reason)
    with pytest.raises(Invalid):
        exchanges.convert_exchange(actor=SYSTEM, exchange_id=exchange.id, to="refund", reason=reason)
    assert now_of(exchange).status == "reserved"


def test_a_return_with_a_live_exchange_neither_closes_nor_is_canceled() -> None:
    rma = exchangeable()
    exchange = propose(rma, price=1500)
    with pytest.raises(Conflict) as refused:
        decisions.cancel_return(actor=SYSTEM, return_id=rma.id, reason="x")
    assert refused.value.code == "exchange-live"
    came(rma)
    with pytest.raises(Conflict) as refused:
        decisions.close_return(actor=SYSTEM, return_id=rma.id, reason="x")
    assert "an exchange still goes on" in refused.value.extra["left"]
    exchanges.cancel_exchange(actor=SYSTEM, exchange_id=exchange.id, reason="x")
    assert fresh(rma).status == ReturnStatus.AUTHORIZED


def test_only_what_fits_its_state_is_done() -> None:
    exchange = propose(exchangeable())
    with pytest.raises(TransitionRefused):
        exchanges.reserve_exchange(actor=SYSTEM, exchange_id=exchange.id)
    with pytest.raises(TransitionRefused):
        shipped(exchange)
    with pytest.raises(Conflict) as refused:
        exchanges.release_exchange(actor=SYSTEM, exchange_id=exchange.id)
    assert refused.value.code == "not-ready"
    assert "inspected and accepted" in refused.value.detail
    assert now_of(exchange).status == "reserved"


def test_a_person_releases_where_policy_does_not_let_it_go_by_itself() -> None:
    rma = exchangeable(exchange_goes_by_itself=False)
    exchange = propose(rma)
    came(rma)
    assert now_of(exchange).status == "reserved"
    assert exchanges.release_exchange(actor=SYSTEM, exchange_id=exchange.id).status == "released"
    prove()


def test_three_persons() -> None:
    rma = exchangeable(2)
    rights = (Permission.RETURNS_DECIDE, Permission.RETURNS_VIEW, Permission.REFUNDS_PROPOSE)
    allowed, elsewhere, nobody = everyone_with(*rights, region="uk")
    looker = actor_with(Permission.RETURNS_VIEW)
    sku = stocked()
    mine = propose(rma, sku, 1500, actor=allowed)
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        calls: list[Any] = [
            lambda actor=actor: propose(rma, sku, actor=actor),
            lambda actor=actor: exchanges.reserve_exchange(actor=actor, exchange_id=mine.id),
            lambda actor=actor: exchanges.release_exchange(actor=actor, exchange_id=mine.id),
            lambda actor=actor: exchanges.cancel_exchange(actor=actor, exchange_id=mine.id, reason="x"),
            lambda actor=actor: exchanges.convert_exchange(actor=actor, exchange_id=mine.id, to="refund", reason="x"),
            lambda actor=actor: paid(mine, actor=actor),
            lambda actor=actor: shipped(mine, actor=actor),
        ]
        for call in calls:
            with pytest.raises(error):
                call()
    assert (Exchange.objects.count(), now_of(mine).status, ExchangePayment.objects.count()) == (
        1,
        "awaiting_payment",
        0,
    )
    assert not Refund.objects.exists()
