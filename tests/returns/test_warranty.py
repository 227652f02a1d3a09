"""Warranty: who may claim it, what is decided, that each unit is repaired, replaced, refunded or sent back once."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from inventory.models import StockBalance
from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound, Unprocessable
from retailops.lib.money import Money
from returns.enums import Remedy
from returns.models import OrderLine, Return, ReturnLine, SupplierClaim, WarrantyAssessment
from returns.services import decisions, placing, refund_outcomes, refunds, warranty_remedies, warranty_replacing
from returns.services.credit_memos import record_credit_memo
from returns.services.receiving import reverse_receipt
from returns.services.strays import accept_stray, strays_of
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
)
from tests.returns.claiming import make_supplier
from tests.returns.proofs import prove
from tests.returns.refunding import parts, refunds_of
from tests.returns.test_concurrency import together
from tests.returns.warranty_claims import accept, arrived, claimed, reject

pytestmark = pytest.mark.django_db


def repair(assessment: WarrantyAssessment, **fields: Any) -> WarrantyAssessment:
    return warranty_remedies.complete_repair(actor=SYSTEM, assessment_id=assessment.id, **fields)


def send(assessment: WarrantyAssessment) -> WarrantyAssessment:
    return warranty_remedies.send_back(actor=SYSTEM, assessment_id=assessment.id, tracking="T-1")


def replaced(assessment: WarrantyAssessment) -> WarrantyAssessment:
    return warranty_replacing.record_replacement(actor=SYSTEM, assessment_id=assessment.id, tracking="T-2")


def give_up(assessment: WarrantyAssessment, remedy: Remedy, reason: str = "no parts") -> WarrantyAssessment:
    return warranty_remedies.give_up_repair(actor=SYSTEM, assessment_id=assessment.id, remedy=remedy, reason=reason)


def stock(rma: Return) -> dict[str, int]:
    rows = StockBalance.objects.filter(sku=rma.lines.get().sku).exclude(disposition="external")
    return {row.disposition: row.quantity for row in rows if row.quantity}


def counters(rma: Return) -> tuple[int, int, int]:
    line = rma.lines.get()
    return line.refunded, line.replaced, line.sent_back


def events_of(rma: Return) -> list[str]:
    rows = Event.objects.filter(correlation_id=rma.correlation_id, type__startswith="warranty.")
    return [name.removeprefix("warranty.") for name in rows.order_by("position").values_list("type", flat=True)]


# Who may claim it


def test_the_warranty_outlives_the_right_of_return() -> None:
    ensure_policy(window_days=2, final_sale_categories=["outlet"])
    order = make_order()
    with pytest.raises(Unprocessable):
        make_return(order)
    rma = claimed(2, order)
    assert (rma.status, rma.policy_facts["lines"][0]["evidence"]) == ("authorized", ["photo"])


@pytest.mark.parametrize(
    ("rules", "line", "detail"),
    [
        ({"warranty_days": 0}, {}, "without a warranty"),
        ({"warranty_days": 3}, {}, "ended on"),
        ({}, {"evidence": []}, "Evidence of the fault"),
        ({"warranty_remedies": ["replace"]}, {}, "Repair is not offered"),
        ({}, {"resolution": "store_credit"}, "Store credit is not offered"),
    ],
)
def test_policy_refuses(rules: dict[str, Any], line: dict[str, Any], detail: str) -> None:
    ensure_policy(**rules)
    asked = {"line_no": 1, "quantity": 1, "resolution": "repair", "evidence": ["photo"]} | line
    with pytest.raises(Unprocessable) as refused:
        claimed(lines=[asked])
    assert detail in refused.value.errors[0].detail
    assert not Return.objects.exists()


def test_without_proof_where_policy_needs_none() -> None:
    ensure_policy(warranty_proof_required=False)
    assert claimed(lines=[{"line_no": 1, "quantity": 1, "resolution": "refund"}]).status == "authorized"


# From request to close


def test_another_item_that_is_taken_over_waits_for_a_verdict_like_the_others() -> None:
    rma = claimed(1)
    make_receipt(rma, lines=[{"line_no": 1, "quantity": 1}, {"sku": "STRANGER", "quantity": 1}])
    [stray] = strays_of(rma)
    accept_stray(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=1)
    waiting = rma.assessments.get(line__line_no=2)
    assert (waiting.quantity, waiting.status) == (1, "pending")
    prove()
    send(reject(waiting))
    send(reject(rma.assessments.get(line__line_no=1)))
    assert fresh(rma).status == "closed"
    prove()


def test_repaired_units_go_back_and_are_never_refunded() -> None:
    rma, waiting = arrived(2)
    assert (waiting.quantity, waiting.status) == (2, "pending")
    accept(waiting, "repair")
    assert (stock(rma), refunds_of(rma), fresh(rma).status) == ({"repair": 2}, [], "authorized")
    repair(waiting)
    assert stock(rma) == {"return_to_customer": 2}
    with pytest.raises(Unprocessable):
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    send(waiting)
    assert (stock(rma), counters(rma), fresh(rma).status) == ({}, (0, 0, 2), "closed")
    assert events_of(rma) == ["accepted", "repaired", "sent_back"]
    prove()


def test_a_repaired_unit_may_fail_again() -> None:
    order = make_order()
    _, waiting = arrived(3, order)
    with pytest.raises(Unprocessable):
        claimed(1, order)
    accept(waiting, "repair")
    repair(waiting)
    send(waiting)
    assert claimed(3, order).status == "authorized"
    prove()


def test_replaced_units_wait_for_their_replacement() -> None:
    rma, waiting = arrived(1)
    accept(waiting, "replace", disposition="scrap")
    [exchange] = rma.exchanges.all()
    [case] = Case.objects.filter(correlation_id=rma.correlation_id, status="open")
    assert (case.kind, case.subject_id) == ("exchange_out_of_stock", exchange.id)
    assert (fresh(rma).status, refunds_of(rma)) == ("authorized", [])
    for _ in range(2):
        replaced(waiting)
    assert (counters(rma), fresh(rma).status, fresh(rma).open_cases) == ((0, 1, 0), "closed", 0)
    assert events_of(rma) == ["replacement_due", "accepted", "replaced"]
    prove()


def test_refunded_units_are_paid_and_the_return_closes() -> None:
    ensure_policy(restocking_fee={"percent": "10"})
    rma, waiting = arrived(2)
    accept(waiting, "refund")
    [refund] = rma.refunds.all()
    assert (parts(refund), refund.status) == ({"item": 2000}, "submitting")
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_w")
    Case.objects.filter(subject_id=refund.id)
    memo = rma.credit_memos.get()
    record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference="CM-1")
    assert (counters(rma), fresh(rma).money) == ((2, 0, 0), "refunded")
    prove()


def test_rejected_units_go_back_to_the_customer() -> None:
    rma, waiting = arrived(1)
    reject(waiting)
    assert (stock(rma), fresh(rma).status) == ({"return_to_customer": 1}, "authorized")
    send(waiting)
    assert (stock(rma), counters(rma), fresh(rma).status) == ({}, (0, 0, 1), "closed")
    prove()


def test_units_of_one_line_may_fare_differently() -> None:
    rma, waiting = arrived(3)
    one = accept(waiting, "repair", quantity=1)
    two = accept(waiting, "refund", quantity=1)
    waiting.refresh_from_db()
    assert (waiting.quantity, waiting.status) == (1, "pending")
    reject(waiting)
    assert (one.status, two.progress, refunds_of(rma)) == ("accepted", "refunded", [(1000, "submitting")])
    repair(one)
    send(one)
    send(waiting)
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=rma.refunds.get().id, external_reference="re_x")
    assert counters(rma) == (1, 0, 2)
    prove()


@pytest.mark.parametrize(("remedy", "refunded"), [(Remedy.REPLACE, []), (Remedy.REFUND, [(1000, "submitting")])])
def test_what_cannot_be_repaired_is_replaced_or_refunded(remedy: Remedy, refunded: list[Any]) -> None:
    rma, waiting = arrived(1)
    accept(waiting, "repair")
    with pytest.raises(Invalid):
        give_up(waiting, remedy, " ")
    with pytest.raises(Invalid):
        give_up(waiting, Remedy.REPAIR)
    give_up(waiting, remedy)
    assert (stock(rma), refunds_of(rma)) == ({"damaged": 1}, refunded)
    with pytest.raises(Conflict):
        repair(waiting)
    prove()


# Money


@pytest.mark.parametrize(("days", "paid"), [(0, 1000), (73, 900), (365, 500), (722, 11), (729, 1)])
def test_a_refund_by_age(days: int, paid: int) -> None:
    ensure_policy(warranty_refund="pro_rata")
    order = make_order()
    OrderLine.objects.filter(order=order).update(shipped_at=now() - timedelta(days=days, hours=1))
    rma, waiting = arrived(1, order)
    accept(waiting, "refund")
    [refund] = rma.refunds.all()
    assert refund.amount == paid
    assert parts(refund).get("wear", 0) == paid - 1000
    prove()


def test_accepted_units_draft_a_claim_on_their_supplier() -> None:
    rma, waiting = arrived(2)
    make_supplier(rma.lines.get().sku)
    accept(waiting, "refund", quantity=1, disposition="return_to_vendor")
    claim = SupplierClaim.objects.get()
    assert (claim.claimed, claim.send_back, claim.rma_id) == (400, True, rma.id)
    waiting.refresh_from_db()
    accept(waiting, "repair")
    assert SupplierClaim.objects.count() == 1
    with pytest.raises(Unprocessable):
        repair(waiting, unit_cost=Money(150, "EUR"))
    repair(waiting, unit_cost=Money(150, "GBP"))
    assert list(SupplierClaim.objects.order_by("id").values_list("claimed", "send_back")) == [(400, True), (150, False)]
    prove()


# Guards


def test_units_under_warranty_are_not_just_inspected_nor_taken_back() -> None:
    rma, waiting = arrived(1)
    with pytest.raises(Conflict) as refused:
        make_inspection(rma)
    assert refused.value.code == "assess-instead"
    done = accept(waiting, "repair")
    assert done.slice
    with pytest.raises(Conflict) as refused:
        placing.reverse_disposition(actor=SYSTEM, slice_id=done.slice.id, reason="oops")
    assert refused.value.code == "assessed"
    assert stock(rma) == {"repair": 1}


def test_policy_without_inspection_still_wants_the_verdict() -> None:
    ensure_policy(inspection_required=False, refund_timing="on_receipt")
    rma, waiting = arrived(2)
    assert (waiting.quantity, refunds_of(rma)) == (2, [])


def test_a_reversed_receipt_takes_its_assessment_along() -> None:
    rma = claimed(2)
    first = make_receipt(rma, {1: 1})
    make_receipt(rma, {1: 1})
    assert rma.assessments.get().quantity == 2
    reverse_receipt(actor=SYSTEM, return_id=rma.id, scan_id=first.scan_id)
    assert rma.assessments.get().quantity == 1
    prove()


def test_repeated_and_contrary_verdicts_change_nothing() -> None:
    rma, waiting = arrived(1)
    accept(waiting, "repair")
    before = fresh(rma).version
    accept(waiting, "repair")
    for contrary in (partial(accept, waiting, "refund"), partial(reject, waiting)):
        with pytest.raises(Conflict) as refused:
            contrary()
        assert refused.value.code == "decided"
    with pytest.raises(Conflict):
        send(waiting)
    with pytest.raises(Conflict):
        replaced(waiting)
    assert (fresh(rma).version, events_of(rma)) == (before, ["accepted"])


def test_no_more_than_wait() -> None:
    _, waiting = arrived(1)
    with pytest.raises(Unprocessable):
        accept(waiting, "repair", quantity=2)


def test_what_policy_does_not_offer_is_not_granted() -> None:
    ensure_policy(warranty_remedies=["repair"])
    _, waiting = arrived(1)
    with pytest.raises(Unprocessable) as refused:
        accept(waiting, "refund")
    assert refused.value.code == "not-offered"


def test_it_does_not_close_by_hand_while_something_is_promised() -> None:
    rma, waiting = arrived(1)
    accept(waiting, "repair")
    with pytest.raises(Conflict, match="a repair"):
        decisions.close_return(actor=SYSTEM, return_id=rma.id, reason="tired")


def test_the_database_settles_a_unit_once() -> None:
    rma, _ = arrived(1)
    with pytest.raises(IntegrityError, match="unit_settled_once"), transaction.atomic():
        ReturnLine.objects.filter(rma=rma).update(refunded=1, sent_back=1)


COMMANDS: dict[str, Callable[..., object]] = {
    "accept": lambda actor, waiting: accept(waiting, "repair", actor=actor),
    "reject": lambda actor, waiting: reject(waiting, actor=actor),
    "repair": lambda actor, waiting: warranty_remedies.complete_repair(actor=actor, assessment_id=waiting.id),
    "send": lambda actor, waiting: warranty_remedies.send_back(actor=actor, assessment_id=waiting.id),
    "replace": lambda actor, waiting: warranty_replacing.record_replacement(actor=actor, assessment_id=waiting.id),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_three_persons(name: str) -> None:
    rma, waiting = arrived(1)
    _, elsewhere, nobody = everyone_with(P.RETURNS_VIEW, P.RETURNS_INSPECT)
    for stranger in (elsewhere, nobody):
        with pytest.raises(NotFound):
            COMMANDS[name](stranger, waiting)
    with pytest.raises(Denied):
        COMMANDS[name](actor_with(P.RETURNS_VIEW), waiting)
    assert events_of(rma) == []


@pytest.mark.django_db(transaction=True)
def test_two_verdicts_at_once_are_one() -> None:
    rma, waiting = arrived(1)
    results = together(partial(accept, waiting, "repair"), partial(accept, waiting, "refund"), partial(reject, waiting))
    refused = [result for result in results if isinstance(result, DomainError)]
    assert [error.code for error in refused] == ["decided"] * 2
    assert len(events_of(rma)) == 1
    prove()
