"""The fake's Stripe answers, errors and events are valid under Stripe's own description; so are the SDK's requests."""

import json
from pathlib import Path

import pytest

from tests.connectors.sandbox.vendor_clients import stripe_get, stripe_post
from tests.connectors.sandbox_server import SandboxServer, WebhookSink
from tests.contracts.conformance import stripe_object_errors, stripe_request_errors, stripe_response_errors

pytestmark = pytest.mark.contract


@pytest.fixture
def intent(sandbox: SandboxServer) -> str:
    return str(sandbox.seed_payments({"amount": 5000, "currency": "usd", "metadata": {"order": "1"}})[0]["id"])


def test_every_answer_conforms(sandbox: SandboxServer, intent: str, shared_dir: Path) -> None:
    refund = stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent, "amount": 100, "metadata[a]": "b"}).json()
    charge = refund["charge"]
    for path in (
        f"/v1/refunds/{refund['id']}",
        "/v1/refunds",
        f"/v1/refunds?charge={charge}&limit=1",
        f"/v1/charges/{charge}",
        f"/v1/payment_intents/{intent}",
        "/v1/events",
        "/v1/events?type=refund.created",
        f"/v1/balance_transactions/{refund['balance_transaction']}",
    ):
        answer = stripe_get(sandbox, path)
        assert answer.status_code == 200, answer.text
        assert stripe_response_errors("GET", path, 200, answer.json(), shared=shared_dir) == [], path


@pytest.mark.parametrize("outcome", ["", "pending", "requires_action", "failed"])
def test_refunds_of_every_status_conform(sandbox: SandboxServer, intent: str, shared_dir: Path, outcome: str) -> None:
    form = {"payment_intent": intent, "amount": "100", "metadata[sandbox_refund]": outcome or "none"}
    answer = stripe_post(sandbox, "/v1/refunds", form)
    assert answer.json()["status"] == (outcome or "succeeded")
    assert stripe_response_errors("POST", "/v1/refunds", 200, answer.json(), shared=shared_dir) == []


def test_every_refusal_conforms(sandbox: SandboxServer, intent: str, shared_dir: Path) -> None:
    answers = [
        stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent, "amount": 9999}),
        stripe_post(sandbox, "/v1/refunds", {"payment_intent": "pi_none"}),
        sandbox.client.post("/stripe/v1/refunds", data={"payment_intent": intent}),
    ]
    for fault in ("throttle_429", "error_500", "unauthorized"):
        sandbox.faults("stripe", {"kind": fault, "times": 1})
        answers.append(stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent}))
    assert [answer.status_code for answer in answers] == [400, 404, 401, 429, 500, 401]
    for answer in answers:
        complaints = stripe_response_errors("POST", "/v1/refunds", answer.status_code, answer.json(), shared=shared_dir)
        assert complaints == [], answer.text


def test_events_conform(sandbox: SandboxServer, intent: str, shared_dir: Path, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("stripe", webhook_sink.url, "whsec_test")
    refund = stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent}).json()
    sandbox.control("POST", f"/stripe/refunds/{refund['id']}/settle", {"outcome": "failed"})
    events = [json.loads(item.body) for item in webhook_sink.wait(4)]
    assert {event["type"] for event in events} == {
        "refund.created", "charge.refunded", "refund.updated", "refund.failed",
    }  # fmt: skip
    for event in events:
        assert stripe_object_errors("event", event, shared=shared_dir) == []
        subject = event["data"]["object"]
        assert stripe_object_errors(subject["object"], subject, shared=shared_dir) == []


def test_disputes_conform(sandbox: SandboxServer, intent: str, shared_dir: Path, webhook_sink: WebhookSink) -> None:
    sandbox.send_webhooks_to("stripe", webhook_sink.url, "whsec_test")
    dispute = sandbox.control("POST", "/stripe/disputes", {"payment_intent": intent, "amount": 100})
    refused = stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "charge_disputed")
    sandbox.control("POST", f"/stripe/disputes/{dispute['id']}/close", {"outcome": "won"})
    events = [json.loads(item.body) for item in webhook_sink.wait(4)]
    assert [event["type"] for event in events] == [
        f"charge.dispute.{name}" for name in ("created", "funds_withdrawn", "closed", "funds_reinstated")
    ]
    for event in events:
        assert stripe_object_errors("event", event, shared=shared_dir) == []
        assert stripe_object_errors("dispute", event["data"]["object"], shared=shared_dir) == []
    listed = stripe_get(sandbox, f"/v1/disputes?charge={dispute['charge']}")
    assert stripe_response_errors("GET", "/v1/disputes", 200, listed.json(), shared=shared_dir) == []
    assert [each["status"] for each in listed.json()["data"]] == ["won"]
    assert stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent, "amount": 100}).status_code == 200


def test_the_check_notices_what_is_wrong(shared_dir: Path) -> None:
    """The validators can fail: a wrong name, a wrong type, a missing field, a wrong address."""
    good = {"payment_intent": "pi_1", "amount": "100", "metadata[refund]": "r", "reason": "duplicate"}
    assert stripe_request_errors("POST", "/v1/refunds", good, shared=shared_dir) == []
    assert stripe_request_errors("GET", "/v1/refunds", {"charge": "ch_1", "limit": "3"}, shared=shared_dir) == []
    for bad in ({"paymentintent": "pi_1"}, {"amount": "1.5"}, {"reason": "because"}, {"metadata[a][b]": "c"}):
        assert stripe_request_errors("POST", "/v1/refunds", good | bad, shared=shared_dir) != [], bad
    assert stripe_request_errors("POST", "/v1/repayments", good, shared=shared_dir) != []
    refund = {"id": "re_1", "object": "refund", "amount": 1, "created": 1, "currency": "usd"}
    assert stripe_response_errors("POST", "/v1/refunds", 200, refund, shared=shared_dir) == []
    for broken in ({"amount": "1"}, {"object": "charge"}, {"reason": "x"}):
        assert stripe_response_errors("POST", "/v1/refunds", 200, refund | broken, shared=shared_dir) != [], broken
    del refund["currency"]
    assert stripe_response_errors("POST", "/v1/refunds", 200, refund, shared=shared_dir) != []
