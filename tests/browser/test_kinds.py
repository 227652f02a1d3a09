"""Kinds of returns as staff work them, by mouse, from the order to the refund."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from retailops.accounts.models import User
from returns.enums import RefundStatus
from returns.models import Order, Refund, Return
from returns.services.orders import capture_order
from tests.browser.conftest import PHONE, Open
from tests.factories import ensure_policy
from tests.workbench import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def an_order(**changes: Any) -> Order:
    """Return an order of two jumpers and a mug."""
    world.location()
    return capture_order(actor=world.SYSTEM, order=world.order_in(**changes)).order


def look(page: Page, order: Order, kind: str, units: str = "1") -> None:
    """Find the order, choose jumpers, and look at what will happen."""
    page.get_by_role("link", name="New return").click()
    page.get_by_label("Order", exact=True).fill(order.number)
    page.get_by_role("button", name="Find").click()
    page.get_by_label("Units of JUMPER-M Merino jumper").fill(units)
    page.get_by_label("Why JUMPER-M Merino jumper comes back").select_option("too_small")
    page.get_by_label("How the goods come back").select_option(kind)


def picture(page: Page, screenshots: Path | None, name: str) -> None:
    """Keep a picture where one is wanted."""
    if screenshots:
        page.screenshot(path=screenshots / f"{name}.png", caret="initial", full_page=True)


def act(page: Page, name: str) -> None:
    """Open an action of the return."""
    shown = page.locator(".page-actions > a", has_text=name)
    if not shown.count():
        page.get_by_label("More actions").click()
    page.locator(".page-actions").get_by_role("link", name=name, exact=True).first.click()
    page.locator("#sheet form").wait_for()


def send(page: Page) -> None:
    """Send the form of the dialog."""
    page.locator("#sheet button[type=submit]").click()


def inspect(page: Page) -> None:
    """Accept all that arrived."""
    act(page, "Inspect")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Inspection recorded.")


def test_mail_in_from_the_order_to_the_refund(open_as: Open, admin: User, screenshots: Path | None) -> None:
    page = open_as(admin, "/returns/")
    look(page, an_order(), "mail_in")
    page.get_by_role("button", name="See what will happen").click()
    outlook = page.locator(".outlook")
    expect(outlook).to_contain_text("Authorized at once")
    expect(outlook).to_contain_text("45.99")
    expect(outlook).to_contain_text("when the goods are inspected and accepted")
    picture(page, screenshots, "kind-outlook")
    assert not Return.objects.exists()
    page.get_by_role("button", name="Request return").click()
    expect(page).to_have_url(re.compile("/returns/RMA-"))
    expect(page.locator("#toasts")).to_contain_text("authorized")
    act(page, "Record a label")
    page.get_by_label("Tracking number").fill("WAY-BACK-1")
    page.get_by_label("What it costs us").fill("3.95")
    send(page)
    expect(page.locator("main")).to_contain_text("WAY-BACK-1")
    act(page, "Receive goods")
    send(page)
    inspect(page)
    picture(page, screenshots, "kind-mail-in")
    rma = Return.objects.get()
    assert (rma.kind, rma.parcels.get().label_cost) == ("mail_in", 395)
    assert (rma.refunds.get().amount, rma.refunds.get().status) == (4599, RefundStatus.SUBMITTING)
    # Its money is on the way: nothing is left to propose.
    assert not page.locator(".page-actions > a", has_text="Propose refund").count()


def test_a_store_takes_goods_back_in_one_step(open_as: Open, admin: User) -> None:
    store = world.store()
    page = open_as(admin, "/returns/")
    look(page, an_order(), "boris")
    page.get_by_text("In a store", exact=True).click()
    page.get_by_label("Store", exact=True).select_option(store.code)
    page.get_by_label("Till receipt").fill("BON-1")
    page.get_by_role("button", name="See what will happen").click()
    expect(page.locator(".outlook")).to_contain_text("Received and judged in the store, now.")
    page.get_by_role("button", name="Request return").click()
    expect(page).to_have_url(re.compile("/returns/RMA-"))
    rma = Return.objects.get()
    assert (rma.kind, rma.external_id, rma.logistics, rma.inspection) == ("boris", "BON-1", "received", "done")
    assert Refund.objects.get(rma=rma).amount == 4599


def test_a_blind_parcel_on_a_phone_is_matched_and_refunded(
    open_as: Open, admin: User, screenshots: Path | None
) -> None:
    order = an_order()
    page = open_as(admin, "/returns/new/parcel/", viewport=PHONE)
    page.get_by_label("Number on the parcel").fill("SCANNED-7")
    page.get_by_label("Item 1", exact=True).fill("JUMPER-M")
    picture(page, screenshots, "kind-blind-phone")
    page.get_by_role("button", name="Record parcel").click()
    expect(page.locator("#toasts")).to_contain_text("Match it with an order")
    act(page, "Match with an order")
    page.get_by_label("Order number").fill(order.number)
    send(page)
    expect(page.locator("#sheet")).to_contain_text("Look which item is which")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Matched with its order.")
    inspect(page)
    rma = Return.objects.get()
    assert (rma.kind, rma.order_id, rma.refunds.get().amount) == ("blind", order.id, 4599)


def test_returnless_is_refunded_at_once(open_as: Open, admin: User) -> None:
    ensure_policy(keep_it_below={"GBP": 5000})
    page = open_as(admin, "/returns/")
    look(page, an_order(), "returnless")
    page.get_by_role("button", name="See what will happen").click()
    expect(page.locator(".outlook")).to_contain_text("The customer keeps 1 unit.")
    expect(page.locator(".outlook")).to_contain_text("at once")
    page.get_by_role("button", name="Request return").click()
    expect(page).to_have_url(re.compile("/returns/RMA-"))
    assert Return.objects.get().refunds.get().amount == 4599


def test_what_was_never_delivered_comes_back(open_as: Open, admin: User) -> None:
    sent = {"tracking": "OUTBOUND-1", "carrier": "dhl", "shipped_at": "2026-11-01T10:00:00Z"}
    an_order(shipments=[sent])
    page = open_as(admin, "/returns/new/")
    page.get_by_role("link", name="A parcel that was not delivered").click()
    page.get_by_label("Tracking number under which it went out").fill("nothing")
    page.get_by_role("button", name="Open return").click()
    expect(page.get_by_text("Nothing was sent under nothing")).to_be_visible()
    page.get_by_label("Tracking number under which it went out").fill("OUTBOUND-1")
    page.get_by_role("button", name="Open return").click()
    expect(page).to_have_url(re.compile("/returns/RMA-"))
    expect(page.locator("h1")).to_contain_text("In transit")
    act(page, "Receive goods")
    send(page)
    inspect(page)
    rma = Return.objects.get()
    assert (rma.kind, rma.refunds.get().amount) == ("return_to_sender", 10398)


def test_a_draft_is_saved_changed_and_submitted_without_javascript(open_as: Open, admin: User) -> None:
    order = an_order()
    page = open_as(admin, f"/returns/new/{order.id}/", java_script_enabled=False)
    page.get_by_label("Units of MUG Ceramic mug").fill("1")
    page.get_by_label("Why MUG Ceramic mug comes back").select_option("defective")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("main")).to_contain_text("This is a draft.")
    page.get_by_role("link", name="Change it").click()
    page.get_by_label("Units of JUMPER-M Merino jumper").fill("2")
    page.get_by_label("Why JUMPER-M Merino jumper comes back").select_option("too_small")
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("h1")).to_contain_text("Authorized")
    rma = Return.objects.get()
    assert list(rma.lines.values_list("sku", "authorized")) == [("JUMPER-M", 2), ("MUG", 1)]


def test_what_nobody_expected_is_accepted_and_sent_back(open_as: Open, admin: User) -> None:
    rma = world.requested()
    page = open_as(admin, f"/returns/{rma.number}/")
    act(page, "Receive goods")
    page.locator("#sheet").get_by_label("JUMPER-M Merino jumper").fill("3")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Receipt recorded.")
    act(page, "Accept what nobody expected")
    page.get_by_label("Units of JUMPER-M").fill("1")
    page.get_by_label("Reason").fill("she forgot to say")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Taken over.")
    act(page, "Send back to the customer")
    page.get_by_label("Units of JUMPER-M").fill("1")
    page.get_by_label("Reason").fill("not ours")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("On their way back.")
    inspect(page)
    page.get_by_role("link", name="Correct…").first.click()
    page.get_by_label("What is right").select_option("rejected:damaged")
    page.get_by_label("Reason").fill("looked again")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Verdict corrected.")
    assert rma.lines.get().rejected == 2


def test_a_double_click_asks_once(open_as: Open, admin: User) -> None:
    page = open_as(admin, "/returns/")
    look(page, an_order(), "mail_in")
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_role("button", name="Request return").dblclick()
    expect(page).to_have_url(re.compile("/returns/RMA-"))
    assert Return.objects.count() == 1


def test_an_exchange_and_a_warranty_claim_begin_on_the_same_page(open_as: Open, admin: User) -> None:
    policy = ensure_policy(resolutions=["refund", "exchange", "store_credit", "none"])
    page = open_as(admin, "/returns/")
    look(page, an_order(), "exchange")
    page.get_by_role("button", name="See what will happen").click()
    expect(page.locator("main")).to_contain_text("An exchange gives other goods")
    page.get_by_label("What the customer gets").select_option("exchange")
    page.get_by_role("button", name="See what will happen").click()
    expect(page.locator(".outlook")).to_contain_text("Other goods")
    page.goto("/returns/")
    look(page, an_order(), "warranty")
    page.get_by_label("What the customer gets").select_option("repair")
    page.get_by_label("Evidence").fill("the seam opens")
    page.get_by_role("button", name="See what will happen").click()
    expect(page.locator(".outlook")).to_contain_text("A verdict when the goods are here")
    page.get_by_role("button", name="Request return").click()
    expect(page).to_have_url(re.compile("/returns/RMA-"))
    rma = Return.objects.get()
    assert (rma.kind, rma.status, rma.policy) == ("warranty", "authorized", policy)
    assert rma.policy_facts["lines"][0]["evidence"] == ["the seam opens"]
