"""Kinds of returns from beginning to close: people by the pages alone, systems by the engine and a sandbox."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from inventory.models import Location
from inventory.selectors import availability
from inventory.services import MoveIn, move_stock
from retailops.accounts.models import User
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.inputs import OrderRef
from returns.inputs.marketplaces import ObservedRefundIn
from returns.models import Order, Return
from returns.services.observing import observe_refund
from returns.services.orders import capture_order
from tests.browser.conftest import PHONE, Open
from tests.browser.test_kinds import act, picture, send
from tests.factories import ensure_policy, make_location
from tests.flows.conftest import House, house
from tests.returns.proofs import prove
from tests.workbench import world

__all__ = ["house"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sold(house: House, **changes: Any) -> Order:
    """Return an order of two tees and a cap that Stripe was paid for, 29.99 with its shipping."""
    [payment] = house.sandbox.seed_payments({"amount": 2999, "currency": "gbp"})
    shipped = "2026-11-25T10:00:00Z"
    lines = [
        {"external_id": "l1", "sku": "TEE", "title": "Tee", "quantity": 2, "unit_price": 1000,
         "shipped_quantity": 2, "shipped_at": shipped},
        {"external_id": "l2", "sku": "CAP", "title": "Cap", "quantity": 1, "unit_price": 500,
         "shipped_quantity": 1, "shipped_at": shipped},
    ]  # fmt: skip
    paid = {
        "external_id": payment["id"], "gateway": "stripe", "captured": 2999,
        "references": {"payment_intent": payment["id"]},
    }  # fmt: skip
    more = {"channel": "web", "lines": lines, "payments": [paid], "shipping_charged": 499, "placed_at": shipped}
    return capture_order(actor=world.SYSTEM, order=world.order_in("UK", **(more | changes))).order


def ask(page: Page, order: Order, kind: str, *, units: str = "2", more: Callable[[], None] = lambda: None) -> None:
    """Find the order and ask for tees of it."""
    page.get_by_role("link", name="New return").click()
    page.get_by_label("Order", exact=True).fill(order.number)
    page.get_by_role("button", name="Find").click()
    ask_on(page, kind, units=units, more=more)


def ask_on(page: Page, kind: str, *, units: str = "2", more: Callable[[], None] = lambda: None) -> None:
    """Choose tees on the order's page, look at what will happen, and send it off."""
    page.get_by_label("Units of TEE Tee").fill(units)
    page.get_by_label("Why TEE Tee comes back").select_option("too_small")
    page.get_by_label("How the goods come back").select_option(kind)
    more()
    page.get_by_role("button", name="See what will happen").click()
    page.locator(".outlook").wait_for()
    page.get_by_role("button", name="Request return").click()
    expect(page).to_have_url(re.compile("/returns/RMA-"))


def receive_and_inspect(page: Page) -> None:
    """Take what came, and accept all of it."""
    act(page, "Receive goods")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Receipt recorded.")
    act(page, "Inspect")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Inspection recorded.")


def is_closed_and_says_why(page: Page, rma: Return, amount: str) -> None:
    """The page shows the end, what was refunded, why the decision and why the amount."""
    page.goto(f"/returns/{rma.number}/")
    expect(page.locator("h1")).to_contain_text("Closed")
    expect(page.locator(".figures")).to_contain_text(amount)
    why = page.locator("details", has=page.get_by_role("heading", name="Why", exact=True))
    if not why.get_attribute("open"):
        why.locator("summary").click()
    expect(why).to_contain_text("Decided by policy")
    page.get_by_role("link", name="Why this amount").first.click()
    expect(page.locator("#sheet")).to_contain_text(amount)
    page.locator("#sheet").get_by_role("link", name="Close").last.click()
    prove()


def over_the_counter(page: Page, store: Location, receipt: str) -> None:
    """Say in which store the goods are, how they are, and what the till calls it."""
    page.get_by_text("In a store", exact=True).click()
    page.get_by_label("Store", exact=True).select_option(store.code)
    page.get_by_label("Verdict on the goods").select_option("sellable")
    page.get_by_label("Till receipt").fill(receipt)


def on_the_shelf(store: Location, units: int) -> None:
    """The store may sell what came back, and nobody else was told to expect it."""
    [found] = availability("TEE", store.code)
    assert (found.available, found.by_disposition["sellable"]) == (units, units)


def test_goods_come_by_mail(house: House, open_as: Open, admin: User, screenshots: Path | None) -> None:
    page = open_as(admin, "/returns/")
    ask(page, sold(house), "mail_in")
    expect(page.locator("h1")).to_contain_text("Authorized")
    rma = Return.objects.get()
    house.announced(rma)
    act(page, "Mark in transit")
    page.locator("#sheet").get_by_label("Tracking number").fill("BACK-1")
    picture(page, screenshots, "close-mail-in-form")
    send(page)
    expect(page.locator("h1")).to_contain_text("In transit")
    expect(page.locator("main")).to_contain_text("BACK-1")
    receive_and_inspect(page)
    rma = house.closes(rma)
    assert [notice["rma_number"] for notice in house.notices(rma)] == [rma.number]
    is_closed_and_says_why(page, rma, "20.00")
    picture(page, screenshots, "close-mail-in-closed")


def test_what_was_bought_online_comes_back_to_a_store(
    house: House, open_as: Open, admin: User, screenshots: Path | None
) -> None:
    store = make_location("SHOP-1", region="UK", kind="store", name="Corner shop")
    page = open_as(admin, "/returns/", viewport=PHONE)
    page.goto(f"/returns/new/{sold(house).id}/")
    ask_on(page, "boris", more=lambda: over_the_counter(page, store, "BON-7"))
    picture(page, screenshots, "close-boris-phone")
    rma = Return.objects.get()
    assert (rma.kind, rma.external_id, rma.logistics, rma.inspection) == ("boris", "BON-7", "received", "done")
    rma = house.closes(rma)
    assert house.notices(rma) == []
    on_the_shelf(store, 2)
    is_closed_and_says_why(page, rma, "20.00")
    picture(page, screenshots, "close-boris-closed-phone")


def test_what_was_bought_in_a_store_comes_back_to_it(
    house: House, open_as: Open, admin: User, screenshots: Path | None
) -> None:
    store = make_location("SHOP-1", region="UK", kind="store", name="Corner shop")
    page = open_as(admin, "/returns/", color_scheme="dark")
    ask(page, sold(house, store=store.code), "store", more=lambda: over_the_counter(page, store, "BON-8"))
    expect(page.locator("main")).to_contain_text("Corner shop")
    rma = Return.objects.get()
    assert (rma.kind, rma.external_id, rma.logistics, rma.inspection) == ("store", "BON-8", "received", "done")
    rma = house.closes(rma)
    assert house.notices(rma) == []
    on_the_shelf(store, 2)
    is_closed_and_says_why(page, rma, "20.00")
    picture(page, screenshots, "close-store-closed-dark")


def test_goods_are_handed_over_at_a_drop_off_point(
    house: House, open_as: Open, admin: User, screenshots: Path | None
) -> None:
    page = open_as(admin, "/returns/")
    ask(page, sold(house), "drop_off")
    expect(page.get_by_role("img", name="Drop-off code")).to_be_visible()
    expect(page.locator("main")).to_contain_text("The customer shows it at a drop-off point")
    picture(page, screenshots, "close-drop-off-code")
    rma = Return.objects.get()
    act(page, "Handed over at a drop-off point")
    page.locator("#sheet").get_by_label("Drop-off point").fill("Corner shop")
    picture(page, screenshots, "close-drop-off-form")
    send(page)
    expect(page.locator("h1")).to_contain_text("In transit")
    expect(page.locator("main")).to_contain_text("Handed over at Corner shop")
    house.announced(rma)
    house.arrives(rma)
    house.is_inspected(rma)
    house.closes(rma)
    is_closed_and_says_why(page, rma, "20.00")
    picture(page, screenshots, "close-drop-off")


def test_a_parcel_that_nobody_announced(house: House, open_as: Open, admin: User, screenshots: Path | None) -> None:
    order = sold(house)
    page = open_as(admin, "/returns/new/", viewport=PHONE)
    page.get_by_role("link", name="A parcel without a return").click()
    page.get_by_label("Number on the parcel").fill("SCANNED-9")
    page.get_by_label("Where it is").select_option("DC-1")
    for number, sku in enumerate(["TEE", "CAP"], start=1):
        page.get_by_label(f"Item {number}", exact=True).fill(sku)
    picture(page, screenshots, "close-blind-phone")
    for rows in (4, 5):
        page.get_by_role("button", name="Add a line").click()
        expect(page.get_by_label(f"Item {rows}", exact=True)).to_be_visible()
        expect(page.get_by_label("Item 3", exact=True)).to_be_focused()
    page.get_by_role("button", name="Record parcel").click()
    expect(page.locator("#toasts")).to_contain_text("Match it with an order")
    act(page, "Match with an order")
    page.get_by_label("Order number").fill(order.number)
    send(page)
    expect(page.locator("#sheet")).to_contain_text("Look which item is which")
    picture(page, screenshots, "close-blind-match-phone")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Matched with its order.")
    act(page, "Inspect")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Inspection recorded.")
    rma = house.closes(Return.objects.get())
    is_closed_and_says_why(page, rma, "15.00")
    picture(page, screenshots, "close-blind-closed-phone")


def test_a_parcel_that_was_never_delivered(house: House, open_as: Open, admin: User, screenshots: Path | None) -> None:
    sent = [{"tracking": "OUTBOUND-7", "carrier": "dhl", "shipped_at": "2026-11-25T10:00:00Z"}]
    sold(house, shipments=sent)
    page = open_as(admin, "/returns/new/")
    page.get_by_role("link", name="A parcel that was not delivered").click()
    page.get_by_label("Tracking number under which it went out").fill("OUTBOUND-7")
    picture(page, screenshots, "close-sender")
    page.get_by_role("button", name="Open return").click()
    expect(page).to_have_url(re.compile("/returns/RMA-"))
    receive_and_inspect(page)
    rma = house.closes(Return.objects.get())
    is_closed_and_says_why(page, rma, "29.99")
    picture(page, screenshots, "close-sender-closed")


def test_goods_that_the_customer_keeps(house: House, open_as: Open, admin: User, screenshots: Path | None) -> None:
    ensure_policy(keep_it_below={"GBP": 5000})
    page = open_as(admin, "/returns/", color_scheme="dark")
    ask(page, sold(house), "returnless")
    expect(page.locator("main")).to_contain_text("2 kept")
    rma = house.closes(Return.objects.get())
    assert house.notices(rma) == []
    is_closed_and_says_why(page, rma, "20.00")
    picture(page, screenshots, "close-kept-dark")


def test_other_goods_for_what_comes_back(house: House, open_as: Open, admin: User, screenshots: Path | None) -> None:
    ensure_policy(resolutions=["refund", "exchange", "none"])
    shelf = MoveIn(f"in:{uuid7()}", "TEE-L", 2, "external", "sellable", "DC-1", "adjustment", uuid7(), uuid7())
    move_stock(actor=world.SYSTEM, moves=[shelf])
    house.sandbox.control("POST", "/wms/stock", {"sku": "TEE-L", "quantity": 2})
    page = open_as(admin, "/returns/")

    def other_goods() -> None:
        page.get_by_label("What the customer gets").select_option("exchange")

    ask(page, sold(house), "exchange", more=other_goods)
    picture(page, screenshots, "close-exchange-asked")
    act(page, "Propose exchange")
    picture(page, screenshots, "close-exchange-form")
    page.get_by_label("Goods for TEE Tee").select_option("TEE-L")
    page.get_by_label("Price of one, for TEE Tee").fill("9.00")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Exchange proposed.")
    receive_and_inspect(page)
    rma = house.closes(Return.objects.get())
    assert [one["lines"] for one in house.sandbox.books("wms")["shipments"]] == [[{"sku": "TEE-L", "quantity": 2}]]
    is_closed_and_says_why(page, rma, "2.00")
    picture(page, screenshots, "close-exchange-closed")


def test_goods_that_broke_within_their_warranty(
    house: House, open_as: Open, admin: User, screenshots: Path | None
) -> None:
    page = open_as(admin, "/returns/")

    def fault() -> None:
        page.get_by_label("What the customer gets").select_option("refund")
        page.get_by_label("Evidence").fill("the seam opens")

    ask(page, sold(house), "warranty", units="1", more=fault)
    act(page, "Receive goods")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Receipt recorded.")
    page.get_by_role("link", name="Accept…").click()
    page.get_by_label("The customer gets").select_option("refund")
    page.get_by_label("What was found").fill("The thread is rotten.")
    picture(page, screenshots, "close-warranty-verdict")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("Accepted.")
    rma = house.closes(Return.objects.get())
    is_closed_and_says_why(page, rma, "10.00")
    expect(page.locator("main")).to_contain_text("The thread is rotten.")
    picture(page, screenshots, "close-warranty-closed")


def test_a_marketplace_asks_and_pays(house: House, open_as: Open, admin: User, screenshots: Path | None) -> None:
    paid = {"external_id": "MP-PAY", "gateway": "amazon", "tender": "marketplace", "captured": 2999}
    order = sold(house, payments=[paid])
    page = open_as(admin, "/returns/", viewport=PHONE)

    def asked_there() -> None:
        page.get_by_text("On a marketplace", exact=True).click()
        page.get_by_label("Marketplace", exact=True).fill("amazon")
        page.get_by_label("Its return number").fill("MP-RETURN-1")

    page.goto(f"/returns/new/{order.id}/")
    ask_on(page, "marketplace", more=asked_there)
    receive_and_inspect(page)
    expect(page.locator("main")).to_contain_text("20.00")
    picture(page, screenshots, "close-marketplace-waits-phone")
    rma = Return.objects.get()
    told = ObservedRefundIn(
        order=OrderRef(order_id=order.id), external_id="MP-REFUND", amount=2000, currency="GBP", observed_at=now()
    )
    observe_refund(actor=world.SYSTEM, observed=told)
    house.closes(rma)
    is_closed_and_says_why(page, rma, "20.00")
    picture(page, screenshots, "close-marketplace-closed-phone")
