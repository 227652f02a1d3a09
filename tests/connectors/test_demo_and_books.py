"""The demo's connections, a return through all four systems, and the books of both sides."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from pytest_django import Settings

from connectors import audits
from connectors.books import compare
from connectors.context import context_named
from connectors.demo import CHANNEL, ensure_connections
from connectors.models import Connection, InboxMessage
from connectors.sandbox_control import SandboxAway, books, faults, send_webhooks_to, set_faults
from connectors.services import configure_connection, probe_connection
from connectors.webhooks_in.views import receive_webhook
from retailops.events.models import Delivery, Destination
from retailops.events.pump import pump_once
from returns.enums import RefundStatus, ReturnStatus
from returns.models import Refund, Return
from tests.connectors.conftest import ADMIN
from tests.connectors.sandbox_server import SandboxServer, WebhookSink
from tests.factories import fresh, make_inspected_return, make_order, order_data


@pytest.fixture
def demo(db: None, sandbox: SandboxServer, settings: Settings) -> list[Connection]:
    """The demo's connections, to this test's sandbox."""
    settings.SANDBOX_URL = sandbox.url
    connections = ensure_connections()
    Destination.objects.update(look_up_seconds=0, absent_after_seconds=0)
    return connections


@pytest.fixture
def bring_webhooks(demo: list[Connection], sandbox: SandboxServer, webhook_sink: WebhookSink) -> Callable[[], None]:
    """`bring_webhooks()`: hand what the systems sent to our door (the test's transaction is not seen by a server)."""
    for connection in demo:
        conn = context_named(connection.name)
        assert conn is not None
        if conn.secrets.get("webhook_secret"):
            address = f"{webhook_sink.url}/{connection.name}"
            send_webhooks_to(conn.vendor, address, conn.secret("webhook_secret"))
    taken = 0

    def bring() -> None:
        nonlocal taken
        for system in ("stripe", "shopify", "wms"):
            sandbox.webhooks_settled(system)
        new = webhook_sink.received[taken:]
        taken += len(new)
        for received in new:
            name = received.path.rpartition("/")[2]
            headers = {key: value for key, value in received.headers.items() if key != "content-length"}
            request = RequestFactory().post(
                f"/webhooks/{name}", received.body, content_type="application/json", headers=headers
            )
            assert receive_webhook(request, name).status_code in {200, 202}

    return bring


def returned(sandbox: SandboxServer) -> Return:
    """A return of one unit, bought in the shop, paid at Stripe, received and inspected."""
    data = order_data(channel="web")
    captured = data["payments"][0]["captured"]
    paid = sandbox.seed_payments({"amount": captured, "currency": "gbp"})[0]
    payment = {"external_id": paid["id"], "gateway": "stripe", "captured": captured}
    return make_inspected_return(make_order(**(data | {"payments": [payment]})), {1: 1})


def settled(rma: Return, bring: Callable[[], None]) -> Return:
    """Pump and bring webhooks until the return is closed; what waits for its time is due at once."""
    for _ in range(10):
        pump_once()
        bring()
        if fresh(rma).status == ReturnStatus.CLOSED:
            break
        Delivery.objects.filter(status__in=["ready", "in_doubt"]).update(next_attempt_at=rma.requested_at)
    return fresh(rma)


def test_the_demos_connections_are_made_once_and_work(demo: list[Connection], sandbox: SandboxServer) -> None:
    assert [connection.vendor for connection in demo] == ["stripe", "netsuite", "shopify", "wms"]
    assert [connection.name for connection in demo] == ["stripe", "netsuite", CHANNEL, "wms"]
    for connection in demo:
        health = probe_connection(actor=ADMIN, connection_id=connection.id)
        assert health.ok, (connection.name, health.detail)
    assert [connection.id for connection in ensure_connections()] == [connection.id for connection in demo]
    assert Connection.objects.count() == 4
    overview = sandbox.control("GET", "")["systems"]
    assert overview["stripe"]["webhook_url"].endswith("/webhooks/stripe")
    assert overview["wms"]["webhook_url"].endswith("/webhooks/wms")
    assert overview["shopify"]["webhook_url"].endswith(f"/webhooks/{CHANNEL}")


def test_a_moved_sandbox_is_followed_and_changes_are_kept(demo: list[Connection]) -> None:
    stripe = demo[0]
    changed = {**stripe.config, "base_url": "http://127.0.0.1:1/stripe", "tolerance_seconds": 120}
    configure_connection(actor=ADMIN, connection_id=stripe.id, config=changed)
    again = ensure_connections()[0]
    assert again.config["base_url"] == stripe.config["base_url"]
    assert again.config["tolerance_seconds"] == 120


def test_one_return_goes_through_all_systems_and_the_books_agree(
    demo: list[Connection], sandbox: SandboxServer, bring_webhooks: Callable[[], None]
) -> None:
    rma = settled(returned(sandbox), bring_webhooks)
    refund = Refund.objects.get(rma=rma)
    assert refund.status == RefundStatus.SUCCEEDED
    assert (rma.money, rma.stock, rma.erp, rma.status) == ("refunded", "placed", "posted", ReturnStatus.CLOSED)
    comparison = compare()
    assert comparison.differences == []
    assert comparison.counts == {
        "refunds at Stripe": 1,
        "credit memos at NetSuite": 1,
        "placements at the warehouse": 1,
    }
    out = StringIO()
    call_command("compare_books", stdout=out)
    assert "The books agree" in out.getvalue()
    assert not InboxMessage.objects.exclude(status="done").exists()
    assert all_breaches() == []


def all_breaches() -> list[str]:
    runs = (audits.unconfirmed_effects, audits.doubled_effects, audits.stuck_messages, audits.silent_messages)
    return [f"{breach.subject} {breach.detail}" for run in runs for breach in run()]


@pytest.mark.parametrize(
    ("system", "fault"),
    [
        ("stripe", {"kind": "lost_answer", "times": 1}),
        ("stripe", {"kind": "error_500", "times": 1}),
        ("netsuite", {"kind": "lost_answer", "times": 1, "operations": ["upsert"]}),
        ("netsuite", {"kind": "error_500", "times": 1, "after_effect": True, "operations": ["upsert"]}),
        ("wms", {"kind": "lost_answer", "times": 1, "operations": ["placements.create"]}),
        ("wms", {"kind": "duplicate_webhooks"}),
        ("stripe", {"kind": "reorder_webhooks", "window_ms": 200}),
    ],
)
def test_under_faults_everything_still_happens_once(
    demo: list[Connection],
    sandbox: SandboxServer,
    bring_webhooks: Callable[[], None],
    system: str,
    fault: dict[str, Any],
) -> None:
    set_faults(system, [fault])
    assert settled(returned(sandbox), bring_webhooks).status == ReturnStatus.CLOSED
    assert compare().differences == []
    assert all_breaches() == []


def test_a_refund_that_is_there_twice_is_a_difference(
    demo: list[Connection], sandbox: SandboxServer, bring_webhooks: Callable[[], None]
) -> None:
    rma = settled(returned(sandbox), bring_webhooks)
    refund = Refund.objects.get(rma=rma)
    charge = books("stripe")["charges"][0]["charge"]
    form = {"charge": charge, "amount": "10", "metadata[refund_key]": refund.effect_key}
    sandbox.client.post("/stripe/v1/refunds", data=form, headers={"Authorization": "Bearer sk_test_x"})
    with pytest.raises(CommandError, match="3 differences"):
        call_command("compare_books", stdout=StringIO(), stderr=StringIO())


def test_a_refund_that_is_missing_there_is_a_difference(
    demo: list[Connection], sandbox: SandboxServer, bring_webhooks: Callable[[], None]
) -> None:
    settled(returned(sandbox), bring_webhooks)
    sandbox.control("POST", "/stripe/reset", {})
    assert [(one.system, "no such refund there" in one.what) for one in compare().differences] == [("stripe", True)]


def test_faults_are_switched_and_read(demo: list[Connection]) -> None:
    set_faults("stripe", [{"kind": "slow", "ms": 5}])
    assert [(fault["kind"], fault["ms"]) for fault in faults("stripe")] == [("slow", 5)]
    set_faults("stripe", [])
    assert faults("stripe") == []


def test_a_sandbox_that_is_away_says_so(settings: Settings) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    with pytest.raises(SandboxAway, match="does not answer"):
        faults("stripe")


def test_production_has_no_sandbox(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(SandboxAway, match="production"):
        faults("stripe")
