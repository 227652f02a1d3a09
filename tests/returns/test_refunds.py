"""Refunds: what is owed, by which tender, who may agree, and how each outcome moves it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.permissions import Permission, Role
from retailops.cases import services as cases
from retailops.cases.models import Approval, Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, NotFound, Unprocessable
from returns.enums import Destination
from returns.inputs import RefundProposalIn
from returns.models import Refund, RefundAttempt
from returns.services import decisions, refund_outcomes, refunds
from returns.services.previewing import preview_refund
from returns.services.transit import mark_in_transit
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    line_data,
    make_inspected_return,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    make_user,
    order_data,
    role_actor,
    slice_data,
    unique,
)
from tests.returns.disputes import dispute
from tests.returns.proofs import prove
from tests.returns.refunding import approver, events_of, paid_order, parts, refunds_of, split_order

pytestmark = pytest.mark.django_db


# What is owed


def test_the_refund_follows_the_frozen_allocation() -> None:
    order = paid_order()
    one = make_inspected_return(order, {1: 1})
    refund = one.refunds.get()
    # Net 2996 over three units: 999; tax 200 on top, 3 included; duty 34. Shipping only when all came back.
    assert parts(refund) == {"item": 996, "tax": 203, "duty": 34}
    assert (refund.amount, refund.status, one.money) == (1233, "submitting", "pending")
    assert events_of(refund) == ["refund.proposed", "refund.approved", "refund.submitted"]
    rest = make_inspected_return(order, {1: 2})
    assert parts(rest.refunds.get()) == {"item": 1991, "tax": 405, "duty": 66, "shipping": 500, "shipping_tax": 100}
    assert sum(refund.amount for refund in Refund.objects.filter(rma__order=order)) == order.payments.get().captured
    prove()


def test_proportional_shipping_is_exact_in_any_order() -> None:
    order = paid_order()
    ensure_policy(refund_shipping="proportional")
    amounts = [parts(make_inspected_return(order, {1: 1}).refunds.get())["shipping"] for _ in range(3)]
    assert amounts == [167, 167, 166]
    prove()


def test_fees_are_components_waived_for_merchant_fault_and_never_below_nothing() -> None:
    order = make_order(**order_data(lines=[line_data("A", quantity=4, unit_price=1000)]))
    fee = {"percent": "15", "fixed": {"GBP": 200}, "waived_reasons": ["defective"]}
    ensure_policy(restocking_fee=fee, label_fee={"fixed": {"GBP": 100}})
    first = make_inspected_return(order, {1: 1})
    assert parts(first.refunds.get()) == {"item": 1000, "restocking_fee": -350, "label_fee": -100}
    lines = [{"line_no": 1, "quantity": 1, "reason": "defective"}]
    second = make_inspected_return(order, lines=lines)
    assert parts(second.refunds.get()) == {"item": 1000, "label_fee": -100}
    ensure_policy(restocking_fee={"fixed": {"GBP": 5000}})
    third = make_inspected_return(order, {1: 1})
    assert (third.refunds.count(), third.status, third.money) == (0, "authorized", "none")
    prove()


@pytest.mark.parametrize(("currency", "amounts"), [("JPY", [334, 333, 333]), ("KWD", [334, 333, 333])])
def test_currencies_without_cents_are_whole(currency: str, amounts: list[int]) -> None:
    payments = [{"external_id": unique("pi_"), "gateway": "adyen", "captured": 1000}]
    lines = [line_data("A", quantity=3, unit_price=1000)]
    order = make_order(**order_data(lines=lines, discount=2000, currency=currency, payments=payments))
    found = [make_inspected_return(order, {1: 1}).refunds.get() for _ in range(3)]
    assert [(refund.amount, refund.currency) for refund in found] == [(amount, currency) for amount in amounts]


@pytest.mark.parametrize(
    ("timing", "scan", "receipt", "inspection"),
    [("on_scan", 1000, 1000, 1000), ("on_receipt", 0, 1000, 1000), ("on_inspection", 0, 0, 1000)],
)
def test_the_ceiling_follows_the_goods(timing: str, scan: int, receipt: int, inspection: int) -> None:
    order = make_order()
    ensure_policy(refund_timing=timing)
    rma = make_return(order, {1: 1})

    def reserved() -> int:
        return sum(rma.refunds.values_list("amount", flat=True))

    mark_in_transit(actor=SYSTEM, return_id=rma.id, tracking="T", scanned_at=now())
    assert reserved() == scan
    make_receipt(rma)
    assert reserved() == receipt
    make_inspection(rma)
    assert reserved() == inspection
    prove()


def test_rejected_units_are_not_refunded() -> None:
    rma = make_return(quantities={1: 3})
    make_receipt(rma)
    make_inspection(rma, [slice_data(1, 1), slice_data(1, 2, accepted=False, disposition="return_to_customer")])
    assert refunds_of(rma) == [(1000, "submitting")]
    prove()


def test_a_preview_writes_nothing() -> None:
    rma = make_return()
    make_receipt(rma)
    ensure_policy(auto_approve_limit={"GBP": 0})
    before = Event.objects.count()
    [preview] = preview_refund(SYSTEM, rma.id)
    assert preview.total.amount == 0
    assert (Event.objects.count(), Refund.objects.count()) == (before, 0)


# Tenders


def test_split_tenders_are_one_refund_each() -> None:
    order = split_order(300, 700)
    ensure_policy(erp_memo_required=False)
    rma = make_inspected_return(order, {1: 1})
    gift, card = rma.refunds.order_by("payment__captured_at")
    assert (gift.amount, card.amount, gift.proposal == card.proposal) == (300, 700, True)
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=gift.id, external_reference="re_1")
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=card.id, code="card_closed")
    after = fresh(rma)
    assert refunds_of(rma) == [(300, "succeeded"), (700, "failed")]
    assert (after.money, after.open_cases, rma.lines.get().refunded) == ("attention", 2, 0)
    prove()


def test_units_are_paid_once_what_is_left_of_their_refund_is_denied() -> None:
    order = split_order(300, 700)
    ensure_policy(erp_memo_required=False)
    rma = make_inspected_return(order, {1: 1})
    gift, card = rma.refunds.order_by("payment__captured_at")
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=gift.id, external_reference="re_1")
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=card.id, code="card_closed")
    credit = refunds.supersede_refund(
        actor=SYSTEM, refund_id=card.id, reason="card closed", destination=Destination.STORE_CREDIT
    )
    assert (credit.status, rma.lines.get().refunded) == ("pending_approval", 0)
    refunds.deny_refund(actor=approver(), refund_id=credit.id, reason="they want it in cash")
    assert (fresh(rma).money, rma.lines.get().refunded) == ("refunded", 1)
    prove()


def test_a_failed_tender_is_replaced_by_another_with_approval() -> None:
    order = split_order(1000, 1000)
    ensure_policy(tender_order="first", erp_memo_required=False)
    rma = make_inspected_return(order, {1: 1})
    first = rma.refunds.order_by("id").first()
    assert first is not None
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=first.id, code="card_closed")
    other = order.payments.exclude(pk=first.payment_id).get()
    with pytest.raises(Unprocessable):
        refunds.supersede_refund(actor=SYSTEM, refund_id=first.id, reason=" ", payment_id=other.id)
    with pytest.raises(Unprocessable) as refused:
        refunds.supersede_refund(actor=SYSTEM, refund_id=first.id, reason="card closed", payment_id=other.id)
    assert refused.value.code == "exceeds-tender"
    new = refunds.supersede_refund(actor=SYSTEM, refund_id=first.id, reason="card works again")
    first.refresh_from_db()
    assert (first.status, first.superseded_by_id, new.amount, new.proposal) == (
        "superseded",
        new.id,
        1000,
        first.proposal,
    )
    assert new.effect_key != first.effect_key
    prove()


def test_another_tender_needs_a_second_person() -> None:
    data = order_data(lines=[line_data("L1", unit_price=1000), line_data("L2", unit_price=1000)])
    data["payments"] = [{"external_id": unique("pi_"), "gateway": "stripe", "captured": 1000} for _ in range(2)]
    order = make_order(**data)
    ensure_policy(tender_order="first")
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    refund_outcomes.fail_refund(actor=SYSTEM, refund_id=refund.id, code="card_closed")
    other = order.payments.exclude(pk=refund.payment_id).get()
    new = refunds.supersede_refund(actor=SYSTEM, refund_id=refund.id, reason="card closed", payment_id=other.id)
    assert (new.status, list(new.facts["broken"])) == ("pending_approval", ["other_tender"])
    prove()


def test_payments_that_cannot_take_it_all_leave_a_case() -> None:
    data = order_data(lines=[line_data("L1", unit_price=1000)])
    data["payments"][0]["captured"] = 400
    rma = make_inspected_return(make_order(**data), {1: 1})
    refund = rma.refunds.get()
    assert (refund.amount, parts(refund)) == (400, {"item": 1000, "manual": -600})
    assert Case.objects.get(subject_id=rma.id, kind="refund_exceeds_tenders").amount == 600
    prove()


# The second person


def test_above_the_limit_a_second_person_agrees() -> None:
    order = make_order()
    ensure_policy(
        auto_approve_limit={"GBP": 999},
        approval_limits={Role.OPS_LEAD: {"GBP": 500}, Role.FINANCE_APPROVER: {"*": None}},
    )
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    assert (refund.status, refund.requested_by) == ("pending_approval", "system:policy")
    approval = Approval.objects.get(subject_id=refund.id)
    assert (approval.status, approval.amount, approval.policy_version) == ("requested", 1000, refund.policy_version)
    with pytest.raises(Denied) as refused:
        refunds.approve_refund(actor=role_actor(Role.OPS_LEAD), refund_id=refund.id, reason="fine")
    assert refused.value.code == "above-limit"
    approver = make_user(Role.FINANCE_APPROVER).actor()
    approved = refunds.approve_refund(actor=approver, refund_id=refund.id, reason="looked at it")
    approval.refresh_from_db()
    assert (approved.status, approved.approved_by, approval.status) == ("submitting", approver.key, "consumed")
    with pytest.raises(Conflict):
        refunds.approve_refund(actor=approver, refund_id=refund.id, reason="again")
    prove()


def test_the_limit_counts_all_refunds_of_the_return() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={"GBP": 1500})
    rma = make_return(order, {1: 2})
    make_receipt(rma)
    make_inspection(rma, [slice_data(1, 1)])
    make_inspection(rma, [slice_data(1, 1)])
    assert refunds_of(rma) == [(1000, "submitting"), (1000, "pending_approval")]


def test_the_requester_never_approves() -> None:
    user = make_user(Role.ADMINISTRATOR)
    rma = make_return()
    ask = RefundProposalIn(amount=500, reason="goodwill")
    [refund] = refunds.propose_refund(actor=user.actor(), return_id=rma.id, proposal=ask)
    assert refund.status == "pending_approval"
    for command in (refunds.approve_refund, refunds.deny_refund):
        with pytest.raises(Denied):
            command(actor=user.actor(), refund_id=refund.id, reason="mine")
    refund.refresh_from_db()
    assert refund.status == "pending_approval"
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(subject_id=refund.id).update(decided_by=user.actor().key)
    prove()


def test_an_approval_given_on_its_own_page_carries_the_refund_on() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={})
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    assert refund.approval
    cases.approve(make_user(Role.FINANCE_APPROVER).actor(), refund.approval.id, "looked at it")
    refund.refresh_from_db()
    assert refund.status == "submitting"
    prove()


def test_an_approval_above_the_approvers_limit_is_no_approval() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={}, approval_limits={Role.OPS_LEAD: {"GBP": 10}})
    refund = make_inspected_return(order, {1: 1}).refunds.get()
    approval = Approval.objects.get(subject_id=refund.id)
    with pytest.raises(Denied), transaction.atomic():
        cases.approve(make_user(Role.OPS_LEAD).actor(), approval.id, "looked at it")
    refund.refresh_from_db()
    approval.refresh_from_db()
    assert (refund.status, approval.status) == ("pending_approval", "requested")


def test_a_refused_refund_frees_its_money_and_is_not_proposed_again_by_itself() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={})
    rma = make_return(order, {1: 2})
    make_receipt(rma)
    make_inspection(rma, [slice_data(1, 1)])
    refund = rma.refunds.get()
    approver = make_user(Role.FINANCE_APPROVER).actor()
    denied = refunds.deny_refund(actor=approver, refund_id=refund.id, reason="abuse")
    assert (denied.status, denied.failure_message) == ("denied", "abuse")
    make_inspection(rma, [slice_data(1, 1)])
    assert refunds_of(rma) == [(1000, "denied"), (1000, "pending_approval")]
    [by_hand] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    assert by_hand.amount == 1000
    prove()


def test_an_expired_approval_denies() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={})
    rma = make_inspected_return(order, {1: 1})
    refund = rma.refunds.get()
    Approval.objects.filter(subject_id=refund.id).update(expires_at=now())
    cases.expire_approvals()
    refund.refresh_from_db()
    assert (refund.status, fresh(rma).money) == ("denied", "none")
    prove()


# A person's own shape


@pytest.mark.parametrize(
    ("ask", "amount", "status", "broken"),
    [
        ({"amount": 1000, "reason": "r"}, 1000, "submitting", []),
        ({"amount": 600, "reason": "worn"}, 600, "submitting", []),
        ({"amount": 1001, "reason": "goodwill"}, 1001, "pending_approval", ["manual_amount"]),
        ({"refund_shipping": True, "reason": "our fault"}, 1500, "pending_approval", ["shipping"]),
    ],
)
def test_what_a_person_asks_for(ask: dict[str, Any], amount: int, status: str, broken: list[str]) -> None:
    order = make_order(**order_data(shipping_charged=500))
    ensure_policy(resolutions=["refund"])
    rma = make_return(order, {1: 1})
    make_receipt(rma)
    ensure_policy(inspection_required=True)
    with transaction.atomic():
        make_inspection(rma)
        Refund.objects.filter(rma=rma).update(status="denied")  # what policy proposed is out of the way
    [refund] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=RefundProposalIn(**ask))
    assert (refund.amount, refund.status, list(refund.facts.get("broken", {}))) == (amount, status, broken)
    assert sum(part.amount for part in refund.components.all()) == amount


def test_fees_waived_need_a_second_person() -> None:
    order = make_order()
    ensure_policy(restocking_fee={"percent": "10"}, auto_approve_limit={"GBP": 0})
    rma = make_inspected_return(order, {1: 1})
    denier = make_user(Role.FINANCE_APPROVER).actor()
    refunds.deny_refund(actor=denier, refund_id=rma.refunds.get().id, reason="waive the fee instead")
    ask = RefundProposalIn(waive_fees=True, reason="our fault")
    [refund] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=ask)
    assert (refund.amount, refund.facts["broken"]["fees_waived"]) == (1000, {"permitted": -100, "requested": 0})
    prove()


def test_no_more_than_was_paid_whoever_asks() -> None:
    rma = make_return()
    before = Event.objects.count()
    with pytest.raises(Unprocessable) as refused:
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=RefundProposalIn(amount=5551, reason="x"))
    assert refused.value.code == "exceeds-tenders"
    with pytest.raises(Unprocessable) as nothing:
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    assert nothing.value.code == "nothing-due"
    assert (Event.objects.count(), Refund.objects.count()) == (before, 0)


def test_units_that_did_not_come_are_not_paid_by_line() -> None:
    rma = make_return(quantities={1: 2})
    make_receipt(rma)
    ask = RefundProposalIn.model_validate({"lines": [{"line_no": 1, "quantity": 1}]})
    with pytest.raises(Unprocessable) as refused:
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=ask)
    assert refused.value.code == "not-earned"


def test_a_unit_is_refunded_once() -> None:
    rma = make_inspected_return(quantities={1: 1})
    with pytest.raises(Unprocessable):
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    assert rma.refunds.count() == 1


# Rights and last lines of defense


Command = Callable[..., object]


@pytest.mark.parametrize(
    ("command", "permissions"),
    [
        (lambda actor, refund: refunds.propose_refund(
            actor=actor, return_id=refund.rma_id, proposal=RefundProposalIn(amount=1, reason="r")),
         [Permission.REFUNDS_PROPOSE, Permission.RETURNS_VIEW]),
        (lambda actor, refund: preview_refund(actor, refund.rma_id),
         [Permission.REFUNDS_VIEW, Permission.RETURNS_VIEW]),
        (lambda actor, refund: refund_outcomes.settle_refund(actor=actor, refund_id=refund.id),
         [Permission.REFUNDS_SETTLE, Permission.REFUNDS_VIEW]),
    ],
)  # fmt: skip
def test_three_persons(command: Command, permissions: list[str]) -> None:
    refund = make_inspected_return(quantities={1: 1}).refunds.get()
    allowed, elsewhere, nobody = everyone_with(*permissions)
    looker = (
        actor_with(permissions[1]) if permissions[0] != Permission.REFUNDS_VIEW else actor_with(Permission.RETURNS_VIEW)
    )
    before = Event.objects.count()
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            command(actor, refund)
    assert Event.objects.count() == before
    command(allowed, refund)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"amount": 10**6}, "refunds_within_capture"),
        ({"currency": "EUR"}, "refund_in_payment_currency"),
        ({"amount": 0}, "refund_is_positive"),
        ({"status": "paid"}, "refund_status_is_known"),
    ],
)
def test_the_database_is_the_last_line_of_defense(change: dict[str, Any], constraint: str) -> None:
    refund = make_inspected_return(quantities={1: 1}).refunds.get()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(**change)
    cause = refused.value.__cause__
    assert cause is not None
    assert cause.diag.constraint_name == constraint  # type: ignore[attr-defined]  # psycopg's error


def test_attempts_are_append_only() -> None:
    refund = make_inspected_return(quantities={1: 1}).refunds.get()
    refund_outcomes.record_refund_pending(actor=SYSTEM, refund_id=refund.id)
    rows = RefundAttempt.objects.filter(refund=refund)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(outcome="succeeded")
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.delete()
    assert refund.attempts.get().outcome == "pending"


def test_a_chargeback_counts() -> None:
    order = make_order()
    dispute(order.payments.get(), "lost", amount=5000)
    rma = make_inspected_return(order, {1: 1})
    assert (refunds_of(rma), rma.open_cases) == ([], 1)  # policy alone pays nothing beside a chargeback
    with pytest.raises(Unprocessable) as refused:
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=RefundProposalIn(amount=551, reason="r"))
    assert refused.value.code == "exceeds-tenders"
    refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=RefundProposalIn(amount=550, reason="the rest"))
    assert refunds_of(rma) == [(550, "submitting")]
    prove()


def test_nothing_is_refunded_on_a_return_that_is_not_authorized() -> None:
    rma = make_return()
    decisions.cancel_return(actor=SYSTEM, return_id=rma.id)
    with pytest.raises(DomainError) as refused:
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=RefundProposalIn(amount=1, reason="r"))
    assert refused.value.code == "not-authorized"
