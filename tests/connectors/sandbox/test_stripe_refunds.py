"""Refunds as Stripe keeps them: through the official SDK, with the charge's own bookkeeping."""

import time

import pytest
import stripe

from tests.connectors.sandbox.vendor_clients import stripe_get, stripe_post, stripe_sdk
from tests.connectors.sandbox_server import SandboxServer


def seeded(sandbox: SandboxServer, amount: int = 5000, **metadata: str) -> str:
    return str(sandbox.seed_payments({"amount": amount, "currency": "EUR", "metadata": metadata})[0]["id"])


def test_partial_refunds_add_up_on_the_charge(sandbox: SandboxServer) -> None:
    intent = seeded(sandbox)
    sdk = stripe_sdk(sandbox)
    first = sdk.v1.refunds.create({"payment_intent": intent, "amount": 1500, "metadata": {"refund": "r1"}})
    second = sdk.v1.refunds.create({"payment_intent": intent, "reason": "requested_by_customer"})
    assert (first.amount, first.currency, first.status) == (1500, "eur", "succeeded")
    assert second.amount == 3500
    charge = sdk.v1.charges.retrieve(str(sdk.v1.payment_intents.retrieve(intent).latest_charge))
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (5000, 5000, True)
    assert [item.id for item in sdk.v1.refunds.list({"payment_intent": intent}).data] == [second.id, first.id]
    assert sdk.v1.refunds.retrieve(first.id).to_dict()["metadata"] == {"refund": "r1"}


@pytest.mark.parametrize("amount", [1, 5000])
def test_refunding_a_refunded_charge_is_refused(sandbox: SandboxServer, amount: int) -> None:
    intent = seeded(sandbox)
    sdk = stripe_sdk(sandbox)
    sdk.v1.refunds.create({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        sdk.v1.refunds.create({"payment_intent": intent, "amount": amount})
    assert refusal.value.code == "charge_already_refunded"
    assert sandbox.books("stripe")["refunded"] == 5000
    assert sandbox.books("stripe")["refund_count"] == 1


def test_more_than_what_is_left_is_refused(sandbox: SandboxServer) -> None:
    intent = seeded(sandbox)
    sdk = stripe_sdk(sandbox)
    sdk.v1.refunds.create({"payment_intent": intent, "amount": 4000})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        sdk.v1.refunds.create({"payment_intent": intent, "amount": 1001})
    assert refusal.value.param == "amount"
    assert "greater than unrefunded amount" in str(refusal.value.user_message)
    assert sandbox.books("stripe")["refunded"] == 4000


def test_a_charged_back_payment_cannot_be_refunded(sandbox: SandboxServer) -> None:
    intent = sandbox.seed_payments({"amount": 100, "currency": "usd", "disputed": True})[0]["id"]
    answer = stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "charge_disputed")


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({}, 400, None),
        ({"payment_intent": "pi_none"}, 404, "resource_missing"),
        ({"charge": "ch_none"}, 404, "resource_missing"),
        ({"payment_intent": "{intent}", "amount": "1.5"}, 400, "parameter_invalid_integer"),
        ({"payment_intent": "{intent}", "amount": "0"}, 400, "parameter_invalid_integer"),
        ({"payment_intent": "{intent}", "note": "x"}, 400, "parameter_unknown"),
        ({"payment_intent": "{intent}", "reason": "because"}, 400, None),
    ],
)
def test_bad_parameters_are_refused(
    sandbox: SandboxServer, form: dict[str, str], status: int, code: str | None
) -> None:
    intent = seeded(sandbox)
    filled = {name: value.replace("{intent}", intent) for name, value in form.items()}
    answer = stripe_post(sandbox, "/v1/refunds", filled)
    assert (answer.status_code, answer.json()["error"].get("code")) == (status, code)
    assert sandbox.books("stripe")["refund_count"] == 0


def test_without_a_key_of_the_test_mode_nothing_is_answered(sandbox: SandboxServer) -> None:
    intent = seeded(sandbox)
    for header in ({}, {"Authorization": "Bearer sk_live_x"}, {"Authorization": "Basic eDp5"}):
        answer = sandbox.client.post("/stripe/v1/refunds", data={"payment_intent": intent}, headers=header)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")
    assert sandbox.books("stripe")["refund_count"] == 0


def test_a_pending_refund_holds_the_money_until_it_fails(sandbox: SandboxServer) -> None:
    intent = seeded(sandbox)
    sandbox.faults("stripe", {"kind": "pending"})
    sdk = stripe_sdk(sandbox)
    refund = sdk.v1.refunds.create({"payment_intent": intent, "amount": 5000})
    assert refund.status == "pending"
    assert sandbox.books("stripe")["refunded"] == 5000
    sandbox.control("POST", f"/stripe/refunds/{refund.id}/settle", {"outcome": "failed"})
    failed = sdk.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "insufficient_funds")
    assert sandbox.books("stripe")["refunded"] == 0
    sandbox.faults("stripe")
    assert sdk.v1.refunds.create({"payment_intent": intent}).status == "succeeded"
    assert sandbox.books("stripe")["refunded"] == 5000


@pytest.mark.parametrize(
    ("wanted", "at_once", "later"),
    [
        ("pending_then_succeeded", "pending", "succeeded"),
        ("pending_then_failed", "pending", "failed"),
        ("succeeded_then_failed", "succeeded", "failed"),
    ],
)
def test_metadata_decides_how_a_refund_fares(sandbox: SandboxServer, wanted: str, at_once: str, later: str) -> None:
    intent = seeded(sandbox, sandbox_refund=wanted)
    refund = stripe_sdk(sandbox).v1.refunds.create({"payment_intent": intent})
    assert refund.status == at_once
    until = time.monotonic() + 10
    while (status := stripe_get(sandbox, f"/v1/refunds/{refund.id}").json()["status"]) != later:
        assert time.monotonic() < until, f"still {status}"
        time.sleep(0.02)
    assert sandbox.books("stripe")["refunded"] == (5000 if later == "succeeded" else 0)


def test_only_a_refund_that_waits_for_the_customer_can_be_canceled(sandbox: SandboxServer) -> None:
    sdk = stripe_sdk(sandbox)
    waiting = sdk.v1.refunds.create({"payment_intent": seeded(sandbox, sandbox_refund="requires_action")})
    assert (waiting.status, waiting.next_action and waiting.next_action.type) == ("requires_action", "display_details")
    assert sdk.v1.refunds.cancel(waiting.id).status == "canceled"
    assert sandbox.books("stripe")["refunded"] == 0
    done = sdk.v1.refunds.create({"payment_intent": seeded(sandbox)})
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.refunds.cancel(done.id)
    assert sdk.v1.refunds.retrieve(done.id).status == "succeeded"


def test_metadata_is_merged_and_unset(sandbox: SandboxServer) -> None:
    sdk = stripe_sdk(sandbox)
    refund = sdk.v1.refunds.create({"payment_intent": seeded(sandbox), "metadata": {"a": "1", "b": "2"}})
    updated = sdk.v1.refunds.update(refund.id, {"metadata": {"a": "", "c": "3"}})
    assert updated.to_dict()["metadata"] == {"b": "2", "c": "3"}


def test_lists_are_paged_newest_first(sandbox: SandboxServer) -> None:
    intent = seeded(sandbox)
    sdk = stripe_sdk(sandbox)
    made = [sdk.v1.refunds.create({"payment_intent": intent, "amount": 1}).id for _ in range(5)]
    charge = str(sdk.v1.refunds.retrieve(made[0]).charge)
    first = sdk.v1.refunds.list({"charge": charge, "limit": 2})
    assert [item.id for item in first.data] == made[:2:-1]
    assert first.has_more
    assert [item.id for item in sdk.v1.refunds.list({"charge": charge, "limit": 2}).auto_paging_iter()] == made[::-1]


def test_balance_transactions_mirror_charge_and_refund(sandbox: SandboxServer) -> None:
    sdk = stripe_sdk(sandbox)
    refund = sdk.v1.refunds.create({"payment_intent": seeded(sandbox), "amount": 700})
    entry = sdk.v1.balance_transactions.retrieve(str(refund.balance_transaction))
    assert (entry.amount, entry.net, entry.type, entry.source) == (-700, -700, "refund", refund.id)


def test_seeding_the_same_payment_twice_changes_nothing(sandbox: SandboxServer) -> None:
    payment = {"id": "pi_fixed", "amount": 900, "currency": "usd"}
    sandbox.seed_payments(payment)
    stripe_sdk(sandbox).v1.refunds.create({"payment_intent": "pi_fixed", "amount": 100})
    again = sandbox.seed_payments(payment | {"amount": 12})
    assert again[0]["amount"] == 900
    assert sandbox.books("stripe")["refunded"] == 100
