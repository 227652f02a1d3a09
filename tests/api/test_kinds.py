"""Each kind of return from its beginning to its end by API."""

from typing import Any

import pytest

from returns.enums import RefundStatus
from returns.models import Refund, Return, StoreBatch, StoreBatchItem
from returns.services.credit_memos import record_credit_memo
from returns.services.refund_outcomes import settle_refund
from tests.api.bodies import money
from tests.api.conftest import Api, MakeApi
from tests.factories import SYSTEM, ensure_policy, make_location, make_order, unique
from tests.returns.exchanging import stocked
from tests.returns.proofs import prove

pytestmark = pytest.mark.django_db


def settled(number: str) -> Return:
    """Have gateway and ERP say yes to all that they are owed, as their connections would."""
    rma = Return.objects.get(number=number)
    for refund in rma.refunds.filter(status=RefundStatus.SUBMITTING):
        settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference=unique("re_"))
    for memo in rma.credit_memos.filter(status="queued"):
        record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference=unique("CM-"))
    rma.refresh_from_db()
    return rma


def asked(api: Api, kind: str = "mail_in", **fields: Any) -> Any:
    """Ask for one unit of the first line; return the answer's body."""
    order = make_order()
    body = {"order": {"order_id": str(order.id)}, "kind": kind, "lines": [{"line_no": 1, "quantity": 1}]} | fields
    return api.post("/returns", body, key=unique()).ok(201)


def received_and_judged(api: Api, number: str, **fields: Any) -> None:
    """Have all of the return's one line arrive and be accepted."""
    rma = Return.objects.get(number=number)
    place = make_location(region="uk").code
    lines = [{"line_no": line.line_no, "quantity": line.authorized} for line in rma.lines.all()]
    api.post(f"/returns/{number}/receipts", {"scan_id": unique(), "location": place, "lines": lines} | fields).ok(201)
    slices = [each | {"accepted": True, "disposition": "sellable"} for each in lines]
    told = {"reference": unique(), "location": place, "slices": slices}
    api.post(f"/returns/{number}/inspections", told).ok(201)


def test_kinds_say_what_is_expected_of_them(api: Api) -> None:
    kinds = {row["kind"]: row for row in api.get("/return-kinds").ok(200)["results"]}
    assert len(kinds) == 10
    assert kinds["boris"]["at_till"] is True
    assert kinds["return_to_sender"]["requestable"] is False
    assert kinds["drop_off"]["drop_off_code"] is True


def test_mail_in(api: Api) -> None:
    number = asked(api)["number"]
    label = {"tracking": unique("T"), "carrier": "dhl", "cost": money(395), "url": "https://labels.example/1"}
    parcel = api.post(f"/returns/{number}/parcels", label).ok(201)
    assert (parcel["label_cost"], parcel["label_url"]) == (money(395), "https://labels.example/1")
    api.post(f"/returns/{number}/scans", {"tracking": label["tracking"]}).ok(200)
    received_and_judged(api, number, parcel=label["tracking"])
    [row] = api.get(f"/returns/{number}/parcels").ok(200)["results"]
    assert (row["arrived"], [scan["what"] for scan in row["scans"]]) == (True, ["accepted by the carrier"])
    assert settled(number).status == "closed"
    prove()


def test_a_label_in_another_currency_is_refused(api: Api) -> None:
    number = asked(api)["number"]
    answer = api.post(f"/returns/{number}/parcels", {"tracking": "T", "cost": money(395, "EUR")})
    assert answer.problem(400, "invalid")["errors"][0]["pointer"] == "/cost/currency"


@pytest.mark.parametrize("kind", ["boris", "store"])
def test_in_a_store(api: Api, kind: str) -> None:
    store = make_location(unique("ST-"), kind="store").code
    body = {
        "order": {"order_id": str(make_order().id)}, "store": store, "receipt_number": unique("R-"), "kind": kind,
        "lines": [{"line_no": 1, "quantity": 1}],
    }  # fmt: skip
    done = api.post("/store-returns", body, key=unique()).ok(201)
    again = api.post("/store-returns", body, key=unique()).ok(201)
    assert done["result"]["id"] == again["result"]["id"]
    assert [refund["amount"] for refund in again["refunds"]] == [money(1000)]
    assert settled(done["result"]["number"]).status == "closed"
    prove()


def test_marketplace(api: Api) -> None:
    terms = {"name": "bazaar", "return_id": unique("MP-"), "answer_by": "2030-01-01T00:00:00Z"}
    number = asked(api, "marketplace", marketplace=terms)["number"]
    received_and_judged(api, number)
    assert settled(number).status == "closed"
    assert api.post("/returns", {"order": {"order_id": str(make_order().id)}, "marketplace": terms, "lines": [
        {"line_no": 1, "quantity": 1}]}, key=unique()).status == 400  # fmt: skip


def test_drop_off(api: Api) -> None:
    number = asked(api, "drop_off")["number"]
    code = api.get(f"/returns/{number}/parcels").ok(200)["drop_off_code"]
    handed = {"code": code, "partner": "Corner shop"}
    assert api.post("/drop-offs", handed).ok(200)["facets"]["logistics"] == "in_transit"
    assert api.post("/drop-offs", handed | {"partner": "Elsewhere"}).status == 409
    received_and_judged(api, number)
    assert settled(number).status == "closed"
    prove()


def test_returnless(api: Api) -> None:
    ensure_policy(keep_it_below={"GBP": 2000})
    number = asked(api, "returnless")["number"]
    assert settled(number).status == "closed"
    prove()


def test_return_to_sender(api: Api) -> None:
    order = make_order(shipping_charged=499)
    notice = {"tracking": order.shipments.get().tracking, "reason": "refused", "carrier": "dhl"}
    found = api.post("/returns/return-to-sender", notice).ok(201)
    assert api.post("/returns/return-to-sender", notice).ok(201)["id"] == found["id"]
    assert (found["kind"], found["facets"]["logistics"]) == ("return_to_sender", "in_transit")
    received_and_judged(api, found["number"])
    assert Refund.objects.get(rma__number=found["number"]).amount == 6049
    assert settled(found["number"]).status == "closed"
    prove()


def test_exchange(api: Api) -> None:
    ensure_policy(resolutions=["refund", "exchange"])
    line = {"line_no": 1, "quantity": 2, "resolution": "exchange", "reason": "too_small"}
    number = asked(api, "exchange", lines=[line])["number"]
    made = [
        api.post(
            f"/returns/{number}/exchanges",
            {
                "lines": [{"line_no": 1, "quantity": 1, "wanted_sku": stocked(), "unit_price": money(900)}],
                "reserve": True,
            },
            key=unique(),
        ).ok(201)
        for _ in range(2)
    ]
    # One is wanted in money after all: the other one goes on.
    api.post(f"/exchanges/{made[0]['id']}/convert", {"to": "refund", "reason": "she has one already"}).ok()
    [row] = api.get(f"/returns/{number}").ok()["lines"]
    assert (row["resolution"], row["instead"]) == ("exchange", {"refund": 1})
    received_and_judged(api, number)
    gone = api.post(f"/exchanges/{made[1]['id']}/ship", {"carrier": "dhl", "tracking": unique("T")}).ok()
    assert gone["status"] == "shipped"
    rma = settled(number)
    assert sorted(rma.refunds.values_list("amount", "status")) == [(100, "succeeded"), (1000, "succeeded")]
    assert (rma.status, rma.lines.get().exchanged, rma.lines.get().refunded) == ("closed", 1, 1)
    prove()


def test_blind_and_matched(api: Api) -> None:
    order = make_order()
    sku = order.lines.get(line_no=1).sku
    parcel = {
        "scan_id": unique(), "location": make_location(region="uk").code, "region": "uk", "currency": "GBP",
        "lines": [{"sku": sku, "quantity": 1}],
    }  # fmt: skip
    number = api.post("/returns/blind-receipts", parcel).ok(201)["number"]
    match = {"order": {"order_id": str(order.id)}, "lines": {"1": "L1"}, "reason": "invoice in the parcel"}
    assert api.post(f"/returns/{number}/match", match).ok(200)["order"]["number"] == order.number
    assert api.post(f"/returns/{number}/match", match).status == 409
    slices = [{"line_no": 1, "quantity": 1, "accepted": True, "disposition": "sellable"}]
    told = {"reference": unique(), "location": parcel["location"], "slices": slices}
    api.post(f"/returns/{number}/inspections", told).ok(201)
    assert settled(number).status == "closed"
    prove()


def test_a_draft_is_changed_and_submitted(api: Api) -> None:
    order = make_order()
    draft = api.post("/returns/drafts", {"order": {"order_id": str(order.id)}}, key=unique()).ok(201)
    assert (draft["status"], draft["version"]) == ("draft", 1)
    lines = {"lines": [{"line_no": 1, "quantity": 2}], "expected_version": 1}
    assert api.put(f"/returns/{draft['number']}/draft-lines", lines).ok(200)["version"] == 2
    assert api.put(f"/returns/{draft['number']}/draft-lines", lines).problem(409, "stale")
    assert api.post(f"/returns/{draft['number']}/submit", {}).ok(200)["status"] == "authorized"
    assert api.post(f"/returns/{draft['number']}/discard", {}).problem(409, "not-a-draft")
    other = api.post("/returns/drafts", {"order": {"order_id": str(order.id)}}, key=unique()).ok(201)
    assert api.post(f"/returns/{other['number']}/discard", {"reason": "no"}).ok(200)["status"] == "canceled"
    prove()


def test_goods_that_nobody_expected(api: Api) -> None:
    number = asked(api)["number"]
    lines = [{"line_no": 1, "quantity": 3}, {"sku": "STRANGER", "quantity": 2}]
    place = make_location(region="uk").code
    receipt = api.post(f"/returns/{number}/receipts", {"scan_id": unique(), "location": place, "lines": lines}).ok(201)
    extra, stranger = api.get(f"/returns/{number}/strays").ok(200)["results"]
    assert [(each["match"], each["left"]) for each in (extra, stranger)] == [("over", 2), ("wrong_item", 2)]
    one = {"quantity": 1, "reason": "as agreed"}
    api.post(f"/returns/{number}/lines/1/accept-extra", one, key=unique()).ok(200)
    api.post(f"/returns/{number}/strays/{extra['id']}/send-back", one, key=unique()).ok(200)
    api.post(f"/returns/{number}/strays/{stranger['id']}/accept", one, key=unique()).ok(200)
    api.post(f"/returns/{number}/strays/{stranger['id']}/send-back", one, key=unique()).ok(200)
    assert api.get(f"/returns/{number}/strays").ok(200)["results"] == []
    undo = f"/returns/{number}/receipts/{receipt['id']}/reverse"
    assert api.post(undo, {"reason": "a mistake"}).problem(409, "handled")
    prove()


def test_a_verdict_is_corrected_and_taken_back(api: Api) -> None:
    number = asked(api)["number"]
    received_and_judged(api, number)
    [part] = api.get(f"/returns/{number}").ok(200)["inspections"][0]["slices"]
    change = {"disposition": "damaged", "accepted": False, "reason": "looked again"}
    api.post(f"/dispositions/{part['id']}/redecide", change).ok(200)
    new = api.get(f"/returns/{number}").ok(200)["inspections"][0]["slices"][1]
    assert (new["disposition"], new["accepted"]) == ("damaged", False)
    done = api.post(f"/dispositions/{new['id']}/reverse", {"reason": "once more"}).ok(200)
    assert done["facets"]["inspection"] == "pending"


def store_batch(*items: dict[str, Any]) -> dict[str, Any]:
    """Return what a till hands in."""
    store = make_location(unique("ST-"), kind="store").code
    return {
        "store": store, "reference": unique("B-"), "region": "uk", "brand": "acme", "currency": "GBP",
        "items": list(items),
    }  # fmt: skip


def till_item(number: str, amount: int, **fields: Any) -> dict[str, Any]:
    """Return one return of the till with its payout."""
    payout = {"reference": unique("P-"), "amount": money(amount), "paid_at": "2026-11-20T10:00:00Z"}
    return {
        "id": unique("I-"), "happened_at": "2026-11-20T10:00:00Z", "order_number": number,
        "lines": [{"line_no": 1, "quantity": 1}], "refunds": [payout],
    } | fields  # fmt: skip


def test_a_store_batch_answers_item_by_item(api: Api) -> None:
    order = make_order()
    body = store_batch(till_item(order.number, 1000), {"id": ""}, till_item("NOBODY", 300))
    first = api.post("/store-batches", body).ok(200)
    assert [row["status"] for row in first["results"]] == [201, 400, 201]
    assert [len(row["conflicts"]) for row in first["results"]] == [0, 0, 1]
    again = api.post("/store-batches", body).ok(200)
    assert [row["status"] for row in again["results"]] == [200, 400, 200]
    assert (first["id"], Return.objects.count(), Refund.objects.count()) == (again["id"], 2, 1)
    page = api.get("/store-batches", store=body["store"]).ok(200)
    assert [(row["items"], row["conflicts"]) for row in page["results"]] == [(3, 2)]
    detail = api.get(f"/store-batches/{first['id']}").ok(200)
    assert [row["status"] for row in detail["results"]] == ["done", "refused", "conflict"]
    assert detail["results"][0]["refunds"][0]["reserved"] == money(1000)
    prove()


def test_a_store_batch_of_more_than_500_is_refused_whole(api: Api) -> None:
    assert api.post("/store-batches", store_batch(*[{"id": str(n)} for n in range(501)])).status == 400
    assert not StoreBatch.objects.exists()


def test_a_stranger_and_the_powerless_hand_in_nothing(
    api: Api, stranger: Api, powerless: Api, make_api: MakeApi
) -> None:
    body = store_batch(till_item(make_order().number, 1000))
    for caller in (stranger, powerless, make_api("returns:write")):
        assert caller.post("/store-batches", body).status == 403
    assert not StoreBatchItem.objects.exists()
    done = api.post("/store-batches", body).ok(200)
    assert stranger.get(f"/store-batches/{done['id']}").status == 404
    assert stranger.get("/store-batches").ok(200)["results"] == []
