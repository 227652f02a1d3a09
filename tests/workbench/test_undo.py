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
    note_case,
    tag_group,
)
from retailops.events.models import Destination, Event
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from retailops.lib.money import Money
from retailops.sla.models import Alert, AlertChannel, AlertRule, Mute
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


def test_a_note_is_taken_back_from_its_message_and_from_its_line(browser: Client, case: Case) -> None:
    page = sent(browser, f"/cases/{case.id}/note/", text="wrong case, sorry")
    note = case.notes.get()
    address = f"/cases/{case.id}/notes/{note.pk}/back/"
    assert address in page
    page = undone(browser, page)
    assert ("wrong case" in page, "Note taken back" in page, address in page) == (False, True, False)
    assert told()[-1] == "case.note_taken_back"
    sent(browser, f"/cases/{case.id}/note/", text="another")
    note = case.notes.get(text="another")
    page = sent(browser, f"/cases/{case.id}/notes/{note.pk}/back/")
    assert "Taken back: its words are shown to nobody any more." in page
    assert browser.post(f"/cases/{case.id}/notes/{note.pk}/back/").status_code == 409


def test_a_note_on_a_cause_is_taken_back(browser: Client, case: Case) -> None:
    page = sent(browser, f"/exceptions/{case.group_id}/note/", text="wrong cause")
    note = case.group.notes.get()
    assert f"/exceptions/{case.group_id}/notes/{note.pk}/back/" in page
    page = undone(browser, page)
    assert ("wrong cause" in page, "Note taken back" in page) == (False, True)
    sent(browser, f"/exceptions/{case.group_id}/note/", text="another")
    note = case.group.notes.get(text="another")
    assert browser.post(f"/exceptions/{case.group_id}/notes/{note.pk}/back/").status_code == 303
    note.refresh_from_db()
    assert note.taken_back_at is not None


def test_a_note_of_somebody_else_is_not_offered_and_not_taken_back(browser: Client, case: Case) -> None:
    note = note_case(world.person("administrator").actor(), case.id, "mine")
    assert "/back/" not in browser.get(f"/cases/{case.id}/").content.decode()
    before = counts()
    assert browser.post(f"/cases/{case.id}/notes/{note.pk}/back/").status_code == 403
    assert counts() == before


def test_notes_on_several_are_taken_back(browser: Client) -> None:
    rma = world.requested()
    one, two = world.case_about(rma, "The first"), world.case_about(rma, "The second")
    page = sent(browser, "/cases/several/note/", case=[str(one.id), str(two.id)], text="wrong list")
    undone(browser, page)
    assert [note.taken_back_at is not None for each in (one, two) for note in each.notes.all()] == [True, True]


def test_causes_of_several_go_back_each_once_and_one_acknowledged_before_stays(browser: Client) -> None:
    rma = world.requested()
    one, two = world.case_about(rma, "The first"), world.case_about(rma, "The second")
    page = sent(browser, "/cases/several/acknowledge/", case=[str(one.id), str(two.id)], reason="on it")
    assert {each.group_id for each in (one, two)} == {one.group_id}
    undone(browser, page)
    assert told()[-1] == "case_group.taken_up"
    assert state_of(one.group)[0] == one.group.state
    acknowledge_group(world.SYSTEM, one.group_id, "asking the bank")
    page = sent(browser, "/cases/several/acknowledge/", case=[str(one.id)], reason="on it")
    assert not OFFER.findall(page)


@pytest.fixture
def alert() -> Alert:
    to = AlertChannel.objects.create(destination=Destination.objects.create(kind="alert", name="ops", system="email",
                                     deadline_seconds=60), name="ops", kind="email", address="ops@example.com",
                                     created_by="user:x")  # fmt: skip
    rule = AlertRule.objects.create(name="all", kinds=["case.opened"], channel=to, created_by="user:x",
                                    escalate_minutes=30, escalate_to=to)  # fmt: skip
    return Alert.objects.create(
        rule=rule, dedupe_key="k", kind="case.opened", severity="normal", title="A refund is stuck",
        subject_type="case", subject_id=uuid7(), correlation_id=uuid7(), region="GB", brand="north", cause_id=uuid7(),
        escalate_at=now() + timedelta(minutes=30),
    )  # fmt: skip


def test_an_alert_that_was_acknowledged_is_open_again_and_escalated_in_time(browser: Client, alert: Alert) -> None:
    page = sent(browser, f"/alerts/{alert.pk}/acknowledge/")
    alert.refresh_from_db()
    assert (alert.state, alert.escalate_at) == ("acknowledged", None)
    undone(browser, page)
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by, alert.acknowledged_at) == ("open", "", None)
    assert alert.escalate_at == alert.raised_at + timedelta(minutes=30)
    assert told()[-2:] == ["alert.acknowledged", "alert.reopened"]


def test_an_alert_whose_trouble_is_over_stays_over(browser: Client, alert: Alert) -> None:
    page = sent(browser, f"/alerts/{alert.pk}/acknowledge/")
    Alert.objects.update(state="over")
    before = counts()
    assert "Somebody has changed it since: nothing was undone." in undone(browser, page)
    assert browser.post(f"/alerts/{alert.pk}/reopen/").status_code == 409
    alert.refresh_from_db()
    assert (alert.state, counts()) == ("over", before)


def test_an_alert_is_opened_again_from_the_list_by_who_works_there(browser: Client, alert: Alert) -> None:
    sent(browser, f"/alerts/{alert.pk}/acknowledge/")
    address = f"/alerts/{alert.pk}/reopen/"
    assert address in browser.get("/alerts/?tab=acknowledged").content.decode()
    for role, regions, status in (("auditor", ["*"], 403), ("ops_lead", ["FR"], 404), ("", ["*"], 404)):
        other = world.signed_in(world.person(role, regions=regions))
        before = counts()
        assert other.post(address).status_code == status
        assert counts() == before
    sent(browser, address)
    alert.refresh_from_db()
    assert alert.state == "open"
    assert browser.post(address).status_code == 409


def test_no_offer_names_what_it_holds_in_clear_that_could_be_changed(browser: Client, case: Case) -> None:
    offer = offer_in(sent(browser, f"/cases/{case.id}/take/"))
    with pytest.raises(signing.BadSignature):
        signing.loads(offer, salt="another purpose")
