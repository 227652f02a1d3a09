"""Orders with an open return, read again at the shop: what its lost webhook would have told is a discrepancy."""

from typing import Any

import pytest

from connectors.context import context_of
from connectors.inbox import process_due, receive
from connectors.models import Connection, InboxMessage
from connectors.own_reads import read_again
from connectors.shopify.client import ShopifyClient
from reconciliation.models import Discrepancy
from retailops.cases.models import Case
from retailops.lib.clock import now
from returns.models import Order, OrderLine
from returns.services.decisions import cancel_return
from tests.connectors.sandbox_server import SandboxServer, WebhookSink
from tests.connectors.shopify.conftest import SECRET
from tests.factories import SYSTEM, ensure_policy, make_location, make_return

SOLD_AT, EDITED_AT, LATER = "2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z", "2026-11-22T10:00:00Z"


@pytest.fixture
def sold(shop: Connection, sandbox: SandboxServer, webhook_sink: WebhookSink) -> Any:
    """An order that the shop told us by its webhook: 3 × 10.00 less 3.00 with tax, and 1 × 5.00."""
    ensure_policy()
    make_location("DC-1", region="UK")
    sandbox.send_webhooks_to("shopify", webhook_sink.url, SECRET)
    lines = [
        {"sku": "TEE", "quantity": 3, "price": "10.00", "discount": "3.00", "tax": "5.40"},
        {"sku": "CAP", "quantity": 1, "price": "5.00"},
    ]
    seeded = sandbox.seed_order(
        lines=lines,
        currency="GBP",
        gateway="stripe",
        created_at=SOLD_AT,
        emit=True,
        note_attributes=[{"name": "payment_intent", "value": "pi_1"}],
    )
    sandbox.webhooks_settled("shopify")
    (told,) = webhook_sink.received
    headers = {name.lower(): value for name, value in told.headers.items()}
    assert receive("shop-uk", headers, told.body).status == 202
    process_due()
    make_return(Order.objects.get())
    return seeded


def edit(sandbox: SandboxServer, sold: Any, at: str = EDITED_AT, *, line: int = 1, **changes: Any) -> None:
    """Have staff of the shop change a line; no webhook comes."""
    body = {"id": sold["id"], "updated_at": at, "lines": [{"id": int(sold["lines"][line]["id"])} | changes]}
    sandbox.control("POST", "/shopify/order-edits", body)


def read() -> int:
    """Read again and take what was news."""
    news = read_again()
    process_due()
    return news


def differs() -> list[tuple[str, str, str, str]]:
    rows = Discrepancy.objects.filter(status="open").order_by("object", "field")
    return [(row.field, row.ours, row.theirs, row.suggestion) for row in rows]


def test_what_the_shop_told_already_is_not_news(sold: Any) -> None:
    assert read() == 0
    assert not Discrepancy.objects.exists()


def test_a_reading_says_the_same_as_the_webhook(sold: Any, sandbox: SandboxServer) -> None:
    """Something else of the order changed: amounts, taxes and payment are read as they were told."""
    edit(sandbox, sold)
    assert read() == 1
    assert differs() == []
    assert InboxMessage.objects.get(kind="poll").result == {"order": Order.objects.get().number, "differs": []}


def test_what_a_lost_webhook_would_have_told_is_a_discrepancy_with_a_proposal(
    sold: Any, sandbox: SandboxServer
) -> None:
    version = Order.objects.get().version
    edit(sandbox, sold, quantity=2, discount="1.00")
    assert read() == 1
    assert differs() == [
        ("discount", "0", "100", "took_theirs"),
        ("net", "500", "900", "took_theirs"),
        ("quantity", "1", "2", "took_theirs"),
        ("captured", "3740", "4140", "took_theirs"),
    ]
    assert Case.objects.filter(kind="order_drift", status="open").count() == 4
    line = OrderLine.objects.get(sku="CAP")
    assert (line.quantity, line.net, Order.objects.get().version) == (1, 500, version)
    assert read() == 0


def test_it_ends_when_the_shop_says_the_same_again(sold: Any, sandbox: SandboxServer) -> None:
    edit(sandbox, sold, quantity=2)
    read()
    edit(sandbox, sold, LATER, quantity=1)
    assert read() == 1
    assert set(Discrepancy.objects.values_list("status", "resolution")) == {("resolved", "agreed")}


def test_what_is_told_by_webhook_after_all_ends_it(
    sold: Any, sandbox: SandboxServer, webhook_sink: WebhookSink
) -> None:
    edit(sandbox, sold, quantity=2)
    read()
    body = {"id": sold["id"], "updated_at": LATER, "emit": True}
    sandbox.control("POST", "/shopify/order-edits", body)
    sandbox.webhooks_settled("shopify")
    told = webhook_sink.received[-1]
    assert receive("shop-uk", {name.lower(): value for name, value in told.headers.items()}, told.body).status == 202
    process_due()
    assert OrderLine.objects.get(sku="CAP").quantity == 2
    assert set(Discrepancy.objects.values_list("status", "resolution")) == {("resolved", "agreed")}


def test_what_changed_there_just_now_may_still_be_told(sold: Any, sandbox: SandboxServer) -> None:
    edit(sandbox, sold, now().isoformat(), quantity=2)
    assert read() == 0
    assert InboxMessage.objects.filter(kind="poll").count() == 0


def test_what_was_read_before_our_order_moved_on_is_late(sold: Any, sandbox: SandboxServer) -> None:
    edit(sandbox, sold, quantity=2)
    assert read_again() == 1
    order = Order.objects.get()
    order.updated_at = order.updated_at.replace(year=2030)
    order.save()
    process_due()
    assert InboxMessage.objects.get(kind="poll").result == {"order": order.number, "differs": [], "late": True}
    assert not Discrepancy.objects.exists()


def test_orders_without_an_open_return_are_not_read(sold: Any, sandbox: SandboxServer) -> None:
    edit(sandbox, sold, quantity=2)
    rma = Order.objects.get().returns.get()
    cancel_return(actor=SYSTEM, return_id=rma.id, reason="kept")
    before = len(sandbox.journal("shopify"))
    assert read() == 0
    assert len(sandbox.journal("shopify")) == before


def test_all_lines_of_a_long_order_are_read(shop: Connection, sandbox: SandboxServer) -> None:
    lines = [{"sku": f"SKU-{number}", "quantity": 1, "price": "1.00"} for number in range(60)]
    seeded = sandbox.seed_order(lines=lines)
    state = ShopifyClient(context_of(shop), 20).order_state(seeded["gid"])
    assert state is not None
    assert [line["sku"] for line in state["lines"]] == [line["sku"] for line in lines]
    assert ShopifyClient(context_of(shop), 20).order_state("gid://shopify/Order/1") is None
