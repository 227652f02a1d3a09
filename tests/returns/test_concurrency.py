"""Two at once, on real connections: one wins, nothing is taken or paid twice, and nobody waits for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from inventory.models import Reservation
from inventory.selectors import available_to_promise
from inventory.services import reserve_stock
from retailops.accounts.actor import Actor
from retailops.cases.models import Approval
from retailops.events.models import Event
from retailops.lib.errors import Conflict, DomainError
from returns.enums import LIVE_REFUNDS
from returns.inputs import RefundProposalIn
from returns.inputs.refunds import RefundOverrideIn
from returns.models import Exchange, Receipt, Refund, Return
from returns.services import decisions, exchanges, refund_outcomes, refunds
from returns.services.overriding import override_refund
from tests.factories import (
    SYSTEM,
    ensure_policy,
    fresh,
    make_inspected_return,
    make_inspection,
    make_location,
    make_order,
    make_receipt,
    make_return,
    make_user,
    order_data,
)
from tests.inventory.test_reserving import stocked as shelf
from tests.inventory.test_reserving import wanted
from tests.returns.disputes import dispute
from tests.returns.exchanging import exchangeable, now_of, propose, shipped, stocked
from tests.returns.proofs import prove

pytestmark = pytest.mark.django_db(transaction=True)


def together(*commands: Callable[[], Any]) -> list[Any]:
    """Run the commands at the same moment, each on its own connection; return results or refusals."""
    barrier = Barrier(len(commands))

    def run(command: Callable[[], Any]) -> Any:
        barrier.wait(timeout=10)
        try:
            return command()
        except DomainError as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(commands)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, command) for command in commands]]


def test_the_last_unit_goes_to_one_return() -> None:
    order = make_order()
    make_return(order, {1: 2})
    results = together(*[lambda: make_return(order, {1: 1})] * 6)
    refused = [result for result in results if isinstance(result, DomainError)]
    assert len(refused) == 5
    assert {error.code for error in refused} == {"not-eligible"}
    assert Return.objects.filter(order=order).count() == 2
    prove()


def test_one_request_sent_many_times_is_one_return() -> None:
    order = make_order()
    results = together(*[lambda: make_return(order, {1: 1}, source="portal", external_id="P-1")] * 5)
    assert len({result.id for result in results}) == 1
    assert Return.objects.filter(order=order).count() == 1


def test_refunds_of_one_capture_never_exceed_it() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={"*": 0})
    first, second = (make_return(order, {1: 1}), make_return(order, {2: 1}))
    total = order.payments.get().captured
    ask = RefundProposalIn(amount=total * 2 // 3, reason="goodwill")

    def propose(rma: Return) -> Callable[[], Any]:
        return lambda: refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=ask)

    results = together(propose(first), propose(second), propose(first), propose(second))
    refused = [result for result in results if isinstance(result, DomainError)]
    assert [error.code for error in refused] == ["exceeds-tenders"] * 3
    held = Refund.objects.filter(payment__order=order, status__in=LIVE_REFUNDS)
    assert sum(held.values_list("amount", flat=True)) == total * 2 // 3
    prove()


def test_cancel_against_receive_ends_in_one_story() -> None:
    for _ in range(4):
        rma = make_return(quantities={1: 2})
        place = make_location().code
        canceled, received = together(
            partial(decisions.cancel_return, actor=SYSTEM, return_id=rma.id, reason="changed my mind"),
            partial(make_receipt, rma, {1: 2}, location=place),
        )
        after = fresh(rma)
        assert isinstance(received, Receipt)
        if isinstance(canceled, DomainError):
            assert (after.status, after.logistics, canceled.code) == ("authorized", "received", "received")
        else:
            assert (after.status, after.logistics, after.open_cases) == ("canceled", "none", 1)
    prove()


def test_one_scan_sent_many_times_is_one_receipt() -> None:
    rma = make_return(quantities={1: 3})
    place = make_location().code
    results = together(*[lambda: make_receipt(rma, {1: 2}, scan_id="S-1", location=place)] * 5)
    assert len({result.id for result in results}) == 1
    assert rma.lines.get().received == 2
    prove()


def test_outcomes_at_once_settle_once() -> None:
    rma = make_inspected_return(quantities={1: 1})
    refund = rma.refunds.get()
    say = {"actor": SYSTEM, "refund_id": refund.id, "external_reference": "re_1"}
    together(
        *[lambda: refund_outcomes.settle_refund(**say)] * 3,
        *[lambda: refund_outcomes.record_refund_pending(**say)] * 2,
    )
    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert refund.attempts.count() == 5
    assert rma.credit_memos.count() == 1
    prove()


def test_arrivals_of_many_returns_at_one_place_do_not_deadlock() -> None:
    order = make_order(**order_data())
    place = make_location().code
    returns = [make_return(order, {1: 1}) for _ in range(3)] + [make_return(order, {2: 1})]
    other = [make_return(quantities={1: 1, 2: 1}) for _ in range(4)]
    results = together(*[partial(make_receipt, rma, location=place) for rma in [*returns, *other]])
    assert all(isinstance(result, Receipt) for result in results)
    prove()


# A second person


def that_waits() -> Refund:
    order = make_order()
    ensure_policy(auto_approve_limit={})
    return make_inspected_return(order, {1: 1}).refunds.get()


def approver() -> Actor:
    return make_user("finance_approver").actor()


def test_two_who_approve_at_once_use_the_word_once_and_pay_once() -> None:
    refund = that_waits()
    people = [approver() for _ in range(3)]
    results = together(
        *[partial(refunds.approve_refund, actor=each, refund_id=refund.id, reason="fine") for each in people]
    )
    assert len([result for result in results if isinstance(result, Conflict)]) == 2
    refund.refresh_from_db()
    approval = Approval.objects.get(subject_id=refund.id)
    assert (refund.status, approval.status, approval.decided_by) == ("submitting", "consumed", refund.approved_by)
    told = Event.objects.filter(type__in=["refund.submitted", "approval.consumed"])
    assert sorted(told.values_list("type", flat=True)) == ["approval.consumed", "refund.submitted"]
    prove()


def test_approve_against_refuse_ends_in_one_story() -> None:
    for _ in range(3):
        refund = that_waits()
        yes, no = together(
            partial(refunds.approve_refund, actor=approver(), refund_id=refund.id, reason="fine"),
            partial(refunds.deny_refund, actor=approver(), refund_id=refund.id, reason="no"),
        )
        assert [isinstance(result, Conflict) for result in (yes, no)].count(True) == 1
        refund.refresh_from_db()
        word = Approval.objects.get(subject_id=refund.id).status
        assert (refund.status, word) in {("submitting", "consumed"), ("denied", "refused")}
    prove()


def test_approve_against_a_change_pays_only_what_was_agreed() -> None:
    for _ in range(3):
        refund = that_waits()
        change = RefundOverrideIn.model_validate({"amount": 1500, "reason_code": "goodwill", "reason": "r"})
        approved, changed = together(
            partial(refunds.approve_refund, actor=approver(), refund_id=refund.id, reason="fine"),
            partial(override_refund, actor=SYSTEM, refund_id=refund.id, override=change),
        )
        assert [isinstance(result, Conflict) for result in (approved, changed)].count(True) == 1
        states = sorted(Refund.objects.filter(rma=refund.rma_id).values_list("amount", "status"))
        assert states in ([(1000, "submitting")], [(1000, "superseded"), (1500, "pending_approval")])
    prove()


def test_a_second_click_on_propose_makes_one_refund() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={}, refund_timing="on_inspection")
    rma = make_inspected_return(order, {1: 1})
    refunds.deny_refund(actor=approver(), refund_id=rma.refunds.get().id, reason="look again")
    results = together(*[lambda: refunds.propose_refund(actor=SYSTEM, return_id=rma.id)] * 3)
    assert [result.code for result in results if isinstance(result, DomainError)] == ["nothing-due"] * 2
    assert sorted(rma.refunds.values_list("status", flat=True)) == ["denied", "pending_approval"]
    prove()


def test_a_dispute_against_an_approval_never_pays_in_silence() -> None:
    for _ in range(3):
        refund = that_waits()
        approved, _ = together(
            partial(refunds.approve_refund, actor=approver(), refund_id=refund.id, reason="fine"),
            partial(dispute, refund.payment),
        )
        refund.refresh_from_db()
        expected = "denied" if isinstance(approved, DomainError) else "failed"
        assert (refund.status, refund.failure_code) == (expected, "charged_back")
    prove()


def test_one_dispute_told_many_times_at_once_is_one_chargeback() -> None:
    payment = make_order().payments.get()
    together(*[partial(dispute, payment, status, hour=hour) for hour, status in enumerate(["opened", "won"] * 3)])
    payment.refresh_from_db()
    assert (payment.chargebacks.count(), payment.chargebacks.get().status, payment.charged_back) == (1, "won", 0)
    prove()


# Exchanges


def test_the_last_unit_on_the_shelf_is_held_once() -> None:
    place = shelf("LAST", 1)
    results = together(*[lambda: reserve_stock(actor=SYSTEM, wanted=[wanted(place, "LAST", 1)])] * 6)
    refused = [result for result in results if isinstance(result, DomainError)]
    assert [error.code for error in refused] == ["not-enough-stock"] * 5
    assert (Reservation.objects.count(), available_to_promise("LAST")) == (1, 0)
    prove()


def test_two_exchanges_for_the_last_unit_have_it_once() -> None:
    sku = stocked(quantity=1)
    returns = [exchangeable() for _ in range(4)]
    made = together(*[partial(propose, rma, sku) for rma in returns])
    assert sorted(exchange.status for exchange in made) == ["proposed", "proposed", "proposed", "reserved"]
    assert Reservation.objects.count() == 1
    assert sorted(Return.objects.values_list("open_cases", flat=True)) == [0, 1, 1, 1]
    prove()


def test_convert_against_release_ends_in_one_story() -> None:
    for _ in range(4):
        rma = exchangeable(exchange_goes_by_itself=False)
        exchange = propose(rma)
        make_receipt(rma)
        make_inspection(rma)
        converted, released = together(
            partial(exchanges.convert_exchange, actor=SYSTEM, exchange_id=exchange.id, to="refund", reason="x"),
            partial(exchanges.release_exchange, actor=SYSTEM, exchange_id=exchange.id),
        )
        paid = Refund.objects.filter(rma=rma).count()
        assert isinstance(converted, DomainError) != isinstance(released, DomainError)
        expected = ("released", 0) if isinstance(converted, DomainError) else ("converted", 1)
        assert (now_of(exchange).status, paid) == expected
    prove()


def test_a_refund_and_an_exchange_of_the_same_units_happen_once() -> None:
    ensure_policy(resolutions=["refund", "exchange"], auto_approve_limit={"*": 0})
    for _ in range(4):
        rma = make_inspected_return(make_order(), {1: 1})
        refund = rma.refunds.get()
        refunds.deny_refund(actor=SYSTEM, refund_id=refund.id, reason="an exchange was asked for")
        sku = stocked(quantity=1)
        asked, exchanged = together(
            partial(
                refunds.propose_refund, actor=SYSTEM, return_id=rma.id, proposal=RefundProposalIn(reason="money back")
            ),
            partial(propose, rma, sku),
        )
        assert isinstance(asked, DomainError) != isinstance(exchanged, DomainError)
        live = Refund.objects.filter(rma=rma, status__in=LIVE_REFUNDS).count()
        assert (live, Exchange.objects.filter(rma=rma).count()) in {(1, 0), (0, 1)}
    prove()


def test_shipping_told_many_times_at_once_takes_the_goods_once() -> None:
    exchange = propose(exchangeable(exchange_timing="on_authorization"), stocked("ONCE", 3))
    results = together(*[partial(shipped, exchange)] * 5)
    assert {result.status for result in results} == {"shipped"}
    assert available_to_promise("ONCE") == 2
    prove()
