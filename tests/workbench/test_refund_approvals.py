"""The second person's page: asked beside allowed, history, evidence; who may and who may not, and why."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from retailops.accounts.models import User
from retailops.cases.evidence import Upload, add_evidence
from retailops.cases.models import Approval, EvidenceFile
from retailops.lib.clock import now
from returns.models import Chargeback, Payment, Refund, RefundOverride
from returns.services import refund_outcomes
from tests.factories import ensure_policy
from tests.workbench import world
from tests.workbench.pictures import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> User:
    return world.person("ops_agent", name="Mia Moss")


@pytest.fixture
def approver() -> User:
    return world.person("finance_approver", name="Fay Field")


@pytest.fixture
def refund(agent: User) -> Refund:
    return world.refund_that_waits(requester=agent.actor())


def page(refund: Refund) -> str:
    return f"/approvals/{refund.approval_id}/"


def verdict(refund: Refund, word: str) -> str:
    return f"/returns/{refund.rma.number}/refunds/{refund.id}/{word}/"


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_asked_stands_beside_allowed_with_history_and_evidence(refund: Refund, approver: User) -> None:
    text = shown(world.signed_in(approver), page(refund))
    for words in (
        "60.00", "0.00", "More than policy gives for these units", "Our fault: The seam tore on the first day",
        "Mia Moss", "has not asked before", "seam-torn.png", "Answer until", refund.policy_version,
    ):  # fmt: skip
        assert words in text, words
    assert verdict(refund, "approve") in text
    assert 'aria-disabled="true"' not in text


def test_the_requester_sees_no_approve_and_who_may(refund: Refund, agent: User, approver: User) -> None:
    lead = world.person("ops_lead", name="Lea Long")
    own = world.refund_that_waits(requester=lead.actor(), amount=5000)
    client = world.signed_in(lead)
    for text in (shown(client, page(own)), shown(client, verdict(own, "approve"))):
        assert "You asked for this" in text
        assert "Fay Field" in text
    assert verdict(own, "approve") not in shown(client, page(own))
    assert " disabled>Approve refund" in shown(client, verdict(own, "approve"))
    assert client.post(verdict(own, "approve"), {"reason": "mine"}).status_code in {403, 422}
    assert Refund.objects.get(pk=own.pk).status == "pending_approval"


def test_above_the_limit_it_says_who_may(agent: User, approver: User) -> None:
    ensure_policy(approval_limits={"ops_lead": {"GBP": 100}, "finance_approver": {"*": None}})
    refund = world.refund_that_waits(requester=agent.actor())
    lead = world.signed_in(world.person("ops_lead", name="Lea Long"))
    text = shown(lead, page(refund))
    assert "is above what Lea Long may approve" in text
    assert "May approve it: Fay Field" in text
    assert verdict(refund, "approve") not in text
    assert verdict(refund, "deny") in text


def test_a_decision_is_upon_the_evidence_that_was_shown(refund: Refund, approver: User) -> None:
    client = world.signed_in(approver)
    form = client.get(verdict(refund, "approve"))
    seen = form.context["look"].seen
    add_evidence(
        actor=world.SYSTEM, subject_type="refund", subject_id=refund.id, upload=Upload("late.txt", b"a letter")
    )
    answer = client.post(verdict(refund, "approve"), {"reason": "fine", "seen": seen})
    assert answer.status_code == 422
    assert "Evidence was added since" in answer.content.decode()
    assert Refund.objects.get(pk=refund.pk).status == "pending_approval"
    seen = client.get(verdict(refund, "approve")).context["look"].seen
    assert client.post(verdict(refund, "approve"), {"reason": "fine", "seen": seen}).status_code == 303
    approval = Approval.objects.get(subject_id=refund.id)
    assert (approval.status, approval.seen["hash"], len(approval.seen["files"])) == ("consumed", seen, 2)
    assert "seam-torn.png" in shown(client, page(refund))


def test_a_refund_that_waits_is_changed_in_a_dialog_with_a_file(refund: Refund, agent: User) -> None:
    client = world.signed_in(agent)
    address = f"/returns/{refund.rma.number}/refunds/{refund.id}/override/"
    assert "Change refund" in shown(client, address)
    sent = {
        "amount": "50.00", "reason_code": "goodwill", "reason": "agreed by phone", "expected_amount": refund.amount,
        "evidence": SimpleUploadedFile("call.txt", b"they said so"),
    }  # fmt: skip
    assert client.post(address, sent).status_code == 303
    new = Refund.objects.get(status="pending_approval")
    assert (new.amount, RefundOverride.objects.get(refund=new).reason_code) == (5000, "goodwill")
    assert new.approval
    assert [file["name"] for file in new.approval.evidence["files"]] == ["call.txt"]
    stale = client.post(f"/returns/{refund.rma.number}/refunds/{new.id}/override/", sent | {"expected_amount": 1})
    assert stale.status_code == 422 or stale.status_code == 409
    gone = client.post(address, {k: v for k, v in sent.items() if k != "evidence"})
    assert gone.status_code == 409
    assert Refund.objects.filter(status="pending_approval").count() == 1


def test_a_stale_change_shows_the_difference(refund: Refund, agent: User) -> None:
    address = f"/returns/{refund.rma.number}/refunds/{refund.id}/override/"
    sent = {"amount": "50.00", "reason_code": "goodwill", "reason": "r", "expected_amount": 4000}
    answer = world.signed_in(agent).post(address, sent)
    assert answer.status_code == 409
    assert "40.00 GBP" in answer.content.decode()
    assert "60.00 GBP" in answer.content.decode()


def test_a_program_is_no_evidence_and_nothing_is_changed(refund: Refund, agent: User) -> None:
    address = f"/returns/{refund.rma.number}/refunds/{refund.id}/override/"
    sent = {
        "amount": "50.00", "reason_code": "goodwill", "reason": "r", "expected_amount": refund.amount,
        "evidence": SimpleUploadedFile("invoice.pdf", b"MZ\x90\x00\x03\x00"),
    }  # fmt: skip
    answer = world.signed_in(agent).post(address, sent)
    assert answer.status_code == 422
    assert "Only JPEG, PNG" in answer.content.decode()
    assert (EvidenceFile.objects.count(), Refund.objects.get().amount) == (1, 6000)


def test_a_file_comes_as_an_attachment_and_only_to_whom_it_is_for(refund: Refund, agent: User) -> None:
    file = EvidenceFile.objects.get()
    answer = world.signed_in(agent).get(f"/evidence/{file.id}/")
    assert answer.content == picture()
    assert answer["Content-Disposition"].startswith("attachment;")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/png", "nosniff")
    elsewhere = world.signed_in(world.person("finance_approver", regions=["FR"]))
    assert elsewhere.get(f"/evidence/{file.id}/").status_code == 404
    assert elsewhere.get(page(refund)).status_code == 404


def test_evidence_is_added_on_return_refund_case_and_inspection(agent: User) -> None:
    client = world.signed_in(agent)
    rma = world.received()
    inspect = {
        "location": "GB-WH", "reference": "web:1", "expected_version": rma.version, "accept_1": 1, "reject_1": 0,
        "accept_to_1": "sellable", "reject_to_1": "quarantine",
        "evidence": SimpleUploadedFile("seam.png", picture()),
    }  # fmt: skip
    assert client.post(f"/returns/{rma.number}/do/inspect/", inspect).status_code == 303
    case = world.case_about(rma)
    for kind, subject in (("return", rma.id), ("refund", rma.refunds.get().id), ("case", case.id)):
        sent = {"evidence": SimpleUploadedFile(f"{kind}.txt", kind.encode())}
        assert client.post(f"/evidence/{kind}/{subject}/add/", sent).status_code == 303
    kinds = list(EvidenceFile.objects.order_by("id").values_list("subject_type", flat=True))
    assert kinds == ["inspection", "return", "refund", "case"]
    text = shown(client, f"/returns/{rma.number}/")
    assert all(name in text for name in ("seam.png", "return.txt", "refund.txt", "case.txt"))
    assert "case.txt" in shown(client, f"/cases/{case.id}/")
    assert client.post(f"/evidence/return/{rma.id}/add/", {}).status_code == 422


def test_limits_can_be_read_by_people(approver: User) -> None:
    world.person("ops_lead", name="Lea Long")
    text = shown(world.signed_in(approver), "/approvals/limits/")
    for words in ("All regions", "Goes by itself", "Ops lead", "2,000.00", "Lea Long", "no limit", "Fay Field"):
        assert words in text, words


def test_a_dispute_is_shown_on_the_return(refund: Refund, agent: User) -> None:
    text = shown(world.signed_in(agent), f"/returns/{refund.rma.number}/")
    assert "The bank gave the customer this money back" in text
    assert "dp_1Q2w3E" in text
    assert Chargeback.objects.get().status == "lost"
    assert Payment.objects.get().charged_back == 1200


def test_a_refund_that_waits_for_the_customer_can_be_canceled_there(agent: User) -> None:
    world.stripe()
    refund = world.inspected(world.received()).refunds.get()
    address = f"/returns/{refund.rma.number}/refunds/{refund.id}/cancel/"
    client = world.signed_in(agent)
    assert "Not now." in shown(client, address)
    refund_outcomes.require_refund_action(actor=world.SYSTEM, refund_id=refund.id, external_reference="re_1")
    assert address in shown(client, f"/returns/{refund.rma.number}/")
    assert client.post(address, {"reason": "the customer wants a credit"}).status_code == 303
    assert client.post(address, {"reason": "again"}).status_code == 422
    assert Refund.objects.get().status == "requires_action"


def test_expiry_stands_as_a_clock(refund: Refund, approver: User) -> None:
    Approval.objects.filter(subject_id=refund.id).update(expires_at=now() + timedelta(hours=5, minutes=1))
    assert "in 5 h" in shown(world.signed_in(approver), page(refund))
