"""Marketplaces' money is observed, never moved: reserved until they tell, settled once by what they tell."""

from datetime import timedelta
from typing import Any

import pytest

from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.events.models import Delivery, Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, NotFound, Unprocessable
from returns.enums import Destination
from returns.inputs import OrderRef
from returns.inputs.marketplaces import ObservedRefundIn
from returns.models import CreditMemo, ObservedRefund, Order, Payment, Refund, Return
from returns.services import credit_memos, refund_outcomes, refunds
from returns.services.observing import observe_refund
from returns.sweeps import ask_after_silence
from tests.factories import (
    SYSTEM,
    ensure_policy,
    everyone_with,
    fresh,
    make_inspected_return,
    make_order,
    make_user,
    order_data,
)
from tests.returns.proofs import prove
from tests.returns.refunding import events_of, parts, refunds_of

pytestmark = pytest.mark.django_db


def sold_there(**fields: Any) -> Order:
    """Return an order whose payment a marketplace holds."""
    data = order_data(**fields)
    data["payments"][0] |= {"gateway": "amazon", "tender": "marketplace"}
    return make_order(**data)


def told(order: Order, amount: int = 1000, external_id: str = "MP-1", **fields: Any) -> ObservedRefundIn:
    """Return what a marketplace tells of a refund."""
    ref = OrderRef(channel=order.channel, external_id=order.external_id)
    data = {"order": ref, "external_id": external_id, "amount": amount, "currency": "GBP", "observed_at": now()}
    return ObservedRefundIn(**(data | fields))


def waiting() -> tuple[Order, Return, Refund]:
    """Return a return whose refund waits for the marketplace."""
    order = sold_there()
    rma = make_inspected_return(order, {1: 1}, kind="marketplace")
    return order, rma, rma.refunds.get()


def test_it_is_reserved_and_never_sent() -> None:
    _, rma, refund = waiting()
    assert (refund.status, rma.money, refund.approved_by[:7]) == ("pending", "pending", "policy:")
    assert events_of(refund) == ["refund.proposed", "refund.approved", "refund.pending"]
    assert not Delivery.objects.filter(operation="refund.create").exists()
    with pytest.raises(Conflict):
        refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id)
    prove()


def test_the_observation_settles_it_once() -> None:
    order, rma, refund = waiting()
    first = observe_refund(actor=SYSTEM, observed=told(order))
    assert observe_refund(actor=SYSTEM, observed=told(order)).id == first.id
    refund.refresh_from_db()
    assert (refund.status, refund.external_reference, first.refund_id) == ("succeeded", "MP-1", refund.id)
    assert fresh(rma).money == "refunded"
    assert Event.objects.filter(type="marketplace.refund_observed").count() == 1
    assert [attempt.outcome for attempt in refund.attempts.all()] == ["succeeded"]
    credit_memos.record_credit_memo(actor=SYSTEM, memo_id=CreditMemo.objects.get().id, external_reference="CM")
    assert fresh(rma).status == "closed"
    with pytest.raises(Conflict):
        observe_refund(actor=SYSTEM, observed=told(order, 999))
    prove()


@pytest.mark.parametrize("amount", [800, 1200])
def test_another_amount_than_ours_is_what_counts_and_opens_a_case(amount: int) -> None:
    order, rma, refund = waiting()
    observe_refund(actor=SYSTEM, observed=told(order, amount))
    refund.refresh_from_db()
    assert (refund.amount, refund.status) == (amount, "succeeded")
    assert parts(refund) == {"item": 1000, "manual": amount - 1000}
    assert (refund.facts["decided"], refund.facts["observed"]) == (1000, amount)
    assert CreditMemo.objects.get(refund=refund).amount == amount
    case = Case.objects.get(kind="marketplace_differs")
    assert (case.subject_id, case.amount) == (refund.id, 200)
    assert fresh(rma).open_cases >= 1
    prove()


def test_more_than_was_paid_is_taken_over_only_as_far_as_the_payment_goes() -> None:
    order, _, refund = waiting()
    captured = Payment.objects.get(order=order).captured
    observe_refund(actor=SYSTEM, observed=told(order, captured + 500))
    refund.refresh_from_db()
    assert refund.amount == captured
    assert Case.objects.get(kind="marketplace_differs").evidence["observed"] == captured + 500
    prove()


def test_what_nobody_decided_is_a_case_and_settles_the_next_refund() -> None:
    order = sold_there()
    observed = observe_refund(actor=SYSTEM, observed=told(order))
    assert not Refund.objects.exists()
    case = Case.objects.get(kind="marketplace_unexpected")
    assert case.subject_id == order.id
    rma = make_inspected_return(order, {1: 1}, kind="marketplace")
    assert refunds_of(rma) == [(1000, "succeeded")]
    observed.refresh_from_db()
    case.refresh_from_db()
    assert (observed.refund_id, case.status) == (rma.refunds.get().id, "resolved")
    prove()


def test_silence_becomes_a_case_that_the_word_ends() -> None:
    ensure_policy(marketplace_days=3)
    order, rma, refund = waiting()
    assert ask_after_silence() == 0
    Refund.objects.filter(pk=refund.pk).update(submitted_at=now() - timedelta(days=4))
    assert ask_after_silence() == 1
    assert ask_after_silence() == 0
    assert fresh(rma).open_cases >= 1
    observe_refund(actor=SYSTEM, observed=told(order))
    assert Case.objects.get(kind="marketplace_silent").status == "resolved"
    prove()


def test_above_the_limit_a_second_person_decides_and_an_early_word_waits_for_that() -> None:
    ensure_policy(auto_approve_limit={"*": 0})
    order, rma, refund = waiting()
    assert refund.status == "pending_approval"
    assert observe_refund(actor=SYSTEM, observed=told(order)).refund_id is None
    refunds.approve_refund(actor=make_user("finance_approver").actor(), refund_id=refund.id)
    assert refunds_of(rma) == [(1000, "succeeded")]
    assert ObservedRefund.objects.get().refund_id == refund.id
    prove()


def test_a_marketplace_that_will_not_pay_frees_the_money() -> None:
    _, rma, refund = waiting()
    refund_outcomes.cancel_refund(actor=SYSTEM, refund_id=refund.id, message="It declined")
    assert refunds_of(rma) == [(1000, "canceled")]
    assert Case.objects.filter(kind="refund_failed", status="open").exists()
    prove()


def test_value_of_ours_is_never_made_of_a_marketplaces_money() -> None:
    ensure_policy(resolutions=["refund", "store_credit", "none"])
    order = sold_there()
    lines = [{"line_no": 1, "quantity": 1, "resolution": "store_credit"}]
    rma = make_inspected_return(order, lines=lines)
    assert refunds_of(rma) == []
    assert Case.objects.filter(kind="refund_exceeds_tenders").exists()
    _, _, refund = waiting()
    refund_outcomes.cancel_refund(actor=SYSTEM, refund_id=refund.id)
    with pytest.raises(Unprocessable):
        refunds.supersede_refund(
            actor=SYSTEM, refund_id=refund.id, reason="paid here", destination=Destination.STORE_CREDIT
        )


def test_three_persons_tell_of_a_refund() -> None:
    allowed, elsewhere, without = everyone_with(Permission.REFUNDS_OBSERVE, Permission.ORDERS_VIEW)
    order, _, refund = waiting()
    for person in (elsewhere, without):
        with pytest.raises(NotFound):
            observe_refund(actor=person, observed=told(order))
    with pytest.raises(Denied):
        observe_refund(actor=make_user("auditor").actor(), observed=told(order))
    assert not ObservedRefund.objects.exists()
    observe_refund(actor=allowed, observed=told(order))
    refund.refresh_from_db()
    assert refund.status == "succeeded"


def test_refusals_change_nothing() -> None:
    order, _, refund = waiting()
    with pytest.raises(Unprocessable):
        observe_refund(actor=SYSTEM, observed=told(order, currency="EUR"))
    with pytest.raises(Unprocessable):
        observe_refund(actor=SYSTEM, observed=told(order, payment="other"))
    with pytest.raises(Unprocessable):
        observe_refund(actor=SYSTEM, observed=told(make_order()))
    assert not ObservedRefund.objects.exists()
    refund.refresh_from_db()
    assert refund.status == "pending"
