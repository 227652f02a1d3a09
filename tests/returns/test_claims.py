"""Claims on suppliers: each unit once, approval by a second person, credits that add up, goods that go and come."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from inventory.models import StockBalance
from retailops.accounts.permissions import Permission as P
from retailops.accounts.permissions import Role
from retailops.cases import services as cases
from retailops.cases.models import Approval, Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound, Unprocessable
from returns import claim_handlers
from returns.inputs import read
from returns.inputs.claims import ClaimCreditIn, ClaimIn, GoodsBackIn
from returns.models import ClaimLine, DispositionSlice, SupplierClaim
from returns.services import claim_answers, claim_closing, claim_sending, placing
from returns.services.claim_drafting import draft_claim
from tests.factories import SYSTEM, actor_with, everyone_with, make_location, make_user
from tests.returns.claiming import disposed, drafted, make_supplier
from tests.returns.proofs import prove
from tests.returns.test_concurrency import together

pytestmark = pytest.mark.django_db


def draft(*lines: dict[str, Any], actor: Any = SYSTEM, **fields: Any) -> SupplierClaim:
    return draft_claim(actor=actor, claim=read(ClaimIn, {"lines": list(lines), **fields}))


def credit(claim: SupplierClaim, amount: int, reference: str = "CN-1", **fields: Any) -> SupplierClaim:
    told = {"reference": reference, "amount": amount, "currency": "GBP", **fields}
    return claim_answers.credit_claim(actor=SYSTEM, claim_id=claim.id, credit=read(ClaimCreditIn, told))


def sent(claim: SupplierClaim) -> SupplierClaim:
    return claim_sending.send_claim(actor=SYSTEM, claim_id=claim.id)


def again(claim: SupplierClaim) -> SupplierClaim:
    return SupplierClaim.objects.get(pk=claim.pk)


def events_of(claim: SupplierClaim) -> list[str]:
    rows = Event.objects.filter(subject_id=claim.id, type__startswith="claim.")
    return [name.removeprefix("claim.") for name in rows.order_by("position").values_list("type", flat=True)]


def stock(line: ClaimLine) -> dict[str, int]:
    rows = StockBalance.objects.filter(sku=line.sku).exclude(disposition="external")
    return {row.disposition: row.quantity for row in rows if row.quantity}


def open_cases(claim: SupplierClaim) -> list[str]:
    return list(Case.objects.filter(subject_id=claim.id, status="open").values_list("kind", flat=True))


def test_a_claim_goes_from_verdict_to_credit() -> None:
    claim = drafted(2, restocking_basis_points=1250)
    assert (claim.value, claim.deduction, claim.claimed) == (800, 100, 700)
    assert (claim.status, claim.send_back, claim.rma is not None) == ("draft", True, True)
    line = claim.lines.get()
    assert stock(line) == {"return_to_vendor": 2}
    sent(claim)
    assert stock(line) == {}
    claim_answers.acknowledge_claim(actor=SYSTEM, claim_id=claim.id, supplier_reference="RTV-7")
    assert credit(claim, 300).status == "pending_credit"
    claim = credit(claim, 400, "CN-2")
    assert (claim.status, claim.credited, claim.outstanding, claim.written_off) == ("closed", 700, 0, 0)
    assert events_of(claim) == ["drafted", "sent", "acknowledged", "credited", "credited", "closed"]
    prove()


def test_every_command_happens_once() -> None:
    claim = sent(drafted(2))
    first = sent(claim)
    for _ in range(2):
        claim_answers.acknowledge_claim(actor=SYSTEM, claim_id=claim.id, supplier_reference="RTV-8")
        credit(claim, 300)
    for _ in range(2):
        claim_answers.refuse_claim(actor=SYSTEM, claim_id=claim.id, reason="used")
    assert first.sent_at == again(claim).sent_at
    assert (again(claim).credited, again(claim).status) == (300, "refused")
    assert events_of(claim) == ["drafted", "sent", "acknowledged", "credited", "refused"]
    prove()


def test_the_same_reference_is_the_same_claim() -> None:
    _, part = disposed(2)
    make_supplier(part.line.sku)
    one = draft({"slice_id": part.id}, reference="R-1")
    assert draft({"slice_id": part.id}, reference="R-1").id == one.id
    _, other = disposed(1)
    make_supplier(other.line.sku)
    with pytest.raises(Conflict, match="other units"):
        draft({"slice_id": other.id}, reference="R-1")


def test_a_unit_is_claimed_once() -> None:
    _, part = disposed(3)
    make_supplier(part.line.sku)
    draft({"slice_id": part.id, "quantity": 2})
    for quantity in (2, 3):
        with pytest.raises(Conflict) as refused:
            draft({"slice_id": part.id, "quantity": quantity})
        assert refused.value.code == "claimed"
    with pytest.raises(Conflict):
        draft({"slice_id": part.id, "quantity": 1}, {"slice_id": part.id, "quantity": 1})
    draft({"slice_id": part.id})  # the one that is left
    with pytest.raises(Conflict):
        draft({"slice_id": part.id})
    assert ClaimLine.objects.count() == 2
    prove()


def test_the_database_refuses_a_unit_that_is_claimed_twice() -> None:
    claim = drafted(2)
    line = claim.lines.get()
    with pytest.raises(IntegrityError, match="claimed already"), transaction.atomic():
        ClaimLine.objects.create(
            claim=claim, line_no=2, slice=line.slice, sku=line.sku, location=line.location,
            disposition=line.disposition, quantity=1, unit_cost=1,
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="is claimed"), transaction.atomic():
        DispositionSlice.objects.filter(pk=line.slice.id if line.slice else "").update(status="reversed")


def test_what_is_claimed_is_not_taken_back_until_its_draft_is_dropped() -> None:
    claim = drafted(2)
    slice_id = claim.lines.get().slice_id
    assert slice_id
    with pytest.raises(Conflict) as refused:
        placing.reverse_disposition(actor=SYSTEM, slice_id=slice_id, reason="wrong")
    assert refused.value.code == "claimed"
    claim_closing.close_claim(actor=SYSTEM, claim_id=claim.id, reason="wrong supplier")
    placing.reverse_disposition(actor=SYSTEM, slice_id=slice_id, reason="wrong")
    assert (again(claim).status, again(claim).written_off) == ("closed", 0)
    prove()


def test_stock_is_claimed_as_far_as_it_stands_there_unclaimed() -> None:
    _, part = disposed(3, "damaged")
    make_supplier(part.line.sku)
    place = {"sku": part.line.sku, "location": part.inspection.location.code, "disposition": "damaged"}
    claim = draft({**place, "quantity": 2})
    with pytest.raises(Conflict, match="1 units"):
        draft({**place, "quantity": 2})
    sent(claim)
    assert stock(claim.lines.get()) == {"damaged": 1}
    draft({**place, "quantity": 1})
    prove()


@pytest.mark.parametrize(
    ("disposition", "terms", "fields", "code"),
    [
        ("sellable", {}, {}, "not-claimable"),
        ("scrap", {}, {"send_back": True}, "not-claimable"),
        ("return_to_vendor", {"takes_back": False}, {"send_back": True}, "not-taken-back"),
        ("return_to_vendor", {}, {"supplier": "another"}, "unknown-supplier"),
    ],
)
def test_terms_refuse(disposition: str, terms: dict[str, Any], fields: dict[str, Any], code: str) -> None:
    _, part = disposed(1, disposition)
    make_supplier(part.line.sku, **terms)
    with pytest.raises(Unprocessable) as refused:
        draft({"slice_id": part.id}, **fields)
    assert refused.value.code == code
    assert not SupplierClaim.objects.exists()


def test_the_claim_window_closes() -> None:
    _, part = disposed(1)
    make_supplier(part.line.sku, claim_window_days=10)
    type(part.inspection).objects.update(inspected_at=now() - timedelta(days=11))
    with pytest.raises(Unprocessable) as refused:
        draft({"slice_id": part.id})
    assert "it could be claimed until" in refused.value.errors[0].detail


def test_goods_that_do_not_go_back_stay_in_stock() -> None:
    claim = sent(drafted(2, disposition="scrap", restocking_basis_points=5000))
    assert (claim.send_back, claim.claimed) == (False, 800)
    assert stock(claim.lines.get()) == {"scrap": 2}
    prove()


# A second person


def test_above_the_limit_a_second_person_sends_it() -> None:
    claim = drafted(2, approval_above={"GBP": 799})
    with pytest.raises(Conflict) as refused:
        sent(claim)
    assert refused.value.code == "approval-needed"
    agent, lead = make_user(Role.OPS_AGENT).actor(), make_user(Role.OPS_LEAD).actor()
    for _ in range(2):
        claim_sending.request_claim_approval(actor=agent, claim_id=claim.id, reason="torn seams")
    approval = Approval.objects.get(kind="claim")
    assert (approval.amount, approval.asked["supplier"]) == (800, "Wool & Co")
    with pytest.raises(Denied):
        cases.approve(agent, approval.id, "mine")
    assert again(claim).status == "pending_approval"
    cases.approve(lead, approval.id, "right")
    claim = again(claim)
    assert (claim.status, claim.approved_by) == ("sent", lead.key)
    assert events_of(claim) == ["drafted", "approval_requested", "approved", "sent"]
    prove()


def test_refused_or_dropped_it_is_not_sent() -> None:
    claim, other = drafted(2, approval_above={"*": 0}), drafted(2, approval_above={"*": 0})
    for each in (claim, other):
        claim_sending.request_claim_approval(actor=SYSTEM, claim_id=each.id, reason="torn")
    lead = make_user(Role.OPS_LEAD).actor()
    cases.refuse(lead, Approval.objects.get(subject_id=claim.id).id, "no photo")
    assert again(claim).status == "draft"
    claim_closing.close_claim(actor=SYSTEM, claim_id=other.id, reason="mistake")
    approval = Approval.objects.get(subject_id=other.id)
    assert (again(other).status, approval.status) == ("closed", "voided")
    assert stock(claim.lines.get()) == {"return_to_vendor": 2}
    claim_sending.request_claim_approval(actor=SYSTEM, claim_id=claim.id, reason="with photo")
    prove()


def test_a_write_off_above_the_limit_waits_for_a_second_person() -> None:
    claim = drafted(2, approval_above={"GBP": 500})
    claim_sending.request_claim_approval(actor=SYSTEM, claim_id=claim.id, reason="torn")
    finance = make_user(Role.FINANCE_APPROVER).actor()
    cases.approve(finance, Approval.objects.get(kind="claim").id, "ok")
    claim_answers.refuse_claim(actor=SYSTEM, claim_id=claim.id, reason="worn")
    assert open_cases(claim) == ["claim_refused"]
    claim = claim_closing.close_claim(actor=SYSTEM, claim_id=claim.id, reason="not worth it")
    assert (claim.status, claim.written_off) == ("refused", 0)
    cases.approve(finance, Approval.objects.get(kind="claim_write_off").id, "agreed")
    claim = again(claim)
    assert (claim.status, claim.written_off, claim.outstanding) == ("closed", 800, 0)
    assert open_cases(claim) == []
    prove()


def test_a_credit_voids_the_write_off_that_waits() -> None:
    claim = sent(drafted(2, approval_above={"GBP": 800}))
    type(claim.supplier).objects.update(approval_above={"GBP": 100})
    claim_answers.refuse_claim(actor=SYSTEM, claim_id=claim.id, reason="worn")
    claim_closing.close_claim(actor=SYSTEM, claim_id=claim.id, reason="give up")
    credit(claim, 300)
    assert Approval.objects.get(kind="claim_write_off").status == "voided"
    assert again(claim).status == "pending_credit"
    prove()


# Answers


def test_a_final_credit_of_less_needs_words_and_a_decision() -> None:
    claim = sent(drafted(2))
    with pytest.raises(Invalid):
        credit(claim, 500, final=True)
    assert again(claim).credited == 0
    claim = credit(claim, 500, final=True, explanation="one was used")
    assert (claim.status, claim.outstanding, open_cases(claim)) == ("credited", 300, ["claim_short"])
    claim = claim_closing.close_claim(actor=SYSTEM, claim_id=claim.id, reason="accepted")
    assert (claim.status, claim.written_off, open_cases(claim)) == ("closed", 300, [])
    assert claim.difference_reason == "one was used"
    late = credit(claim, 100, "CN-late")
    assert (late.status, late.credited, late.written_off) == ("closed", 600, 200)
    prove()


def test_a_credit_of_more_needs_words() -> None:
    claim = sent(drafted(1))
    with pytest.raises(Invalid):
        credit(claim, 500)
    claim = credit(claim, 500, explanation="with freight")
    assert (claim.status, claim.credited, claim.outstanding) == ("closed", 500, 0)
    prove()


def test_references_of_the_supplier_are_unique() -> None:
    claim, other = sent(drafted(1)), sent(drafted(1))
    SupplierClaim.objects.filter(pk=other.pk).update(supplier=claim.supplier)
    credit(claim, 100)
    for target, amount in ((claim, 200), (other, 100)):
        with pytest.raises(Conflict) as refused:
            credit(target, amount)
        assert refused.value.code == "reference-reused"
    claim_answers.acknowledge_claim(actor=SYSTEM, claim_id=claim.id, supplier_reference="A")
    with pytest.raises(Conflict):
        claim_answers.acknowledge_claim(actor=SYSTEM, claim_id=other.id, supplier_reference="A")
    assert (again(claim).credited, again(other).credited) == (100, 0)


def test_stale_answers_change_nothing() -> None:
    unsent = drafted(1)
    with pytest.raises(Conflict):
        credit(unsent, 100)
    with pytest.raises(Conflict):
        claim_answers.acknowledge_claim(actor=SYSTEM, claim_id=unsent.id)
    done = credit(sent(unsent), 400)
    before = again(done).version
    with pytest.raises(Conflict):
        claim_answers.refuse_claim(actor=SYSTEM, claim_id=done.id, reason="late")
    claim_answers.acknowledge_claim(actor=SYSTEM, claim_id=done.id)
    assert (again(done).status, again(done).version) == ("closed", before)
    with pytest.raises(Unprocessable):
        credit(done, 1, "CN-9", currency="EUR")


def test_refused_goods_come_back_into_quarantine_once() -> None:
    claim = sent(drafted(2))
    claim_answers.refuse_claim(actor=SYSTEM, claim_id=claim.id, reason="worn")
    where = make_location().code
    goods = {"scan_id": "S-1", "location": where, "lines": [{"line_no": 1, "quantity": 2}]}
    for _ in range(2):
        claim_answers.receive_goods_back(actor=SYSTEM, claim_id=claim.id, goods=read(GoodsBackIn, goods))
    line = claim.lines.get()
    assert (line.came_back, stock(line)) == (2, {"quarantine": 2})
    more = read(GoodsBackIn, goods | {"scan_id": "S-2"})
    with pytest.raises(Unprocessable):
        claim_answers.receive_goods_back(actor=SYSTEM, claim_id=claim.id, goods=more)
    assert stock(line) == {"quarantine": 2}
    prove()


# By itself


def test_goods_for_a_supplier_with_terms_are_claimed_by_themselves() -> None:
    rma, part = disposed(2)
    make_supplier(part.line.sku)
    _, orphan = disposed(1)
    assert claim_handlers.draft_for_vendors() == 2
    assert claim_handlers.draft_for_vendors() == 0
    claim = SupplierClaim.objects.get()
    assert (claim.rma_id, claim.claimed, claim.requested_by) == (rma.id, 800, "system:supplier terms")
    case = Case.objects.get(kind="claim_not_drafted")
    assert (case.subject_id, case.occurrences) == (orphan.id, 1)
    assert "no supplier of" in case.title
    kinds = Case.objects.filter(subject_id=orphan.line.rma_id).values_list("kind", flat=True)
    assert "claim_not_drafted" not in kinds  # the customer's side is not held up by it
    prove()


def test_an_overdue_credit_is_a_case_until_it_comes() -> None:
    claim = sent(drafted(2))
    assert claim_handlers.chase_overdue() == 0
    SupplierClaim.objects.update(due_at=now() - timedelta(days=1))
    assert claim_handlers.chase_overdue() == 1
    assert claim_handlers.chase_overdue() == 0
    assert open_cases(claim) == ["claim_overdue"]
    credit(claim, 800)
    assert open_cases(claim) == []
    prove()


# Who may


COMMANDS: dict[str, Callable[..., object]] = {
    "ask": partial(claim_sending.request_claim_approval, reason="x"),
    "send": claim_sending.send_claim,
    "acknowledge": claim_answers.acknowledge_claim,
    "credit": partial(claim_answers.credit_claim, credit=ClaimCreditIn(reference="C", amount=1, currency="GBP")),
    "refuse": partial(claim_answers.refuse_claim, reason="x"),
    "close": partial(claim_closing.close_claim, reason="x"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_three_persons(name: str) -> None:
    claim = drafted(1)
    _, elsewhere, nobody = everyone_with(P.CLAIMS_VIEW, P.CLAIMS_WORK)
    for stranger in (elsewhere, nobody):
        with pytest.raises(NotFound):
            COMMANDS[name](actor=stranger, claim_id=claim.id)
    with pytest.raises(Denied):
        COMMANDS[name](actor=actor_with(P.CLAIMS_VIEW), claim_id=claim.id)
    assert (again(claim).version, events_of(claim)) == (1, ["drafted"])


def test_a_stranger_drafts_nothing() -> None:
    _, part = disposed(1)
    make_supplier(part.line.sku)
    inside, elsewhere, nobody = everyone_with(P.CLAIMS_VIEW, P.CLAIMS_WORK)
    for stranger in (elsewhere, nobody):
        with pytest.raises(NotFound):
            draft({"slice_id": part.id}, actor=stranger)
    assert draft({"slice_id": part.id}, actor=inside).requested_by == inside.key


# At once


@pytest.mark.django_db(transaction=True)
def test_the_same_units_claimed_at_once_are_claimed_once() -> None:
    _, part = disposed(2)
    make_supplier(part.line.sku)
    results = together(*[lambda: draft({"slice_id": part.id, "quantity": 2})] * 5)
    refused = [result for result in results if isinstance(result, DomainError)]
    assert [error.code for error in refused] == ["claimed"] * 4
    assert SupplierClaim.objects.count() == 1
    prove()


@pytest.mark.django_db(transaction=True)
def test_credits_at_once_add_up() -> None:
    claim = sent(drafted(2))
    together(*[partial(credit, claim, 100, f"CN-{number}") for number in (1, 1, 2, 2, 3)])
    assert again(claim).credited == 300
    prove()
