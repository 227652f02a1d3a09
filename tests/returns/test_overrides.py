"""Refunds beyond policy: asked with rule, reason and evidence; bound to exactly what a second person agreed to."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.models import RoleGrant
from retailops.accounts.permissions import Permission, Role
from retailops.cases.evidence import Upload, add_evidence, digest_of
from retailops.cases.models import Approval
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound, Unprocessable
from returns.inputs import RefundProposalIn
from returns.inputs.refunds import RefundOverrideIn
from returns.models import Refund, RefundComponent, RefundOverride, Return, ReturnLine
from returns.services import decisions, refund_outcomes, refunds
from returns.services.overriding import override_refund
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    make_inspected_return,
    make_order,
    make_user,
    order_data,
)
from tests.returns.proofs import prove
from tests.returns.refunding import events_of, parts, refunds_of, split_order

pytestmark = pytest.mark.django_db
PICTURE = Upload("scratch.png", b"\x89PNG\r\n\x1a\n" + b"0" * 20)


def waiting(rules: dict[str, Any] | None = None, **order: Any) -> Refund:
    """Return a refund of 10.00 (a fee of 1.00 taken off) that waits for a second person; `rules` add to policy."""
    made = make_order(**order_data(**order))
    ensure_policy(**{"restocking_fee": {"percent": "10"}, "auto_approve_limit": {"GBP": 0}} | (rules or {}))
    return make_inspected_return(made, {1: 1}).refunds.get()


def ask(**fields: Any) -> RefundOverrideIn:
    return RefundOverrideIn.model_validate({"reason_code": "goodwill", "reason": "regular customer"} | fields)


def approver() -> Any:
    return make_user(Role.FINANCE_APPROVER).actor()


# What may be changed


@pytest.mark.parametrize(
    ("change", "amount", "rules"),
    [
        ({"amount": 1200}, 1200, {"manual_amount": {"permitted": 900, "requested": 1200}}),
        ({"waive_fees": True}, 1000, {"fees_waived": {"permitted": -100, "requested": 0}}),
        ({"refund_shipping": True}, 1400, {"shipping": {"permitted": 0, "requested": 500}}),
        ({"no_receipt": True}, 900, {"no_receipt": {"permitted": False, "requested": True}}),
        ({"out_of_window": True}, 900, {"out_of_window": {"permitted": False, "requested": True}}),
    ],
)
def test_a_refund_that_waits_is_changed_and_waits_anew(change: dict[str, Any], amount: int, rules: Any) -> None:
    old = waiting(shipping_charged=500)
    person = make_user(Role.OPS_AGENT).actor()
    [new] = override_refund(actor=person, refund_id=old.id, override=ask(**change))
    old.refresh_from_db()
    assert (old.status, old.superseded_by_id, old.amount) == ("superseded", new.id, 900)
    assert (new.status, new.amount, new.requested_by, new.proposal) == (
        "pending_approval", amount, person.key, old.proposal,
    )  # fmt: skip
    kept = RefundOverride.objects.get(refund=new)
    assert (kept.rules, kept.permitted, kept.requested, kept.replaces) == (rules, 900, amount, old)
    assert (kept.reason_code, kept.reason, kept.policy_version) == ("goodwill", "regular customer", new.policy_version)
    assert Approval.objects.get(subject_id=old.id).status == "voided"
    assert events_of(old) == ["refund.proposed", "refund.approval_requested", "refund.superseded"]
    refunds.approve_refund(actor=approver(), refund_id=new.id)
    assert refunds_of(new.rma) == [(900, "superseded"), (amount, "submitting")]
    prove()


def test_less_than_policy_permits_goes_at_once_where_it_is_within_the_limit() -> None:
    order = make_order()
    ensure_policy(auto_approve_limit={"GBP": 500})
    old = make_inspected_return(order, {1: 1}).refunds.get()
    [new] = override_refund(actor=SYSTEM, refund_id=old.id, override=ask(amount=400, reason="worn"))
    assert (new.status, new.amount, parts(new)) == ("submitting", 400, {"item": 1000, "manual": -600})
    assert not RefundOverride.objects.exists()
    prove()


def test_a_proposal_over_two_tenders_is_changed_as_a_whole() -> None:
    order = split_order(300, 700)
    ensure_policy(auto_approve_limit={})
    rma = make_inspected_return(order, {1: 1})
    first = rma.refunds.order_by("id").first()
    assert first
    made = override_refund(actor=SYSTEM, refund_id=first.id, override=ask(amount=500))
    assert sorted(each.amount for each in made) == [150, 350]
    assert sorted(refunds_of(rma)) == [
        (150, "pending_approval"), (300, "superseded"), (350, "pending_approval"), (700, "superseded"),
    ]  # fmt: skip
    prove()


def test_another_tender_is_an_override_and_keeps_the_units() -> None:
    order = split_order(1000, 1000)
    ensure_policy(auto_approve_limit={}, tender_order="first")
    rma = make_inspected_return(order, {1: 1})
    first = rma.refunds.order_by("id").first()
    assert first
    other = order.payments.exclude(pk=first.payment_id).get()
    [new] = override_refund(
        actor=SYSTEM, refund_id=first.id, override=ask(payment_id=other.id, amount=900, reason_code="tender_closed")
    )
    assert (new.payment_id, new.status) == (other.id, "pending_approval")
    assert "other_tender" in new.facts["broken"]
    assert [row.units for row in new.lines.all()] == [row.units for row in first.lines.all()]
    prove()


@pytest.mark.parametrize("state", ["submitting", "succeeded", "denied", "failed"])
def test_only_what_waits_is_changed(state: str) -> None:
    refund = waiting()
    person = approver()
    if state == "denied":
        refunds.deny_refund(actor=person, refund_id=refund.id, reason="no")
    else:
        refunds.approve_refund(actor=person, refund_id=refund.id)
    if state == "succeeded":
        refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    if state == "failed":
        refund_outcomes.fail_refund(actor=SYSTEM, refund_id=refund.id, code="no")
    before = Event.objects.count()
    with pytest.raises(Conflict):
        override_refund(actor=SYSTEM, refund_id=refund.id, override=ask(amount=1000))
    assert (Refund.objects.count(), Event.objects.count()) == (1, before)


def test_a_stale_form_is_told_the_difference() -> None:
    old = waiting()
    [new] = override_refund(actor=SYSTEM, refund_id=old.id, override=ask(amount=950))
    with pytest.raises(Conflict) as refused:
        override_refund(actor=SYSTEM, refund_id=new.id, override=ask(amount=990, expected_amount=900))
    assert refused.value.extra["differences"] == [{"name": "Amount", "before": "9.00 GBP", "now": "9.50 GBP"}]
    new.refresh_from_db()
    assert new.status == "pending_approval"


def test_more_than_was_paid_is_refused_and_the_old_one_waits_on() -> None:
    old = waiting()
    with pytest.raises(Unprocessable) as refused, transaction.atomic():
        override_refund(actor=SYSTEM, refund_id=old.id, override=ask(amount=10**6))
    assert refused.value.code == "exceeds-tenders"
    assert refunds_of(old.rma) == [(900, "pending_approval")]
    assert Approval.objects.get(subject_id=old.id).status == "requested"


def test_three_persons() -> None:
    refund = waiting()
    allowed, elsewhere, nobody = everyone_with(
        Permission.REFUNDS_PROPOSE, Permission.REFUNDS_VIEW, Permission.RETURNS_VIEW
    )
    looker = actor_with(Permission.REFUNDS_VIEW, Permission.RETURNS_VIEW)
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            override_refund(actor=actor, refund_id=refund.id, override=ask(amount=1000))
    assert Refund.objects.count() == 1
    override_refund(actor=allowed, refund_id=refund.id, override=ask(amount=1000))


# Evidence


def test_files_are_kept_by_hash_with_the_request_and_with_the_decision() -> None:
    old = waiting()
    file = add_evidence(actor=SYSTEM, subject_type="return", subject_id=old.rma_id, upload=PICTURE)
    [new] = override_refund(actor=SYSTEM, refund_id=old.id, override=ask(amount=1000, files=[file.id]))
    late = add_evidence(actor=SYSTEM, subject_type="refund", subject_id=new.id, upload=Upload("a.txt", b"letter"))
    refunds.approve_refund(actor=approver(), refund_id=new.id)
    approval = Approval.objects.get(subject_id=new.id)
    assert [each["sha256"] for each in approval.evidence["files"]] == [file.sha256]
    assert {each["sha256"] for each in approval.seen["files"]} == {file.sha256, late.sha256}
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(seen={})
    prove()


def test_evidence_that_was_not_seen_stops_the_decision() -> None:
    refund = waiting()
    nothing = digest_of([])["hash"]
    add_evidence(actor=SYSTEM, subject_type="refund", subject_id=refund.id, upload=PICTURE)
    with pytest.raises(Conflict) as refused, transaction.atomic():
        refunds.approve_refund(actor=approver(), refund_id=refund.id, seen=nothing)
    assert refused.value.code == "evidence-changed"
    assert refunds_of(refund.rma) == [(900, "pending_approval")]


def test_a_file_of_another_return_is_refused() -> None:
    old, other = waiting(), make_inspected_return(quantities={1: 1})
    file = add_evidence(actor=SYSTEM, subject_type="return", subject_id=other.id, upload=PICTURE)
    for wrong in (file.id, uuid4()):
        with pytest.raises(Invalid) as refused, transaction.atomic():
            override_refund(actor=SYSTEM, refund_id=old.id, override=ask(amount=1000, files=[wrong]))
        assert refused.value.errors[0].pointer == "/files/0"
    assert refunds_of(old.rma) == [(900, "pending_approval")]


# Bound to exactly what was agreed


@pytest.mark.parametrize("change", ["amount", "units", "parts", "rules", "rejected", "expired"])
def test_any_change_makes_the_approval_worthless(change: str) -> None:
    refund = waiting()
    rows = Refund.objects.filter(pk=refund.pk)
    match change:
        case "amount":
            rows.update(amount=901)
        case "units":
            refund.lines.update(units=[[1, 2]])
        case "parts":
            RefundComponent.objects.filter(refund=refund, kind="item").update(code="other")
        case "rules":
            rows.update(facts={"permitted": 900, "requested": 900, "broken": {"shipping": {}}})
        case "rejected":
            ReturnLine.objects.filter(rma=refund.rma_id).update(accepted=0, rejected=1)
        case _:
            Approval.objects.filter(subject_id=refund.id).update(expires_at=now())
    with pytest.raises(Conflict) as refused, transaction.atomic():
        refunds.approve_refund(actor=approver(), refund_id=refund.id)
    assert refused.value.code in {"approval-differs", "conflict"}
    assert Refund.objects.get(pk=refund.pk).status == "pending_approval"
    assert Approval.objects.get(subject_id=refund.id).status == "requested"


def test_a_return_with_a_refund_that_waits_is_not_canceled_under_it() -> None:
    refund = waiting()
    with pytest.raises(Conflict):
        decisions.cancel_return(actor=SYSTEM, return_id=refund.rma_id, reason="x")
    assert fresh(Return.objects.get(pk=refund.rma_id)).status == "authorized"


def test_a_role_elsewhere_gives_no_say_here() -> None:
    refund = waiting({"approval_limits": {"ops_lead": {"GBP": 899}, "finance_approver": {"*": None}}})
    both = make_user(Role.OPS_LEAD, regions=["uk"])
    RoleGrant.objects.create(user=both, role=Role.FINANCE_APPROVER, regions=["us"], brands=["*"])
    with pytest.raises(Denied) as refused:
        refunds.approve_refund(actor=both.actor(), refund_id=refund.id)
    assert refused.value.code == "above-limit"


# Last lines of defense


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"status": "submitting"}, "refund_paid_as_approved"),
        ({"status": "submitting", "approved_by": "policy:standard@1"}, "refund_paid_as_approved"),
        ({"status": "submitting", "approved_by": "user:somebody"}, "refund_paid_as_approved"),
        ({"approved_by": "system:policy"}, "refund_approver_is_not_requester"),
    ],
    ids=["nobody", "policy", "somebody", "requester"],
)
def test_the_database_pays_nothing_beyond_its_approval(change: dict[str, Any], constraint: str) -> None:
    refund = waiting()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(**change)
    assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_an_approval_of_another_amount_pays_nothing() -> None:
    refund = waiting()
    Approval.objects.filter(subject_id=refund.id).update(status="consumed", decided_by="user:x", amount=899)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(status="submitting", approved_by="user:x")
    assert refused.value.__cause__.diag.constraint_name == "refund_paid_as_approved"  # type: ignore[union-attr]


def test_what_was_decided_keeps_amount_and_payment() -> None:
    refund = waiting()
    refunds.approve_refund(actor=approver(), refund_id=refund.id)
    for change in ({"amount": 1}, {"requested_by": "user:other"}):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Refund.objects.filter(pk=refund.pk).update(**change)
        assert refused.value.__cause__.diag.constraint_name == "refund_is_fixed_once_decided"  # type: ignore[union-attr]


def test_overrides_are_append_only() -> None:
    [new] = override_refund(actor=SYSTEM, refund_id=waiting().id, override=ask(amount=1000))
    rows = RefundOverride.objects.filter(refund=new)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(requested=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.delete()


def test_a_proposal_beyond_policy_is_kept_as_an_override_too() -> None:
    order = make_order()
    rma = make_inspected_return(order, {1: 1})
    wanted = RefundProposalIn(amount=700, reason="scratched on arrival", reason_code="merchant_fault")
    [refund] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=wanted)
    kept = RefundOverride.objects.get(refund=refund)
    assert (kept.permitted, kept.requested, kept.reason_code, kept.replaces) == (0, 700, "merchant_fault", None)
