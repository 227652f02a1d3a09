"""What every screen owes: focus that stays, undo, failures that say what to do, links that hold all, light pages."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from retailops.accounts.models import User
from retailops.cases.models import Case
from tests.browser.conftest import Complaints, Open
from tests.browser.watching import HEAVIEST, weight
from tests.workbench import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def lose(page: Page, pattern: str) -> None:
    """Have the network lose what is asked of such addresses."""
    page.route(re.compile(pattern), lambda route: route.abort())


def break_down(route: Route) -> None:
    route.fulfill(status=500, body="")


def test_a_read_whose_answer_is_lost_is_asked_again_with_a_click(
    open_as: Open, admin: User, complaints: Complaints
) -> None:
    rma = world.received()
    page = open_as(admin, "/returns/")
    lose(page, "view=inspect")
    page.get_by_role("link", name="To inspect").click()
    note = page.locator("#toasts .toast-note.error")
    expect(note).to_contain_text("No answer from RetailOps.")
    assert "view=inspect" not in page.url
    page.unroute(re.compile("view=inspect"))
    note.get_by_role("button", name="Try again").click()
    expect(page).to_have_url(re.compile("view=inspect"))
    expect(page.get_by_role("link", name=rma.number)).to_be_visible()
    expect(note).to_have_count(0)
    complaints.clear()


def test_a_command_whose_answer_is_lost_says_so_in_its_dialog(
    open_as: Open, admin: User, story: world.Story, complaints: Complaints
) -> None:
    page = open_as(admin, f"/cases/{story.case.id}/")
    page.keyboard.press("d")
    sheet = page.locator("#sheet[open]")
    sheet.get_by_label("What was the cause").fill("Mixed up")
    sheet.get_by_label("Evidence").fill("TICKET-7")
    lose(page, "/resolve/")
    sheet.locator("button[type=submit]").click()
    note = sheet.get_by_role("alert")
    expect(note).to_contain_text("it may have been done, or not")
    expect(note.get_by_role("button", name="Reload")).to_be_visible()
    expect(sheet.get_by_label("What was the cause")).to_have_value("Mixed up")
    complaints.clear()


def test_a_fault_of_ours_says_what_is_true(open_as: Open, admin: User, complaints: Complaints) -> None:
    world.received()
    page = open_as(admin, "/returns/")
    page.route(re.compile("view=inspect"), break_down)
    page.get_by_role("link", name="To inspect").click()
    expect(page.locator("#toasts")).to_contain_text("Something failed on our side. Nothing was changed.")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    complaints.clear()


def test_focus_stays_where_it_was_when_the_page_is_shown_anew(open_as: Open, admin: User) -> None:
    rma = world.requested()
    page = open_as(admin, f"/returns/{rma.number}/")
    receive = page.get_by_role("link", name="Receive goods").first
    receive.focus()
    world.arrive(world.requested())
    page.evaluate("htmx.ajax('get', location.pathname, '#main')")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("link", name="Receive goods").first).to_be_focused()


def test_what_had_the_focus_and_is_gone_leaves_it_to_the_page(open_as: Open, admin: User) -> None:
    rma = world.requested()
    page = open_as(admin, f"/returns/{rma.number}/")
    page.get_by_role("link", name="Receive goods").first.focus()
    page.keyboard.press("Enter")
    page.locator("#sheet[open] button[type=submit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Receipt recorded.")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_undo_is_a_key_away_and_a_button_without_javascript(open_as: Open, admin: User, story: world.Story) -> None:
    page = open_as(admin, f"/cases/{story.case.id}/")
    page.get_by_role("button", name="Take it").click()
    undo = page.locator("#toasts").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Undone. It is as it was before.")
    expect(undo).to_have_count(0)
    assert Case.objects.get(pk=story.case.pk).owner is None
    plain = open_as(admin, f"/cases/{story.case.id}/", java_script_enabled=False)
    plain.get_by_role("button", name="Take it").click()
    assert Case.objects.get(pk=story.case.pk).owner == admin
    plain.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(plain.locator("#toasts")).to_contain_text("Undone.")
    assert Case.objects.get(pk=story.case.pk).owner is None


def test_the_link_of_the_page_holds_what_it_shows(open_as: Open, admin: User) -> None:
    rma = world.received()
    page = open_as(admin, "/returns/", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="To inspect").click()
    expect(page).to_have_url(re.compile("view=inspect"))
    page.get_by_role("button", name="Copy the link to this page").click()
    expect(page.locator("#toasts")).to_contain_text("copied")
    other = open_as(world.person("ops_agent"), page.evaluate("navigator.clipboard.readText()"))
    expect(other.get_by_role("link", name=rma.number)).to_be_visible()
    expect(other.locator(".tabs [aria-current]")).to_contain_text("To inspect")


def test_a_full_list_is_as_light_as_any_page(open_as: Open, admin: User) -> None:
    for _ in range(50):
        world.requested()
    page = open_as(admin, "/returns/")
    expect(page.locator("tbody tr")).to_have_count(50)
    assert weight(page) < HEAVIEST
    assert page.evaluate("performance.getEntriesByType('navigation')[0].decodedBodySize") < 120_000
