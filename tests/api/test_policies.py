"""Policies and vocabularies over the API."""

import pytest

from retailops.cases.models import Approval
from returns.models import ReturnPolicy, Term
from returns.services.policy_drafts import approve_policy
from tests.api.conftest import Api
from tests.factories import ensure_policy, make_return, make_user
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db


def test_a_version_from_draft_to_force(api: Api) -> None:
    ensure_policy()
    made = api.post("/policies", {"name": "standard"}).ok(201)
    assert (made["label"], made["status"], made["rules"]["window_days"]) == ("standard@2", "draft", 30)
    content = {"scope": made["scope"], "rules": made["rules"] | {"window_days": 60, "canary_share": 20}}
    edited = api.put("/policies/standard/2", content | {"revision": 1}).ok()
    assert (edited["revision"], edited["rules"]["window_days"]) == (2, 60)
    api.put("/policies/standard/2", content | {"revision": 1}).problem(409, "stale")
    api.post("/policies/standard/2/submit", {"reason": "summer"}).ok()
    # A client's word is nobody's: people agree to policies.
    approval = Approval.objects.get()
    api.post(f"/approvals/{approval.id}/approve", {"reason": "mine"}).problem(403, "denied")
    approve_policy(actor=make_user("administrator").actor(), policy_id=made["id"], reason="seen")
    active = api.post("/policies/standard/2/activate").ok()
    assert (active["status"], active["share"], [step["share"] for step in active["rollout"]]) == ("active", 20, [20])
    assert api.post("/policies/standard/2/canary", {"share": 100}).ok()["share"] == 100
    former = api.get("/policies/standard/1").ok()
    assert former["effective_to"] == api.get("/policies/standard/2").ok()["rollout"][-1]["since"]
    api.put("/policies/standard/2", content).problem(409, "in-force")
    api.post("/policies/standard/2/retire", {"reason": "x"}).problem(409, "no-policy-left")
    assert [each["label"] for each in api.get("/policies").ok()["results"]] == ["standard@2", "standard@1"]


def test_less_than_the_law_is_refused(api: Api) -> None:
    ensure_policy()
    made = api.post("/policies", {"name": "short"}).ok(201)
    content = {"scope": {"region": "DE"}, "rules": made["rules"] | {"window_days": 13}}
    refused = api.put("/policies/short/1", content).problem(422, "window-below-law")
    assert refused["errors"][0]["pointer"] == "/rules/window_days"
    assert ReturnPolicy.objects.get(name="short").revision == 1


def test_the_impact_writes_nothing(api: Api) -> None:
    rma = make_return(quantities={1: 2})
    api.post("/policies", {"name": "standard"}).ok(201)
    rules = api.get("/policies/standard/2").ok()["rules"]
    api.put("/policies/standard/2", {"rules": rules | {"window_days": 21, "refund_timing": "on_scan"}}).ok()
    before = counts()
    found = api.post("/policies/standard/2/impact", {"last": 100}).ok()
    assert (found["looked_at"], found["changed"], found["unchanged"], found["outside"]) == (1, 1, 0, 0)
    [group] = found["groups"]
    assert (group["key"], group["money"]) == ("other_timing", [{"amount": 2000, "currency": "GBP"}])
    assert group["examples"] == [{"number": rma.number, "note": "on inspection → on carrier scan (advance)"}]
    assert counts() == before


def test_vocabularies_are_read_with_retired_terms(api: Api) -> None:
    Term.objects.filter(vocabulary__code="condition", code="unclear").update(active=False, retired_in=2)
    found = api.get("/vocabularies/condition").ok()
    terms = {term["code"]: term["active"] for term in found["terms"]}
    assert (terms["new"], terms["unclear"], found["version"]) == (True, False, 1)
    assert {"customer_reason", "decline_reason", "supplier_reason", "disposition"} <= {
        each["code"] for each in api.get("/vocabularies").ok()["results"]
    }
    api.get("/vocabularies/nothing").problem(404, "not-found")


def test_decisions_and_inspections_take_codes_of_the_vocabulary(api: Api) -> None:
    rma = make_return()
    bad = {"reason": "asked twice", "reason_code": "nonsense"}
    refused = api.post(f"/returns/{rma.number}/cancel", bad).problem(400, "unknown-code")
    assert "customer_withdrew" in refused["errors"][0]["detail"]
    slices = [{"line_no": 1, "quantity": 1, "accepted": True, "disposition": "sellable", "condition": "broken"}]
    inspection = {"reference": "i1", "location": "X", "slices": slices}
    told = api.post(f"/returns/{rma.number}/inspections", inspection).problem(400, "unknown-code")
    assert told["errors"][0]["pointer"] == "/slices/0/condition"
    assert api.post(f"/returns/{rma.number}/cancel", bad | {"reason_code": "duplicate"}).ok()["status"] == "canceled"
