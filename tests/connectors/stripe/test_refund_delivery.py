"""Refunds through the whole engine to the sandbox's Stripe: made once, whatever goes wrong on the way."""

import json
from typing import Any

import pytest

from connectors.models import Connection, InboxMessage
from connectors.services import configure_connection
from retailops.events.enums import DeliveryStatus, EffectStatus
from retailops.events.leases import let_go
from retailops.events.lookup import look_up_due
from retailops.events.models import Attempt, Delivery, Destination, Effect
from retailops.events.sending import drain
from tests.connectors.conftest import ADMIN, SubmitRefund, due_now
from tests.connectors.sandbox_server import SandboxServer


def refunds_in_books(sandbox: SandboxServer) -> list[dict[str, Any]]:
    return [refund for charge in sandbox.books("stripe")["charges"] for refund in charge["refunds"]]


def asked_for(sandbox: SandboxServer, delivery: Delivery) -> list[dict[str, Any]]:
    """The requests for the refund of the delivery: those of an earlier test may come late, and are of another."""
    made = [entry for entry in sandbox.journal("stripe") if entry["operation"] == "refunds.create"]
    return [entry for entry in made if entry["key"] == delivery.effect_key]


def sent(delivery: Delivery) -> Delivery:
    drain(delivery.destination_id)
    delivery.refresh_from_db()
    return delivery


def looked_up(delivery: Delivery) -> Delivery:
    look_up_due()
    delivery.refresh_from_db()
    return delivery


def codes(delivery: Delivery) -> list[tuple[str, str]]:
    rows = Attempt.objects.filter(delivery=delivery).order_by("recorded_at", "id")
    return [(attempt.outcome, attempt.code) for attempt in rows]


def test_a_refund_is_made_once_and_its_answer_waits_in_the_inbox(
    sandbox: SandboxServer, submit_refund: SubmitRefund
) -> None:
    delivery = sent(submit_refund(amount=1250))
    [refund] = refunds_in_books(sandbox)
    assert (refund["amount"], refund["currency"], refund["status"]) == (1250, "gbp", "succeeded")
    assert refund["metadata"]["refund_key"] == delivery.effect_key
    assert len(asked_for(sandbox, delivery)) == 1
    assert (delivery.status, delivery.external_reference) == (DeliveryStatus.DELIVERED, refund["id"])
    effect = Effect.objects.get(business_key=delivery.effect_key)
    assert (effect.status, effect.external_reference, effect.amount) == (EffectStatus.CONFIRMED, refund["id"], 1250)
    answer = InboxMessage.objects.get(kind="answer")
    assert (answer.topic, answer.status) == ("refund.create", "pending")
    said = json.loads(bytes(answer.body))
    assert said["answer"]["reference"] == refund["id"]
    assert said["answer"]["status"] == "succeeded"


def test_the_attempt_keeps_the_exchange_without_the_credential(
    sandbox: SandboxServer, submit_refund: SubmitRefund
) -> None:
    delivery = sent(submit_refund())
    attempt = Attempt.objects.get(delivery=delivery)
    assert attempt.request is not None
    assert attempt.response is not None
    assert attempt.request["url"] == f"{sandbox.url}/stripe/v1/refunds"
    assert attempt.request["headers"]["idempotency-key"] == delivery.effect_key
    assert attempt.request["body"]["amount"] == "1000"
    assert (attempt.http_status, attempt.response["body"]["object"]) == (200, "refund")
    assert "sk_test" not in json.dumps([attempt.request, attempt.response])


def test_a_lost_answer_is_in_doubt_then_looked_up_and_the_refund_is_made_once(
    sandbox: SandboxServer, submit_refund: SubmitRefund
) -> None:
    sandbox.faults("stripe", {"kind": "lost_answer", "times": 1, "operations": ["refunds.create"]})
    delivery = sent(submit_refund())
    assert delivery.status == DeliveryStatus.IN_DOUBT
    assert looked_up(delivery).status == DeliveryStatus.DELIVERED
    [refund] = refunds_in_books(sandbox)
    assert delivery.external_reference == refund["id"]
    assert [outcome for outcome, _ in codes(delivery)] == ["in_doubt", "delivered"]
    assert InboxMessage.objects.filter(kind="answer").count() == 1


def test_a_timeout_after_the_effect_is_in_doubt_then_found(sandbox: SandboxServer, submit_refund: SubmitRefund) -> None:
    sandbox.faults("stripe", {"kind": "lost_answer", "times": 1, "hang_ms": 3000, "operations": ["refunds.create"]})
    delivery = sent(submit_refund())
    assert codes(delivery) == [("in_doubt", "network.ReadTimeout")]
    assert looked_up(delivery).status == DeliveryStatus.DELIVERED
    assert len(refunds_in_books(sandbox)) == 1


def test_a_connection_reset_before_the_effect_is_sent_again_under_the_same_key(
    sandbox: SandboxServer, submit_refund: SubmitRefund
) -> None:
    sandbox.faults("stripe", {"kind": "reset", "times": 1, "operations": ["refunds.create"]})
    delivery = sent(submit_refund())
    assert delivery.status == DeliveryStatus.IN_DOUBT
    assert looked_up(delivery).status == DeliveryStatus.READY
    due_now(delivery)
    assert sent(delivery).status == DeliveryStatus.DELIVERED
    assert len(refunds_in_books(sandbox)) == 1
    attempt = Attempt.objects.filter(delivery=delivery, outcome="delivered").get()
    assert attempt.request is not None
    assert attempt.request["headers"]["idempotency-key"] == delivery.effect_key


def test_a_stored_500_is_looked_up_and_then_sent_under_a_fresh_key(
    sandbox: SandboxServer, submit_refund: SubmitRefund
) -> None:
    sandbox.faults("stripe", {"kind": "error_500", "times": 1, "operations": ["refunds.create"]})
    delivery = sent(submit_refund())
    assert codes(delivery) == [("in_doubt", "api_error")]
    assert looked_up(delivery).status == DeliveryStatus.READY
    assert refunds_in_books(sandbox) == []
    due_now(delivery)
    assert sent(delivery).status == DeliveryStatus.DELIVERED
    [refund] = refunds_in_books(sandbox)
    assert refund["metadata"]["refund_key"] == delivery.effect_key
    attempt = Attempt.objects.filter(delivery=delivery, outcome="delivered").get()
    assert attempt.request is not None
    assert attempt.request["headers"]["idempotency-key"] == f"{delivery.effect_key}~1"


def test_a_500_after_the_effect_is_found_and_nothing_is_sent_again(
    sandbox: SandboxServer, submit_refund: SubmitRefund
) -> None:
    sandbox.faults("stripe", {"kind": "error_500", "times": 1, "after_effect": True, "operations": ["refunds.create"]})
    delivery = sent(submit_refund())
    assert looked_up(delivery).status == DeliveryStatus.DELIVERED
    [refund] = refunds_in_books(sandbox)
    assert delivery.external_reference == refund["id"]


def test_a_429_waits_as_long_as_it_is_told(sandbox: SandboxServer, submit_refund: SubmitRefund) -> None:
    sandbox.faults("stripe", {"kind": "throttle_429", "times": 1, "retry_after_s": 120})
    delivery = sent(submit_refund())
    attempt = Attempt.objects.get(delivery=delivery)
    assert (attempt.outcome, attempt.code, attempt.http_status) == ("transient", "rate_limit", 429)
    assert delivery.status == DeliveryStatus.READY
    assert (delivery.next_attempt_at - attempt.recorded_at).total_seconds() >= 119
    due_now(delivery)
    assert sent(delivery).status == DeliveryStatus.DELIVERED
    assert len(refunds_in_books(sandbox)) == 1


@pytest.mark.parametrize(("amount", "code"), [(5001, "invalid_request_error"), (6000, "invalid_request_error")])
def test_more_than_was_captured_is_refused_for_good(
    sandbox: SandboxServer, submit_refund: SubmitRefund, amount: int, code: str
) -> None:
    delivery = sent(submit_refund(amount=amount, captured=5000))
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("dead", "business", code)
    assert refunds_in_books(sandbox) == []
    assert not InboxMessage.objects.exists()


def test_a_payment_without_reference_never_leaves_the_house(
    sandbox: SandboxServer, submit_refund: SubmitRefund
) -> None:
    delivery = sent(submit_refund(references={}))
    assert (delivery.status, delivery.failure_class) == ("dead", "contract")
    assert delivery.failure_code == "payment_reference_missing"
    assert asked_for(sandbox, delivery) == []


def test_a_refused_credential_pauses_the_connection_and_the_refund_waits(
    sandbox: SandboxServer, stripe: Connection, submit_refund: SubmitRefund
) -> None:
    sandbox.faults("stripe", {"kind": "unauthorized"})
    delivery = sent(submit_refund())
    assert delivery.status == DeliveryStatus.READY
    assert Destination.objects.get(pk=stripe.destination_id).paused
    assert refunds_in_books(sandbox) == []


def test_a_forgotten_key_is_looked_up_before_anything_is_sent(
    sandbox: SandboxServer, stripe: Connection, submit_refund: SubmitRefund
) -> None:
    """The refund was made, we never learned of it, and Stripe has forgotten the key: a repeat would pay twice."""
    sandbox.faults("stripe", {"kind": "lost_answer", "times": 1, "operations": ["refunds.create"]})
    delivery = sent(submit_refund())
    sandbox.control("POST", "/stripe/age-keys", {"hours": 25})
    long_ago = delivery.created_at.replace(year=delivery.created_at.year - 1)
    Delivery.objects.filter(pk=delivery.pk).update(status="ready", first_sent_at=long_ago, next_attempt_at=long_ago)
    let_go(delivery)
    drain(delivery.destination_id)
    assert looked_up(delivery).status == DeliveryStatus.DELIVERED
    assert len(refunds_in_books(sandbox)) == 1


def test_attempts_name_the_configuration_that_they_were_made_with(
    stripe: Connection, submit_refund: SubmitRefund
) -> None:
    configure_connection(actor=ADMIN, connection_id=stripe.id, config={**stripe.config, "tolerance_seconds": 120})
    delivery = sent(submit_refund())
    assert Attempt.objects.get(delivery=delivery).config_version == 2
