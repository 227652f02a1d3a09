"""The control API itself, and many refunds at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest

from tests.connectors.sandbox.vendor_clients import stripe_post
from tests.connectors.sandbox_server import SYSTEMS, SandboxServer

MANY = 2_000


def test_the_overview_names_all_systems(sandbox: SandboxServer) -> None:
    sandbox.seed_payments({"amount": 1, "currency": "usd"})
    sandbox.faults("wms", {"kind": "slow", "ms": 1})
    overview = sandbox.control("GET", "")
    assert set(overview["systems"]) == set(SYSTEMS)
    assert overview["systems"]["stripe"]["counts"] == {"payment_intent": 1, "charge": 1}
    assert overview["systems"]["wms"]["faults"][0]["kind"] == "slow"
    assert "refunds.create" in overview["systems"]["stripe"]["operations"]
    assert "lost_answer" in overview["fault_kinds"]


def test_unknown_systems_and_bad_bodies_are_refused(sandbox: SandboxServer) -> None:
    assert sandbox.client.get("/_sandbox/paypal/books").status_code == 404
    assert sandbox.client.put("/_sandbox/stripe/faults", content=b"{").status_code == 400
    assert sandbox.client.get("/_sandbox/journal?limit=x").status_code == 400
    for body in ({"amount": 0, "currency": "usd"}, {"amount": 1}, {"amount": "1", "currency": "usd"}):
        assert sandbox.client.post("/_sandbox/stripe/payment_intents", json=[body]).status_code == 400
    assert sandbox.client.post("/_sandbox/shopify/orders", json={"lines": []}).status_code == 400
    assert sandbox.client.put("/_sandbox/wms/autopilot", json={"grade_mix": {"Z": 1}}).status_code == 400
    assert sandbox.books("stripe")["charges"] == []


def test_a_list_with_one_bad_item_leaves_nothing(sandbox: SandboxServer) -> None:
    good = {"amount": 100, "currency": "usd"}
    answer = sandbox.client.post("/_sandbox/stripe/payment_intents", json=[good, good | {"amount": -1}])
    assert answer.status_code == 400
    assert sandbox.books("stripe")["charges"] == []


def test_reset_empties_one_system_only(sandbox: SandboxServer) -> None:
    intent = sandbox.seed_payments({"amount": 100, "currency": "usd"})[0]["id"]
    sandbox.seed_order(lines=[{"sku": "A", "quantity": 1, "price": "1"}])
    stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent}, "key-1")
    sandbox.faults("stripe", {"kind": "reset"})
    sandbox.control("POST", "/stripe/reset")
    assert sandbox.books("stripe") == {"charges": [], "captured": 0, "refunded": 0, "refund_count": 0}
    assert len(sandbox.books("shopify")["orders"]) == 1
    assert stripe_post(sandbox, "/v1/refunds", {"payment_intent": intent}, "key-1").status_code == 404


@pytest.mark.timeout(120)
def test_thousands_of_refunds_stay_exact(sandbox: SandboxServer) -> None:
    """Every refund is sent twice under its key; each counts once."""
    payments = sandbox.seed_payments(*[{"amount": 1000, "currency": "usd"}] * MANY)
    # In a thread: a browser test of the same process may have left an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        ids = [payment["id"] for payment in payments]
        statuses = thread.submit(lambda: asyncio.run(_refund_all(sandbox.url, ids))).result()
    assert statuses == {200: 2 * MANY}
    books = sandbox.books("stripe")
    assert (books["refund_count"], books["refunded"]) == (MANY, MANY * 600)
    assert {(charge["refunded"], len(charge["refunds"])) for charge in books["charges"]} == {(600, 1)}


async def _refund_all(url: str, intents: list[str]) -> dict[int, int]:
    statuses: dict[int, int] = {}
    queue = iter([intent for intent in intents for _ in range(2)])
    headers = {"Authorization": "Bearer sk_test_load"}

    async def work(session: aiohttp.ClientSession) -> None:
        for intent in queue:
            form = {"payment_intent": intent, "amount": "600"}
            keyed = headers | {"Idempotency-Key": f"refund:{intent}"}
            async with session.post(f"{url}/stripe/v1/refunds", data=form, headers=keyed) as answer:
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
                await answer.read()

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(work(session) for _ in range(16)))
    return statuses
