"""Refunds of currencies that a gateway pays in steps: rounded where they are decided, told, and made up for."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailops.lib.errors import Unprocessable
from returns import rounding
from returns.inputs import RefundProposalIn, read
from returns.models import Refund
from returns.rounding import rounded
from returns.services import exchange_balance, refund_outcomes, refunds
from returns.services.previewing import preview_refund
from returns.tenders import Tender, split
from tests.factories import (
    SYSTEM,
    line_data,
    make_inspected_return,
    make_inspection,
    make_order,
    make_receipt,
    order_data,
    unique,
)
from tests.returns import exchanging
from tests.returns.proofs import prove
from tests.returns.refunding import approver, owed_return, parts, refunds_of

tenders = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([1, 10])).map(
        lambda each: Tender(uuid4(), each[0] + 10, each[0], step=each[1])
    ),
    min_size=1,
    max_size=4,
)


@given(st.integers(0, 900), tenders, st.sampled_from(["proportional", "first", "last"]))
def test_what_is_rounded_can_be_paid_and_differs_by_less_than_a_step(
    total: int, given_tenders: list[Tender], order: Any
) -> None:
    whole = split(total, given_tenders, order)
    found = rounded(whole, given_tenders)
    paid, wanted = sum(amount for _, amount in found.spread), sum(amount for _, amount in whole)
    assert found.by == paid - wanted
    assert all(amount % tender.step == 0 and 0 < amount <= tender.remaining for tender, amount in found.spread)
    if _room(given_tenders) >= wanted + 10:
        assert abs(found.by) <= (5 if wanted >= 5 else 9)
    if all(tender.step == 1 for tender in given_tenders):
        assert found.spread == whole


def _room(given_tenders: Sequence[Tender]) -> int:
    return sum(tender.remaining - tender.remaining % tender.step for tender in given_tenders)


pytestmark = pytest.mark.django_db


def kuwaiti(*gateways: tuple[str, int], quantity: int = 3, discount: int = 0) -> Any:
    """Return an order in dinars: 1.000 for its units in all, paid by these gateways."""
    total = sum(captured for _, captured in gateways) or 1000
    data = order_data(
        currency="KWD", lines=[line_data("L1", quantity=quantity, unit_price=total)], discount=total * (quantity - 1)
    )
    data["payments"] = [
        {"external_id": unique("pi_"), "gateway": gateway, "tender": gateway, "captured": captured}
        for gateway, captured in gateways or [("stripe", 1000)]
    ]
    return make_order(**data)


def test_each_refund_is_rounded_and_all_of_them_come_to_what_was_paid() -> None:
    order = kuwaiti()
    made = [make_inspected_return(order, {1: 1}).refunds.get() for _ in range(3)]
    assert [(refund.amount, refund.status) for refund in made] == [
        (330, "submitting"), (340, "submitting"), (330, "submitting"),
    ]  # fmt: skip
    assert [parts(refund) for refund in made] == [
        {"item": 334, "rounding": -4}, {"item": 333, "rounding": 7}, {"item": 333, "rounding": -3},
    ]  # fmt: skip
    told = [refund.facts["why"]["reasons"][-1]["text"] for refund in made]
    assert told == [
        "Rounded down by 0.004 KWD: the gateway pays in steps of 0.010 KWD.",
        "Rounded up by 0.007 KWD: the gateway pays in steps of 0.010 KWD. "
        "Refunds of the order before were rounded down by 0.004 KWD; that is made up for.",
        "Rounded down by 0.003 KWD: the gateway pays in steps of 0.010 KWD. "
        "Refunds of the order before were rounded up by 0.003 KWD; that is made up for.",
    ]
    prove()


def test_a_rounding_that_came_to_nothing_is_not_made_up_for() -> None:
    order = kuwaiti()
    first = make_inspected_return(order, {1: 1}).refunds.get()
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=first.id, code="closed")
    second = make_inspected_return(order, {1: 1}).refunds.get()
    assert parts(second) == {"item": 333, "rounding": -3}


def test_a_preview_shows_the_rounding_before_anybody_commits() -> None:
    rma = owed_return(kuwaiti(), {1: 1})
    [preview] = preview_refund(SYSTEM, rma.id)
    assert preview.total.amount == 330
    assert [(part.kind, part.amount) for part in preview.parts] == [("item", 334), ("rounding", -4)]
    assert preview.why.reasons[-1].text == "Rounded down by 0.004 KWD: the gateway pays in steps of 0.010 KWD."
    assert [amount.amount for _, amount in preview.tenders] == [330]
    assert preview.reasons == ["above the limit for going by itself"]


def test_a_gateway_that_pays_any_amount_bears_what_the_other_cannot() -> None:
    refund, other = make_inspected_return(kuwaiti(("stripe", 500), ("adyen", 500)), {1: 1}).refunds.order_by("id")
    assert [(each.payment.gateway, each.amount) for each in (refund, other)] == [("stripe", 160), ("adyen", 174)]
    assert "rounding" not in parts(refund) | parts(other)


def test_stored_value_is_never_rounded() -> None:
    rma = owed_return(kuwaiti(), {1: 1}, resolutions=["refund", "store_credit"])
    asked = read(RefundProposalIn, {"destination": "store_credit", "reason": "the customer asked"})
    [preview] = preview_refund(SYSTEM, rma.id, asked)
    assert (preview.total.amount, [part.kind for part in preview.parts]) == (334, ["item"])


def test_an_amount_that_cannot_be_sent_is_refused_and_says_which_can() -> None:
    rma = owed_return(kuwaiti(), {1: 1})
    before = Refund.objects.count()
    for amount, nearest in ((315, [310, 320]), (334, [330, 340]), (4, [10])):
        asked = read(RefundProposalIn, {"amount": amount, "reason": "agreed on the phone"})
        with pytest.raises(Unprocessable) as refused:
            refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=asked)
        assert (refused.value.code, refused.value.extra) == ("amount-too-fine", {"step": 10, "nearest": nearest})
    assert refused.value.detail == (
        "The gateway pays KWD in steps of 0.010 KWD, so 0.004 KWD cannot be sent. Ask for 0.010 KWD."
    )
    assert Refund.objects.count() == before
    asked = read(RefundProposalIn, {"amount": 320, "reason": "agreed on the phone"})
    [refund] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=asked)
    assert (refund.amount, parts(refund)) == (320, {"item": 334, "manual": -14})
    prove()


def test_what_policy_gives_is_within_policy_when_a_person_types_it() -> None:
    rma = owed_return(kuwaiti(), {1: 1})
    asked = read(RefundProposalIn, {"amount": 330, "reason": "as it is"})
    [refund] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=asked)
    assert (parts(refund), refund.facts["permitted"], "broken" in refund.facts) == (
        {"item": 334, "rounding": -4}, 330, False,
    )  # fmt: skip


def test_another_payment_that_cannot_pay_exactly_that_is_refused() -> None:
    rma = make_inspected_return(kuwaiti(("adyen", 1000), ("stripe", 1000)), {1: 1})
    fine, coarse = rma.refunds.order_by("id")
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=fine.id, code="closed")
    with pytest.raises(Unprocessable) as refused:
        refunds.supersede_refund(
            actor=SYSTEM, refund_id=fine.id, reason="the card is closed", payment_id=coarse.payment_id
        )
    assert (refused.value.code, refused.value.extra["nearest"]) == ("amount-too-fine", [330, 340])
    assert "Propose the refund anew, for 0.330 KWD or 0.340 KWD." in refused.value.detail
    assert refunds_of(rma) == [(337, "failed"), (330, "submitting")]


def test_what_became_too_fine_while_it_waited_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounding, "_steps", lambda gateway, currency: 1)
    waiting = owed_return(kuwaiti(), {1: 1})
    [refund] = refunds.propose_refund(actor=SYSTEM, return_id=waiting.id)
    assert (refund.amount, refund.status) == (334, "pending_approval")
    monkeypatch.undo()
    with pytest.raises(Unprocessable) as refused:
        refunds.approve_refund(actor=approver(), refund_id=refund.id)
    assert "Refuse it, or change it to 0.330 KWD or 0.340 KWD." in refused.value.detail
    refund.refresh_from_db()
    assert refund.approval is not None
    assert (refund.status, refund.approval.status) == ("pending_approval", "requested")


@pytest.mark.parametrize(("price", "paid", "rounding"), [(696, 300, -4), (694, 310, 4)])
def test_the_balance_of_an_exchange_is_rounded_and_owes_nothing_more(price: int, paid: int, rounding: int) -> None:
    rma = exchanging.exchangeable(order=kuwaiti(("stripe", 1000), quantity=1))
    exchange = exchanging.propose(rma, price=price)
    make_receipt(rma)
    make_inspection(rma)
    exchanging.shipped(exchange)
    refund = rma.refunds.get()
    assert (refund.amount, parts(refund)) == (paid, {"exchange_balance": 1000 - price, "rounding": rounding})
    assert exchange_balance.balance_left(exchanging.now_of(exchange)) == 0
    prove()
