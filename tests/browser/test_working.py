"""The main paths as a person walks them: by mouse, by keyboard, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from retailops.accounts.models import User
from retailops.cases.models import CaseStatus
from retailops.events.enums import DeliveryStatus, EffectStatus
from retailops.events.models import Effect
from returns.enums import RefundStatus, ReturnStatus
from returns.models import Inspection, Receipt
from tests.browser.conftest import Open
from tests.workbench import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def mark(page: Page) -> None:
    """Leave a mark that a reload would wipe."""
    page.evaluate("window.stayed = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.stayed === true"))


def test_signing_in_and_out(open_as: Open, admin: User) -> None:
    page = open_as(None, "/returns/")
    page.get_by_label("Email").fill(admin.email)
    page.get_by_label("Password", exact=True).fill(world.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/returns/$"))
    page.get_by_label("Ada Novak: account").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/returns/")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_finding_a_return_by_its_order_number_and_reading_its_trace(
    open_as: Open, admin: User, story: world.Story
) -> None:
    page = open_as(admin, "/")
    page.keyboard.press("/")
    page.keyboard.type(world.order_of(story.rma).number)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/trace/{story.rma.correlation_id}/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(world.order_of(story.rma).number)
    lanes = page.locator(".swim-name").all_text_contents()
    assert lanes[0] == "RetailOps"
    assert "Stripe" in lanes
    attempt = story.delivery.attempts.get()
    page.locator(f'.swim a[href="#a-{attempt.id}"]').click()
    step = page.locator(f'[id="a-{attempt.id}"]')
    expect(step.get_by_text("The charge is disputed.").first).to_be_visible()


def test_receiving_in_a_dialog_changes_the_page_without_a_reload(open_as: Open, admin: User) -> None:
    rma = world.requested()
    page = open_as(admin, f"/returns/{rma.number}/")
    mark(page)
    page.get_by_role("link", name="Receive goods").first.click()
    sheet = page.locator("#sheet")
    expect(sheet).to_be_visible()
    sheet.get_by_label("JUMPER-M Merino jumper").fill("0")
    sheet.get_by_role("button", name="Receive goods").click()
    expect(sheet.get_by_text("Give at least one unit.")).to_be_visible()
    assert not Receipt.objects.filter(rma=rma).exists()
    sheet.get_by_label("JUMPER-M Merino jumper").fill("1")
    sheet.get_by_role("button", name="Receive goods").click()
    expect(page.locator("#toasts")).to_contain_text("Receipt recorded.")
    expect(sheet).to_be_hidden()
    expect(page.locator("h1")).to_contain_text("Inspecting")
    assert stayed(page)
    assert Receipt.objects.get(rma=rma).lines.get().quantity == 1


def test_inspecting_by_keyboard_alone(open_as: Open, admin: User) -> None:
    rma = world.received()
    page = open_as(admin, f"/returns/{rma.number}/")
    page.keyboard.press("Control+k")
    page.keyboard.type("inspect")
    page.keyboard.press("Enter")
    page.locator("#sheet form").wait_for()
    page.locator("#sheet button[type=submit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Inspection recorded.")
    assert Inspection.objects.get(rma=rma).slices.get().disposition == "sellable"


def test_two_people_at_once_the_second_sees_the_difference(open_as: Open, admin: User) -> None:
    rma = world.requested()
    page = open_as(admin, f"/returns/{rma.number}/")
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.locator("#sheet form").wait_for()
    other = open_as(world.person("ops_agent"), f"/returns/{rma.number}/do/receive/")
    other.get_by_role("button", name="Receive goods").click()
    expect(other).to_have_url(re.compile(f"/returns/{rma.number}/$"))
    page.get_by_label("Reason").fill("customer called")
    page.locator("#sheet button[type=submit]").click()
    expect(page.locator("#sheet")).to_contain_text("Your change was not stored.")
    expect(page.locator("#sheet")).to_contain_text("Received")
    rma.refresh_from_db()
    assert rma.status == ReturnStatus.AUTHORIZED


def test_filters_are_in_the_address_and_back_goes_back(open_as: Open, admin: User) -> None:
    waiting, arrived = world.requested(), world.received()
    page = open_as(admin, "/returns/")
    mark(page)
    page.get_by_role("link", name="To inspect").click()
    expect(page).to_have_url(re.compile("view=inspect"))
    expect(page.get_by_role("link", name=arrived.number)).to_be_visible()
    expect(page.get_by_role("link", name=waiting.number)).to_have_count(0)
    assert stayed(page)
    page.get_by_label("Number").fill("nothing")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No returns here")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name=arrived.number)).to_be_visible()


def test_rows_and_screens_by_keyboard(open_as: Open, admin: User) -> None:
    first, second = world.requested(), world.requested()
    page = open_as(admin, "/")
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("/returns/$"))
    page.locator("tbody tr").first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tr.at")).to_contain_text(second.number)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/returns/{first.number}/"))


def test_the_theme_is_kept_and_does_not_flash(open_as: Open, admin: User) -> None:
    page = open_as(admin, "/", color_scheme="light")
    page.get_by_label("Ada Novak: account").click()
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.add_init_script(
        "new MutationObserver((_, me) => {"
        " if (!document.body) return; window.first ??= document.documentElement.dataset.bsTheme; me.disconnect(); })"
        ".observe(document, { childList: true, subtree: true })"
    )
    page.reload()
    assert page.evaluate("window.first") == "dark"


def test_an_open_return_follows_what_happens_elsewhere(open_as: Open, admin: User) -> None:
    rma = world.requested()
    page = open_as(admin, f"/returns/{rma.number}/")
    mark(page)
    expect(page.locator("h1")).to_contain_text("Authorized")
    world.arrive(rma)
    expect(page.locator("h1")).to_contain_text("Inspecting", timeout=15_000)
    assert stayed(page)


def test_ids_copy_with_one_click(open_as: Open, admin: User) -> None:
    rma = world.requested()
    page = open_as(admin, f"/returns/{rma.number}/", permissions=["clipboard-read", "clipboard-write"])
    page.locator("h1 button.id").click()
    expect(page.locator("#live")).to_have_text(f"Copied {rma.number}")
    assert page.evaluate("navigator.clipboard.readText()") == rma.number


def test_what_is_there_already_is_marked_as_done(open_as: Open, admin: User, story: world.Story) -> None:
    delivery = story.delivery
    delivery.effect = Effect.objects.create(
        destination=delivery.destination, kind="refund", business_key=delivery.effect_key,
        status=EffectStatus.CONFIRMED, external_reference="re_known",
    )  # fmt: skip
    delivery.save()
    page = open_as(admin, f"/deliveries/{delivery.id}/")
    expect(page.locator("#verdict")).to_contain_text("Already done there")
    page.get_by_role("link", name="Send again…").click()
    page.get_by_label("Reason").fill("the gateway shows it")
    page.get_by_role("button", name="Mark as done").click()
    expect(page.locator("#toasts")).to_contain_text("nothing was sent")
    expect(page.locator("h1")).to_contain_text("Delivered")
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DELIVERED


def test_working_a_case_to_its_end(open_as: Open, admin: User, story: world.Story) -> None:
    page = open_as(admin, "/cases/")
    page.get_by_role("link", name=story.case.title).click()
    page.get_by_role("button", name="Take it").click()
    expect(page.locator("#toasts")).to_contain_text("The case is yours.")
    page.get_by_label("Note").fill("She will send the jumper.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".notes")).to_contain_text("She will send the jumper.")
    page.get_by_role("link", name="Resolve…").click()
    page.get_by_label("What was the cause").fill("Mixed up at home")
    page.get_by_label("Evidence").fill("TICKET-7")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Resolved")
    story.case.refresh_from_db()
    assert story.case.status == CaseStatus.RESOLVED


def test_a_case_is_put_off_and_leaves_the_open_ones(open_as: Open, admin: User, story: world.Story) -> None:
    page = open_as(admin, f"/cases/{story.case.id}/")
    mark(page)
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Put off…").click()
    sheet = page.locator("#sheet")
    sheet.get_by_label("Until").select_option("week")
    sheet.get_by_label("Reason").fill("she is away")
    sheet.get_by_role("button", name="Put off").click()
    expect(page.locator("#toasts")).to_contain_text("Put off; it comes back by itself.")
    expect(page.locator("main")).to_contain_text("Put off until")
    assert stayed(page)
    story.case.refresh_from_db()
    assert story.case.snoozed_until is not None


def test_a_failed_refund_is_tried_again_in_a_dialog(open_as: Open, admin: User, story: world.Story) -> None:
    page = open_as(admin, f"/returns/{story.failed.rma.number}/")
    mark(page)
    page.get_by_role("link", name="Try again…").click()
    sheet = page.locator("#sheet")
    sheet.get_by_label("Reason").fill("the payment was imported late")
    sheet.get_by_role("button", name="Try again").click()
    expect(page.locator("#toasts")).to_contain_text("A new refund replaces the failed one")
    expect(page.get_by_role("link", name="Try again…")).to_have_count(0)
    assert stayed(page)
    story.failed.refresh_from_db()
    assert story.failed.status == RefundStatus.SUPERSEDED


def test_a_receipt_is_reversed_without_javascript(open_as: Open, admin: User) -> None:
    rma = world.received()
    page = open_as(admin, f"/returns/{rma.number}/", java_script_enabled=False)
    page.get_by_role("link", name="Reverse…").click()
    page.get_by_label("Reason").fill("another parcel was scanned")
    page.get_by_role("button", name="Reverse receipt").click()
    expect(page).to_have_url(re.compile(f"/returns/{rma.number}/$"))
    expect(page.locator("#toasts")).to_contain_text("Receipt reversed")
    assert Receipt.objects.filter(reverses__rma=rma).count() == 1


def test_pausing_and_resuming_a_connection(open_as: Open, admin: User, story: world.Story) -> None:
    page = open_as(admin, "/connections/stripe/")
    page.get_by_role("link", name="Pause…").click()
    page.get_by_label("Reason").fill("their maintenance")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("h1")).to_contain_text("Paused")
    expect(page.get_by_text("their maintenance")).to_be_visible()
    story.connection.destination.refresh_from_db()
    assert story.connection.destination.paused
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("h1")).to_contain_text("Working")
    story.connection.destination.refresh_from_db()
    assert not story.connection.destination.paused


def test_everything_works_without_javascript(open_as: Open, admin: User) -> None:
    rma = world.requested()
    page = open_as(admin, f"/returns/{rma.number}/", java_script_enabled=False)
    page.get_by_role("link", name="Receive goods").first.click()
    expect(page).to_have_url(re.compile("/do/receive/"))
    page.get_by_role("button", name="Receive goods").click()
    expect(page).to_have_url(re.compile(f"/returns/{rma.number}/$"))
    expect(page.locator("#toasts")).to_contain_text("Receipt recorded.")
    assert Receipt.objects.filter(rma=rma).count() == 1


def test_losing_the_session_leads_to_sign_in_and_not_into_a_fragment(open_as: Open, admin: User) -> None:
    world.requested()
    page = open_as(admin, "/returns/")
    page.context.clear_cookies()
    page.get_by_role("link", name="Closed").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_stopped_deliveries_are_picked_and_sent_again_by_keyboard_alone(
    open_as: Open, admin: User, story: world.Story
) -> None:
    world.stopped(story.rma, story.connection, lane_key="another")
    page = open_as(admin, "/deliveries/")
    picked = page.locator("[data-picked]")
    expect(picked).to_have_text("Select rows, or all that match.")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(picked).to_have_text("1 selected")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(picked).to_have_text("2 selected")
    page.keyboard.press("r")
    expect(page.locator("#sheet")).to_be_visible()
    expect(page.locator("#sheet")).to_contain_text("2 deliveries")
