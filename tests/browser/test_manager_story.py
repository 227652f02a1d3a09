"""A manager, new to it, asks in the browser which channel breaks its refund promise, and is led to the very returns."""

import re

import pytest
from playwright.sync_api import Page, expect

from retailops.lib.money import Money
from retailops.sla import book
from tests.browser.conftest import Open
from tests.dashboards.outage import CHANNEL, outage
from tests.workbench import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def numbers(page: Page) -> set[str]:
    """Return the returns that the rows name."""
    told = " ".join(page.locator("main tbody tr").all_inner_texts())
    return set(re.findall(r"RMA-[\w-]+", told))


def test_which_channel_at_which_stage_because_of_which_system_how_much_and_what_by_tonight(open_as: Open) -> None:
    book.forget()
    story = outage()
    money = str(Money(story.waiting, "GBP")).removesuffix(" GBP")
    page = open_as(world.person("manager"), "/")
    # Nothing to know beforehand: the dashboards stand in the navigation.
    page.get_by_role("link", name="Dashboards").first.click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()

    # Which channel breaks its refund promise: the worst stands first.
    channels = page.get_by_role("region", name="Refunds by channel")
    worst = channels.locator("tbody tr").first
    expect(worst.get_by_role("rowheader")).to_have_text(CHANNEL)
    expect(worst.locator("[data-figure=refund_late]")).to_have_text("2")
    expect(worst.locator("[data-figure=refund_tonight]")).to_have_text("1")
    worst.get_by_role("link", name=CHANNEL, exact=True).click()
    expect(page.get_by_label("Channel", exact=True)).to_have_value(CHANNEL)

    # At which stage, and how much money waits there.
    stage = page.get_by_role("region", name="Where open returns stand").get_by_role("row", name="Money to be confirmed")
    expect(stage.locator(".counted")).to_have_text("3")
    expect(stage).to_contain_text(money)

    # Because of which system: three sends are overdue there, and the system's own page says why.
    system = page.get_by_role("region", name="Which system holds returns up").get_by_role("row", name="stripe")
    expect(system.locator("[data-figure=overdue_sends]")).to_have_text("3")
    expect(system).to_contain_text(money)

    # What will break by tonight, and what is late already: the very returns, each a key away.
    page.locator("a.figure[data-figure=refund_tonight]").click()
    expect(page.locator("main tbody tr")).to_have_count(1)
    assert numbers(page) == {story.tonight.number}
    page.go_back()
    page.locator("a.figure[data-figure=refund_late]").click()
    expect(page.locator("main tbody tr")).to_have_count(2)
    assert numbers(page) == {rma.number for rma in story.late}
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("RMA-")
    assert any(rma.number in page.get_by_role("heading", level=1).inner_text() for rma in story.late)
