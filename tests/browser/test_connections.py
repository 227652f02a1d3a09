"""A connector admin adds a connection, edits it and mends its mapping: by mouse, and by the keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from connectors.models import Connection, MappingTrial
from connectors.outbound_http import close_clients
from retailops.accounts.models import User
from tests.browser.conftest import Open
from tests.browser.test_every_page import faults_of
from tests.connectors.sandbox_server import SandboxServer
from tests.workbench import connected, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What the focus is on, by its own words and its label's; nothing where it is on the page at large.
AT = """(e => e.matches("a, button, input, textarea, select, summary")
  ? `${e.innerText} ${e.labels?.[0]?.innerText}` : "")(document.activeElement)"""


@pytest.fixture
def manager(live_server: object) -> User:
    """Somebody who looks after connections."""
    return world.person("connector_admin", name="Cleo Adair")


def test_a_connection_is_tested_then_added(open_as: Open, manager: User, sandbox: SandboxServer) -> None:
    page = open_as(manager, "/connections/")
    page.get_by_role("link", name="Add a connection").first.click()
    page.get_by_role("link", name="Stripe").click()
    page.get_by_label("Base address").fill(f"{sandbox.url}/stripe")
    page.get_by_label("Secret key", exact=True).fill("sk_test_ours")
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#tested")).to_contain_text("Webhook signing secret (This field is required.)")
    page.get_by_label("Webhook signing secret", exact=True).fill("whsec_ours")
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#tested")).to_contain_text("It answers (")
    expect(page.get_by_label("Secret key", exact=True)).to_have_value("sk_test_ours")
    assert not Connection.objects.exists()
    assert faults_of(page) == []
    page.get_by_label("Burst").fill("0")
    page.get_by_role("button", name="Add the connection").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was added.")
    expect(page.get_by_label("Secret key", exact=True)).to_have_value("")
    assert faults_of(page) == []
    page.get_by_label("Burst").fill("5")
    page.get_by_label("Secret key", exact=True).fill("sk_test_ours")
    page.get_by_label("Webhook signing secret", exact=True).fill("whsec_ours")
    page.get_by_role("button", name="Add the connection").click()
    expect(page.get_by_role("heading", name="Stripe Working")).to_be_visible()
    assert Connection.objects.select_related("destination").get().destination.burst == 5
    close_clients()


def test_an_edit_shows_what_it_means_before_it_is_applied(open_as: Open, manager: User) -> None:
    erp = connected.ledger()
    connected.trial(erp)
    page = open_as(manager, "/connections/erp/edit/")
    page.get_by_label("Regions").fill("UK")
    page.get_by_label("Reason").fill("Only the UK books here")
    page.get_by_role("button", name="See what it means").click()
    expect(page.get_by_role("heading", name="What this change means")).to_be_visible()
    expect(page.locator(".outlook")).to_contain_text("Nobody")
    assert faults_of(page) == []
    erp.refresh_from_db()
    assert erp.regions == []
    page.get_by_role("button", name="Apply the change").click()
    expect(page.get_by_role("heading", name="NetSuite UK Working")).to_be_visible()
    erp.refresh_from_db()
    assert erp.regions == ["UK"]


def test_a_mapping_is_mended_by_the_keyboard_alone(open_as: Open, manager: User) -> None:
    erp = connected.ledger()
    connected.trial(erp)
    MappingTrial.objects.all().delete()
    page = open_as(manager, "/connections/erp/mapping/")
    _tab_to(page, "Currencies")
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("\nGBP = 1")
    _tab_to(page, "Try it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Trial of a mapping of NetSuite UK")).to_be_visible()
    _tab_to(page, "No longer fails")
    page.keyboard.press("Enter")
    expect(page.get_by_text("the currency GBP has no id in NetSuite").first).to_be_visible()
    assert faults_of(page) == []
    _tab_to(page, "Reason")
    page.keyboard.type("GBP was missing")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 stopped message can be sent now")).to_be_visible()
    erp.refresh_from_db()
    assert erp.mapping["currencies"] == {"EUR": "2", "GBP": "1"}


def _tab_to(page: Page, text: str) -> None:
    """Go by the tab key to what bears the text or the label."""
    for _ in range(80):
        page.keyboard.press("Tab")
        told = page.evaluate(AT)
        if text in told:
            return
    raise AssertionError(f"the tab key does not lead to {text}")
