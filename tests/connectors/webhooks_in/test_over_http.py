"""The sandbox's webhooks to our real address, over HTTP."""

import time

import pytest
from pytest_django.live_server_helper import LiveServer

from connectors.models import InboxMessage
from connectors.services import create_connection
from tests.connectors.conftest import ADMIN, API_KEY, WEBHOOK_SECRET
from tests.connectors.sandbox_server import SandboxServer


@pytest.mark.django_db(transaction=True)
def test_webhooks_reach_the_inbox_once(sandbox: SandboxServer, live_server: LiveServer) -> None:
    create_connection(
        actor=ADMIN,
        vendor="stripe",
        name="stripe",
        label="Stripe",
        config={"base_url": f"{sandbox.url}/stripe"},
        secrets={"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET},
    )
    sandbox.send_webhooks_to("stripe", f"{live_server.url}/webhooks/stripe", WEBHOOK_SECRET)
    sandbox.faults("stripe", {"kind": "duplicate_webhooks"})
    intent = sandbox.seed_payments({"amount": 500, "currency": "gbp"})[0]["id"]
    sandbox.client.post(
        "/stripe/v1/refunds", data={"payment_intent": intent}, headers={"Authorization": "Bearer sk_test_x"}
    )
    webhooks = sandbox.webhooks_settled("stripe")
    assert sorted(webhook["last_status"] for webhook in webhooks) == [200, 200, 202, 202]
    until = time.monotonic() + 10
    while InboxMessage.objects.count() < 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert set(InboxMessage.objects.values_list("topic", flat=True)) == {"refund.created", "charge.refunded"}


@pytest.mark.django_db(transaction=True)
def test_a_forged_webhook_is_turned_away_at_the_door(sandbox: SandboxServer, live_server: LiveServer) -> None:
    create_connection(
        actor=ADMIN,
        vendor="stripe",
        name="stripe",
        label="Stripe",
        config={"base_url": f"{sandbox.url}/stripe"},
        secrets={"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET},
    )
    answer = sandbox.client.post(
        f"{live_server.url}/webhooks/stripe", json={"id": "evt_1"}, headers={"Stripe-Signature": "t=1,v1=00"}
    )
    assert answer.status_code == 401
    assert not InboxMessage.objects.exists()
