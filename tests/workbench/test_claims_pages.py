"""Pages of claims, fraud reviews and warranty, without JavaScript: what they show, what they run, what they refuse."""

import re

import pytest
from django.test import Client

from retailops.cases.models import Approval
from returns.models import FraudReview, SupplierClaim
from returns.services import claim_sending
from tests.workbench import world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> world.Story:
    return world.Story.told()


@pytest.fixture
def agent() -> Client:
    return world.signed_in(world.person("ops_agent"))


def page_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def hidden(client: Client, address: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page_of(client, address))
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def do(client: Client, claim: SupplierClaim, key: str, **given: str) -> int:
    address = f"/claims/{claim.number}/do/{key}/"
    status = client.post(address, hidden(client, address) | given).status_code
    claim.refresh_from_db()
    return status


def test_the_list_says_what_is_owed_and_narrows(story: world.Story, agent: Client) -> None:
    claim = story.claim
    assert claim.number in page_of(agent, "/claims/")
    for query, found in {
        "view=send": True, "view=closed": False, "q=JUMPER-M": True, "supplier=highland": True, "region=FR": False,
        f"q={claim.rma.number if claim.rma else ''}": True,
    }.items():  # fmt: skip
        assert (claim.number in page_of(agent, f"/claims/?{query}")) is found, query
    SupplierClaim.objects.update(status="sent")
    assert "16.65" in page_of(agent, "/claims/?view=supplier")


def test_a_claim_is_approved_sent_credited_and_closed_by_people(story: world.Story, agent: Client) -> None:
    claim = story.claim
    assert (claim.claimed, do(agent, claim, "send")) == (1665, 422)  # above the limit
    assert do(agent, claim, "ask", reason="seam torn") == 303
    assert claim.status == "pending_approval"
    approval = Approval.objects.get(kind="claim")
    lead = world.signed_in(world.person("ops_lead"))
    assert claim.number in page_of(lead, "/approvals/")
    verdict = f"/claims/approvals/{approval.id}/approve/"
    assert agent.post(verdict, {"reason": "mine"}).status_code == 403
    assert lead.post(verdict, {"reason": "right"}).status_code == 303
    claim.refresh_from_db()
    assert claim.status == "sent"
    assert do(agent, claim, "acknowledge", supplier_reference="HW-1") == 303
    assert do(agent, claim, "credit", reference="CN-1", amount="6.65") == 303
    assert (claim.status, claim.credited) == ("pending_credit", 665)
    assert do(agent, claim, "refuse", reason="worn") == 303
    assert do(agent, claim, "goods_back", line_1="1", location="GB-WH") == 303
    assert claim.lines.get().came_back == 1
    assert do(agent, claim, "close", reason="not worth it") == 303
    assert (claim.status, claim.written_off) == ("closed", 1000)
    page = page_of(agent, f"/claims/{claim.number}/")
    for told in ("CN-1", "HW-1", "1 of 1 came back", "Claim closed", "Supplier credited"):
        assert told in page


def test_the_search_finds_a_claim_by_its_number(story: world.Story, agent: Client) -> None:
    claim = story.claim
    answer = agent.get("/trace/", {"q": claim.number.lower()})
    assert answer.status_code == 302
    assert str(claim.correlation_id) in answer["Location"]


def test_a_stale_form_changes_nothing(story: world.Story, agent: Client) -> None:
    claim = story.claim
    address = f"/claims/{claim.number}/do/close/"
    form = hidden(agent, address)
    claim_sending.request_claim_approval(actor=world.SYSTEM, claim_id=claim.id, reason="x")
    assert agent.post(address, form | {"reason": "drop"}).status_code == 409
    claim.refresh_from_db()
    assert claim.status == "pending_approval"


def test_a_claim_is_drafted_from_its_return(story: world.Story, agent: Client) -> None:
    claim, number = story.claim, story.part.line.rma.number
    page = page_of(agent, f"/returns/{number}/")
    assert f"/claims/{claim.number}/" in page
    assert "Claim from supplier" not in page  # all units are claimed
    do(agent, claim, "close", reason="wrong")
    assert f"/claims/draft/{story.part.id}/" in page_of(agent, f"/returns/{number}/")
    assert agent.post(f"/claims/draft/{story.part.id}/", {"quantity": "1", "reason": "torn"}).status_code == 303
    assert SupplierClaim.objects.filter(status="draft").count() == 1
    assert agent.post(f"/claims/draft/{story.part.id}/", {"quantity": "1"}).status_code == 422


def test_an_auditor_reads_claims_and_changes_nothing(story: world.Story) -> None:
    auditor = world.signed_in(world.person("auditor"))
    claim = story.claim
    assert "Send to supplier" not in page_of(auditor, f"/claims/{claim.number}/")
    before = counts()
    assert auditor.post(f"/claims/{claim.number}/do/close/", {"reason": "x"}).status_code == 403
    assert counts() == before


def test_a_review_is_decided_with_its_history_in_view(story: world.Story, agent: Client) -> None:
    review: FraudReview = story.review
    assert review.rma.number in page_of(agent, "/fraud-reviews/")
    page = page_of(agent, f"/fraud-reviews/{review.id}/")
    assert "Worth 45.99 GBP, above 0.00 GBP" in page
    assert "waits for a fraud review" in page_of(agent, f"/returns/{review.rma.number}/")
    assert agent.post(f"/fraud-reviews/{review.id}/clear/", {"reason": ""}).status_code == 422
    assert agent.post(f"/fraud-reviews/{review.id}/clear/", {"reason": "known customer"}).status_code == 303
    review.refresh_from_db()
    assert (review.status, review.rma.fraud_reviews.get().reason) == ("cleared", "known customer")
    assert agent.post(f"/fraud-reviews/{review.id}/block/", {"reason": "no"}).status_code == 422
    review.rma.refresh_from_db()
    assert review.rma.status == "authorized"
    assert review.rma.number not in page_of(agent, "/fraud-reviews/")


def test_a_warranty_is_worked_from_its_return(story: world.Story, agent: Client) -> None:
    waiting = story.assessed
    at = f"/returns/{waiting.rma.number}/warranty/{waiting.id}"
    given = {"quantity": "1", "remedy": "repair", "disposition": "damaged", "location": "GB-WH", "reason": "motor"}
    assert agent.post(f"{at}/accept/", given).status_code == 303
    assert agent.post(f"{at}/send-back/", {"tracking": "T"}).status_code == 422
    assert "Repaired…" in page_of(agent, f"/returns/{waiting.rma.number}/")
    assert agent.post(f"{at}/repaired/", {}).status_code == 303
    assert agent.post(f"{at}/send-back/", {"tracking": "T-9"}).status_code == 303
    waiting.refresh_from_db()
    assert (waiting.progress, waiting.tracking) == ("sent_back", "T-9")
    page = page_of(agent, f"/returns/{waiting.rma.number}/")
    assert "1 sent back" in page
    assert waiting.rma.lines.get().refunded == 0
