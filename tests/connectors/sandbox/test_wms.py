"""The WMS: notices, parcels, inspections, placements, stock; every message held against its contract."""

import json
from typing import Any

import httpx
import pytest

from tests.connectors.sandbox.vendor_clients import notice, wms_headers
from tests.connectors.sandbox_server import SandboxServer, WebhookSink
from tests.contracts.wms import wms_request_errors, wms_response_errors, wms_webhook_errors

SECRET = "whsec_c2FuZGJveC1zZWNyZXQ="


def send(sandbox: SandboxServer, method: str, path: str, body: Any = None, key: str = "") -> httpx.Response:
    """One request whose request and answer must conform to the contract."""
    answer = sandbox.client.request(method, f"/wms{path}", json=body, headers=wms_headers(key))
    assert wms_response_errors(method, path, answer.status_code, answer.json()) == [], answer.text
    return answer


def announced(sandbox: SandboxServer, **changes: Any) -> Any:
    return send(sandbox, "POST", "/v1/inbound-notices", notice(**changes), key=changes.get("reference", "k")).json()


def hooks(sandbox: SandboxServer, sink: WebhookSink, count: int) -> list[dict[str, Any]]:
    bodies = [json.loads(item.body) for item in sink.wait(count)]
    assert [wms_webhook_errors(body) for body in bodies] == [[]] * len(bodies)
    return bodies


def test_a_notice_is_taken_once_per_key(sandbox: SandboxServer) -> None:
    assert wms_request_errors("POST", "/v1/inbound-notices", notice()) == []
    first = send(sandbox, "POST", "/v1/inbound-notices", notice(), key="k1")
    again = send(sandbox, "POST", "/v1/inbound-notices", notice(), key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()
    other = send(sandbox, "POST", "/v1/inbound-notices", notice(rma="RMA-2"), key="k1")
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert len(sandbox.books("wms")["notices"]) == 1


def test_a_forgotten_key_still_meets_the_reference(sandbox: SandboxServer) -> None:
    made = announced(sandbox)
    sandbox.control("POST", "/wms/age-keys", {"hours": 25})
    answer = send(sandbox, "POST", "/v1/inbound-notices", notice(), key="k")
    assert (answer.status_code, answer.json()["code"]) == (409, "reference_taken")
    assert answer.json()["existing_id"] == made["id"]
    assert [item["id"] for item in send(sandbox, "GET", "/v1/inbound-notices?reference=notice:1").json()["items"]] == [
        made["id"]
    ]
    assert send(sandbox, "GET", "/v1/inbound-notices?reference=notice:2").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"lines": []}, "/lines"),
        ({"reference": ""}, "/reference"),
        ({"surprise": 1}, "/surprise"),
        ({"lines": [{"line_ref": "1", "sku": "A", "quantity": 0}]}, "/lines/0/quantity"),
        ({"lines": [{"line_ref": "1", "sku": "A", "quantity": "2"}]}, "/lines/0/quantity"),
        ({"lines": [{"line_ref": "1", "sku": "A", "quantity": 1}] * 2}, "/lines"),
    ],
)
def test_a_bad_notice_is_refused_with_the_place(sandbox: SandboxServer, change: dict[str, Any], pointer: str) -> None:
    answer = send(sandbox, "POST", "/v1/inbound-notices", notice() | change, key="k")
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    assert sandbox.books("wms")["notices"] == []


def test_credential_and_key_are_needed(sandbox: SandboxServer) -> None:
    bare = sandbox.client.post("/wms/v1/inbound-notices", json=notice(), headers={"Idempotency-Key": "k"})
    assert (bare.status_code, bare.json()["code"]) == (401, "unauthorized")
    assert send(sandbox, "POST", "/v1/inbound-notices", notice()).json()["code"] == "key_missing"
    assert sandbox.books("wms")["notices"] == []


def test_only_a_notice_without_goods_can_be_canceled(sandbox: SandboxServer) -> None:
    made = announced(sandbox)
    for _ in range(2):
        assert send(sandbox, "POST", f"/v1/inbound-notices/{made['id']}/cancel").json()["status"] == "canceled"
    received = announced(sandbox, reference="notice:2", rma="RMA-2")
    sandbox.control("POST", "/wms/arrivals", {"reference": "notice:2"})
    refusal = send(sandbox, "POST", f"/v1/inbound-notices/{received['id']}/cancel")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "already_received")
    assert send(sandbox, "GET", f"/v1/inbound-notices/{received['id']}").json()["status"] == "received"


def test_a_notice_expects_what_it_is_told_to(sandbox: SandboxServer) -> None:
    lines = [{"line_ref": "1", "sku": "A", "quantity": 3}, {"line_ref": "2", "sku": "B", "quantity": 1}]
    made = announced(sandbox, lines=lines)
    path = f"/v1/inbound-notices/{made['id']}/expect"
    for _ in range(2):
        body = {"lines": [{"line_ref": "1", "quantity": 2}]}
        assert wms_request_errors("POST", path, body) == []
        answer = send(sandbox, "POST", path, body).json()
        assert (answer["status"], [line["quantity"] for line in answer["lines"]]) == ("expected", [2, 1])
    wrong = send(sandbox, "POST", path, {"lines": [{"line_ref": "9", "quantity": 0}]})
    assert (wrong.status_code, wrong.json()["pointer"]) == (422, "/lines")
    assert send(sandbox, "POST", path, {"lines": [{"line_ref": "1", "quantity": -1}]}).status_code == 422
    none = {"lines": [{"line_ref": "1", "quantity": 0}, {"line_ref": "2", "quantity": 0}]}
    assert send(sandbox, "POST", path, none).json()["status"] == "canceled"
    unknown = send(sandbox, "POST", "/v1/inbound-notices/asn_none/expect", none)
    assert unknown.status_code == 404


def test_a_parcel_is_received_in_parts_inspected_and_placed(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    made = announced(sandbox)
    part = {
        "notice_id": made["id"],
        "lines": [{"line_ref": "1", "quantity": 2}],
        "scan_id": "scan-1",
        "location": "DC-9",
    }
    sandbox.control("POST", "/wms/arrivals", part)
    assert send(sandbox, "GET", f"/v1/inbound-notices/{made['id']}").json()["status"] == "receiving"
    sandbox.control("POST", "/wms/arrivals", {"rma_number": "RMA-1", "unexpected": [{"sku": "SOCK", "quantity": 1}]})
    slices = [
        {"quantity": 1},
        {"quantity": 1, "condition": "damaged", "grade": "D", "disposition": "scrap", "reason": "torn"},
    ]
    sandbox.control("POST", "/wms/inspections", {"rma_number": "RMA-1", "lines": [{"line_ref": "1", "slices": slices}]})
    placement = {"reference": "place:1", "sku": "SHIRT-M", "quantity": 1, "disposition": "sellable", "location": "DC-9"}
    assert wms_request_errors("POST", "/v1/placements", placement) == []
    placed = send(sandbox, "POST", "/v1/placements", placement | {"rma_number": "RMA-1"}, key="p1")
    assert (placed.status_code, placed.json()["status"]) == (201, "accepted")
    first, second, inspected, confirmed = hooks(sandbox, webhook_sink, 4)
    assert (first["data"]["scan_id"], first["data"]["location"]) == ("scan-1", "DC-9")
    assert first["data"]["lines"] == [{"line_ref": "1", "sku": "SHIRT-M", "quantity": 2, "expected": True}]
    assert second["data"]["lines"][-1] == {"line_ref": None, "sku": "SOCK", "quantity": 1, "expected": False}
    assert [item["disposition"] for item in inspected["data"]["lines"][0]["slices"]] == ["sellable", "scrap"]
    assert (confirmed["type"], confirmed["data"]["reference"]) == ("placement.confirmed", "place:1")
    stock = send(sandbox, "GET", "/v1/stock?sku=SHIRT-M&location=DC-9").json()["items"]
    assert {item["disposition"]: item["quantity"] for item in stock} == {"uninspected": 1, "sellable": 1}
    assert send(sandbox, "GET", "/v1/placements?reference=place:1").json()["items"][0]["status"] == "confirmed"


def test_no_more_is_inspected_than_was_received(sandbox: SandboxServer) -> None:
    announced(sandbox)
    sandbox.control("POST", "/wms/arrivals", {"rma_number": "RMA-1", "lines": [{"line_ref": "1", "quantity": 2}]})
    body = {"rma_number": "RMA-1", "lines": [{"line_ref": "1", "slices": [{"quantity": 3}]}]}
    answer = sandbox.client.post("/_sandbox/wms/inspections", json=body)
    assert answer.status_code == 400
    assert sandbox.books("wms")["inspections"] == []
    sandbox.control("POST", "/wms/inspections", {"rma_number": "RMA-1"})
    assert sandbox.client.post("/_sandbox/wms/inspections", json={"rma_number": "RMA-1"}).status_code == 400
    assert len(sandbox.books("wms")["inspections"]) == 1


def test_a_parcel_without_a_notice_is_received_too(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    sandbox.control("POST", "/wms/arrivals", {"unexpected": [{"sku": "SOCK", "quantity": 2}]})
    data = hooks(sandbox, webhook_sink, 1)[0]["data"]
    assert (data["notice_id"], data["rma_number"]) == (None, "")
    assert sandbox.books("wms")["stock_by_disposition"] == {"uninspected": 2}


def test_a_placement_can_be_held_and_fail(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    sandbox.faults("wms", {"kind": "pending", "times": 1})
    placement = {"reference": "place:1", "sku": "A", "quantity": 2, "disposition": "scrap"}
    made = send(sandbox, "POST", "/v1/placements", placement, key="p1").json()
    sandbox.control("POST", f"/wms/placements/{made['id']}/settle", {"outcome": "failed", "reason": "bin_full"})
    failed = hooks(sandbox, webhook_sink, 1)[0]
    assert (failed["type"], failed["data"]["failure_reason"]) == ("placement.failed", "bin_full")
    assert sandbox.books("wms")["stock"] == []
    again = sandbox.client.post(f"/_sandbox/wms/placements/{made['id']}/settle", json={"outcome": "confirmed"})
    assert again.status_code == 400


def test_autopilot_runs_a_notice_to_its_inspection(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    waiting = announced(sandbox, reference="notice:0", rma="RMA-0")
    mix = {"A": 0.5, "D": 0.5}
    sandbox.control("PUT", "/wms/autopilot", {"enabled": True, "delay_ms": 20, "grade_mix": mix})
    lines = [{"line_ref": "1", "sku": "SHIRT-M", "quantity": 200}]
    announced(sandbox, reference="notice:1", lines=lines)
    try:
        bodies = hooks(sandbox, webhook_sink, 4)
    finally:
        sandbox.control("PUT", "/wms/autopilot", {"enabled": False})
    by_rma = {rma: [body["type"] for body in bodies if body["data"]["rma_number"] == rma] for rma in ("RMA-0", "RMA-1")}
    assert by_rma == {rma: ["receipt.confirmed", "inspection.completed"] for rma in by_rma}
    inspected = next(
        body for body in bodies if body["type"] == "inspection.completed" and "1" in body["data"]["rma_number"]
    )
    counts = {part["grade"]: part["quantity"] for part in inspected["data"]["lines"][0]["slices"]}
    assert set(counts) == {"A", "D"}
    assert sum(counts.values()) == 200
    assert 60 < counts["A"] < 140
    assert send(sandbox, "GET", f"/v1/inbound-notices/{waiting['id']}").json()["status"] == "received"


def test_faults_answer_in_the_vendors_shape(sandbox: SandboxServer) -> None:
    for kind, status in (("throttle_429", 429), ("error_500", 500), ("unauthorized", 401)):
        sandbox.faults("wms", {"kind": kind, "times": 1, "retry_after_s": 7})
        answer = send(sandbox, "POST", "/v1/inbound-notices", notice(), key="k")
        assert answer.status_code == status
        assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert sandbox.books("wms")["notices"] == []
    assert send(sandbox, "POST", "/v1/inbound-notices", notice(), key="k").status_code == 201


def test_autopilot_stops_after_its_parcels(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    made = [announced(sandbox, reference=f"notice:{n}", rma=f"RMA-{n}") for n in range(3)]
    sandbox.control("PUT", "/wms/autopilot", {"enabled": True, "delay_ms": 10, "parcels": 1})
    try:
        hooks(sandbox, webhook_sink, 2)
        assert sandbox.control("GET", "/wms/autopilot")["parcels"] == 0
        # A fourth parcel is scheduled behind those of the other two, which therefore had their turn.
        sandbox.control("PUT", "/wms/autopilot", {"enabled": True, "delay_ms": 20, "parcels": 1})
        hooks(sandbox, webhook_sink, 4)
    finally:
        sandbox.control("PUT", "/wms/autopilot", {"enabled": False})
    states = [send(sandbox, "GET", f"/v1/inbound-notices/{notice['id']}").json()["status"] for notice in made]
    assert sorted(states) == ["expected", "received", "received"]


def shipment(**changes: Any) -> dict[str, Any]:
    return {
        "reference": "ship:1", "rma_number": "RMA-1", "order_number": "#1", "location": "DC-9",
        "lines": [{"sku": "TEE-L", "quantity": 2}],
    } | changes  # fmt: skip


def test_a_shipment_takes_its_goods_once_and_tells_that_it_went(
    sandbox: SandboxServer, webhook_sink: WebhookSink
) -> None:
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    sandbox.control("POST", "/wms/stock", {"sku": "TEE-L", "quantity": 3, "location": "DC-9"})
    assert wms_request_errors("POST", "/v1/shipments", shipment()) == []
    first = send(sandbox, "POST", "/v1/shipments", shipment(), key="s1")
    again = send(sandbox, "POST", "/v1/shipments", shipment(), key="s1")
    assert (first.status_code, again.status_code, first.json()["status"]) == (201, 200, "accepted")
    sandbox.control("POST", "/wms/age-keys", {"hours": 25})
    taken = send(sandbox, "POST", "/v1/shipments", shipment(), key="s1")
    assert (taken.status_code, taken.json()["code"], taken.json()["existing_id"]) == (
        409,
        "reference_taken",
        first.json()["id"],
    )
    [told] = hooks(sandbox, webhook_sink, 1)
    assert (told["type"], told["data"]["shipment_id"]) == ("shipment.shipped", first.json()["id"])
    [there] = send(sandbox, "GET", "/v1/shipments?reference=ship:1").json()["items"]
    assert (there["status"], there["tracking_number"]) == ("shipped", told["data"]["tracking_number"])
    assert send(sandbox, "GET", f"/v1/shipments/{there['id']}").json() == there
    [stock] = send(sandbox, "GET", "/v1/stock?sku=TEE-L").json()["items"]
    assert (stock["disposition"], stock["quantity"]) == ("sellable", 1)


def test_what_is_not_on_the_shelf_is_refused_and_what_breaks_is_told(
    sandbox: SandboxServer, webhook_sink: WebhookSink
) -> None:
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    short = send(sandbox, "POST", "/v1/shipments", shipment(), key="s1")
    assert (short.status_code, short.json()["code"]) == (409, "out_of_stock")
    assert sandbox.books("wms")["shipments"] == []
    sandbox.control("POST", "/wms/stock", {"sku": "TEE-L", "quantity": 2, "location": "DC-9"})
    sandbox.faults("wms", {"kind": "pending", "times": 1})
    made = send(sandbox, "POST", "/v1/shipments", shipment(), key="s1").json()
    sandbox.control("POST", f"/wms/shipments/{made['id']}/settle", {"outcome": "failed", "reason": "wet"})
    [told] = hooks(sandbox, webhook_sink, 1)
    assert (told["type"], told["data"]["failure_reason"]) == ("shipment.failed", "wet")
    stock = send(sandbox, "GET", "/v1/stock?sku=TEE-L").json()["items"]
    assert {item["disposition"]: item["quantity"] for item in stock} == {"sellable": 0, "damaged": 2}
    again = sandbox.client.post(f"/_sandbox/wms/shipments/{made['id']}/settle", json={"outcome": "shipped"})
    assert again.status_code == 400
