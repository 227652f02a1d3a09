"""Stripe's refusals, as the SDK raises them, classed; its requests held against the contract."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from connectors.context import context_of
from connectors.failures import VendorFailure
from connectors.models import Connection
from connectors.outbound_http import capturing
from connectors.services import probe_connection
from connectors.stripe.client import StripeApi
from tests.connectors.conftest import ADMIN
from tests.connectors.sandbox_server import SandboxServer
from tests.contracts.conformance import stripe_request_errors


def api(stripe: Connection) -> StripeApi:
    return StripeApi(context_of(stripe), 2)


def refused(stripe: Connection, params: dict[str, object], key: str = "k", repeat_safe: bool = False) -> VendorFailure:
    with pytest.raises(VendorFailure) as caught:
        api(stripe).create_refund(params, key, repeat_safe=repeat_safe)
    return caught.value


def test_over_refunding_is_business(stripe: Connection, sandbox: SandboxServer) -> None:
    intent = sandbox.seed_payments({"amount": 500, "currency": "gbp"})[0]["id"]
    assert refused(stripe, {"payment_intent": intent, "amount": 501}).result == "business"
    api(stripe).create_refund({"payment_intent": intent, "amount": 500}, "k2", repeat_safe=False)
    failure = refused(stripe, {"payment_intent": intent, "amount": 1}, "k3")
    assert (failure.result, failure.code, failure.http_status) == ("business", "charge_already_refunded", 400)


def test_a_disputed_charge_is_business(stripe: Connection, sandbox: SandboxServer) -> None:
    intent = sandbox.seed_payments({"amount": 500, "currency": "gbp", "disputed": True})[0]["id"]
    failure = refused(stripe, {"payment_intent": intent, "amount": 1})
    assert (failure.result, failure.code) == ("business", "charge_disputed")


def test_an_unknown_payment_is_business(stripe: Connection) -> None:
    failure = refused(stripe, {"payment_intent": "pi_none"})
    assert (failure.result, failure.code, failure.http_status) == ("business", "resource_missing", 404)


def test_a_wrong_parameter_is_contract(stripe: Connection, sandbox: SandboxServer) -> None:
    intent = sandbox.seed_payments({"amount": 500, "currency": "gbp"})[0]["id"]
    failure = refused(stripe, {"payment_intent": intent, "amounts": 1})
    assert (failure.result, failure.code) == ("contract", "parameter_unknown")


def test_the_same_key_with_other_parameters_is_contract(stripe: Connection, sandbox: SandboxServer) -> None:
    intent = sandbox.seed_payments({"amount": 500, "currency": "gbp"})[0]["id"]
    api(stripe).create_refund({"payment_intent": intent, "amount": 1}, "same", repeat_safe=False)
    failure = refused(stripe, {"payment_intent": intent, "amount": 2}, "same")
    assert (failure.result, failure.code, failure.http_status) == ("contract", "idempotency_error", 400)


@pytest.mark.parametrize(
    ("fault", "safe", "result", "code"),
    [
        ("throttle_429", False, "transient", "rate_limit"),
        ("unauthorized", False, "auth", "invalid_request_error"),
        ("error_500", False, "in_doubt", "api_error"),
        ("error_500", True, "transient", "api_error"),
    ],
)
def test_troubles_of_the_remote_are_classed(
    stripe: Connection, sandbox: SandboxServer, fault: str, safe: bool, result: str, code: str
) -> None:
    intent = sandbox.seed_payments({"amount": 500, "currency": "gbp"})[0]["id"]
    sandbox.faults("stripe", {"kind": fault, "times": 1, "retry_after_s": 7})
    failure = refused(stripe, {"payment_intent": intent, "amount": 1}, repeat_safe=safe)
    assert (failure.result, failure.code) == (result, code)
    assert failure.retry_after == (7 if fault == "throttle_429" else None)


def test_the_sdk_itself_repeats_nothing(stripe: Connection, sandbox: SandboxServer) -> None:
    intent = sandbox.seed_payments({"amount": 500, "currency": "gbp"})[0]["id"]
    sandbox.faults("stripe", {"kind": "error_500"})
    refused(stripe, {"payment_intent": intent, "amount": 1})
    assert len([entry for entry in sandbox.journal("stripe") if entry["operation"] == "refunds.create"]) == 1


def test_all_pages_of_refunds_are_read(stripe: Connection, sandbox: SandboxServer) -> None:
    paid = sandbox.seed_payments({"amount": 500, "currency": "gbp"})[0]
    for number in range(103):
        api(stripe).create_refund({"payment_intent": paid["id"], "amount": 1}, f"k{number}", repeat_safe=False)
    found = list(api(stripe).refunds({"charge": paid["charge"]}))
    assert len({refund["id"] for refund in found}) == 103


def test_a_probe_tells_whether_the_key_is_taken(stripe: Connection, sandbox: SandboxServer) -> None:
    assert probe_connection(actor=ADMIN, connection_id=stripe.id).ok
    sandbox.faults("stripe", {"kind": "unauthorized"})
    health = probe_connection(actor=ADMIN, connection_id=stripe.id)
    assert (health.ok, "Invalid API Key" in health.detail) == (False, True)


@pytest.mark.contract
def test_requests_on_the_wire_conform_to_the_contract(
    stripe: Connection, sandbox: SandboxServer, shared_dir: Path
) -> None:
    paid = sandbox.seed_payments({"amount": 500, "currency": "gbp"})[0]
    refund = {"charge": paid["charge"], "amount": 5, "reason": "requested_by_customer", "metadata": {"refund_key": "k"}}
    calls: list[Callable[[], object]] = [
        lambda: api(stripe).create_refund(refund, "k", repeat_safe=False),
        lambda: list(api(stripe).refunds({"charge": paid["charge"]})),
        lambda: api(stripe).ping(),
    ]
    for call in calls:
        with capturing() as exchange:
            call()
        assert exchange.request is not None
        url = httpx.URL(exchange.request["url"])
        form = exchange.request["body"] or dict(url.params)
        path = url.path.removeprefix("/stripe")
        assert stripe_request_errors(exchange.request["method"], path, form, shared=shared_dir) == [], url
