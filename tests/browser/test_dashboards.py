"""A manager who is new to the dashboards finds what is wrong, what it costs, and the very returns."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from retailops.workbench.dashboards.boards import BOARDS
from tests.browser.conftest import Open
from tests.browser.test_every_page import LOOKS, too_wide
from tests.dashboards import histories
from tests.workbench import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def draw(page: Page) -> None:
    """Come near each chart, so that it is drawn."""
    for box in page.locator(".chart-box").all():
        box.scroll_into_view_if_needed()
        expect(box).to_have_class(re.compile(r"\bdrawn\b"))


def test_from_a_slow_channel_to_its_returns(open_as: Open) -> None:
    histories.history()
    page = open_as(world.person("manager"), "/")
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    channels = page.get_by_role("region", name="Refunds by channel")
    channels.get_by_role("link", name="shopify-uk", exact=True).click()
    expect(page.get_by_label("Channel", exact=True)).to_have_value("shopify-uk")
    systems = page.get_by_role("region", name="Which system holds returns up")
    expect(systems.get_by_role("row", name="stripe")).to_contain_text("45.99")
    waits = page.get_by_role("region", name="Where open returns stand")
    expect(waits.get_by_role("row", name="Money to be confirmed")).to_contain_text("91.98")
    waits.get_by_role("link", name="Money to be confirmed").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("RMA-")


def test_charts_are_drawn_from_their_tables(open_as: Open) -> None:
    histories.history()
    page = open_as(world.person("manager"), "/dashboards/overview/")
    draw(page)
    flow = page.get_by_role("region", name="In and out")
    flow.get_by_text("As a table").click()
    told = flow.locator("tbody tr").last.locator("td[data-value]")
    shown = page.evaluate("Object.values(Chart.instances).at(-1).data.datasets.map((each) => each.data.at(-1))")
    assert [int(value) for value in told.evaluate_all("cells => cells.map(cell => cell.dataset.value)")] == shown
    page.get_by_label("Days", exact=True).select_option("30")
    page.wait_for_url("**range=30**")
    draw(page)
    page.get_by_label("Compare with before").check()
    page.wait_for_url("**compare=1**")
    draw(page)
    names = page.evaluate("Object.values(Chart.instances).at(-1).data.datasets.map((each) => each.label)")
    assert names == ["Requested", "Requested, before", "Ended", "Ended, before"]


def test_a_board_loads_no_chart_before_one_is_near(open_as: Open) -> None:
    histories.history()
    page = open_as(world.person("manager"), "/dashboards/integration/", viewport={"width": 1200, "height": 300})
    expect(page.get_by_role("heading", name="Integration", level=1)).to_be_visible()
    assert page.evaluate("typeof Chart") == "undefined"
    draw(page)


def test_tiles_show_their_days(open_as: Open) -> None:
    histories.history()
    page = open_as(world.person("manager"), "/dashboards/overview/")
    expect(page.get_by_role("img", name="By day: ").first).to_be_attached()


def test_without_javascript_the_tables_say_the_same(open_as: Open) -> None:
    histories.history()
    page = open_as(world.person("manager"), "/dashboards/overview/", java_script_enabled=False)
    expect(page.locator(".chart-box").first).to_be_hidden()
    page.get_by_label("Region", exact=True).select_option("GB")
    page.get_by_role("button", name="Apply").click()
    assert "region=GB" in page.url
    page.locator("details.chart-table summary").first.click()
    expect(page.locator("details.chart-table table").first).to_be_visible()


def test_boards_fit_and_print(open_as: Open, screenshots: Path | None) -> None:
    histories.history()
    page = open_as(world.person("administrator"), "/dashboards/", reduced_motion="reduce")
    for key in BOARDS:
        page.goto(f"/dashboards/{key}/?range=30&compare=1")
        for look, seen in LOOKS.items():
            page.set_viewport_size(seen["viewport"])
            page.emulate_media(color_scheme=seen["color_scheme"])
            draw(page)
            assert too_wide(page) == [], (key, look)
            if screenshots:
                page.screenshot(path=screenshots / f"board-{key}-{look}.png", full_page=True, caret="initial")
