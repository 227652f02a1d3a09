"""Returns over the API: requested, read, decided, received, inspected; three persons, refusals that change nothing."""

from typing import Any

import pytest

from retailops.events.models import Event
from retailops.lib.ids import uuid7
from returns.models import Inspection, Order, Receipt, Return
from tests.api.bodies import money
from tests.api.conftest import Api, MakeApi
from tests.factories import (
    ensure_policy,
    make_inspected_return,
    make_inspection,
    make_location,
    make_order,
    make_receipt,
    make_return,
    receipt_data,
    slice_data,
    unique,
)


def wanted(of: Order, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a request for units of an order's first line."""
    return {
        "order": {"channel": of.channel, "external_id": of.external_id},
        "lines": [{"external_id": "L1", "quantity": quantity, "reason": "too_small"}],
    } | changes


def test_a_return_is_requested_and_read(api: Api) -> None:
    order = make_order()
    made = api.post("/returns", wanted(order, 2), key=unique()).ok(201)
    assert (made["status"], made["currency"], made["policy_version"]) == ("authorized", "GBP", "standard@1")
    assert made["number"].startswith("RMA-")
    assert made["order"] == {
        "id": str(order.id), "channel": order.channel, "external_id": order.external_id, "number": order.number,
    }  # fmt: skip
    detail = api.get(f"/returns/{made['id']}").ok()
    assert detail == api.get(f"/returns/{made['number']}").ok()
    assert {**made, "updated_at": detail["updated_at"]} == {key: detail[key] for key in made}
    (line,) = detail["lines"]
    assert (line["requested"], line["authorized"], line["order_line_external_id"]) == (2, 2, "L1")
    assert "receipts" in detail["next_actions"]
    assert "reopen" not in detail["next_actions"]
    assert Event.objects.filter(subject_id=made["id"], type="return.requested", actor=api.actor.key).count() == 1


def test_next_actions_follow_the_callers_permissions(make_api: MakeApi) -> None:
    rma = make_return()
    assert make_api("returns:read").get(f"/returns/{rma.id}").ok()["next_actions"] == []
    assert "cancel" in make_api("returns:write").get(f"/returns/{rma.id}").ok()["next_actions"]


def test_three_persons_ask_for_a_return(api: Api, stranger: Api, powerless: Api, make_api: MakeApi) -> None:
    order = make_order()
    stranger.post("/returns", wanted(order), key=unique()).problem(404, "not-found")
    powerless.post("/returns", wanted(order), key=unique()).problem(403, "denied")
    make_api("returns:read").post("/returns", wanted(order), key=unique()).problem(403, "denied")
    assert not Return.objects.filter(order=order).exists()
    api.post("/returns", wanted(order), key=unique()).ok(201)


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"lines": []}, 400, "invalid", "/lines"),
        ({"lines": [{"quantity": 1}]}, 400, "invalid", "/lines/0"),
        ({"lines": [{"external_id": "L1", "quantity": 0}]}, 400, "invalid", "/lines/0/quantity"),
        ({"lines": [{"external_id": "L1", "quantity": "1"}]}, 400, "invalid", "/lines/0/quantity"),
        ({"lines": [{"external_id": "L9", "quantity": 1}]}, 400, "invalid", "/lines/0"),
        ({"lines": [{"external_id": "L1", "quantity": 1, "colour": "red"}]}, 400, "invalid", "/lines/0/colour"),
        ({"lines": [{"external_id": "L1", "quantity": 4}]}, 422, "not-eligible", "/lines/0"),
        ({"kind": "blind"}, 400, "invalid", "/"),
        ({"order": {}}, 400, "invalid", "/order"),
    ],
)
def test_wrong_requests_change_nothing(
    api: Api, change: dict[str, Any], status: int, code: str, pointer: str
) -> None:  # fmt: skip
    order = make_order()
    reply = api.post("/returns", wanted(order, **change), key=unique())
    reply.problem(status, code)
    assert list(reply.pointers()) == [pointer]
    assert not Return.objects.filter(order=order).exists()


def test_lists_filter_and_page(api: Api, stranger: Api) -> None:
    order = make_order()
    ids = [str(make_return(order, {1: 1}).id) for _ in range(3)]
    query = {"order_id": str(order.id), "limit": 2}
    first = api.get("/returns", **query).ok()
    second = api.get("/returns", **query, cursor=first["next_cursor"]).ok()
    assert [each["id"] for each in first["results"] + second["results"]] == ids[::-1]
    assert second["next_cursor"] == ""
    by_time = api.get("/returns", **query, ordering="requested_at").ok()
    rest = api.get("/returns", **query, ordering="requested_at", cursor=by_time["next_cursor"]).ok()
    assert [each["id"] for each in by_time["results"] + rest["results"]] == ids
    api.post(f"/returns/{ids[0]}/cancel", {"reason": "changed my mind"}).ok()
    canceled = api.get("/returns", order_number=order.number, status=["canceled", "declined"]).ok()["results"]
    assert [each["id"] for each in canceled] == ids[:1]
    assert stranger.get("/returns", order_id=str(order.id)).ok()["results"] == []


def test_decisions(api: Api) -> None:
    ensure_policy(auto_authorize=False)
    order = make_order()
    rma = make_return(order)
    assert rma.status == "in_review"
    path = f"/returns/{rma.number}"
    assert api.post(f"{path}/decline", {"reason": "worn"}).ok()["status"] == "declined"
    assert api.post(f"{path}/reinstate", {"reason": "it came"}).ok()["status"] == "authorized"
    body = api.post(f"{path}/decline", {"reason": "again"}).problem(409, "transition-refused")
    assert body["present"] == "authorized"
    assert api.post(f"{path}/cancel", {"reason": "given up"}).ok()["status"] == "canceled"
    waiting = make_return(order)
    assert api.post(f"/returns/{waiting.id}/authorize", {}).ok()["status"] == "authorized"
    api.post(f"/returns/{waiting.id}/close", {"reason": "done"}).problem(409, "not-complete")


def test_a_stale_decision_is_refused_with_the_difference(api: Api) -> None:
    rma = make_return()
    seen = api.get(f"/returns/{rma.id}").ok()["version"]
    make_receipt(rma)
    body = api.post(f"/returns/{rma.id}/cancel", {"reason": "x", "expected_version": seen}).problem(409, "stale")
    assert body["expected_version"] == seen
    assert body["present_version"] > seen
    assert Return.objects.get(pk=rma.pk).status == "authorized"


@pytest.mark.parametrize("verb", ["authorize", "decline", "cancel", "reinstate", "close"])
def test_decisions_of_three_persons(stranger: Api, make_api: MakeApi, verb: str) -> None:
    rma = make_return()
    body = {"reason": "x"}
    stranger.post(f"/returns/{rma.id}/{verb}", body).problem(404, "not-found")
    stranger.post(f"/returns/{rma.number}/{verb}", body).problem(404, "not-found")
    make_api("returns:read").post(f"/returns/{rma.id}/{verb}", body).problem(403, "denied")
    make_api("returns:write").post(f"/returns/{uuid7()}/{verb}", body).problem(404, "not-found")
    assert Return.objects.get(pk=rma.pk).version == rma.version


def test_only_a_person_with_the_right_reopens(api: Api) -> None:
    """No API scope opens a closed return again: that takes a role."""
    rma = make_return()
    api.post(f"/returns/{rma.id}/reopen", {"reason": "x"}).problem(403, "denied")
    assert Return.objects.get(pk=rma.pk).version == rma.version


def test_goods_arrive_once(api: Api, stranger: Api, make_api: MakeApi) -> None:
    rma = make_return(quantities={1: 2})
    body = receipt_data(rma)
    stranger.post(f"/returns/{rma.id}/receipts", body).problem(404, "not-found")
    make_api("returns:read").post(f"/returns/{rma.id}/receipts", body).problem(403, "denied")
    assert not Receipt.objects.filter(rma=rma).exists()
    made = api.post(f"/returns/{rma.id}/receipts", body).ok(201)
    assert made["lines"] == [{"line_no": 1, "sku": rma.lines.get().sku, "quantity": 2, "match": "expected"}]
    again = api.post(f"/returns/{rma.id}/receipts", body)
    assert again.json["id"] == made["id"]
    assert rma.lines.get().received == 2
    other = make_return()
    api.post(f"/returns/{other.id}/receipts", receipt_data(other, scan_id=body["scan_id"])).problem(409, "scan-reused")
    api.post(f"/returns/{rma.id}/receipts", body | {"location": "nowhere", "scan_id": unique()}).problem(
        400, "unknown-location"
    )


def test_goods_arrive_without_a_return(api: Api, powerless: Api) -> None:
    body = {
        "scan_id": unique("scan-"), "location": make_location().code, "region": "uk", "brand": "acme",
        "currency": "GBP", "lines": [{"sku": "MYSTERY", "quantity": 1}],
    }  # fmt: skip
    powerless.post("/returns/blind-receipts", body).problem(403, "denied")
    made = api.post("/returns/blind-receipts", body).ok(201)
    assert (made["kind"], made["order"], made["open_cases"]) == ("blind", None, 1)
    assert api.post("/returns/blind-receipts", body).json["id"] == made["id"]
    assert Return.objects.filter(kind="blind").count() == 1


def test_goods_are_judged_once(api: Api, stranger: Api) -> None:
    rma = make_return(quantities={1: 2})
    receipt = make_receipt(rma)
    damaged = slice_data(1, 1, accepted=False, disposition="scrap", condition="damaged")
    body = {
        "reference": unique("insp-"), "location": receipt.location.code, "slices": [slice_data(1, 1), damaged],
    }  # fmt: skip
    stranger.post(f"/returns/{rma.id}/inspections", body).problem(404, "not-found")
    made = api.post(f"/returns/{rma.id}/inspections", body).ok(201)
    assert [each["disposition"] for each in made["slices"]] == ["sellable", "scrap"]
    assert api.post(f"/returns/{rma.id}/inspections", body).json["id"] == made["id"]
    assert Inspection.objects.filter(rma=rma).count() == 1
    more = body | {"reference": unique("insp-")}
    api.post(f"/returns/{rma.id}/inspections", more).problem(422, "more-than-received")


def test_lines_that_do_not_come(api: Api) -> None:
    rma = make_return(quantities={1: 3})
    path = f"/returns/{rma.id}/lines/1"
    body = {"quantity": 1, "reason": "said so"}
    api.post(f"{path}/missing", body).problem(400, "idempotency-key-missing")
    for verb in ("missing", "keep", "cancel-remaining"):
        key = unique()
        first = api.post(f"{path}/{verb}", body, key=key).ok()
        assert api.post(f"{path}/{verb}", body, key=key).ok() == first
    line = rma.lines.get()
    assert (line.missing, line.kept, line.canceled) == (1, 1, 1)
    api.post(f"{path}/missing", body, key=unique()).problem(422, "more-than-expected")
    api.post(f"/returns/{rma.id}/lines/9/keep", body, key=unique()).problem(400, "unknown-line")


def test_refunds_are_read_with_their_parts(api: Api, stranger: Api, powerless: Api) -> None:
    rma = make_inspected_return()
    (refund,) = api.get(f"/returns/{rma.number}/refunds").ok()["results"]
    assert (refund["status"], refund["amount"], refund["gateway"]) == ("submitting", money(1000), "stripe")
    assert sum(part["amount"]["amount"] for part in refund["components"]) == 1000
    detail = api.get(f"/refunds/{refund['id']}").ok()
    assert detail["attempts"] == []
    assert {key: detail[key] for key in refund} == refund
    stranger.get(f"/refunds/{refund['id']}").problem(404, "not-found")
    stranger.get(f"/returns/{rma.number}/refunds").problem(404, "not-found")
    powerless.get(f"/refunds/{refund['id']}").problem(403, "denied")
    api.post(f"/returns/{rma.id}/refunds", {}, key=unique()).problem(422, "nothing-due")


def test_a_refund_above_the_limit_waits_for_a_second_person(api: Api, make_api: MakeApi) -> None:
    ensure_policy(auto_approve_limit={"*": 0}, approval_limits={})
    rma = make_return()
    make_receipt(rma)
    preview = api.get(f"/returns/{rma.id}/refunds/preview")
    assert preview.status == 200
    make_inspection(rma)
    (refund,) = api.get(f"/returns/{rma.id}/refunds").ok()["results"]
    assert refund["status"] == "pending_approval"
    shown = next(
        each
        for each in api.get("/approvals", status="requested").ok()["results"]
        if each["id"] == refund["approval_id"]
    )
    assert (shown["amount"], shown["kind"]) == (refund["amount"], "refund")
    path = f"/approvals/{refund['approval_id']}"
    make_api("refunds:write").post(f"{path}/approve", {"reason": "fine"}).problem(403, "denied")
    make_api("approvals:write", regions=["mars"]).post(f"{path}/approve", {"reason": "fine"}).problem(404, "not-found")
    api.post(f"{path}/approve", {"reason": "fine"}).problem(403, "above-limit")
    assert api.get(f"/refunds/{refund['id']}").ok()["status"] == "pending_approval"
    assert api.post(f"{path}/refuse", {"reason": "worn"}).ok()["status"] == "refused"
    assert api.get(f"/refunds/{refund['id']}").ok()["status"] == "denied"
    api.post(f"{path}/refuse", {"reason": "again"}).problem(409, "conflict")


def test_a_shaped_refund_keeps_to_the_currency(api: Api) -> None:
    rma = make_return()
    reply = api.post(f"/returns/{rma.id}/refunds", {"amount": money(1, "EUR"), "reason": "x"}, key=unique())
    reply.problem(400, "invalid")
    assert list(reply.pointers()) == ["/amount/currency"]
    reply = api.post(f"/returns/{rma.id}/refunds", {"amount": money(1)}, key=unique())
    assert "/" in reply.pointers() or reply.status == 400
    api.post(f"/returns/{rma.id}/refunds", {}).problem(400, "idempotency-key-missing")
    assert not rma.refunds.exists()


def test_availability_shows_what_came_back(api: Api) -> None:
    rma = make_inspected_return()
    sku = rma.lines.get().sku
    found = api.get("/inventory/availability", sku=sku).ok()
    assert found["physical"] == 1
    assert found["locations"][0]["by_disposition"]
    elsewhere = api.get("/inventory/availability", sku=sku, location="nowhere").ok()
    assert (elsewhere["physical"], elsewhere["locations"]) == (0, [])
