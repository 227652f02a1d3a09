"""Stripe's memory of idempotency keys."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.connectors.sandbox.vendor_clients import stripe_post
from tests.connectors.sandbox_server import SandboxServer


@pytest.fixture
def form(sandbox: SandboxServer) -> dict[str, str]:
    intent = sandbox.seed_payments({"amount": 5000, "currency": "usd"})[0]["id"]
    return {"payment_intent": intent, "amount": "1000"}


def test_the_same_request_is_answered_with_the_first_result(sandbox: SandboxServer, form: dict[str, str]) -> None:
    first = stripe_post(sandbox, "/v1/refunds", form, "key-1")
    again = stripe_post(sandbox, "/v1/refunds", form, "key-1")
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert sandbox.books("stripe")["refund_count"] == 1


def test_other_parameters_under_the_same_key_are_refused(sandbox: SandboxServer, form: dict[str, str]) -> None:
    stripe_post(sandbox, "/v1/refunds", form, "key-1")
    answer = stripe_post(sandbox, "/v1/refunds", form | {"amount": "1001"}, "key-1")
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "idempotency_error")
    assert sandbox.books("stripe")["refunded"] == 1000


@pytest.mark.parametrize(("after_effect", "refunds"), [(False, 0), (True, 1)])
def test_a_500_is_replayed_under_its_key(
    sandbox: SandboxServer, form: dict[str, str], after_effect: bool, refunds: int
) -> None:
    sandbox.faults("stripe", {"kind": "error_500", "times": 1, "after_effect": after_effect})
    first = stripe_post(sandbox, "/v1/refunds", form, "key-1")
    again = stripe_post(sandbox, "/v1/refunds", form, "key-1")
    assert (first.status_code, again.status_code) == (500, 500)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert sandbox.books("stripe")["refund_count"] == refunds


def test_a_refusal_of_the_account_is_kept_but_a_bad_parameter_is_not(
    sandbox: SandboxServer, form: dict[str, str]
) -> None:
    too_much = form | {"amount": "5001"}
    stripe_post(sandbox, "/v1/refunds", too_much, "key-1")
    assert stripe_post(sandbox, "/v1/refunds", too_much, "key-1").headers["Idempotent-Replayed"] == "true"
    assert stripe_post(sandbox, "/v1/refunds", form | {"amount": "x"}, "key-2").status_code == 400
    assert stripe_post(sandbox, "/v1/refunds", form, "key-2").status_code == 200


def test_after_24_hours_the_key_is_a_new_request(sandbox: SandboxServer, form: dict[str, str]) -> None:
    first = stripe_post(sandbox, "/v1/refunds", form, "key-1").json()
    assert sandbox.control("POST", "/stripe/age-keys", {"hours": 23.9}) == {"aged": 1}
    assert stripe_post(sandbox, "/v1/refunds", form, "key-1").json()["id"] == first["id"]
    sandbox.control("POST", "/stripe/age-keys", {"hours": 0.2})
    assert stripe_post(sandbox, "/v1/refunds", form, "key-1").json()["id"] != first["id"]
    assert sandbox.books("stripe")["refunded"] == 2000


def test_overlapping_requests_with_one_key_refund_once(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("stripe", {"kind": "slow", "ms": 1000, "times": 1})
    with ThreadPoolExecutor(6) as pool:
        answers: list[httpx.Response] = list(
            pool.map(lambda _: stripe_post(sandbox, "/v1/refunds", form, "key-1"), range(6))
        )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200, 409, 409, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["error"]["code"] == "idempotency_key_in_use"
    assert sandbox.books("stripe")["refund_count"] == 1


def test_a_key_may_have_255_characters(sandbox: SandboxServer, form: dict[str, str]) -> None:
    assert stripe_post(sandbox, "/v1/refunds", form, "k" * 255).status_code == 200
    assert stripe_post(sandbox, "/v1/refunds", form, "k" * 256).status_code == 400
    assert sandbox.books("stripe")["refund_count"] == 1
