"""An exchange in the browser without JavaScript: proposed, paid, shipped, ended; refused with the reason."""

import re
from typing import Any

import pytest
from django.test import Client

from inventory.selectors import available_to_promise
from inventory.services import MoveIn, move_stock
from retailops.lib.ids import uuid7
from returns.models import Exchange, Return
from tests.factories import ensure_policy
from tests.workbench import world

pytestmark = pytest.mark.django_db
OFFERED = ["refund", "exchange", "replacement", "store_credit", "none"]


@pytest.fixture
def agent() -> Client:
    return world.signed_in(world.person("ops_agent"))


def on_the_shelf(sku: str = "JUMPER-L", quantity: int = 2) -> None:
    place = world.location("GB").code
    what = MoveIn(f"in:{uuid7()}", sku, quantity, "external", "sellable", place, "adjustment", uuid7(), uuid7())
    move_stock(actor=world.SYSTEM, moves=[what])


def to_exchange(**rules: Any) -> Return:
    """Return a return of one jumper (45.99) that is to be exchanged."""
    ensure_policy(**({"resolutions": OFFERED} | rules))
    line = {"external_id": "l1", "quantity": 1, "reason": "too_small", "resolution": "exchange"}
    return world.requested(lines=[line], kind="exchange")


def sent(rma: Return, **changes: Any) -> dict[str, Any]:
    """Return the filled form of a proposal."""
    data = {
        "expected_version": rma.version, "what": "exchange", "quantity_1": "1", "wanted_1": "JUMPER-L",
        "price_1": "50.99", "reason": "",
    }  # fmt: skip
    return data | changes


def proposed(agent: Client, rma: Return, **changes: Any) -> Exchange:
    answer = agent.post(f"/returns/{rma.number}/do/exchange/", sent(rma, **changes))
    assert answer.status_code == 303, answer.content.decode()
    return Exchange.objects.get(rma=rma)


def step(exchange: Exchange, key: str) -> str:
    return f"/returns/{exchange.rma.number}/exchanges/{exchange.id}/{key}/"


def page_of(client: Client, rma: Return) -> str:
    return client.get(f"/returns/{rma.number}/").content.decode()


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("&nbsp;", " ")))


def test_an_exchange_from_the_page_to_its_end(agent: Client) -> None:
    on_the_shelf()
    rma = to_exchange()
    page = page_of(agent, rma)
    assert "Propose exchange" in page
    form = agent.get(f"/returns/{rma.number}/do/exchange/").content.decode()
    assert "JUMPER-L (2 free)" in form
    assert "JUMPER-M (none free)" in form
    assert 'value="45.99"' in form
    exchange = proposed(agent, rma)
    assert (exchange.status, exchange.credit, exchange.sale) == ("awaiting_payment", 4599, 5099)
    text = plain(page_of(agent, rma))
    for words in (
        "Customer must pay", "45.99 GBP", "50.99 GBP", "5.00 GBP from the customer, 5.00 GBP still owed",
        "Waits for the customer: the balance is not paid.", "Held at GB-WH", "Sale, gross 50.99 GBP",
    ):  # fmt: skip
        assert words in text, words
    assert 'value="5.00"' in agent.get(step(exchange, "pay")).content.decode()
    paid = {"gateway": "stripe", "external_reference": "pi_more", "amount": "5.00"}
    for _ in range(2):
        assert agent.post(step(exchange, "pay"), paid).status_code == 303
    assert exchange.payments.count() == 1
    assert "inspected and accepted" in page_of(agent, rma)
    world.inspected(world.arrive(rma))
    assert "Waits for the warehouse." in page_of(agent, rma)
    assert agent.post(step(exchange, "ship"), {"carrier": "dhl", "tracking": "TRK-9"}).status_code == 303
    text = plain(page_of(agent, rma))
    assert "TRK-9" in text
    assert "1 exchanged" in text
    assert step(exchange, "cancel") not in page_of(agent, rma)
    exchange.refresh_from_db()
    assert (exchange.status, rma.lines.get().exchanged, available_to_promise("JUMPER-L")) == ("shipped", 1, 1)


def test_the_form_says_what_is_missing(agent: Client) -> None:
    rma = to_exchange()
    address = f"/returns/{rma.number}/do/exchange/"
    for changes, words in (
        ({"wanted_1": ""}, "Choose what the customer gets."),
        ({"price_1": ""}, "Say what one of them costs."),
        ({"price_1": "1.234"}, "more decimals"),
        ({"quantity_1": "0"}, "Give at least one unit."),
        ({"quantity_1": "2"}, "less than or equal to 1"),
    ):
        on = {"wanted_1": "JUMPER-M"} | changes
        answer = agent.post(address, sent(rma, **on))
        assert answer.status_code == 422
        assert words in answer.content.decode(), words
    assert not Exchange.objects.exists()


def test_a_replacement_needs_no_price_and_lack_of_stock_is_shown(agent: Client) -> None:
    rma = to_exchange()
    exchange = proposed(agent, rma, what="replacement", wanted_1="", price_1="")
    assert (exchange.status, exchange.resolution, exchange.sale) == ("proposed", "replacement", 0)
    page = page_of(agent, rma)
    assert "cannot be reserved for the exchange" in page
    assert "case-here" in page
    assert "Waits for you: its goods are not held yet." in page
    on_the_shelf("JUMPER-M")
    assert agent.post(step(exchange, "reserve")).status_code == 303
    exchange.refresh_from_db()
    assert exchange.status == "reserved"
    assert "case-here" not in page_of(agent, rma)


def test_converted_and_canceled_with_a_reason(agent: Client) -> None:
    on_the_shelf()
    rma = to_exchange()
    exchange = proposed(agent, rma)
    assert agent.post(step(exchange, "convert"), {"to": "refund", "reason": ""}).status_code == 422
    assert agent.post(step(exchange, "convert"), {"to": "nothing", "reason": "x"}).status_code == 422
    assert agent.post(step(exchange, "convert"), {"to": "refund", "reason": "no longer wanted"}).status_code == 303
    exchange.refresh_from_db()
    assert (exchange.status, rma.lines.get().resolution, available_to_promise("JUMPER-L")) == ("converted", "refund", 2)
    answer = agent.post(step(exchange, "cancel"), {"reason": "again"})
    assert answer.status_code == 422
    assert "It is converted." in answer.content.decode()


def test_what_is_not_possible_now_says_why(agent: Client) -> None:
    on_the_shelf()
    rma = to_exchange(exchange_timing="on_authorization")
    exchange = proposed(agent, rma, price_1="45.99")
    assert exchange.status == "released"
    page = page_of(agent, rma)
    assert re.search(r'aria-disabled="true" title="Its goods are on their way[^"]*">Convert', page)
    form = agent.get(step(exchange, "cancel")).content.decode()
    assert "Its goods are on their way" in form
    assert re.search(r'<button type="submit"[^>]* disabled', form)
    assert agent.post(step(exchange, "cancel"), {"reason": "x"}).status_code == 422
    menu = page_of(agent, rma)
    assert "An exchange goes on: cancel or convert it first." in menu
    assert "Every unit is refunded, exchanged or given up already." in menu


def test_who_may_not_is_offered_nothing() -> None:
    on_the_shelf()
    rma = to_exchange()
    exchange = proposed(world.signed_in(world.person("ops_agent")), rma)
    manager = world.signed_in(world.person("manager"))
    page = page_of(manager, rma)
    assert "Customer must pay" in page
    assert "/exchanges/" not in page
    stranger = world.signed_in(world.person("ops_agent", regions=["FR"]))
    other = world.requested()
    for key in ("reserve", "pay", "release", "ship", "convert", "cancel"):
        assert manager.get(step(exchange, key)).status_code == 403
        assert manager.post(step(exchange, key), {"reason": "x"}).status_code == 403
        assert stranger.post(step(exchange, key), {"reason": "x"}).status_code == 404
        agent = world.signed_in(world.person("ops_agent"))
        assert agent.get(f"/returns/{other.number}/exchanges/{exchange.id}/{key}/").status_code == 404
    exchange.refresh_from_db()
    assert (exchange.status, exchange.payments.count()) == ("awaiting_payment", 0)


def test_a_stale_proposal_is_refused(agent: Client) -> None:
    on_the_shelf()
    rma = to_exchange()
    proposed(agent, rma)
    answer = agent.post(f"/returns/{rma.number}/do/exchange/", sent(rma))
    assert answer.status_code in {409, 422}
    assert Exchange.objects.count() == 1
