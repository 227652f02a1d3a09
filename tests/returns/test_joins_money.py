"""Where money meets the rest: fees of a category's policy, holds, overrides, balances of exchanges, the ERP's word."""

from typing import Any

import pytest

from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound, Unprocessable
from retailops.lib.money import Money
from returns.facets import recompute
from returns.inputs import RefundProposalIn, ReturnIn, read
from returns.inputs.refunds import RefundOverrideIn
from returns.models import (
    CreditMemo,
    Exchange,
    FraudReview,
    Order,
    Refund,
    Return,
    ReturnPolicy,
    StoredAccount,
)
from returns.policy_impact import impact_of
from returns.refund_explanation import explanation_of
from returns.services import exchange_balance, exchanges, overriding, placing, refund_outcomes, refunds, reviewing
from returns.services.closing import what_is_left
from returns.services.credit_memos import record_credit_memo, reverse_credit_memo
from returns.services.previewing import preview_refund
from returns.services.request_preview import preview_request
from returns.services.reviewing import Word
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    line_data,
    make_inspection,
    make_order,
    make_policy,
    make_receipt,
    make_return,
    role_actor,
    slice_data,
)
from tests.returns.disputes import dispute
from tests.returns.exchanging import OFFERED, cases_of, exchangeable, now_of, propose, shipped, stocked
from tests.returns.proofs import prove
from tests.returns.refunding import approver, parts, refunds_of

pytestmark = pytest.mark.django_db
ANALYST = actor_with(P.FRAUD_VIEW, P.FRAUD_DECIDE)
ASKS = actor_with(P.REFUNDS_PROPOSE, P.REFUNDS_VIEW, P.RETURNS_VIEW)

SHOES = {"restocking_fee": {"percent": "20", "fixed": {"GBP": 200}}, "keep_it_below": {"GBP": 0}}


def two_categories(**rules: Any) -> Order:
    """Return an order of two pairs of shoes (10.00 each), whose category has a policy of its own, and a tee (25.50)."""
    base = ensure_policy(restocking_fee={"percent": "10", "fixed": {"GBP": 50}})
    make_policy(name="shoes", rules=base.rules | SHOES | rules, category="shoes")
    return make_order(
        lines=[
            line_data("L1", quantity=2, unit_price=1000, category="shoes"),
            line_data("L2", quantity=1, unit_price=2550, category="tops"),
        ]
    )


def came(rma: Return, line_no: int, quantity: int) -> None:
    """Return units of one line accepted; what they earn is proposed by policy."""
    make_inspection(rma, [slice_data(line_no=line_no, quantity=quantity)])


# 2000 + 2550, less 20% of the shoes (400), 10% of the tee (255), and once the higher fixed amount (200).
NET = 4550 - 400 - 255 - 200


def test_each_line_bears_the_fee_of_the_policy_that_it_fell_under() -> None:
    order = two_categories()
    asked = {
        "order": {"order_id": str(order.id)},
        "lines": [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 1}],
    }
    expected = preview_request(actor=SYSTEM, request=read(ReturnIn, {"kind": "mail_in", "reason": "x", **asked}))
    rma = make_return(order, {1: 2, 2: 1})
    make_receipt(rma)
    came(rma, 1, 2)
    came(rma, 2, 1)
    assert (expected.refund, sum(amount for amount, _ in refunds_of(rma))) == (Money(NET, "GBP"), NET)
    shoes, tee = rma.refunds.order_by("id")
    assert parts(shoes) == {"item": 2000, "restocking_fee": -600}
    assert parts(tee) == {"item": 2550, "restocking_fee": -255}
    prove()


def test_parts_in_another_order_bear_together_what_the_whole_would() -> None:
    rma = make_return(two_categories(), {1: 2, 2: 1})
    make_receipt(rma)
    came(rma, 2, 1)
    came(rma, 1, 1)
    came(rma, 1, 1)
    assert [amount for amount, _ in refunds_of(rma)] == [2550 - 255 - 50, 1000 - 200 - 150, 1000 - 200]
    assert sum(amount for amount, _ in refunds_of(rma)) == NET
    prove()


def test_what_is_previewed_and_explained_is_what_is_refunded() -> None:
    rma = make_return(two_categories(auto_approve_limit={}), {1: 2, 2: 1})
    ensured = make_receipt(rma)
    assert ensured.rma_id == rma.id
    [nothing] = preview_refund(SYSTEM, rma.id)
    assert nothing.total == Money(0, "GBP")
    came(rma, 1, 2)
    refund = rma.refunds.get()
    [fee] = [reason.text for reason in explanation_of(refund).reasons if reason.topic == "fees"]
    assert fee == (
        "Restocking fee: 10% of the goods and 0.50 GBP once a return on line 2; "
        "20% of the goods and 2.00 GBP once a return on line 1 by shoes@1, 6.00 GBP taken."
    )
    assert refund.amount == 1400
    prove()


def test_the_impact_of_a_version_counts_the_same_fees() -> None:
    rma = make_return(two_categories(), {1: 2, 2: 1})
    former = ReturnPolicy.objects.get(name="shoes")
    without = ReturnPolicy.objects.create(
        name="shoes", version=2, rules=former.rules | {"restocking_fee": {}}, category="shoes"
    )
    impact = impact_of(SYSTEM, without)
    [group] = impact.found
    # The higher fixed amount goes with the shoes' fee: the tee's own 0.50 is left.
    assert (group.key, group.amounts, group.examples[0][0]) == ("other_fee", [Money(-550, "GBP")], rma.number)


def test_what_is_kept_is_decided_by_the_lines_own_policy() -> None:
    order = two_categories(keep_it_below={"GBP": 2500})
    rma = make_return(order, {1: 2, 2: 1})
    assert list(rma.lines.order_by("line_no").values_list("kept", flat=True)) == [2, 0]
    refund = rma.refunds.get()
    assert parts(refund) == {"item": 2000, "restocking_fee": -600}
    prove()


# Exchanges turned into something else


@pytest.mark.parametrize("to", ["store_credit", "gift_card"])
def test_an_exchange_becomes_value_once_and_only_when_it_was_earned(to: Any) -> None:
    rma = exchangeable(2, resolutions=[*OFFERED, "gift_card"], stored_value={"bonus_percent": "10"})
    exchange = propose(rma, stocked(), 1500, quantity=2)
    exchanges.convert_exchange(actor=SYSTEM, exchange_id=exchange.id, to=to, reason="takes credit")
    assert (refunds_of(rma), StoredAccount.objects.count(), rma.lines.get().resolution) == ([], 0, to)
    make_receipt(rma)
    make_inspection(rma, [slice_data(quantity=1)])
    make_inspection(rma, [slice_data(quantity=1)])
    assert [(each.amount, each.bonus, each.status, each.destination) for each in rma.refunds.order_by("id")] == [
        (1000, 100, "succeeded", to), (1000, 100, "succeeded", to),
    ]  # fmt: skip
    account = StoredAccount.objects.get()
    assert (account.balance, account.kind, fresh(rma).money) == (2200, to, "refunded")
    for memo in rma.credit_memos.all():
        record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference=f"CM-{memo.id}")
    assert "an exchange still goes on" not in what_is_left(fresh(rma), recompute(rma))
    prove()


def test_a_gift_card_is_given_only_where_policy_offers_one() -> None:
    exchange = propose(exchangeable(), stocked())
    with pytest.raises(Unprocessable) as refused:
        exchanges.convert_exchange(actor=SYSTEM, exchange_id=exchange.id, to="gift_card", reason="asked for it")
    assert (refused.value.code, now_of(exchange).status) == ("not-offered", "reserved")


# Holds


def credited_and_held(**override: Any) -> tuple[Return, Refund, FraudReview]:
    """Return a refund as store credit with a bonus that goes beyond policy and waits for its fraud review."""
    ensure_policy(
        resolutions=OFFERED, stored_value={"bonus_percent": "10"}, fraud={"refund_above": {"GBP": 1500}},
        refund_timing="on_inspection",
    )  # fmt: skip
    line = {"line_no": 1, "quantity": 2, "resolution": "store_credit"}
    rma = make_return(make_order(), lines=[line])
    make_receipt(rma)
    make_inspection(rma)
    # What policy proposed by itself is refused, so that a person shapes it.
    reviewing.block_review(actor=ANALYST, review_id=rma.fraud_reviews.get().id, word=Word("a person looks"))
    asked = {"amount": 2300, "reason": "goodwill", "reason_code": "goodwill", "evidence": ["call 7"], **override}
    [refund] = refunds.propose_refund(actor=ASKS, return_id=rma.id, proposal=read(RefundProposalIn, asked))
    return rma, refund, FraudReview.objects.get(rma=rma, status="pending")


def test_a_cleared_proposal_asks_for_exactly_what_was_held() -> None:
    _, refund, review = credited_and_held()
    assert (refund.status, refund.amount, refund.bonus, review.amount) == ("proposed", 2300, 200, 2500)
    facts = refund.facts
    reviewing.clear_review(actor=ANALYST, review_id=review.id, word=Word("known customer"))
    refund.refresh_from_db()
    assert (refund.status, refund.facts) == ("pending_approval", facts)
    approval = refund.approval
    assert approval is not None
    assert (approval.amount, approval.requested_by, approval.asked["reason_code"]) == (2500, ASKS.key, "goodwill")
    assert approval.evidence == facts["given"]
    assert set(approval.asked["broken"]) == {"manual_amount"}
    approved = refunds.approve_refund(actor=approver(), refund_id=refund.id)
    assert (approved.status, StoredAccount.objects.get().balance) == ("succeeded", 2500)
    prove()


def test_what_a_review_holds_is_not_changed_past_it() -> None:
    rma, refund, review = credited_and_held()
    override = read(RefundOverrideIn, {"amount": 2400, "reason": "more", "reason_code": "goodwill"})
    with pytest.raises(Conflict) as refused:
        overriding.override_refund(actor=ASKS, refund_id=refund.id, override=override)
    assert (refused.value.code, refunds_of(rma)) == ("fraud-review", [(2000, "denied"), (2300, "proposed")])
    reviewing.clear_review(actor=ANALYST, review_id=review.id, word=Word("fine"))
    [more] = overriding.override_refund(actor=ASKS, refund_id=refund.id, override=override)
    assert (more.status, FraudReview.objects.filter(rma=rma, status="pending").count()) == ("proposed", 1)
    prove()


def test_units_that_were_judged_otherwise_meanwhile_are_not_paid_by_clearing() -> None:
    ensure_policy(fraud={"refund_above": {"GBP": 500}})
    rma = make_return(make_order(), {1: 1})
    make_receipt(rma)
    judged = make_inspection(rma)
    review = FraudReview.objects.get(rma=rma)
    [part] = judged.slices.all()
    placing.reverse_disposition(actor=SYSTEM, slice_id=part.id, reason="wrong box")
    with pytest.raises(Conflict) as refused:
        reviewing.clear_review(actor=ANALYST, review_id=review.id, word=Word("fine"))
    assert (refused.value.code, refunds_of(rma)) == ("approval-differs", [(1000, "proposed")])
    reviewing.block_review(actor=ANALYST, review_id=review.id, word=Word("wrong goods"))
    prove()


def test_a_dispute_that_stops_what_a_review_holds_ends_the_review() -> None:
    ensure_policy(fraud={"refund_above": {"GBP": 500}})
    rma = make_return(make_order(), {1: 1})
    make_receipt(rma)
    make_inspection(rma)
    dispute(rma.refunds.get().payment)
    review = FraudReview.objects.get(rma=rma)
    assert (refunds_of(rma), review.status) == ([(1000, "denied")], "withdrawn")
    assert not Case.objects.filter(dedupe_key=f"fraud_review:{review.id}", status="open").exists()
    prove()


# The balance of an exchange


def owing(**rules: Any) -> tuple[Return, Exchange, Refund]:
    """Return a settled exchange that owes the customer 4.00, whose refund waits for a second person."""
    rma = exchangeable(auto_approve_limit={}, **rules)
    exchange = propose(rma, stocked(), 600)
    make_receipt(rma)
    make_inspection(rma)
    shipped(exchange)
    return rma, exchange, rma.refunds.get()


def test_a_denied_balance_is_a_case_and_can_be_proposed_again() -> None:
    rma, exchange, refund = owing()
    second = approver()
    refunds.deny_refund(actor=second, refund_id=refund.id, reason="not so fast")
    assert (cases_of(exchange), fresh(rma).status) == (["exchange_balance_denied"], "authorized")
    [again] = exchange_balance.propose_balance(actor=SYSTEM, exchange_id=exchange.id, reason="it is owed")
    assert (again.amount, again.status, again.proposal, cases_of(exchange)) == (
        400, "pending_approval", refund.proposal, [],
    )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        exchange_balance.propose_balance(actor=SYSTEM, exchange_id=exchange.id, reason="twice")
    assert refused.value.code == "nothing-due"
    refunds.approve_refund(actor=second, refund_id=again.id)
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=again.id, external_reference="re_b")
    assert (refunds_of(rma), rma.credit_memos.get().amount) == ([(400, "denied"), (400, "succeeded")], 1000)
    prove()


def test_a_balance_that_a_review_blocked_is_held_anew_when_it_is_proposed_again() -> None:
    rma, exchange, refund = owing(fraud={"refund_above": {"GBP": 100}})
    review = FraudReview.objects.get(rma=rma)
    reviewing.block_review(actor=ANALYST, review_id=review.id, word=Word("odd"))
    assert cases_of(exchange) == ["exchange_balance_denied"]
    [again] = exchange_balance.propose_balance(actor=ASKS, exchange_id=exchange.id, reason="was checked")
    second = FraudReview.objects.get(rma=rma, status="pending")
    assert (again.status, second.proposal) == ("proposed", refund.proposal)
    prove()
    reviewing.clear_review(actor=ANALYST, review_id=second.id, word=Word("fine"))
    assert refunds_of(rma) == [(400, "denied"), (400, "pending_approval")]
    prove()


def test_three_persons_and_a_balance() -> None:
    rma, exchange, refund = owing()
    refunds.deny_refund(actor=approver(), refund_id=refund.id, reason="no")
    may, elsewhere, none = everyone_with(P.REFUNDS_PROPOSE, P.RETURNS_VIEW)
    for actor in (elsewhere, none):
        with pytest.raises(NotFound):
            exchange_balance.propose_balance(actor=actor, exchange_id=exchange.id, reason="x")
    with pytest.raises(Denied):
        exchange_balance.propose_balance(actor=actor_with(P.RETURNS_VIEW), exchange_id=exchange.id, reason="x")
    assert refunds_of(rma) == [(400, "denied")]
    exchange_balance.propose_balance(actor=may, exchange_id=exchange.id, reason="owed")
    assert refunds_of(rma) == [(400, "denied"), (400, "pending_approval")]


# What the ERP reversed


def paid_and_posted() -> tuple[Return, Refund, CreditMemo]:
    rma = make_return(make_order(), {1: 1})
    make_receipt(rma)
    make_inspection(rma)
    refund = rma.refunds.get()
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    memo = rma.credit_memos.get()
    record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference="CM-1")
    return rma, refund, memo


def reversed_there(memo: CreditMemo, actor: Any = SYSTEM, reference: str = "CM-1-R") -> CreditMemo:
    return reverse_credit_memo(actor=actor, memo_id=memo.id, external_reference=reference)


def test_the_memo_of_money_that_came_back_is_recorded_as_reversed() -> None:
    rma, refund, memo = paid_and_posted()
    with pytest.raises(Conflict) as refused:
        reversed_there(memo)
    assert refused.value.code == "memo-stands"
    refund_outcomes.reverse_refund(actor=SYSTEM, refund_id=refund.id, code="closed_account")
    lead = role_actor("ops_lead")
    for _ in range(2):
        assert reversed_there(memo, lead).status == "reversed"
    assert (fresh(rma).erp, Event.objects.filter(type="credit_memo.reversed").count()) == ("none", 1)
    new = refunds.supersede_refund(actor=SYSTEM, refund_id=refund.id, reason="new account")
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=new.id, external_reference="re_2")
    assert sorted(rma.credit_memos.values_list("status", flat=True)) == ["queued", "reversed"]
    prove()


def test_three_persons_and_a_reversed_memo() -> None:
    _, refund, memo = paid_and_posted()
    refund_outcomes.reverse_refund(actor=SYSTEM, refund_id=refund.id, code="closed_account")
    with pytest.raises(NotFound):
        reversed_there(memo, role_actor("ops_lead", regions=["fr"]))
    with pytest.raises(Denied):
        reversed_there(memo, actor_with(P.REFUNDS_VIEW, P.RETURNS_VIEW))
    with pytest.raises(Invalid):
        reversed_there(memo, reference=" ")
    memo.refresh_from_db()
    assert memo.status == "posted"
