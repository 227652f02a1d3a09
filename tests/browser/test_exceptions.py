"""Exceptions in the browser: by mouse, by keyboard alone, and without JavaScript."""

import pytest
from playwright.sync_api import Page, expect

from retailops.accounts.models import User
from retailops.cases.models import Case, CaseGroup, CaseStatus
from retailops.cases.services import note_group
from tests.browser.conftest import Open
from tests.workbench import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cause(story: world.Story) -> CaseGroup:
    """A cause that came back, with two open cases."""
    return story.cause


def typed(page: Page, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


def test_a_cause_is_found_worked_and_mended_by_mouse(open_as: Open, admin: User, cause: CaseGroup) -> None:
    page = open_as(admin, "/exceptions/")
    page.get_by_role("link", name=cause.title).click()
    expect(page.locator("h1")).to_contain_text("Came back")
    page.get_by_role("link", name="Acknowledge…").click()
    page.locator("#sheet").get_by_label("Reason").fill("asking the bank")
    page.locator("#sheet").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("h1")).to_contain_text("Acknowledged")
    page.get_by_label("Note").fill("The bank pays on Monday.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".notes")).to_contain_text("The bank pays on Monday.")
    page.get_by_role("link", name="Mended…").click()
    sheet = page.locator("#sheet")
    sheet.get_by_label("What was the cause").fill("The account was closed; the bank has the new one")
    sheet.get_by_label("Evidence").fill("OPS-91")
    sheet.get_by_label("End its open cases too").check()
    sheet.get_by_role("button", name="Mended").click()
    expect(page.locator("h1")).to_contain_text("Mended")
    assert set(cause.cases.values_list("status", flat=True)) == {CaseStatus.RESOLVED}


def test_items_are_picked_and_given_to_a_person_by_keyboard_alone(open_as: Open, admin: User, cause: CaseGroup) -> None:
    page = open_as(admin, "/exceptions/")
    typed(page, "j", "Enter")
    expect(page.locator("h1")).to_contain_text(cause.title)
    typed(page, "/")
    page.goto(f"/cases/?q=group:{cause.id}&tab=open")
    typed(page, "j", "x")
    expect(page.locator("[data-picked]")).to_have_text("1 selected")
    typed(page, "j", "Shift+X")
    expect(page.locator("[data-picked]")).to_have_text("2 selected")
    typed(page, "a")
    owner = page.locator("#sheet").get_by_label("Owner")
    expect(owner).to_be_focused()
    owner.select_option(label=str(admin))
    page.locator("#sheet").get_by_role("button", name="Assign 2").press("Enter")
    expect(page.locator("#sheet")).to_contain_text("All 2 done")
    page.locator("#sheet").get_by_role("link", name="Back to the list").press("Enter")
    expect(page.locator("#sheet")).to_be_hidden()
    expect(page.locator("tbody")).to_contain_text(str(admin))
    assert set(Case.objects.filter(group=cause, status="open").values_list("owner", flat=True)) == {admin.id}


def test_the_next_of_the_same_cause_is_a_dot_away(open_as: Open, admin: User, cause: CaseGroup) -> None:
    first, second = cause.cases.filter(status=CaseStatus.OPEN).order_by("pk")
    page = open_as(admin, f"/cases/{first.id}/")
    typed(page, ".")
    expect(page.locator("h1")).to_contain_text(second.title)
    typed(page, "i")
    expect(page.locator("#sheet")).to_be_visible()  # its text is there before it is shown
    expect(page.locator("#sheet")).to_contain_text("Put off")
    typed(page, "Escape")
    expect(page.locator("#sheet")).to_be_hidden()
    typed(page, "d")
    expect(page.locator("#sheet")).to_be_visible()  # its text is there before it is shown
    expect(page.locator("#sheet")).to_contain_text("What was the cause")
    typed(page, "Escape")
    expect(page.locator("#sheet")).to_be_hidden()
    typed(page, "n")
    expect(page.get_by_label("Note")).to_be_focused()


def test_the_box_offers_what_comes_next_and_the_pill_tells_newcomers(
    open_as: Open, admin: User, story: world.Story, cause: CaseGroup
) -> None:
    page = open_as(admin, "/cases/")
    typed(page, "/")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.type("cl")
    expect(page.locator("#query-words option")).to_have_count(1)
    assert page.locator("#query-words option").get_attribute("value") == "class:"
    page.keyboard.type("ass:business")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert "q=class%3Abusiness" in page.url
    typed(page, "Tab")
    world.case_about(story.rma, "Not of this query")
    page.goto("/cases/")
    world.case_about(story.rma, "Just come")
    page.evaluate("htmx.trigger('#newcomers', 'live')")
    expect(page.locator("#newcomers")).to_contain_text("1 new")
    expect(page.locator("tbody")).not_to_contain_text("Just come")
    page.get_by_role("link", name="1 new").click()
    expect(page.locator("tbody")).to_contain_text("Just come")


def test_without_javascript_items_are_worked_too(open_as: Open, admin: User, cause: CaseGroup) -> None:
    page = open_as(admin, f"/cases/?q=group:{cause.id}&tab=open", java_script_enabled=False)
    page.get_by_label("Select: Stripe refused refund 2").check()
    page.get_by_role("button", name="Note…").click()
    page.get_by_role("textbox", name="Note").fill("called the bank")
    page.get_by_role("button", name="Note 1").click()
    expect(page.locator("main")).to_contain_text("All 1 done")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_whom_a_note_names_reads_it_on_today(open_as: Open, admin: User, cause: CaseGroup) -> None:
    note_group(world.SYSTEM, cause.id, f"@{admin.name} please look")
    page = open_as(admin, "/")
    expect(page.locator("main")).to_contain_text("Notes that name you")
    page.get_by_role("button", name="Read").click()
    expect(page.locator("main")).not_to_contain_text("Notes that name you")
