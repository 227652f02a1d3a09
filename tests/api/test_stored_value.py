"""Stored value, observed refunds and explanations over the API: three persons, refusals that change nothing."""

from typing import Any

import pytest

from retailops.lib.clock import now
from returns.models import ObservedRefund, Order, StoredAccount, StoredEntry
from tests.api.bodies import money
from tests.api.conftest import Api, MakeApi
from tests.factories import ensure_policy, make_inspected_return, make_order, order_data, unique

pytestmark = pytest.mark.django_db


def gift(order: Order, amount: int = 500, **changes: Any) -> dict[str, Any]:
    """Return a gift's body."""
    body = {"order_id": str(order.id), "amount": money(amount), "reason": "late parcel", "key": unique()}
    return body | changes


def freely() -> None:
    """Let people give any amount."""
    ensure_policy(stored_value={"gift_limit": {"*": None}}, resolutions=["refund", "store_credit", "none"])


def test_value_is_given_read_redeemed_and_taken_back(api: Api) -> None:
    freely()
    order = make_order()
    body = gift(order, kind="gift_card")
    given = api.post("/stored-value/gifts", body).ok()
    assert (given["account"]["balance"], given["entry"]["kind"]) == (money(500), "issue")
    assert given["approval_id"] is None
    account = given["account"]["id"]
    code = api.post(f"/stored-value/{account}/code").ok()
    assert code["code"].endswith(code["account"]["last_four"])
    spent = api.post(
        "/stored-value/redemptions", {"code": code["code"], "amount": money(200), "reference": "basket-1"}
    ).ok()
    assert (spent["amount"], spent["balance_after"]) == (money(-200), money(300))
    api.post(
        "/stored-value/redemptions", {"account_id": account, "amount": money(301), "reference": "basket-2"}
    ).problem(422, "exceeds-balance")
    undone = api.post(f"/stored-value/entries/{spent['id']}/void", {"reason": "basket given up"}).ok()
    assert (undone["amount"], undone["reverses"]) == (money(200), spent["id"])
    listed = api.get(f"/stored-value/{account}/entries").ok()["results"]
    assert [entry["amount"]["amount"] for entry in listed] == [200, -200, 500]
    ended = api.post(f"/stored-value/{account}/void", {"reason": "lost"}).ok()
    assert (ended["status"], ended["balance"]) == ("void", money(0))
    assert [row["id"] for row in api.get("/stored-value", kind="gift_card").ok()["results"]] == [account]


def test_above_the_limit_it_waits(api: Api) -> None:
    ensure_policy(stored_value={"gift_limit": {"*": 100}})
    found = api.post("/stored-value/gifts", gift(make_order(), 101)).ok()
    assert found["entry"] is None
    assert found["approval_id"] is not None
    assert not StoredEntry.objects.exists()


def test_three_persons_give_value(api: Api, stranger: Api, powerless: Api, make_api: MakeApi) -> None:
    freely()
    order = make_order()
    stranger.post("/stored-value/gifts", gift(order)).problem(404, "not-found")
    powerless.post("/stored-value/gifts", gift(order)).problem(403, "denied")
    make_api("stored_value:read").post("/stored-value/gifts", gift(order)).problem(403, "denied")
    api.post("/stored-value/gifts", gift(order) | {"amount": money(5, "EUR")}).problem(400, "invalid")
    api.post("/stored-value/gifts", gift(order, 0)).problem(400, "invalid")
    assert not StoredAccount.objects.exists()
    account = api.post("/stored-value/gifts", gift(order)).ok()["account"]["id"]
    for path in (f"/stored-value/{account}", f"/stored-value/{account}/entries"):
        stranger.get(path).problem(404, "not-found")
        powerless.get(path).problem(403, "denied")
        make_api("stored_value:read").get(path).ok()
    assert stranger.get("/stored-value").ok()["results"] == []


def test_a_marketplace_tells_of_a_refund(api: Api, stranger: Api, powerless: Api) -> None:
    data = order_data()
    data["payments"][0] |= {"tender": "marketplace", "gateway": "amazon"}
    order = make_order(**data)
    rma = make_inspected_return(order, {1: 1}, kind="marketplace")
    body = {
        "order": {"channel": order.channel, "external_id": order.external_id},
        "external_id": "MP-9", "amount": money(1000), "observed_at": now().isoformat(),
    }  # fmt: skip
    stranger.post("/observed-refunds", body).problem(404, "not-found")
    powerless.post("/observed-refunds", body).problem(403, "denied")
    assert not ObservedRefund.objects.exists()
    told = api.post("/observed-refunds", body).ok()
    assert told["refund_id"] == str(rma.refunds.get().id)
    assert api.post("/observed-refunds", body).ok() == told
    api.post("/observed-refunds", body | {"amount": money(999)}).problem(409, "id-reused")
    assert api.get(f"/refunds/{told['refund_id']}").ok()["status"] == "succeeded"


def test_a_preview_and_a_refund_say_why(api: Api, stranger: Api) -> None:
    ensure_policy(auto_approve_limit={"*": 0}, restocking_fee={"percent": "10"})
    order = make_order(**order_data(shipping_charged=500))
    rma = make_inspected_return(order, {1: 2})
    refund = rma.refunds.get()
    why = api.get(f"/refunds/{refund.id}/why").ok()
    assert [(line["line_no"], line["quantity"], line["total"]) for line in why["lines"]] == [(1, 2, money(1800))]
    rules = {reason["rule"] for reason in why["reasons"]}
    assert {"refund_timing", "refund_shipping", "restocking_fee"} <= rules
    assert [(tender["left"], tender["amount"]) for tender in why["tenders"]] == [(money(6050), money(1800))]
    stranger.get(f"/refunds/{refund.id}/why").problem(404, "not-found")
    asked = {"lines": [{"line_no": 1, "quantity": 1}], "waive_fees": True, "reason": "ours"}
    api.post(f"/returns/{rma.id}/refunds/preview", asked).problem(422, "not-earned")
    empty = api.get(f"/returns/{rma.id}/refunds/preview").ok()
    assert (empty["total"], empty["explanations"][0]["already"]) == (money(0), money(1800))
    assert rma.refunds.count() == 1


def test_a_proposal_is_previewed_without_being_made(api: Api) -> None:
    ensure_policy(refund_timing="on_inspection", restocking_fee={"percent": "10"}, auto_approve_limit={"*": None})
    rma = make_inspected_return(make_order(), lines=[{"line_no": 1, "quantity": 2, "resolution": "none"}])
    rma.lines.update(resolution="refund")
    asked = {"lines": [{"line_no": 1, "quantity": 1}], "waive_fees": True, "reason": "ours"}
    found = api.post(f"/returns/{rma.id}/refunds/preview", asked).ok()
    assert (found["total"], found["needs_approval"]) == (money(1000), True)
    assert any(each["topic"] == "override" for each in found["explanations"][0]["reasons"])
    assert not rma.refunds.exists()
