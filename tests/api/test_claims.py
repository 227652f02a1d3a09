"""Suppliers, claims, fraud reviews and warranty over the API: three persons, repeats, refusals that change nothing."""

from typing import Any

from returns.models import FraudReview, Supplier, SupplierClaim, SupplierSku
from tests.api.bodies import money
from tests.api.conftest import Api, MakeApi
from tests.factories import ensure_policy, fresh, make_location, make_order, make_receipt, make_return, unique
from tests.returns.claiming import disposed, drafted, make_supplier
from tests.returns.proofs import prove
from tests.returns.warranty_claims import arrived

TERMS = {"name": "Wool & Co", "restocking_basis_points": 1000, "approval_above": [money(5000)]}


def test_a_supplier_is_told_with_its_skus(api: Api) -> None:
    code = unique("wool-")
    told = api.put(f"/suppliers/{code}", TERMS).ok(201)
    assert (told["restocking_basis_points"], told["approval_above"], told["credit_days"]) == (1000, {"GBP": 5000}, 30)
    assert api.put(f"/suppliers/{code}", TERMS | {"credit_days": 10}).ok()["credit_days"] == 10
    skus = [{"sku": sku, "unit_cost": money(cost)} for sku, cost in (("A-1", 100), ("A-2", 200), ("A-1", 150))]
    assert api.put(f"/suppliers/{code}/skus", {"skus": skus}).ok() == {"written": 2}
    assert SupplierSku.objects.get(sku="A-1").unit_cost == 150
    assert [row["code"] for row in api.get("/suppliers", sku="A-2").ok()["results"]] == [code]
    assert api.get(f"/suppliers/{code}").ok()["credit_days"] == 10


def test_suppliers_need_their_scope(make_api: MakeApi) -> None:
    reader = make_api("claims:write")
    reader.put("/suppliers/x", TERMS).problem(403, "denied")
    reader.get("/suppliers/x").problem(404, "not-found")
    assert not Supplier.objects.exists()


def test_a_claim_is_drafted_sent_credited_and_closed(api: Api) -> None:
    _, part = disposed(2)
    supplier = make_supplier(part.line.sku)
    body = {"reference": "ERP-1", "lines": [{"slice_id": str(part.id), "unit_cost": money(500)}]}
    made = api.post("/claims", body, key=unique()).ok(201)
    assert (made["status"], made["claimed"], made["supplier"]) == ("draft", money(1000), supplier.code)
    [line] = made["lines"]
    assert (line["sku"], line["quantity"], line["unit_cost"]) == (part.line.sku, 2, money(500))
    assert api.post("/claims", body, key=unique()).ok(201)["id"] == made["id"]
    at = f"/claims/{made['number']}"
    assert api.post(f"{at}/send", {"tracking": "T"}).ok()["status"] == "sent"
    assert api.post(f"{at}/acknowledge", {"supplier_reference": "RTV"}).ok()["status"] == "pending_credit"
    note = {"reference": "CN-1", "amount": money(400)}
    for _ in range(2):
        assert api.post(f"{at}/credits", note).ok()["outstanding"] == money(600)
    assert api.post(f"{at}/refuse", {"reason": "worn"}).ok()["status"] == "refused"
    goods = {"scan_id": "S", "location": make_location().code, "lines": [{"line_no": 1, "quantity": 1}]}
    assert api.post(f"{at}/goods-back", goods).ok()["lines"][0]["came_back"] == 1
    closed = api.post(f"{at}/close", {"reason": "not worth it"}).ok()
    assert (closed["status"], closed["written_off"]) == ("closed", money(600))
    assert [row["id"] for row in api.get("/claims", status="closed").ok()["results"]] == [made["id"]]
    assert api.get("/claims", status="draft").ok()["results"] == []
    prove()


def test_a_claim_refuses(api: Api) -> None:
    _, part = disposed(1)
    line: dict[str, Any] = {"slice_id": str(part.id)}
    assert api.post("/claims", {"lines": [line]}, key=unique()).problem(422, "unknown-supplier")
    make_supplier(part.line.sku)
    other = line | {"unit_cost": money(5, "EUR")}
    assert api.post("/claims", {"lines": [other]}, key=unique()).problem(422, "other-currency")
    api.post("/claims", {"lines": [{"sku": "X"}]}, key=unique()).problem(400, "invalid")
    api.post("/claims", {"lines": [line]}).problem(400, "idempotency-key-missing")
    assert not SupplierClaim.objects.exists()


def test_above_the_limit_a_second_person_sends_it(api: Api, make_api: MakeApi) -> None:
    claim = drafted(2, approval_above={"GBP": 100})
    api.post(f"/claims/{claim.id}/send", {}).problem(409, "approval-needed")
    asked = api.post(f"/claims/{claim.id}/request-approval", {"reason": "torn"}).ok()
    at = f"/approvals/{asked['approval_id']}/approve"
    api.post(at, {"reason": "mine"}).problem(403, "denied")
    second = make_api("approvals:write", "claims:read", "cases:read", name="second")
    second.post(at, {"reason": "right"}).ok()
    assert api.get(f"/claims/{claim.id}").ok()["status"] == "sent"


def test_strangers_see_and_do_nothing(stranger: Api, make_api: MakeApi) -> None:
    claim = drafted(1)
    stranger.get(f"/claims/{claim.number}").problem(404, "not-found")
    stranger.post(f"/claims/{claim.id}/send", {}).problem(404, "not-found")
    assert stranger.get("/claims").ok()["results"] == []
    make_api("claims:read").post(f"/claims/{claim.id}/send", {}).problem(403, "denied")
    assert SupplierClaim.objects.get().version == 1


# Fraud


def held() -> FraudReview:
    ensure_policy(fraud={"value_above": {"*": 0}})
    return make_return(quantities={1: 1}).fraud_reviews.get()


def test_a_provider_clears_a_review_once(make_api: MakeApi) -> None:
    review = held()
    provider = make_api("fraud:write")
    [shown] = provider.get("/fraud-reviews", status="pending").ok()["results"]
    assert (shown["id"], shown["holds"], shown["amount"]) == (str(review.id), "return", money(1000))
    assert shown["findings"][0]["rule"] == "value_above"
    word = {"provider": "signal", "provider_reference": "r-1", "score": "0.2"}
    for _ in range(2):
        said = provider.post(f"/fraud-reviews/{review.id}/clear", word).ok()
        assert (said["status"], said["score"]) == ("cleared", "0.2")
    provider.post(f"/fraud-reviews/{review.id}/block", word).problem(409, "decided")
    assert fresh(review.rma).status == "authorized"
    assert provider.get(f"/fraud-reviews/{review.id}").ok()["status"] == "cleared"


def test_a_blocked_review_declines_its_return(api: Api) -> None:
    review = held()
    api.post(f"/fraud-reviews/{review.id}/block", {}).problem(400, "reason-needed")
    api.post(f"/fraud-reviews/{review.id}/block", {"reason": "known"}).ok()
    assert fresh(review.rma).decision_reason == "fraud_review"


def test_reviews_are_not_shown_to_strangers(stranger: Api, make_api: MakeApi) -> None:
    review = held()
    stranger.get(f"/fraud-reviews/{review.id}").problem(404, "not-found")
    stranger.post(f"/fraud-reviews/{review.id}/clear", {"reason": "x"}).problem(404, "not-found")
    assert stranger.get("/fraud-reviews").ok()["results"] == []
    make_api("fraud:read").post(f"/fraud-reviews/{review.id}/clear", {"reason": "x"}).problem(403, "denied")
    assert fresh(review.rma).status == "in_review"


# Warranty


def test_a_warranty_goes_from_request_to_close(api: Api) -> None:
    order = make_order()
    line = {"line_no": 1, "quantity": 2, "resolution": "repair", "reason": "broken", "evidence": ["photo"]}
    body = {"order": {"order_id": str(order.id)}, "kind": "warranty", "lines": [line]}
    made = api.post("/returns", body, key=unique()).ok(201)
    place = make_location().code
    parcel = {"scan_id": unique(), "location": place, "lines": [{"line_no": 1, "quantity": 2}]}
    api.post(f"/returns/{made['id']}/receipts", parcel).ok(201)
    [waiting] = api.get(f"/returns/{made['id']}/assessments").ok()["results"]
    assert (waiting["status"], waiting["quantity"], waiting["remedy"]) == ("pending", 2, None)
    at = f"/assessments/{waiting['id']}"
    one = api.post(f"{at}/accept", {"location": place, "remedy": "repair", "quantity": 1}, key=unique()).ok()
    api.post(f"{at}/reject", {"location": place, "reason": "dropped"}, key=unique()).ok()
    repaired = api.post(f"/assessments/{one['id']}/complete-repair", {"unit_cost": money(100)}, key=unique()).ok()
    assert repaired["progress"] == "repaired"
    for id in (one["id"], waiting["id"]):
        api.post(f"/assessments/{id}/send-back", {"tracking": "T"}, key=unique()).ok()
    closed = api.get(f"/returns/{made['id']}").ok()
    assert (closed["status"], closed["lines"][0]["sent_back"], closed["refunds"]) == ("closed", 2, [])
    prove()


def test_a_replacement_and_a_repair_that_is_given_up(api: Api) -> None:
    rma, waiting = arrived(1)
    place = rma.receipts.get().location.code
    at = f"/assessments/{waiting.id}"
    api.post(f"{at}/accept", {"location": place, "remedy": "repair"}, key=unique()).ok()
    api.post(f"{at}/give-up-repair", {"remedy": "replace", "reason": "no parts"}, key=unique()).ok()
    assert api.post(f"{at}/replacement-sent", {"tracking": "T"}, key=unique()).ok()["progress"] == "replaced"
    assert fresh(rma).status == "closed"


def test_warranty_is_not_shown_to_strangers(stranger: Api, make_api: MakeApi) -> None:
    rma, waiting = arrived(1)
    stranger.get(f"/returns/{rma.id}/assessments").problem(404, "not-found")
    body = {"location": rma.receipts.get().location.code, "remedy": "repair"}
    stranger.post(f"/assessments/{waiting.id}/accept", body, key=unique()).problem(404, "not-found")
    make_api("returns:read").post(f"/assessments/{waiting.id}/accept", body, key=unique()).problem(403, "denied")
    assert rma.assessments.get().status == "pending"


def test_units_under_warranty_are_not_just_inspected(api: Api) -> None:
    rma, _ = arrived(1)
    make_receipt(rma, {1: 1})
    slices = [{"line_no": 1, "quantity": 1, "accepted": True, "disposition": "sellable"}]
    body = {"reference": unique(), "location": rma.receipts.all()[0].location.code, "slices": slices}
    api.post(f"/returns/{rma.id}/inspections", body).problem(409, "assess-instead")
    assert not rma.inspections.exists()
