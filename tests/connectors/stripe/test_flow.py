"""From the inspected return to the settled refund, with the sandbox's webhooks, through domain, engine and inbox."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.models import InboxMessage
from connectors.services import create_connection
from connectors.unrouted import send_unrouted
from retailops.cases.models import Case
from retailops.events.models import Delivery
from retailops.events.pump import pump_once
from retailops.events.sending import drain
from returns.enums import RefundStatus
from returns.models import Refund, Return
from tests.connectors.conftest import ADMIN, API_KEY, WEBHOOK_SECRET, due_now
from tests.connectors.sandbox_server import SandboxServer
from tests.connectors.stripe.conftest import Inspected
from tests.factories import make_inspected_return, make_order, order_data


def refund_of(rma: Return) -> Refund:
    return Refund.objects.get(rma=rma)


def open_cases() -> list[str]:
    """Kinds of the open cases, but for the memo that no ERP takes here."""
    return list(Case.objects.filter(status="open").exclude(kind="memo_unrouted").values_list("kind", flat=True))


def books_of(sandbox: SandboxServer) -> list[dict[str, Any]]:
    return [refund for charge in sandbox.books("stripe")["charges"] for refund in charge["refunds"]]


def test_a_refund_is_paid_once_and_its_return_knows(
    sandbox: SandboxServer, inspected: Inspected, bring_webhooks: Callable[[], list[int]]
) -> None:
    rma = inspected()
    assert refund_of(rma).status == RefundStatus.SUBMITTING
    pump_once()
    refund = refund_of(rma)
    [paid] = books_of(sandbox)
    assert (refund.status, refund.external_reference) == (RefundStatus.SUCCEEDED, paid["id"])
    assert paid["amount"] == refund.amount == 1000
    assert set(bring_webhooks()) == {202}
    pump_once()
    assert not InboxMessage.objects.exclude(status="done").exists()
    answer = InboxMessage.objects.get(kind="answer")
    assert answer.correlation_id == rma.correlation_id
    assert refund_of(rma).status == RefundStatus.SUCCEEDED
    assert open_cases() == []


def test_a_pending_refund_settles_by_webhook(
    sandbox: SandboxServer, inspected: Inspected, bring_webhooks: Callable[[], list[int]]
) -> None:
    rma = inspected(sandbox_refund="pending")
    pump_once()
    assert refund_of(rma).status == RefundStatus.PENDING
    [paid] = books_of(sandbox)
    sandbox.control("POST", f"/stripe/refunds/{paid['id']}/settle", {"outcome": "succeeded"})
    bring_webhooks()
    pump_once()
    assert refund_of(rma).status == RefundStatus.SUCCEEDED


@pytest.mark.parametrize("outcome", ["failed", "requires_action"])
def test_what_stripe_says_of_a_refund_is_what_it_becomes(
    sandbox: SandboxServer, inspected: Inspected, outcome: str
) -> None:
    rma = inspected(sandbox_refund=outcome)
    pump_once()
    assert refund_of(rma).status == outcome
    assert len(open_cases()) == 1


def test_a_late_failure_reopens_what_had_succeeded(
    sandbox: SandboxServer, inspected: Inspected, bring_webhooks: Callable[[], list[int]]
) -> None:
    rma = inspected()
    pump_once()
    [paid] = books_of(sandbox)
    sandbox.control("POST", f"/stripe/refunds/{paid['id']}/settle", {"outcome": "failed"})
    bring_webhooks()
    pump_once()
    refund = refund_of(rma)
    assert (refund.status, refund.failure_code) == (RefundStatus.FAILED, "insufficient_funds")
    assert open_cases() == ["refund_failed"]


def test_webhooks_twice_and_in_reverse_order_change_nothing(
    sandbox: SandboxServer, inspected: Inspected, bring_webhooks: Callable[[], list[int]]
) -> None:
    sandbox.faults("stripe", {"kind": "duplicate_webhooks"}, {"kind": "reorder_webhooks", "window_ms": 300})
    rma = inspected(sandbox_refund="pending")
    pump_once()
    [paid] = books_of(sandbox)
    sandbox.control("POST", f"/stripe/refunds/{paid['id']}/settle", {"outcome": "succeeded"})
    statuses = bring_webhooks()
    assert sorted(set(statuses)) == [200, 202]
    assert statuses.count(200) == statuses.count(202)
    pump_once()
    assert refund_of(rma).status == RefundStatus.SUCCEEDED
    assert not InboxMessage.objects.exclude(status="done").exists()
    assert open_cases() == []


def test_a_stale_message_after_success_moves_nothing_back(
    sandbox: SandboxServer, inspected: Inspected, bring_webhooks: Callable[[], list[int]]
) -> None:
    """`refund.created` (pending) comes only after the refund has settled."""
    rma = inspected(sandbox_refund="pending")
    pump_once()
    [paid] = books_of(sandbox)
    sandbox.webhooks_settled("stripe")
    sandbox.control("POST", f"/stripe/refunds/{paid['id']}/settle", {"outcome": "succeeded"})
    bring_webhooks()
    messages = InboxMessage.objects.filter(kind="webhook")
    created = messages.filter(topic="refund.created")
    later = created.get()
    created.update(status="waiting")
    pump_once()
    assert refund_of(rma).status == RefundStatus.SUCCEEDED
    InboxMessage.objects.filter(pk=later.pk).update(status="pending", next_try_at=later.received_at)
    pump_once()
    assert refund_of(rma).status == RefundStatus.SUCCEEDED
    assert InboxMessage.objects.get(pk=later.pk).status == "done"


def test_a_lost_answer_puts_the_refund_in_doubt_and_a_look_up_settles_it_once(
    sandbox: SandboxServer, inspected: Inspected
) -> None:
    sandbox.faults("stripe", {"kind": "lost_answer", "times": 1, "operations": ["refunds.create"]})
    rma = inspected()
    delivery = Delivery.objects.get(operation="refund.create")
    drain(delivery.destination_id)
    assert refund_of(rma).status == RefundStatus.UNKNOWN
    pump_once()
    refund = refund_of(rma)
    [paid] = books_of(sandbox)
    assert (refund.status, refund.external_reference) == (RefundStatus.SUCCEEDED, paid["id"])


def test_a_webhook_may_settle_what_is_in_doubt_and_the_look_up_agrees(
    sandbox: SandboxServer, inspected: Inspected, bring_webhooks: Callable[[], list[int]]
) -> None:
    sandbox.faults("stripe", {"kind": "lost_answer", "times": 1, "operations": ["refunds.create"]})
    rma = inspected()
    delivery = Delivery.objects.get(operation="refund.create")
    drain(delivery.destination_id)
    bring_webhooks()
    pump_once()
    pump_once()
    delivery.refresh_from_db()
    assert delivery.status == "delivered"
    assert refund_of(rma).status == RefundStatus.SUCCEEDED
    assert len(books_of(sandbox)) == 1


def test_a_definitive_refusal_fails_the_refund_and_nothing_is_paid(
    sandbox: SandboxServer, inspected: Inspected
) -> None:
    rma = inspected()
    charge = sandbox.books("stripe")["charges"][0]
    key = {"Authorization": "Bearer sk_test_x"}
    spent = sandbox.client.post("/stripe/v1/refunds", data={"charge": charge["charge"]}, headers=key)
    assert spent.status_code == 200
    pump_once()
    refund = refund_of(rma)
    assert (refund.status, refund.failure_code) == (RefundStatus.FAILED, "charge_already_refunded")
    assert len(books_of(sandbox)) == 1


def test_a_refund_that_somebody_made_at_stripe_becomes_a_case(
    sandbox: SandboxServer, inspected: Inspected, bring_webhooks: Callable[[], list[int]]
) -> None:
    rma = inspected()
    pump_once()
    bring_webhooks()
    pump_once()
    charge = sandbox.books("stripe")["charges"][0]
    key = {"Authorization": "Bearer sk_test_x"}
    sandbox.client.post("/stripe/v1/refunds", data={"charge": charge["charge"], "amount": "7"}, headers=key)
    bring_webhooks()
    pump_once()
    assert open_cases() == ["inbox_refused"]
    assert "outside of RetailOps" in Case.objects.get(kind="inbox_refused").detail
    assert refund_of(rma).status == RefundStatus.SUCCEEDED


def test_a_refund_waits_for_its_gateway_and_goes_when_it_is_configured(sandbox: SandboxServer, db: None) -> None:
    data = order_data()
    captured = data["payments"][0]["captured"]
    paid = sandbox.seed_payments({"amount": captured, "currency": "gbp"})[0]
    payment = {"external_id": paid["id"], "gateway": "stripe-eu", "captured": captured}
    rma = make_inspected_return(make_order(**(data | {"payments": [payment]})), {1: 1})
    assert Case.objects.get(kind="refund_unrouted").status == "open"
    assert send_unrouted() == 0
    create_connection(
        actor=ADMIN,
        vendor="stripe",
        name="stripe-eu",
        label="Stripe EU",
        config={"base_url": f"{sandbox.url}/stripe"},
        secrets={"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET},
    )
    assert send_unrouted() == 1
    assert send_unrouted() == 0
    assert Case.objects.get(kind="refund_unrouted").status == "resolved"
    pump_once()
    assert refund_of(rma).status == RefundStatus.SUCCEEDED
    assert len(books_of(sandbox)) == 1


def test_answers_are_kept_for_the_trace(sandbox: SandboxServer, inspected: Inspected) -> None:
    rma = inspected()
    pump_once()
    answer = InboxMessage.objects.get(kind="answer")
    assert json.loads(bytes(answer.body))["answer"]["status"] == "succeeded"
    assert answer.result == {"refund_id": str(refund_of(rma).id), "status": "succeeded"}
    due_now(Delivery.objects.get(operation="refund.create"))
    pump_once()
    assert len(books_of(sandbox)) == 1
