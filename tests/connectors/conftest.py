"""Connections to the sandbox, and events that are owed to them."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from connectors.models import Connection
from connectors.outbound_http import close_clients
from connectors.services import create_connection
from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from retailops.events.models import Delivery, Destination
from retailops.events.publish import publish
from retailops.lib.ids import uuid7
from returns.events import RefundSubmitted
from tests.connectors.sandbox_server import SandboxServer

ADMIN = Actor.system("test")
API_KEY = "sk_test_ours"
WEBHOOK_SECRET = "whsec_stripe_test_secret"


@pytest.fixture(autouse=True)
def _no_open_clients() -> Iterator[None]:
    """Connections are new in each test, and so are their clients."""
    yield
    close_clients()


@pytest.fixture
def stripe(db: None, sandbox: SandboxServer) -> Connection:
    """A connection named `stripe` to the sandbox, with impatient look-ups."""
    return create_connection(
        actor=ADMIN,
        vendor="stripe",
        name="stripe",
        label="Stripe",
        config={"base_url": f"{sandbox.url}/stripe"},
        secrets={"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET},
        limits={"look_up_seconds": 0, "absent_after_seconds": 0, "timeout_seconds": 1.0},
    )


SubmitRefund = Callable[..., Delivery]


@pytest.fixture
def submit_refund(stripe: Connection, sandbox: SandboxServer) -> SubmitRefund:
    """`submit_refund(amount=…)` seeds a payment, publishes refund.submitted for it and returns its delivery."""

    def submit(amount: int = 1000, captured: int = 5000, refund_id: UUID | None = None, **changes: Any) -> Delivery:
        payment = sandbox.seed_payments({"amount": captured, "currency": "gbp"})[0]
        id, rma = refund_id or uuid7(), uuid7()
        fact: dict[str, Any] = {
            "refund_id": str(id),
            "return_id": str(rma),
            "number": "R-1001",
            "payment_id": str(uuid7()),
            "gateway": "stripe",
            "amount": amount,
            "currency": "GBP",
            "effect_key": f"refund:{id}:1",
            "leg": 1,
            "references": {"payment_intent": payment["id"], "charge": payment["charge"]},
        } | changes
        event = publish(
            RefundSubmitted(**fact), subject=Subject("refund", id, rma, str(rma), "uk", "acme", "web"), actor=ADMIN
        )
        return Delivery.objects.get(event=event)

    return submit


def due_now(delivery: Delivery) -> None:
    """Let the delivery's next try be due, as time would."""
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=delivery.created_at)
    Destination.objects.filter(pk=delivery.destination_id).update(circuit="closed", window_calls=0, window_transient=0)
