"""Faults: what the client sees, and what the books say afterwards."""

import time

import httpx
import pytest

from tests.connectors.sandbox.vendor_clients import BROKEN, stripe_get, stripe_post
from tests.connectors.sandbox_server import SandboxServer


@pytest.fixture
def form(sandbox: SandboxServer) -> dict[str, str]:
    intent = sandbox.seed_payments({"amount": 5000, "currency": "usd"})[0]["id"]
    return {"payment_intent": intent, "amount": "1000"}


def refunds(sandbox: SandboxServer) -> int:
    return int(sandbox.books("stripe")["refund_count"])


def test_a_lost_answer_has_done_it(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("stripe", {"kind": "lost_answer", "times": 1})
    with pytest.raises(BROKEN):
        stripe_post(sandbox, "/v1/refunds", form, "key-1")
    assert refunds(sandbox) == 1
    again = stripe_post(sandbox, "/v1/refunds", form, "key-1")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert refunds(sandbox) == 1


def test_a_lost_answer_can_hang_until_the_client_gives_up(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("stripe", {"kind": "lost_answer", "times": 1, "hang_ms": 5000})
    with pytest.raises(httpx.ReadTimeout):
        sandbox.client.post("/stripe/v1/refunds", data=form, headers={"Authorization": "Bearer sk_test_x"}, timeout=0.3)
    assert refunds(sandbox) == 1


def test_reads_are_spared_by_a_lost_answer_unless_named(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("stripe", {"kind": "lost_answer"})
    assert stripe_get(sandbox, "/v1/refunds").status_code == 200
    sandbox.faults("stripe", {"kind": "lost_answer", "operations": ["refunds.list"]})
    with pytest.raises(BROKEN):
        stripe_get(sandbox, "/v1/refunds")
    assert stripe_post(sandbox, "/v1/refunds", form).status_code == 200


def test_a_reset_connection_has_done_nothing(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("stripe", {"kind": "reset", "times": 1})
    with pytest.raises(BROKEN):
        stripe_post(sandbox, "/v1/refunds", form, "key-1")
    assert refunds(sandbox) == 0
    assert "Idempotent-Replayed" not in stripe_post(sandbox, "/v1/refunds", form, "key-1").headers


def test_throttling_names_the_wait_and_is_not_kept_under_the_key(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("stripe", {"kind": "throttle_429", "times": 1, "retry_after_s": 3})
    throttled = stripe_post(sandbox, "/v1/refunds", form, "key-1")
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "3")
    assert refunds(sandbox) == 0
    assert stripe_post(sandbox, "/v1/refunds", form, "key-1").status_code == 200


def test_slow_waits_and_then_answers(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("stripe", {"kind": "slow", "ms": 300})
    before = time.monotonic()
    assert stripe_post(sandbox, "/v1/refunds", form).status_code == 200
    assert time.monotonic() - before >= 0.3


def test_a_slow_system_does_not_hold_up_another(sandbox: SandboxServer) -> None:
    sandbox.faults("stripe", {"kind": "slow", "ms": 5000})
    with httpx.Client(base_url=sandbox.url) as other, pytest.raises(httpx.ReadTimeout):
        other.get("/stripe/v1/refunds", headers={"Authorization": "Bearer sk_test_x"}, timeout=0.1)
    before = time.monotonic()
    assert sandbox.client.get("/wms/v1/stock", headers={"Authorization": "Bearer wms_x"}).status_code == 200
    assert time.monotonic() - before < 3


def test_a_budget_and_an_operation_limit_a_fault(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("stripe", {"kind": "error_500", "times": 2, "operations": ["refunds.create"]})
    assert stripe_get(sandbox, "/v1/refunds").status_code == 200
    assert [stripe_post(sandbox, "/v1/refunds", form).status_code for _ in range(3)] == [500, 500, 200]
    assert sandbox.control("GET", "/stripe/faults")["faults"][0]["times"] == 0


def test_probability_strikes_a_share(sandbox: SandboxServer) -> None:
    sandbox.faults("stripe", {"kind": "error_500", "probability": 0.5})
    failed = [stripe_get(sandbox, "/v1/refunds").status_code for _ in range(200)].count(500)
    assert 60 < failed < 140


@pytest.mark.parametrize(
    "fault", [{"kind": "earthquake"}, {"kind": "slow", "probability": 2}, {"kind": "slow", "mss": 1}, {}]
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: SandboxServer, fault: dict[str, object]) -> None:
    sandbox.faults("stripe", {"kind": "slow", "ms": 1})
    assert sandbox.client.put("/_sandbox/stripe/faults", json=[fault]).status_code == 400
    assert [item["kind"] for item in sandbox.control("GET", "/stripe/faults")["faults"]] == ["slow"]


def test_faults_are_kept_per_system(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("wms", {"kind": "error_500"})
    assert stripe_post(sandbox, "/v1/refunds", form).status_code == 200
    assert sandbox.client.get("/wms/v1/stock", headers={"Authorization": "Bearer wms_x"}).status_code == 500


def test_the_journal_shows_faults_and_no_secrets(sandbox: SandboxServer, form: dict[str, str]) -> None:
    sandbox.faults("stripe", {"kind": "lost_answer", "times": 1})
    with pytest.raises(BROKEN):
        stripe_post(sandbox, "/v1/refunds", form, "key-1")
    entry = sandbox.journal("stripe", limit=1)[0]
    assert (entry["operation"], entry["status"], entry["fault"], entry["key"]) == (
        "refunds.create", None, "lost_answer", "key-1",
    )  # fmt: skip
    sandbox.client.post(
        "/netsuite/services/rest/auth/oauth2/v1/token",
        data={"grant_type": "client_credentials", "client_id": "a", "client_secret": "hush"},
    )
    token = sandbox.journal("netsuite", limit=1)[0]
    assert "hush" not in token["request"]
    assert '"access_token":"[redacted]"' in token["response"]
