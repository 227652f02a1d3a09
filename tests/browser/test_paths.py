"""Each screen's main path, by mouse and again by the keyboard alone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from connectors.models import Mute
from inventory.models import StockAdjustment
from retailops.accounts.models import ApiClient, User
from retailops.cases.models import Case, CaseStatus, GroupState
from retailops.events.models import Delivery
from retailops.replays.models import BulkOperation
from returns.enums import RefundStatus
from returns.models import Inspection, ReturnPolicy
from tests.browser.conftest import Open
from tests.browser.hands import HANDS, Hand
from tests.dashboards import histories
from tests.sla import promising
from tests.workbench import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=HANDS)
def hand(request: pytest.FixtureRequest, open_as: Open, admin: User) -> Hand:
    """A person who may do everything, at Today, with a mouse or without."""
    page = open_as(admin, "/")
    walker = HANDS[request.param](page)
    return walker


def sheet(page: Page) -> Locator:
    return page.locator("#sheet[open]")


def sending(page: Page) -> Locator:
    """Return the button that sends the form of the dialog."""
    return sheet(page).locator("button[type=submit]")


def told(page: Page, text: str) -> None:
    expect(page.locator("#toasts")).to_contain_text(text)


def heading(page: Page) -> Locator:
    return page.locator("h1")


def test_today_leads_to_what_waits(story: world.Story, hand: Hand) -> None:
    hand.page.reload()
    hand.row(story.case.title)
    expect(heading(hand.page)).to_contain_text(story.case.title)


def test_a_return_is_found_in_its_list_and_inspected(hand: Hand) -> None:
    rma = world.received()
    hand.go("r", "Returns")
    hand.follow(hand.page.get_by_role("link", name="To inspect"))
    expect(hand.page).to_have_url(re.compile("view=inspect"))
    hand.row(rma.number)
    expect(heading(hand.page)).to_contain_text(rma.number)
    hand.act("Inspect", hand.page.get_by_role("link", name="Inspect", exact=True))
    expect(sending(hand.page)).to_be_visible()
    hand.follow(sending(hand.page))
    told(hand.page, "Inspection recorded.")
    assert Inspection.objects.get(rma=rma).slices.get().disposition == "sellable"
    expect(hand.page.locator(":focus")).to_have_count(1)


def test_a_trace_is_found_by_any_id_and_its_step_read(story: world.Story, hand: Hand) -> None:
    hand.go("t", "Trace")
    box = hand.page.get_by_label("Find by any id")
    hand.fill(box, world.order_of(story.rma).number)
    hand.page.keyboard.press("Enter")
    expect(hand.page).to_have_url(re.compile(f"/trace/{story.rma.correlation_id}/"))
    attempt = story.delivery.attempts.get()
    step = hand.page.locator(f'[id="a-{attempt.id}"]')
    hand.follow(hand.page.locator(f'.swim a[href="#a-{attempt.id}"]'))
    expect(step.get_by_text("The charge is disputed.").first).to_be_visible()


def test_a_cause_is_acknowledged_and_that_undone(story: world.Story, hand: Hand) -> None:
    cause = story.cause
    hand.go("e", "Exceptions")
    hand.row(cause.title)
    expect(heading(hand.page)).to_contain_text("Came back")
    hand.act("Acknowledge", hand.page.get_by_role("link", name="Acknowledge…"))
    hand.fill(sheet(hand.page).get_by_label("Reason"), "asking the bank")
    hand.follow(sending(hand.page))
    expect(heading(hand.page)).to_contain_text("Acknowledged")
    hand.undo()
    expect(heading(hand.page)).to_contain_text("Came back")
    told(hand.page, "Undone. It is as it was before.")
    cause.refresh_from_db()
    assert cause.state == GroupState.REGRESSED


def test_a_case_is_taken_noted_and_resolved(story: world.Story, hand: Hand) -> None:
    hand.page.goto("/cases/")
    hand.row(story.case.title)
    hand.act("Take this case", hand.page.get_by_role("button", name="Take it"))
    told(hand.page, "The case is yours.")
    hand.fill(hand.page.get_by_label("Note"), "She will send the jumper.")
    hand.follow(hand.page.get_by_role("button", name="Add note"))
    expect(hand.page.locator(".notes")).to_contain_text("She will send the jumper.")
    hand.act("Resolve this case", hand.page.get_by_role("link", name="Resolve…"))
    hand.fill(sheet(hand.page).get_by_label("What was the cause"), "Mixed up at home")
    hand.fill(sheet(hand.page).get_by_label("Evidence"), "TICKET-7")
    hand.follow(sending(hand.page))
    expect(heading(hand.page)).to_contain_text("Resolved")
    assert Case.objects.get(pk=story.case.pk).status == CaseStatus.RESOLVED


def test_one_safe_repeat_asks_nothing_and_is_taken_back(
    story: world.Story, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("retailops.events.held", "retailops.workbench.views.held"):
        monkeypatch.setattr(f"{module}.HELD_SECONDS", 60)  # a busy machine takes longer than five to click
    Delivery.objects.filter(pk=story.delivery.pk).update(repeat_safe=True)
    hand.page.goto(f"/deliveries/{story.delivery.id}/")
    expect(hand.page.locator("#verdict")).to_contain_text("Safe to send again")
    hand.act("Replay this delivery", hand.page.locator("button#send-again"))
    told(hand.page, "It goes out in 60 seconds.")
    expect(hand.page.locator("dialog[open]")).to_have_count(0)
    hand.undo()
    told(hand.page, "Undone. It is as it was before.")
    expect(heading(hand.page)).to_contain_text("Stopped")
    assert Delivery.objects.get(pk=story.delivery.pk).status == "dead"


def test_a_plan_is_opened_from_its_operations_and_canceled(story: world.Story, hand: Hand) -> None:
    plan = story.plan
    hand.go("o", "Operations")
    hand.row(plan.reason)
    hand.act("Cancel", hand.page.locator(".page-actions").get_by_role("link", name="Cancel…"))
    hand.fill(sheet(hand.page).get_by_label("Reason"), "the bank is down again")
    hand.follow(sending(hand.page))
    expect(heading(hand.page)).to_contain_text("Canceled")
    assert BulkOperation.objects.get(pk=plan.pk).ended_reason == "the bank is down again"


def test_a_refund_beyond_policy_is_approved_by_a_second_person(story: world.Story, hand: Hand) -> None:
    refund = story.waiting
    hand.go("a", "Approvals")
    hand.row(refund.rma.number)
    expect(heading(hand.page)).to_contain_text("Refund of")
    hand.act("Approve refund", hand.page.get_by_role("link", name="Approve…"))
    hand.fill(sheet(hand.page).get_by_label("Reason"), "the photo shows it")
    hand.follow(sending(hand.page))
    expect(hand.page.locator("#toasts .toast-note").first).to_be_visible()
    refund.refresh_from_db()
    assert refund.status in {RefundStatus.APPROVED, RefundStatus.SUBMITTING}


def test_the_alerts_of_a_connection_are_held_and_go_out_again(story: world.Story, hand: Hand) -> None:
    hand.go("c", "Connections")
    hand.row("Stripe")
    hand.act("Hold alerts of", hand.page.get_by_role("link", name="Hold its alerts…"))
    hand.choose(sheet(hand.page).get_by_label("For", exact=True), "1 day")
    hand.fill(sheet(hand.page).get_by_label("Reason"), "their maintenance")
    hand.follow(sending(hand.page))
    told(hand.page, "are held")
    assert Mute.objects.get(connection=story.connection).ended_at is None
    hand.undo()
    told(hand.page, "Undone.")
    assert Mute.objects.get(connection=story.connection).ended_at is not None


def test_a_promise_leads_to_its_clocks(hand: Hand) -> None:
    promising.scenery()
    hand.go("y", "SLA policies")
    hand.row("refund_cycle")
    expect(hand.page).to_have_url(re.compile("/sla/refund_cycle/"))
    hand.follow(hand.page.get_by_role("link", name="Try on the last 30 days"))
    expect(hand.page.locator("#preview")).not_to_contain_text("Nothing is changed.")
    hand.page.goto("/sla/")
    hand.follow(hand.page.get_by_role("link", name="Open clocks"))
    expect(hand.page).to_have_url(re.compile("/sla/clocks/"))


def test_a_dashboard_is_narrowed_and_its_figure_opened(hand: Hand) -> None:
    histories.history()
    hand.go("b", "Overview")
    hand.choose(hand.page.get_by_label("Channel", exact=True), "shopify-uk")
    expect(hand.page).to_have_url(re.compile("channel=shopify-uk"))
    waits = hand.page.get_by_role("region", name="Where open returns stand")
    hand.follow(waits.get_by_role("link", name="Money to be confirmed"))
    expect(hand.page.locator("tbody tr").first).to_be_visible()


def test_a_new_version_of_a_policy_is_drafted(hand: Hand) -> None:
    world.requested()
    before = ReturnPolicy.objects.count()
    hand.go("p", "Policies")
    hand.act("New policy version", hand.page.get_by_role("link", name="New version…"))
    hand.fill(sheet(hand.page).get_by_label("Name"), "winter")
    hand.follow(sending(hand.page))
    told(hand.page, "winter@1 is begun.")
    assert ReturnPolicy.objects.count() == before + 1


def test_a_person_is_found_and_deactivated(story: world.Story, hand: Hand) -> None:
    person = story.colleague
    hand.go("i", "People")
    hand.fill(hand.page.get_by_label("Find a person"), person.name)
    hand.page.keyboard.press("Enter")
    expect(hand.page).to_have_url(re.compile("q="))
    hand.row(person.name)
    hand.follow(hand.page.get_by_role("link", name="Deactivate…"))
    hand.fill(sheet(hand.page).get_by_label("Reason"), "has left")
    hand.follow(sending(hand.page))
    expect(heading(hand.page)).to_contain_text("Deactivated")
    person.refresh_from_db()
    assert not person.is_active


def test_an_api_client_is_made_and_its_key_shown_once(hand: Hand) -> None:
    hand.go("k", "API clients")
    hand.act("New API client", hand.page.get_by_role("link", name="New client…"))
    hand.fill(sheet(hand.page).get_by_label("Name"), "Till of Leeds")
    hand.tick(sheet(hand.page).get_by_role("checkbox"))
    hand.fill(sheet(hand.page).get_by_label("Regions"), "GB")
    hand.fill(sheet(hand.page).get_by_label("Brands"), "*")
    hand.fill(sheet(hand.page).get_by_label("Reason"), "a new till")
    hand.follow(sending(hand.page))
    expect(hand.page.get_by_text("Copy the key").first).to_be_visible()
    assert ApiClient.objects.filter(name="Till of Leeds").count() == 1


def test_the_audit_log_is_searched_by_what_it_is_about(story: world.Story, hand: Hand) -> None:
    hand.go("j", "Audit log")
    hand.fill(hand.page.get_by_label("About: any id or number"), story.rma.number)
    hand.page.keyboard.press("Enter")
    expect(hand.page).to_have_url(re.compile("about="))
    hand.row("Return requested")
    expect(hand.page).to_have_url(re.compile("/trace/"))


def test_a_count_of_stock_is_booked(story: world.Story, hand: Hand) -> None:
    assert story.stock.drift.location.code == "GB-WH"
    before = StockAdjustment.objects.count()
    hand.go("s", "Stock")
    hand.page.goto("/stock/rows/")
    hand.row("JUMPER-M")
    expect(heading(hand.page)).to_contain_text("JUMPER-M")
    hand.act("Book a count", hand.page.get_by_role("link", name="Count…"))
    hand.fill(sheet(hand.page).get_by_label("Difference"), "1")
    hand.fill(sheet(hand.page).get_by_label("Reason"), "counted by hand")
    hand.follow(sending(hand.page))
    expect(hand.page.locator("#toasts .toast-note").first).to_be_visible()
    assert StockAdjustment.objects.count() == before + 1


def test_the_rail_is_folded_and_stays_so(hand: Hand) -> None:
    systems = hand.page.locator(".rail-fold", has_text="Systems").locator("summary")
    hand.follow(systems)
    expect(hand.page.locator('[data-go="o"]')).to_be_hidden()
    hand.go("r", "Returns")
    expect(hand.page.locator('[data-go="o"]')).to_be_hidden()
    hand.go("o", "Operations")
    expect(hand.page.locator('[data-go="o"]')).to_be_visible()
