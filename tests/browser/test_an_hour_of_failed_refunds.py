"""Refunds to one gateway failed for an hour. Somebody new finds them, sees why, mends the mapping, plans to send them
again, gets the money above the limit approved by somebody else, and proves that nothing was paid twice."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from connectors.books import compare
from retailops.accounts.models import User
from retailops.events.models import Delivery
from retailops.events.pump import pump_once
from retailops.lib.audit import audits
from returns.enums import RefundStatus
from returns.inputs import OrderIn, OrderRef, ReturnIn, ReturnLineIn, read
from returns.models import Refund, Return
from returns.services.intake import request_return
from returns.services.orders import capture_order
from tests.browser.conftest import Open
from tests.connectors.owed import ADMIN
from tests.factories import ensure_policy, line_data, order_data
from tests.flows.conftest import REGION, House, house
from tests.workbench import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["house"]

SMALL, LARGE = 27, 2
SMALL_AMOUNT, LARGE_AMOUNT = 1_999, 1_250_000


def sold(house: House, amount: int, reference: str) -> Return:
    """Sell one thing whose payment the channel names so, and ask for its money back: the customer keeps the goods."""
    [payment] = house.sandbox.seed_payments({"amount": amount, "currency": "gbp"})
    paid = {"external_id": f"till-{payment['id'][3:]}", "gateway": "stripe", "captured": amount}
    data = order_data(lines=[line_data("A", unit_price=amount)], channel="web-uk", region=REGION, currency="GBP")
    data["payments"] = [paid | {"references": {reference: payment["id"]}}]
    order = capture_order(actor=ADMIN, order=read(OrderIn, data)).order
    lines = [ReturnLineIn(line_no=1, quantity=1, reason="defective")]
    return request_return(actor=ADMIN, request=ReturnIn(order=OrderRef(order_id=order.id), lines=lines))


@pytest.fixture
def hour(house: House) -> list[Return]:
    """An hour in which the shop called the payment's reference otherwise; before and after it all went well."""
    ensure_policy(keep_it_below={"GBP": 10_000_000}, auto_approve_limit={"*": None}, auto_authorize_limit={"*": None})
    well = [sold(house, SMALL_AMOUNT, "payment_intent") for _ in range(3)]
    failed = [sold(house, SMALL_AMOUNT, "stripe_pi") for _ in range(SMALL)]
    failed += [sold(house, LARGE_AMOUNT, "stripe_pi") for _ in range(LARGE)]
    stopped = Delivery.objects.filter(operation="refund.create", status="dead")
    paid = Refund.objects.filter(rma__in=well, status=RefundStatus.SUCCEEDED)
    house.until(lambda: stopped.count() == len(failed) and paid.count() == len(well), "the hour is over", 120)
    return failed


@contextmanager
def working(house: House) -> Iterator[None]:
    """Let the engine work beside the person, as the workers do."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            pump_once()
            time.sleep(0.1)
        connection.close()

    worker = threading.Thread(target=work, name="engine")
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join(60)


def paid_by_stripe(house: House) -> dict[str, int]:
    """What Stripe's own books say was paid back, by our refund key, in pence; a key paid twice fails."""
    made = [refund for charge in house.sandbox.books("stripe")["charges"] for refund in charge["refunds"]]
    by_key = {refund["metadata"]["refund_key"]: refund["amount"] for refund in made}
    assert len(by_key) == len(made)
    return by_key


def find_them(page: Page) -> str:
    """From Today to the one cause of it all, which says why; return its address."""
    page.goto("/exceptions/")
    group = page.get_by_role("row").filter(has_text="Stripe").first
    expect(group).to_contain_text(str(SMALL + LARGE))
    group.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("the order carries no payment number")
    return page.url


def mend_the_mapping(page: Page) -> None:
    """Say what the channel means by its word, try it on what stopped, put it in force."""
    page.goto("/connections/stripe/mapping/?as=json")
    page.get_by_label("Mapping").first.fill('{"references": {"stripe_pi": "payment_intent"}}')
    page.get_by_role("button", name="Try it").click()
    expect(page).to_have_url(re.compile("/trials?/"))
    mended = page.locator(".figure").filter(has_text="No longer fails").first
    expect(mended).to_contain_text(re.compile(r"[1-9]"))
    page.get_by_label("Reason").fill("The shop calls it stripe_pi since this morning's release")
    page.get_by_role("button", name="Put it in force").click()
    expect(page.locator("#main")).to_contain_text("Put in force")


def plan_to_send_them_again(page: Page, cause: str) -> None:
    """All that match, as a plan: each gets its verdict, with the money, before anything is sent."""
    page.goto(cause)
    page.get_by_role("link", name=re.compile(f"{SMALL + LARGE} stopped, send again")).click()
    page.get_by_role("link", name=re.compile(f"All {SMALL + LARGE} that match")).click()
    sheet = page.locator("#sheet")
    sheet.get_by_label("Reason").fill("The mapping knows stripe_pi now")
    sheet.get_by_role("button", name="Plan").click()
    expect(page).to_have_url(re.compile("/operations/[0-9a-f-]+/"))
    expect(page.locator("h1")).to_contain_text("Planned", timeout=60_000)


def in_sheet(page: Page, link: str, reason: str = "") -> None:
    """Open what the page offers, give the reason where one is asked for, and confirm."""
    page.locator(".page-actions, .notice, tr").get_by_role("link", name=re.compile(f"^{link}")).first.click()
    sheet = page.locator("#sheet")
    if reason:
        sheet.get_by_label("Reason").fill(reason)
    sheet.get_by_role("button", name=re.compile(f"^{link}")).click()
    expect(sheet).to_be_hidden()


def agree(page: Page) -> None:
    """The second person finds it among the approvals, sees the verdicts with their money, and agrees."""
    page.goto("/approvals/")
    page.locator("#main").get_by_role("link", name=f"Send {SMALL + LARGE} again").click()
    expect(page.locator("h1")).to_contain_text("Planned")
    in_sheet(page, "Approve", "Seen: looked up, none of them is there")


def nothing_was_paid_twice(house: House, hour: list[Return]) -> None:
    """Stripe's books and ours have each refund once, of the amount that was asked for; all audits are clean."""
    refunds = Refund.objects.filter(rma__in=hour)
    assert {refund.status for refund in refunds} == {RefundStatus.SUCCEEDED}
    ours = {refund.effect_key: refund.amount for refund in Refund.objects.all()}
    assert paid_by_stripe(house) == ours
    assert sorted(ours.values()) == [SMALL_AMOUNT] * (SMALL + 3) + [LARGE_AMOUNT] * LARGE
    assert [difference for difference in compare().differences if difference.system == "stripe"] == []
    found = {audit.name: [str(breach) for breach in audit.run()] for audit in audits()}
    assert {name: breaches for name, breaches in found.items() if breaches} == {}


def test_an_hour_of_failed_refunds(open_as: Open, admin: User, house: House, hour: list[Return]) -> None:
    page = open_as(admin, "/")
    cause = find_them(page)
    mend_the_mapping(page)
    with working(house):
        plan_to_send_them_again(page, cause)
        address = page.url
        assert len(paid_by_stripe(house)) == 3, "nothing is sent before it is started"
        in_sheet(page, "Ask a second person", "Two are above my limit")
        expect(page.locator("#operation")).to_contain_text("It waits for a second person")
        agree(open_as(world.person("finance_approver", name="Fin Approver"), "/"))
        page.goto(address)
        in_sheet(page, "Start")
        expect(page.locator("h1")).to_contain_text("Finished", timeout=120_000)
        house.until(
            lambda: not Delivery.objects.filter(status__in=["ready", "in_doubt", "dead"]).exists(), "all is told", 90
        )
    nothing_was_paid_twice(house, hour)
    page.goto("/exceptions/")
    expect(page.locator("#main")).not_to_contain_text("Stripe cannot take refunds")
