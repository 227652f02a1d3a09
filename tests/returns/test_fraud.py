"""Fraud reviews: what each rule sees, what waits, how it goes on exactly where it stopped, and who may decide."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission as P
from retailops.accounts.permissions import Role
from retailops.cases.models import Approval, Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound
from returns import claim_handlers
from returns.models import FraudReview, Return
from returns.services import decisions, refunds, reviewing
from returns.services.reviewing import Word
from returns.services.transit import mark_in_transit
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    make_inspected_return,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    make_user,
    order_data,
    slice_data,
)
from tests.returns.proofs import prove
from tests.returns.refunding import refunds_of
from tests.returns.test_concurrency import together

pytestmark = pytest.mark.django_db
ANALYST = actor_with(P.FRAUD_VIEW, P.FRAUD_DECIDE)
WORD = Word("called the customer")


def watched(**rules: Any) -> None:
    ensure_policy(fraud=rules)


def held(**rules: Any) -> tuple[Return, FraudReview]:
    """Return a return that waits, and its review; anything worth more than 5.00 does."""
    watched(**(rules or {"value_above": {"GBP": 500}}))
    rma = make_return(quantities={1: 2})
    return rma, FraudReview.objects.get(rma=rma)


def clear(review: FraudReview, actor: Actor = ANALYST, word: Word = WORD) -> FraudReview:
    return reviewing.clear_review(actor=actor, review_id=review.id, word=word)


def block(review: FraudReview, actor: Actor = ANALYST, word: Word = WORD) -> FraudReview:
    return reviewing.block_review(actor=actor, review_id=review.id, word=word)


def events_of(review: FraudReview) -> list[str]:
    rows = Event.objects.filter(subject_id=review.id, type__startswith="fraud_review.")
    return [name.removeprefix("fraud_review.") for name in rows.order_by("position").values_list("type", flat=True)]


def open_cases(rma: Return) -> list[str]:
    rows = Case.objects.filter(correlation_id=rma.correlation_id, status="open", kind__startswith="fraud")
    return list(rows.order_by("kind").values_list("kind", flat=True))


def rules_fired(rma: Return) -> list[str]:
    return [finding["rule"] for review in rma.fraud_reviews.all() for finding in review.findings]


# What is held


def test_by_default_nothing_is_held() -> None:
    rma = make_inspected_return(quantities={1: 3, 2: 1})
    assert not FraudReview.objects.exists()
    assert rma.refunds.get().status == "submitting"


def test_a_return_worth_too_much_waits_and_is_authorized_once_cleared() -> None:
    rma, review = held()
    assert (rma.status, rma.open_cases, rma.decision_reason) == ("in_review", 1, "Waits for a fraud review")
    [finding] = review.findings
    assert (finding["rule"], finding["limit"], finding["saw"]) == ("value_above", 500, 2000)
    assert (open_cases(rma), events_of(review)) == (["fraud_review"], ["opened"])
    with pytest.raises(Conflict) as refused:
        decisions.authorize_return(actor=SYSTEM, return_id=rma.id)
    assert refused.value.code == "fraud-review"
    clear(review)
    after = fresh(rma)
    assert (after.status, after.open_cases, after.lines.get().authorized) == ("authorized", 0, 2)
    assert events_of(review) == ["opened", "cleared"]
    prove()


def test_cleared_it_still_waits_for_the_person_that_policy_wants() -> None:
    ensure_policy(auto_authorize=False, fraud={"value_above": {"*": 0}})
    rma = make_return()
    clear(rma.fraud_reviews.get())
    assert fresh(rma).status == "in_review"
    decisions.authorize_return(actor=SYSTEM, return_id=rma.id)
    assert fresh(rma).status == "authorized"
    prove()


def test_blocked_it_is_declined_with_a_code_and_a_parcel_brings_nothing_back() -> None:
    rma, review = held()
    block(review)
    after = fresh(rma)
    assert (after.status, after.decision_reason, open_cases(rma)) == ("declined", "fraud_review", [])
    make_receipt(rma, {1: 2})
    assert fresh(rma).status == "declined"
    assert Case.objects.filter(subject_id=rma.id, kind="unexpected_arrival").exists()
    agent = actor_with(P.RETURNS_VIEW, P.RETURNS_DECIDE)
    with pytest.raises(Denied):
        decisions.reinstate_return(actor=agent, return_id=rma.id, reason="please")
    assert fresh(rma).status == "declined"
    prove()


@pytest.mark.parametrize(
    ("rules", "fired"),
    [
        ({"value_above": {"*": 1999}}, ["value_above"]),
        ({"value_above": {"GBP": 2000}}, []),
        ({"value_above": {"EUR": 1}}, []),
        ({"kinds": ["mail_in"]}, ["kind"]),
        ({"kinds": ["returnless"]}, []),
        ({"returns_above": {"count": 0}}, ["returns_above"]),
        ({"returns_above": {"count": 1}}, []),
        ({"return_rate_above": {"percent": 49, "min_units": 4}}, ["return_rate_above"]),
        ({"return_rate_above": {"percent": 50, "min_units": 4}}, []),
        ({"return_rate_above": {"percent": 0, "min_units": 5}}, []),
        ({"value_above": {"*": 0}, "kinds": ["mail_in"]}, ["value_above", "kind"]),
    ],
)
def test_each_rule_fires_beyond_its_limit(rules: dict[str, Any], fired: list[str]) -> None:
    watched(**rules)
    rma = make_return(quantities={1: 2})  # 20.00, two of four units bought
    assert rules_fired(rma) == fired
    assert rma.status == ("in_review" if fired else "authorized")


def test_the_customers_former_returns_count() -> None:
    watched(returns_above={"count": 2, "days": 30})
    customer = order_data()["customer"]
    orders = [make_order(customer=customer) for _ in range(4)]
    returns = [make_return(order) for order in orders]
    assert [rma.status for rma in returns] == ["authorized", "authorized", "in_review", "in_review"]
    assert returns[3].fraud_reviews.get().findings[0]["saw"] == 4
    Return.objects.filter(pk=returns[0].pk).update(requested_at=now() - timedelta(days=31))
    assert make_return(make_order(customer=order_data()["customer"])).status == "authorized"


# Refunds


def test_a_refund_above_the_threshold_waits_and_goes_by_itself_once_cleared() -> None:
    watched(refund_above={"GBP": 999})
    rma = make_inspected_return(quantities={1: 1})
    review = rma.fraud_reviews.get()
    assert refunds_of(rma) == [(1000, "proposed")]
    assert (rma.status, rma.money, open_cases(rma)) == ("authorized", "pending", ["fraud_review"])
    clear(review)
    assert refunds_of(rma) == [(1000, "submitting")]
    assert open_cases(rma) == []
    prove()


def test_what_needs_a_second_person_still_needs_one_and_not_its_requester() -> None:
    ensure_policy(auto_approve_limit={"*": 0}, fraud={"refund_above": {"*": 0}})
    rma = make_inspected_return(quantities={1: 1})
    clear(rma.fraud_reviews.get())
    [refund] = rma.refunds.all()
    assert refund.status == "pending_approval"
    approval = Approval.objects.get(subject_id=refund.id)
    assert (approval.requested_by, approval.asked["permitted"]) == ("system:policy", 1000)
    refunds.approve_refund(actor=make_user(Role.FINANCE_APPROVER).actor(), refund_id=refund.id)
    assert refunds_of(rma) == [(1000, "submitting")]
    prove()


def test_a_blocked_refund_is_denied_and_policy_does_not_propose_it_again() -> None:
    watched(refund_above={"*": 0})
    rma = make_inspected_return(quantities={1: 2})
    block(rma.fraud_reviews.get())
    assert refunds_of(rma) == [(2000, "denied")]
    assert refunds.refund_by_policy(fresh(rma)) == []
    again = refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    assert [refund.status for refund in again] == ["proposed"]
    assert rma.fraud_reviews.count() == 2
    prove()


def test_a_refund_before_the_goods_came_waits() -> None:
    ensure_policy(refund_timing="on_scan", fraud={"refund_before_goods": True})
    rma = make_return(quantities={1: 2})
    mark_in_transit(actor=SYSTEM, return_id=rma.id, tracking="T", scanned_at=now())
    assert refunds_of(rma) == [(2000, "proposed")]
    assert rules_fired(rma) == ["refund_before_goods"]
    clear(rma.fraud_reviews.get())
    assert refunds_of(rma) == [(2000, "submitting")]
    prove()


def test_what_was_cleared_is_not_held_again_until_more_is_refunded() -> None:
    watched(refund_above={"*": 0})
    order = make_order()
    rma = make_return(order, {1: 2, 2: 1})
    make_receipt(rma)
    make_inspection(rma, [slice_data(1, 1)])
    clear(rma.fraud_reviews.get())
    make_inspection(rma, [slice_data(2, 1)])
    assert [review.status for review in rma.fraud_reviews.order_by("id")] == ["cleared", "pending"]
    assert refunds_of(rma) == [(1000, "submitting"), (2550, "proposed")]
    prove()


# Who decides, once


def test_repeated_and_stale_answers_change_nothing() -> None:
    rma, review = held()
    provider = actor_with(P.FRAUD_VIEW, P.FRAUD_DECIDE)
    said = Word("", "signal", "ref-1", "12")
    first = clear(review, provider, said)
    assert (first.provider, first.provider_reference, first.score) == ("signal", "ref-1", "12")
    version = fresh(rma).version
    assert clear(review, ANALYST, Word("again")).reason == ""
    with pytest.raises(Conflict) as refused:
        block(review, provider, said)
    assert refused.value.code == "decided"
    assert (fresh(rma).version, events_of(review)) == (version, ["opened", "cleared"])


def test_who_asked_may_not_clear() -> None:
    watched(value_above={"*": 0})
    clerk = actor_with(P.ORDERS_VIEW, P.RETURNS_REQUEST, P.FRAUD_VIEW, P.FRAUD_DECIDE)
    rma = make_return(actor=clerk)
    review = rma.fraud_reviews.get()
    with pytest.raises(Denied) as refused:
        clear(review, clerk)
    assert refused.value.code == "same-person"
    with pytest.raises(IntegrityError, match="cleared_by_another"), transaction.atomic():
        FraudReview.objects.filter(pk=review.pk).update(status="cleared", decided_by=clerk.key, decided_at=now())
    block(review, clerk)
    assert fresh(rma).status == "declined"


def test_a_reason_is_needed() -> None:
    _, review = held()
    for decide in (clear, block):
        with pytest.raises(Invalid):
            decide(review, ANALYST, Word(" "))
    assert events_of(review) == ["opened"]


def test_three_persons() -> None:
    rma, review = held()
    _, elsewhere, nobody = everyone_with(P.FRAUD_VIEW, P.FRAUD_DECIDE)
    for decide in (clear, block):
        for stranger in (elsewhere, nobody):
            with pytest.raises(NotFound):
                decide(review, stranger)
        with pytest.raises(Denied):
            decide(review, actor_with(P.FRAUD_VIEW))
    assert (events_of(review), fresh(rma).status) == (["opened"], "in_review")


@pytest.mark.parametrize("end", ["cancel", "decline"])
def test_a_return_that_ends_takes_its_review_along(end: str) -> None:
    rma, review = held()
    command = decisions.cancel_return if end == "cancel" else decisions.decline_return
    command(actor=SYSTEM, return_id=rma.id, reason="changed my mind")
    review.refresh_from_db()
    assert (review.status, events_of(review), open_cases(rma)) == ("withdrawn", ["opened", "withdrawn"], [])
    with pytest.raises(Conflict):
        clear(review)
    prove()


def test_undecided_in_time_it_is_a_case_and_still_waits() -> None:
    rma, review = held()
    assert claim_handlers.chase_reviews() == 0
    FraudReview.objects.update(expires_at=now() - timedelta(minutes=1))
    assert (claim_handlers.chase_reviews(), claim_handlers.chase_reviews()) == (1, 0)
    assert open_cases(rma) == ["fraud_overdue", "fraud_review"]
    assert fresh(rma).status == "in_review"
    clear(review)
    assert (open_cases(rma), fresh(rma).status) == ([], "authorized")
    prove()


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_decide_once() -> None:
    rma, review = held()
    results = together(partial(clear, review), partial(block, review), partial(clear, review), partial(block, review))
    review.refresh_from_db()
    status = fresh(rma).status
    assert (review.status, status) in {("cleared", "authorized"), ("blocked", "declined")}
    refused = [result for result in results if isinstance(result, DomainError)]
    assert [error.code for error in refused] == ["decided"] * 2
    assert len(events_of(review)) == 2
    prove()
