"""Undo: a message offers the reverse of what was done, to this person, while nothing has changed since."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from connectors.models import Mute as ConnectionMute
from retailops.accounts import undo
from retailops.accounts.models import User
from retailops.cases.inputs import IgnoreIn, RuleIn
from retailops.cases.models import Case, CaseGroup, CaseRule, GroupState, SavedView
from retailops.cases.services import (
    acknowledge_group,
    assign_case,
    assign_group,
    ignore_group,
    make_rule,
    tag_group,
)
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.money import Money
from retailops.sla.models import Mute
from tests.workbench import world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
OFFER = re.compile(r'name="offer" value="([^"]+)"')


@pytest.fixture
def case() -> Case:
    return world.case_about(world.requested())


@pytest.fixture
def me() -> User:
    return world.person("administrator", name="Mia Moss")


@pytest.fixture
def browser(me: User) -> Client:
    return world.signed_in(me)


def sent(browser: Client, address: str, **data: Any) -> str:
    """Send a form without JavaScript and return the page that follows."""
    answer = browser.post(address, data, follow=True)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return answer.content.decode()


def offer_in(page: str) -> str:
    found = OFFER.findall(page)
    assert len(found) == 1
    return str(found[0])


def undone(browser: Client, page: str) -> str:
    return sent(browser, "/undo/", offer=offer_in(page))


def told() -> list[str]:
    """Return the types of all events, in their order."""
    return list(Event.objects.order_by("position").values_list("type", flat=True))


def test_a_case_that_was_taken_goes_back_to_whom_it_belonged(browser: Client, me: User, case: Case) -> None:
    other = world.person("ops_agent", name="Oda Lind")
    assign_case(world.SYSTEM, case.id, other.id)
    page = sent(browser, f"/cases/{case.id}/take/")
    case.refresh_from_db()
    assert case.owner == me
    before = len(told())
    page = undone(browser, page)
    assert "Undone. It is as it was before." in page
    assert not OFFER.findall(page)
    case.refresh_from_db()
    assert case.owner == other
    assert told()[before:] == ["case.assigned"]
    assert Event.objects.latest("position").data["owner"] == str(other.id)


def test_what_has_changed_since_stays(browser: Client, case: Case) -> None:
    page = sent(browser, f"/cases/{case.id}/take/")
    other = world.person("ops_agent")
    assign_case(world.SYSTEM, case.id, other.id)
    before = counts()
    assert "Somebody has changed it since: nothing was undone." in undone(browser, page)
    assert counts() == before
    case.refresh_from_db()
    assert case.owner == other


def test_an_offer_is_of_one_person_whole_and_over_after_a_while(
    browser: Client, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offer_in(sent(browser, f"/cases/{case.id}/take/"))
    stranger = world.signed_in(world.person("administrator"))
    before = counts()
    assert stranger.post("/undo/", {"offer": offer}).status_code == 404
    assert browser.post("/undo/", {"offer": f"{offer}x"}).status_code == 404
    assert browser.post("/undo/", {}).status_code == 404
    assert browser.get("/undo/").status_code == 405
    monkeypatch.setattr(undo, "LASTS", -1)
    assert browser.post("/undo/", {"offer": offer}).status_code == 409
    assert counts() == before


def test_who_has_lost_the_right_undoes_nothing(case: Case) -> None:
    agent = world.person("ops_agent")
    browser = world.signed_in(agent)
    offer = offer_in(sent(browser, f"/cases/{case.id}/take/"))
    agent.grants.all().delete()
    before = counts()
    assert browser.post("/undo/", {"offer": offer}).status_code == 404
    assert counts() == before


def test_a_case_that_was_put_off_is_back(browser: Client, case: Case) -> None:
    page = sent(browser, f"/cases/{case.id}/do/snooze/", wake="week", reason="she is away")
    undone(browser, page)
    case.refresh_from_db()
    assert case.snoozed_until is None
    assert told()[-2:] == ["case.snoozed", "case.woken"]


def test_a_case_is_brought_back_before_its_time_with_a_reason(browser: Client, case: Case) -> None:
    sent(browser, f"/cases/{case.id}/do/snooze/", wake="week", reason="she is away")
    assert "Bring back" in browser.get(f"/cases/{case.id}/").content.decode()
    sent(browser, f"/cases/{case.id}/do/wake/", reason="she called")
    case.refresh_from_db()
    assert case.snoozed_until is None
    before = counts()
    assert browser.post(f"/cases/{case.id}/do/wake/", {"reason": "again"}).status_code == 422
    assert counts() == before


def test_an_assigned_case_goes_back_to_nobody(browser: Client, me: User, case: Case) -> None:
    page = sent(browser, f"/cases/{case.id}/assign/", owner=str(me.id))
    undone(browser, page)
    case.refresh_from_db()
    assert case.owner is None


def test_several_that_were_given_to_a_person_go_back_each_to_whom_it_belonged(browser: Client, me: User) -> None:
    rma = world.requested()
    one, two = world.case_about(rma, "The first"), world.case_about(rma, "The second")
    other = world.person("ops_agent")
    assign_case(world.SYSTEM, one.id, other.id)
    page = sent(browser, "/cases/several/assign/", case=[str(one.id), str(two.id)], owner=str(me.id))
    assert set(Case.objects.values_list("owner", flat=True)) == {me.id}
    undone(browser, page)
    assert dict(Case.objects.values_list("title", "owner")) == {"The first": other.id, "The second": None}
    page = sent(browser, "/cases/several/ignore/", case=[str(one.id), str(two.id)], wake="week", reason="later")
    assert Case.objects.filter(snoozed_until=None).count() == 0
    undone(browser, page)
    assert Case.objects.filter(snoozed_until=None).count() == 2


def test_several_are_undone_all_or_none(browser: Client, me: User) -> None:
    rma = world.requested()
    one, two = world.case_about(rma, "The first"), world.case_about(rma, "The second")
    page = sent(browser, "/cases/several/assign/", case=[str(one.id), str(two.id)], owner=str(me.id))
    other = world.person("ops_agent")
    assign_case(world.SYSTEM, two.id, other.id)
    before = counts()
    assert "Somebody has changed it since: nothing was undone." in undone(browser, page)
    assert counts() == before
    assert dict(Case.objects.values_list("title", "owner")) == {"The first": me.id, "The second": other.id}


def state_of(group: CaseGroup) -> tuple[Any, ...]:
    group.refresh_from_db()
    return (group.state, group.ignored_until, group.ignore_count_left, group.ignore_amount_left, group.ignore_currency)


@pytest.mark.parametrize("state", ["new", "ongoing", "regressed"])
@pytest.mark.parametrize("step", ["acknowledge", "ignore"])
def test_a_cause_goes_back_to_the_state_that_it_was_in(browser: Client, case: Case, state: str, step: str) -> None:
    group = case.group
    CaseGroup.objects.filter(pk=group.pk).update(state=state)
    page = sent(browser, f"/exceptions/{group.id}/do/{step}/", reason="asking", count="5")
    assert state_of(group)[0] == {"acknowledge": "acknowledged", "ignore": "ignored"}[step]
    undone(browser, page)
    assert state_of(group) == (state, None, None, None, "")
    assert told()[-1] == "case_group.taken_up"


def test_what_was_ignored_is_ignored_again_until_the_same(browser: Client, case: Case) -> None:
    group, until = case.group, now() + timedelta(days=2)
    ignore_group(world.SYSTEM, group.id, IgnoreIn(until, 7, Money(5000, "GBP")), "known")
    was = state_of(group)
    page = sent(browser, f"/exceptions/{group.id}/do/take-up/", reason="look again")
    assert state_of(group)[0] == GroupState.ONGOING
    undone(browser, page)
    assert state_of(group) == was == ("ignored", until, 7, 5000, "GBP")
    assert told()[-1] == "case_group.ignored"


def test_what_was_acknowledged_and_then_ignored_is_acknowledged_again(browser: Client, case: Case) -> None:
    group = case.group
    acknowledge_group(world.SYSTEM, group.id, "asking the bank")
    page = sent(browser, f"/exceptions/{group.id}/do/ignore/", reason="later", count="3")
    undone(browser, page)
    group.refresh_from_db()
    assert (group.state, group.state_reason) == ("acknowledged", "asking the bank")


def test_owner_and_tags_of_a_cause_go_back(browser: Client, me: User, case: Case) -> None:
    group, other = case.group, world.person("ops_lead")
    assign_group(world.SYSTEM, group.id, other.id)
    tag_group(world.SYSTEM, group.id, ["bank"])
    undone(browser, sent(browser, f"/exceptions/{group.id}/take/"))
    undone(browser, sent(browser, f"/exceptions/{group.id}/do/assign/", owner=str(me.id)))
    undone(browser, sent(browser, f"/exceptions/{group.id}/do/tags/", tags="bank, visa"))
    group.refresh_from_db()
    assert (group.owner, group.tags) == (other, ["bank"])


def test_a_view_that_was_removed_is_kept_again(browser: Client, me: User) -> None:
    view = SavedView.objects.create(owner=me, name="Late ones", query="q=due:late", shown_to="role", role="manager")
    page = sent(browser, f"/cases/views/{view.id}/remove/")
    assert not SavedView.objects.exists()
    undone(browser, page)
    kept = SavedView.objects.get()
    assert (kept.owner, kept.name, kept.query, kept.shown_to, kept.role) == (
        me, "Late ones", "q=due:late", "role", "manager",
    )  # fmt: skip


def test_a_rule_that_was_removed_is_made_again_in_its_place(browser: Client, me: User) -> None:
    first, second, third = (
        make_rule(world.SYSTEM, RuleIn("assign", region="GB", system=system, owner=me.id))
        for system in ("stripe", "netsuite", "wms")
    )
    page = sent(browser, f"/exceptions/rules/{second.id}/remove/")
    assert list(CaseRule.objects.order_by("position").values_list("pk", flat=True)) == [first.pk, third.pk]
    undone(browser, page)
    rows = CaseRule.objects.order_by("position").values_list("system", "region", "owner", "position")
    assert list(rows) == [("stripe", "GB", me.id, 1), ("netsuite", "GB", me.id, 2), ("wms", "GB", me.id, 3)]


def test_alerts_that_were_held_go_out_again(browser: Client) -> None:
    connection = world.stripe()
    page = sent(browser, f"/connections/{connection.name}/mute/", length="4h", reason="their maintenance")
    undone(browser, page)
    assert ConnectionMute.objects.get(connection=connection).ended_at is not None
    assert told()[-2:] == ["connection.muted", "connection.unmuted"]


def test_a_silence_is_ended_and_begun_again(browser: Client) -> None:
    until = (now() + timedelta(days=1)).replace(second=0, microsecond=0)
    page = sent(browser, "/alerts/settings/mute/", kind="", hours="24", reason="a drill")
    undone(browser, page)
    assert Mute.objects.get().until <= now()
    silence = Mute.objects.create(kind="", until=until, reason="another", created_by="user:x")
    undone(browser, sent(browser, f"/alerts/settings/mutes/{silence.pk}/end/"))
    running = Mute.objects.get(until__gt=now())
    assert (running.until, running.reason) == (until, "another")


def test_no_offer_names_what_it_holds_in_clear_that_could_be_changed(browser: Client, case: Case) -> None:
    offer = offer_in(sent(browser, f"/cases/{case.id}/take/"))
    with pytest.raises(signing.BadSignature):
        signing.loads(offer, salt="another purpose")
