"""A return whose refund is owed to the sandbox's Stripe, and its webhooks at our door."""

from collections.abc import Callable

import pytest
from django.test import RequestFactory

from connectors.models import Connection
from connectors.webhooks_in.views import receive_webhook
from returns.models import Return
from tests.connectors.conftest import WEBHOOK_SECRET
from tests.connectors.sandbox_server import SandboxServer, WebhookSink
from tests.factories import make_inspected_return, make_order, order_data

Inspected = Callable[..., Return]


@pytest.fixture
def inspected(stripe: Connection, sandbox: SandboxServer) -> Inspected:
    """`inspected(**metadata)`: a return of one unit whose refund (10.00 GBP) is owed to Stripe."""

    def make(**metadata: str) -> Return:
        data = order_data()
        captured = data["payments"][0]["captured"]
        paid = sandbox.seed_payments({"amount": captured, "currency": "gbp", "metadata": metadata})[0]
        payment = {"external_id": paid["id"], "gateway": "stripe", "captured": captured}
        order = make_order(**(data | {"payments": [payment]}))
        return make_inspected_return(order, {1: 1})

    return make


@pytest.fixture
def bring_webhooks(sandbox: SandboxServer, stripe: Connection, webhook_sink: WebhookSink) -> Callable[[], list[int]]:
    """`bring_webhooks()`: hand what the sandbox sent since the last time to our door; the answers' statuses."""
    sandbox.send_webhooks_to("stripe", webhook_sink.url, WEBHOOK_SECRET)
    taken = 0

    def bring() -> list[int]:
        nonlocal taken
        sandbox.webhooks_settled("stripe")
        new = webhook_sink.received[taken:]
        taken += len(new)
        return [deliver(received.body, received.headers) for received in new]

    return bring


def deliver(body: bytes, headers: dict[str, str]) -> int:
    """Hand one webhook to our door; return the answer's status."""
    request = RequestFactory().post(
        "/webhooks/stripe",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": headers["stripe-signature"]},
    )
    return receive_webhook(request, "stripe").status_code
