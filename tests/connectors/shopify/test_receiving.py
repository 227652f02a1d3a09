"""What the shop tells: by its signed webhooks over HTTP, into the inbox, to the domain. Once, and in any order."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.inbox import process_due, receive
from connectors.models import Connection, InboxMessage
from connectors.protocol import SignatureRefused
from connectors.shopify.incoming import verify
from retailops.cases.models import Case
from retailops.events.models import Delivery
from returns.models import Order, Return
from tests.connectors.owed import sent
from tests.connectors.sandbox_server import Received, SandboxServer, WebhookSink
from tests.connectors.shopify import payloads
from tests.connectors.shopify.conftest import SECRET
from tests.factories import ensure_policy, make_location

ID = "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"


def signed(topic: str, payload: dict[str, Any], *, message_id: str = ID, secret: str = SECRET) -> Received:
    """A webhook as the shop sends it."""
    body = json.dumps(payload).encode()
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    headers = {
        "x-shopify-topic": topic,
        "x-shopify-webhook-id": message_id,
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
    }
    return Received("/webhooks/shop-uk", headers, body)


def taken(*messages: Received) -> list[int]:
    """Hand webhooks to the inbox and translate; the statuses that the shop is told."""
    statuses = [receive("shop-uk", message.headers, message.body).status for message in messages]
    process_due()
    return statuses


@pytest.fixture(autouse=True)
def _house(shop: Connection) -> None:
    ensure_policy()
    make_location("DC-1", region="UK")


# Signature -----------------------------------------------------------------------------------------------------------


def test_the_lane_is_the_order_whatever_the_topic() -> None:
    for topic, payload in (
        ("orders/create", payloads.order()),
        ("returns/request", payloads.return_request()),
        ("refunds/create", {"id": 1, "order_id": 5001}),
    ):
        message = signed(topic, payload)
        assert verify(message.headers, message.body, [SECRET]).lane_key == "5001"


def test_the_former_secret_holds_while_it_is_rotated() -> None:
    message = signed("orders/create", payloads.order(), secret="former")
    assert verify(message.headers, message.body, [SECRET, "former"]).message_id == ID


@pytest.mark.parametrize(
    "change",
    [
        {"x-shopify-hmac-sha256": ""},
        {"x-shopify-hmac-sha256": base64.b64encode(b"x" * 32).decode()},
        {"x-shopify-hmac-sha256": "é"},
        {"x-shopify-webhook-id": ""},
        {"x-shopify-topic": ""},
    ],
)
def test_what_is_not_proven_is_refused(change: dict[str, str]) -> None:
    message = signed("orders/create", payloads.order())
    with pytest.raises(SignatureRefused):
        verify({**message.headers, **change}, message.body, [SECRET])


def test_a_tampered_webhook_is_not_even_stored() -> None:
    message = signed("orders/create", payloads.order())
    spoilt = replace(message, body=message.body.replace(b"10.00", b"99.00"))
    assert spoilt.body != message.body
    assert taken(spoilt) == [401]
    assert not InboxMessage.objects.exists()
    assert not Order.objects.exists()


TOPICS = [
    ("orders/create", payloads.order()),
    ("orders/updated", payloads.order()),
    ("returns/request", payloads.return_request()),
    ("refunds/create", {"id": 77, "order_id": 5001, "note": "", "transactions": []}),
]


@pytest.mark.parametrize(("topic", "payload"), TOPICS, ids=[topic for topic, _ in TOPICS])
def test_copies_of_each_webhook_are_known_or_refused(topic: str, payload: dict[str, Any]) -> None:
    message = signed(topic, payload)
    assert taken(message) == [202]
    before = InboxMessage.objects.values("status", "tries", "result").get()
    spoilt = replace(message, body=message.body + b" ")
    other = signed(topic, {**payload, "note": "another"})
    assert taken(message, spoilt, other) == [200, 401, 409]
    assert InboxMessage.objects.values("status", "tries", "result").get() == before


# Orders --------------------------------------------------------------------------------------------------------------


def test_an_order_of_the_shop_is_captured_over_http(sandbox: SandboxServer, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("shopify", webhook_sink.url, SECRET)
    seeded = sandbox.seed_order(
        lines=[{"sku": "TEE", "quantity": 3, "price": "10.00", "discount": "1.00", "tax": "5.80"}],
        shipping="4.50",
        currency="GBP",
        gateway="stripe",
        note_attributes=[{"name": "payment_intent", "value": "pi_9"}],
        emit=True,
    )
    [message] = webhook_sink.wait(1)
    assert taken(message) == [202]
    order = Order.objects.get(channel="shopify-uk", external_id=seeded["id"])
    assert (order.number, order.currency, order.region, order.shipping_charged) == (seeded["name"], "GBP", "UK", 450)
    line = order.lines.get()
    assert (line.sku, line.quantity, line.shipped_quantity, line.net, line.tax) == ("TEE", 3, 3, 2900, 580)
    payment = order.payments.get()
    assert (payment.gateway, payment.captured, payment.references) == ("stripe", 3930, {"payment_intent": "pi_9"})
    stored = InboxMessage.objects.get()
    assert (stored.status, stored.correlation_id) == ("done", order.correlation_id)


def test_the_same_webhook_twice_captures_once() -> None:
    message = signed("orders/create", payloads.order())
    assert taken(message, message) == [202, 200]
    assert Order.objects.count() == 1


def test_an_older_version_that_comes_later_changes_nothing() -> None:
    newer = payloads.order(updated_at="2026-11-05T08:00:00Z", name="#1042-new")
    taken(signed("orders/updated", newer, message_id="2"))
    taken(signed("orders/create", payloads.order(), message_id="1"))
    assert Order.objects.get().number == "#1042-new"
    assert set(InboxMessage.objects.values_list("status", flat=True)) == {"done"}


def test_an_order_that_cannot_be_read_is_a_case_not_a_loss() -> None:
    payload = payloads.order()
    del payload["line_items"]
    assert taken(signed("orders/create", payload)) == [202]
    stored = InboxMessage.objects.get()
    assert (stored.status, stored.error.startswith("unmapped:")) == ("dead", True)
    assert Case.objects.exists()
    assert not Order.objects.exists()


# Returns -------------------------------------------------------------------------------------------------------------


def returnable() -> dict[str, Any]:
    """The order, with a first line that may come back."""
    items = payloads.order()["line_items"]
    items[0]["properties"] = []
    return payloads.order(line_items=items)


def test_a_request_to_return_becomes_a_return_of_the_shop() -> None:
    taken(signed("orders/create", returnable(), message_id="1"))
    assert taken(signed("returns/request", payloads.return_request(), message_id="2")) == [202]
    rma = Return.objects.get()
    assert (rma.source, rma.external_id, rma.status) == ("shop-uk", "gid://shopify/Return/8001", "authorized")
    line = rma.lines.get()
    assert (line.requested, line.customer_reason, line.sku) == (2, "too_small", "TEE")
    assert Delivery.objects.filter(operation="return.approve").count() == 1


def test_a_request_before_its_order_waits_for_it() -> None:
    taken(signed("returns/request", payloads.return_request(), message_id="2"))
    assert InboxMessage.objects.get().status == "waiting"
    assert not Return.objects.exists()
    taken(signed("orders/create", returnable(), message_id="1"))
    InboxMessage.objects.filter(status="waiting").update(next_try_at="2000-01-01T00:00:00Z")
    process_due()
    assert Return.objects.get().external_id == "gid://shopify/Return/8001"
    assert set(InboxMessage.objects.values_list("status", flat=True)) == {"done"}


def test_the_same_request_under_another_id_is_the_same_return() -> None:
    taken(signed("orders/create", returnable(), message_id="1"))
    taken(signed("returns/request", payloads.return_request(), message_id="2"))
    taken(signed("returns/request", payloads.return_request(), message_id="3"))
    assert Return.objects.count() == 1


def test_a_request_that_policy_refuses_is_a_case() -> None:
    taken(signed("orders/create", payloads.order(), message_id="1"))
    taken(signed("returns/request", payloads.return_request(), message_id="2"))
    stored = InboxMessage.objects.get(message_id="2")
    assert (stored.status, stored.error.startswith("not-eligible:")) == ("dead", True)
    assert not Return.objects.exists()
    assert Case.objects.exists()


@pytest.mark.parametrize("topic", ["returns/approve", "returns/close", "reverse_fulfillment_orders/dispose"])
def test_echoes_are_kept_for_the_trace_and_ask_for_nothing(topic: str) -> None:
    taken(signed(topic, payloads.return_request(status="open")))
    stored = InboxMessage.objects.get()
    assert (stored.status, stored.result) == ("done", {"noted": "open"})
    assert not Return.objects.exists()


def test_a_topic_that_nobody_asked_for_is_a_case() -> None:
    taken(signed("products/update", {"id": 1}))
    stored = InboxMessage.objects.get()
    assert (stored.status, stored.error.startswith("unknown-topic:")) == ("dead", True)


# Refunds -------------------------------------------------------------------------------------------------------------


def test_the_echo_of_our_own_refund_asks_for_nothing(
    sandbox: SandboxServer, webhook_sink: WebhookSink, shopify: Any
) -> None:
    sandbox.send_webhooks_to("shopify", webhook_sink.url, SECRET)
    delivery = sent(shopify.refunded())
    echo = next(message for message in webhook_sink.wait(2) if message.headers["x-shopify-topic"] == "refunds/create")
    assert taken(echo) == [202]
    stored = InboxMessage.objects.get(topic="refunds/create")
    assert (stored.status, stored.result) == ("done", {"ours": delivery.effect_key})


def test_a_refund_that_the_shop_made_by_itself_is_a_case() -> None:
    refund = {"id": 77, "order_id": 5001, "note": "goodwill", "transactions": [{"amount": "5.00", "currency": "GBP"}]}
    taken(signed("refunds/create", refund))
    stored = InboxMessage.objects.get()
    assert (stored.status, stored.error.startswith("foreign-refund:")) == ("dead", True)
    assert Case.objects.exists()
