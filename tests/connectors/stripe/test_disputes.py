"""From a dispute at Stripe, through signed webhooks, to the payment, its refunds and their cases."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.inbox_worker import process_due
from connectors.models import Connection, InboxMessage
from connectors.stripe import mapping
from retailops.cases.models import Case
from retailops.events.models import Delivery
from retailops.events.pump import pump_once
from returns.models import Chargeback, Payment, Refund
from returns.services import canceling
from tests.connectors.sandbox_server import SandboxServer
from tests.connectors.stripe.conftest import Inspected, deliver
from tests.connectors.stripe.test_flow import open_cases, refund_of
from tests.factories import SYSTEM
from tests.returns.proofs import prove


def dispute_event(**changes: Any) -> dict[str, Any]:
    dispute = {
        "id": "dp_1", "object": "dispute", "amount": 700, "currency": "isk", "charge": "ch_1", "payment_intent": "pi_1",
        "reason": "fraudulent", "status": "needs_response", "evidence_details": {"due_by": 1_700_000_900},
    } | changes  # fmt: skip
    return {"id": "evt_1", "type": "charge.dispute.created", "created": 1_700_000_000, "data": {"object": dispute}}


def test_a_dispute_is_read_as_its_event_tells_it() -> None:
    assert mapping.dispute_facts(dispute_event()) == {
        "external_id": "dp_1", "status": "needs_response", "amount": 7, "currency": "ISK", "reason": "fraudulent",
        "told_at": 1_700_000_000, "answer_by": 1_700_000_900,
        "references": {"charge": "ch_1", "payment_intent": "pi_1"},
    }  # fmt: skip
    assert mapping.dispute_facts(dispute_event(payment_intent=None))["references"] == {"charge": "ch_1"}


@pytest.mark.contract
def test_stripes_own_example_is_understood(shared_dir: Path) -> None:
    fixtures = json.loads((shared_dir / "contracts/stripe/fixtures3.2026-08.subset.json").read_text())
    example = fixtures["resources"]["dispute"]
    facts = mapping.dispute_facts({"created": 1, "data": {"object": example}})
    assert (facts["external_id"], facts["amount"], facts["currency"]) == (example["id"], 1000, "USD")


@pytest.mark.django_db(transaction=True)
def test_a_dispute_stops_the_refund_and_a_won_one_frees_the_money(
    inspected: Inspected,
    bring_webhooks: Callable[[], list[int]],
    sandbox: SandboxServer,
) -> None:
    rma = inspected()
    payment = Payment.objects.get(order=rma.order)
    bring_webhooks()
    dispute = sandbox.control("POST", "/stripe/disputes", {"payment_intent": payment.external_id})
    assert set(bring_webhooks()) <= {200, 202}
    process_due()  # before any worker has sent the refund
    payment.refresh_from_db()
    assert payment.charged_back == payment.captured
    assert refund_of(rma).status == "failed"
    assert list(Delivery.objects.filter(operation="refund.create").values_list("status", flat=True)) == ["superseded"]
    assert set(open_cases()) == {"chargeback_opened", "refund_plus_chargeback"}
    assert sandbox.books("stripe")["refund_count"] == 0
    sandbox.control("POST", f"/stripe/disputes/{dispute['id']}/close", {"outcome": "won"})
    bring_webhooks()
    pump_once()
    payment.refresh_from_db()
    assert (payment.charged_back, Chargeback.objects.get().status) == (0, "won")
    assert set(open_cases()) == {"refund_after_dispute"}
    prove()


@pytest.mark.django_db(transaction=True)
def test_webhooks_that_overtake_one_another_end_the_same(
    inspected: Inspected, stripe: Connection, bring_webhooks: Callable[[], list[int]], sandbox: SandboxServer,
    webhook_sink: Any,
) -> None:  # fmt: skip
    rma = inspected()
    payment = Payment.objects.get(order=rma.order)
    bring_webhooks()
    before = len(webhook_sink.received)
    dispute = sandbox.control("POST", "/stripe/disputes", {"payment_intent": payment.external_id, "amount": 500})
    sandbox.control("POST", f"/stripe/disputes/{dispute['id']}/close", {"outcome": "lost"})
    sandbox.webhooks_settled("stripe")
    told = webhook_sink.received[before:]
    assert len(told) == 3
    for received in reversed(told):
        assert deliver(received.body, received.headers) in {200, 202}
        pump_once()
    payment.refresh_from_db()
    assert (payment.charged_back, Chargeback.objects.get().status) == (500, "lost")
    prove()


@pytest.mark.django_db(transaction=True)
def test_a_dispute_of_an_unknown_payment_waits_and_an_inquiry_is_passed_over(
    stripe: Connection,
    bring_webhooks: Callable[[], list[int]],
    sandbox: SandboxServer,
) -> None:
    intent = sandbox.seed_payments({"amount": 900, "currency": "gbp"})[0]["id"]
    bring_webhooks()
    sandbox.control("POST", "/stripe/disputes", {"payment_intent": intent})
    bring_webhooks()
    pump_once()
    waiting = InboxMessage.objects.filter(topic__startswith="charge.dispute.")
    assert {message.status for message in waiting} == {"waiting"}
    assert not Chargeback.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_refund_that_waits_for_the_customer_is_canceled_by_us(
    inspected: Inspected,
    bring_webhooks: Callable[[], list[int]],
    sandbox: SandboxServer,
) -> None:
    rma = inspected(sandbox_refund="requires_action")
    pump_once()
    refund = refund_of(rma)
    assert refund.status == "requires_action"
    canceling.request_cancel(actor=SYSTEM, refund_id=refund.id, reason="the customer wants a credit")
    assert refund_of(rma).status == "requires_action"  # its money stays reserved until the gateway has said so
    pump_once()
    refund = Refund.objects.get(pk=refund.pk)
    assert refund.status == "canceled"
    assert set(open_cases()) == {"refund_failed"}
    assert [each["status"] for each in sandbox.books("stripe")["charges"][-1]["refunds"]] == ["canceled"]
    assert Case.objects.get(kind="refund_requires_action").status == "resolved"
    prove()
