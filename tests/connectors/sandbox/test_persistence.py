"""State that outlives the process, also a killed one."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.connectors.sandbox.vendor_clients import netsuite_headers, notice, stripe_get, stripe_post, wms_headers
from tests.connectors.sandbox_server import ROOT, SandboxServer, WebhookSink

Factory = Callable[..., SandboxServer]
SECRET = "whsec_c2FuZGJveC1zZWNyZXQ="


@pytest.mark.parametrize("kill", [True, False])
def test_books_keys_faults_and_tokens_survive(sandbox_factory: Factory, kill: bool) -> None:
    first = sandbox_factory()
    intent = first.seed_payments({"amount": 5000, "currency": "usd"})[0]["id"]
    form = {"payment_intent": intent, "amount": "700"}
    refund = stripe_post(first, "/v1/refunds", form, "key-1").json()
    token = netsuite_headers(first)
    order = first.seed_order(lines=[{"sku": "A", "quantity": 1, "price": "1"}])
    first.faults("stripe", {"kind": "error_500", "times": 2, "operations": ["refunds.list"]})
    stripe_get(first, "/v1/refunds")
    books = {system: first.books(system) for system in ("stripe", "shopify")}
    first.stop(kill=kill)
    second = sandbox_factory()
    assert {system: second.books(system) for system in books} == books
    replay = stripe_post(second, "/v1/refunds", form, "key-1")
    assert (replay.json(), replay.headers["Idempotent-Replayed"]) == (refund, "true")
    assert [stripe_get(second, "/v1/refunds").status_code for _ in range(2)] == [500, 200]
    memo = second.client.get("/netsuite/services/rest/record/v1/creditMemo/eid:x", headers=token)
    assert memo.status_code == 404
    assert second.seed_order(lines=[{"sku": "A", "quantity": 1, "price": "1"}])["id"] != order["id"]


def test_pending_webhooks_are_sent_after_a_kill(sandbox_factory: Factory, webhook_sink: WebhookSink) -> None:
    first = sandbox_factory("--webhook-retry-base", "60")
    webhook_sink.answers += [500]
    first.send_webhooks_to("stripe", webhook_sink.url, SECRET)
    intent = first.seed_payments({"amount": 5000, "currency": "usd"})[0]["id"]
    stripe_post(first, "/v1/refunds", {"payment_intent": intent})
    webhook_sink.wait(1)
    first.stop(kill=True)
    second = sandbox_factory()
    webhook_sink.wait(3)
    statuses = [item["status"] for item in second.webhooks_settled("stripe")]
    assert statuses == ["delivered", "delivered"]
    assert len(webhook_sink.received) == 3


def test_autopilot_goes_on_after_a_kill(sandbox_factory: Factory, webhook_sink: WebhookSink) -> None:
    first = sandbox_factory()
    first.send_webhooks_to("wms", webhook_sink.url, SECRET)
    first.control("PUT", "/wms/autopilot", {"enabled": True, "delay_ms": 2500})
    first.client.post("/wms/v1/inbound-notices", json=notice(), headers=wms_headers("k"))
    first.stop(kill=True)
    assert webhook_sink.received == []
    second = sandbox_factory()
    webhook_sink.wait(2)
    assert [len(second.books("wms")[name]) for name in ("receipts", "inspections")] == [1, 1]


def test_memory_state_is_gone_with_the_process(sandbox_factory: Factory) -> None:
    arguments = ("--state", ":memory:")
    first = sandbox_factory(*arguments)
    first.seed_payments({"amount": 5000, "currency": "usd"})
    first.stop()
    assert sandbox_factory(*arguments).books("stripe")["charges"] == []


def test_a_control_token_is_asked_for(sandbox_factory: Factory) -> None:
    server = sandbox_factory("--control-token", "hush")
    assert server.client.get("/_sandbox").status_code == 401
    assert server.client.get("/_sandbox", headers={"X-Sandbox-Token": "wrong"}).status_code == 401
    assert server.client.get("/_sandbox", headers={"X-Sandbox-Token": "hush"}).status_code == 200
    assert stripe_get(server, "/v1/refunds").status_code == 200


def test_a_port_in_use_is_said_in_one_line(sandbox_factory: Factory) -> None:
    port = sandbox_factory().url.rpartition(":")[2]
    command = [sys.executable, "-m", "connectors.sandbox", "--port", port]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr
