"""How returns stand in the shop: told by its webhooks and read again by us, compared with ours once a change."""

import pytest

from connectors.inbox import process_due
from connectors.models import Connection, InboxMessage, OwnRead
from connectors.own_reads import forget_reads, read_again
from reconciliation.models import Discrepancy
from retailops.events.models import Delivery
from returns.models import Return
from returns.services.decisions import cancel_return
from tests.connectors.sandbox_server import SandboxServer
from tests.connectors.shopify import payloads
from tests.connectors.shopify.test_receiving import returnable, signed, taken
from tests.factories import SYSTEM, ensure_policy, make_location


@pytest.fixture
def asked(shop: Connection) -> Return:
    """A return that the shop asked for, and whose decision it was told long ago."""
    ensure_policy()
    make_location("DC-1", region="UK")
    taken(signed("orders/create", returnable(), message_id="1"))
    taken(signed("returns/request", payloads.return_request(), message_id="2"))
    Delivery.objects.update(status="delivered", finished_at="2020-01-01T00:00:00Z")
    return Return.objects.get()


def results() -> list[object]:
    return [message.result for message in InboxMessage.objects.order_by("id")][2:]


def test_what_the_shops_staff_did_is_a_discrepancy(asked: Return) -> None:
    taken(signed("returns/cancel", payloads.return_request(status="canceled"), message_id="3"))
    found = Discrepancy.objects.get()
    assert (found.field, found.ours, found.theirs, found.system) == ("status", "authorized", "canceled", "shop-uk")
    assert results() == [{"return": asked.number, "differs": ["status"]}]
    taken(signed("returns/reopen", payloads.return_request(status="open"), message_id="4"))
    found.refresh_from_db()
    assert found.resolution == "agreed"


def test_while_the_shop_is_being_told_nothing_is_compared(asked: Return) -> None:
    Delivery.objects.filter(operation="return.approve").update(status="ready", finished_at=None)
    taken(signed("returns/update", payloads.return_request(status="requested"), message_id="3"))
    assert not Discrepancy.objects.exists()
    assert results() == [{"return": asked.number, "noted": "the shop is being told"}]


def test_a_state_that_is_not_in_the_contract_is_a_case(asked: Return) -> None:
    taken(signed("returns/update", payloads.return_request(status="lost"), message_id="3"))
    stored = InboxMessage.objects.get(message_id="3")
    assert (stored.status, stored.error.startswith("unmapped:")) == ("dead", True)


def test_what_we_read_ourselves_is_compared_once_for_each_change(
    asked: Return, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter(["OPEN", "CANCELED", "CANCELED", "CANCELED"])
    monkeypatch.setattr("connectors.shopify.client.ShopifyClient.return_status", lambda self, return_id: next(states))
    assert read_again() == 1
    process_due()
    assert not Discrepancy.objects.exists()
    assert read_again() == 1
    process_due()
    assert Discrepancy.objects.get().theirs == "canceled"
    assert read_again() == 0  # neither side has changed: no news
    cancel_return(actor=SYSTEM, return_id=asked.id, reason="so it is")
    assert Discrepancy.objects.get().resolution == "agreed"


def test_what_the_shop_has_no_more_is_passed_over(asked: Return, sandbox: SandboxServer) -> None:
    """The sandbox holds no such return: nothing is told, and the sweep goes on."""
    assert read_again() == 0
    assert InboxMessage.objects.filter(kind="poll").count() == 0


def test_a_paused_connection_is_not_read(asked: Return, shop: Connection) -> None:
    shop.destination.__class__.objects.filter(pk=shop.destination_id).update(paused_at="2026-01-01T00:00:00Z")
    assert read_again() == 0


def test_what_comes_back_to_what_it_was_is_news_again(
    asked: Return, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter(["OPEN", "CANCELED", "OPEN", "OPEN", "CANCELED"])
    monkeypatch.setattr("connectors.shopify.client.ShopifyClient.return_status", lambda self, return_id: next(states))
    found = []
    for _ in range(5):
        news = read_again()
        process_due()
        found.append((news, Discrepancy.objects.filter(status="open").count()))
    assert found == [(1, 0), (1, 1), (1, 0), (0, 0), (1, 1)]


def test_what_is_not_read_any_more_is_forgotten(
    asked: Return, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.shopify.client.ShopifyClient.return_status", lambda self, return_id: "OPEN")
    read_again()
    assert forget_reads() == 0
    OwnRead.objects.update(read_at="2020-01-01T00:00:00Z")
    assert (forget_reads(), OwnRead.objects.count()) == (1, 0)
