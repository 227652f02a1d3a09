"""Outgoing webhooks: signatures, order, retries, duplicates, losses, redelivery."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest
import stripe

from tests.connectors.sandbox.vendor_clients import notice, stripe_post, wms_headers
from tests.connectors.sandbox_server import SandboxServer, WebhookSink

SECRET = "whsec_c2FuZGJveC1zZWNyZXQ="


def refund(sandbox: SandboxServer, intent: str, amount: int = 100) -> str:
    return str(stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent, "amount": str(amount)}).json()["id"])


@pytest.fixture
def intent(sandbox: SandboxServer, webhook_sink: WebhookSink) -> str:
    sandbox.send_webhooks_to("stripe", webhook_sink.url, SECRET)
    return str(sandbox.seed_payments({"amount": 5000, "currency": "usd"})[0]["id"])


def topics(sink: WebhookSink, count: int) -> list[str]:
    return [json.loads(item.body)["type"] for item in sink.wait(count)]


def test_stripe_signs_so_that_its_sdk_accepts_it(
    sandbox: SandboxServer, intent: str, webhook_sink: WebhookSink
) -> None:
    made = refund(sandbox, intent)
    first = webhook_sink.wait(2)[0]
    event = stripe.Webhook.construct_event(first.body, first.headers["stripe-signature"], SECRET)
    assert (event.type, event.data.object["id"]) == ("refund.created", made)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(first.body + b" ", first.headers["stripe-signature"], SECRET)


def test_both_secrets_sign_during_rotation(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    secrets = ["whsec_bmV3", "whsec_b2xk"]
    for system in ("stripe", "wms"):
        sandbox.control("POST", f"/{system}/webhook-endpoint", {"url": webhook_sink.url, "secrets": secrets})
    refund(sandbox, sandbox.seed_payments({"amount": 500, "currency": "usd"})[0]["id"])
    for item in webhook_sink.wait(2):
        for secret in secrets:
            stripe.Webhook.construct_event(item.body, item.headers["stripe-signature"], secret)
    sandbox.control("POST", "/wms/arrivals", {"unexpected": [{"sku": "A", "quantity": 1}]})
    message = webhook_sink.wait(3)[2]
    signed = f"{message.headers['webhook-id']}.{message.headers['webhook-timestamp']}.".encode() + message.body
    expected = [
        "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in (b"new", b"old")
    ]
    assert message.headers["webhook-signature"].split(" ") == expected


def test_shopify_signs_the_raw_body(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("shopify", webhook_sink.url, "shop-secret")
    sandbox.seed_order(emit=True, lines=[{"sku": "A", "quantity": 1, "price": "10"}])
    message = webhook_sink.wait(1)[0]
    digest = base64.b64encode(hmac.new(b"shop-secret", message.body, hashlib.sha256).digest()).decode()
    assert message.headers["x-shopify-hmac-sha256"] == digest
    assert message.headers["x-shopify-topic"] == "orders/create"
    assert message.headers["x-shopify-webhook-id"]


def test_order_is_kept_per_charge(sandbox: SandboxServer, intent: str, webhook_sink: WebhookSink) -> None:
    made = [refund(sandbox, intent) for _ in range(10)]
    events = [json.loads(item.body) for item in webhook_sink.wait(20)]
    assert [event["type"] for event in events] == ["refund.created", "charge.refunded"] * 10
    assert [event["data"]["object"]["id"] for event in events[::2]] == made


def test_it_is_sent_again_until_2xx_in_order(sandbox: SandboxServer, intent: str, webhook_sink: WebhookSink) -> None:
    webhook_sink.answers += [500, 302]
    refund(sandbox, intent)
    assert topics(webhook_sink, 4) == ["refund.created"] * 3 + ["charge.refunded"]
    stored = sandbox.webhooks_settled("stripe")
    assert [(item["topic"], item["status"], item["tries"]) for item in stored] == [
        ("charge.refunded", "delivered", 1),
        ("refund.created", "delivered", 3),
    ]


def test_after_the_last_try_it_is_given_up_and_can_be_redelivered(
    sandbox_factory: Callable[..., SandboxServer], webhook_sink: WebhookSink
) -> None:
    sandbox = sandbox_factory("--webhook-tries", "3")
    sandbox.send_webhooks_to("stripe", webhook_sink.url, SECRET)
    intent = str(sandbox.seed_payments({"amount": 5000, "currency": "usd"})[0]["id"])
    webhook_sink.answers += [503] * 3
    refund(sandbox, intent)
    first = webhook_sink.wait(4)[0]
    statuses = {item["topic"]: item["status"] for item in sandbox.webhooks_settled("stripe")}
    assert statuses == {"refund.created": "failed", "charge.refunded": "delivered"}
    assert sandbox.control("POST", "/stripe/redeliver", {"statuses": ["failed"]}) == {"redelivered": 1}
    again = webhook_sink.wait(5)[4]
    assert again.body == first.body
    event = stripe.Webhook.construct_event(again.body, again.headers["stripe-signature"], SECRET)
    assert event.id == json.loads(first.body)["id"]


def test_each_is_sent_twice_with_the_same_id(sandbox: SandboxServer, intent: str, webhook_sink: WebhookSink) -> None:
    sandbox.faults("stripe", {"kind": "duplicate_webhooks", "operations": ["refund.created"]})
    refund(sandbox, intent)
    events = [json.loads(item.body) for item in webhook_sink.wait(3)]
    assert [event["type"] for event in events] == ["refund.created", "refund.created", "charge.refunded"]
    assert events[0] == events[1]
    sandbox.webhooks_settled("stripe")
    assert len(webhook_sink.received) == 3


def test_they_come_in_reverse_order(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    sandbox.client.post("/wms/v1/inbound-notices", json=notice(), headers=wms_headers("k"))
    sandbox.faults("wms", {"kind": "reorder_webhooks", "window_ms": 2000})
    for _ in range(3):
        sandbox.control("POST", "/wms/arrivals", {"rma_number": "RMA-1", "lines": [{"line_ref": "1", "quantity": 1}]})
        sandbox.control("POST", "/wms/inspections", {"rma_number": "RMA-1"})
    assert topics(webhook_sink, 6) == ["inspection.completed", "receipt.confirmed"] * 3
    receipts = [json.loads(item.body)["data"]["receipt_id"] for item in webhook_sink.received[1::2]]
    assert receipts == [item["id"] for item in reversed(sandbox.books("wms")["receipts"])]


def test_dropped_ones_never_come_until_they_are_redelivered(
    sandbox: SandboxServer, intent: str, webhook_sink: WebhookSink
) -> None:
    sandbox.faults("stripe", {"kind": "drop_webhooks", "operations": ["refund.created"]})
    refund(sandbox, intent)
    assert topics(webhook_sink, 1) == ["charge.refunded"]
    assert {item["status"] for item in sandbox.webhooks_settled("stripe")} == {"dropped", "delivered"}
    sandbox.faults("stripe")
    sandbox.control("POST", "/stripe/redeliver", {"topics": ["refund.created"]})
    assert topics(webhook_sink, 2) == ["charge.refunded", "refund.created"]


def test_without_an_endpoint_they_wait_to_be_redelivered(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    intent = sandbox.seed_payments({"amount": 500, "currency": "usd"})[0]["id"]
    refund(sandbox, intent)
    assert {item["status"] for item in sandbox.webhooks("stripe")} == {"unsent"}
    sandbox.send_webhooks_to("stripe", webhook_sink.url, SECRET)
    assert sandbox.control("POST", "/stripe/redeliver", {}) == {"redelivered": 2}
    assert topics(webhook_sink, 2) == ["refund.created", "charge.refunded"]


@pytest.mark.parametrize(
    "endpoint",
    [
        {"url": "ftp://x", "secret": "s"},
        {"secret": "s"},
        {"url": "http://127.0.0.1:1/"},
        {"url": "http://127.0.0.1:1/", "secret": "whsec_not base64"},
    ],
)
def test_an_endpoint_that_cannot_work_is_refused(sandbox: SandboxServer, endpoint: dict[str, str]) -> None:
    assert sandbox.client.post("/_sandbox/wms/webhook-endpoint", json=endpoint).status_code == 400
    assert sandbox.control("GET", "")["systems"]["wms"]["webhook_url"] is None
