"""Pages of promises, clocks, hours and alerts: what they show, what they do, and who may."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from connectors.alerts.services import create_channel
from retailops.sla.alerts.services import RuleIn, put_rule
from retailops.sla.models import Alert, AlertChannel, AlertRule, Mute, SlaCalendar, SlaPolicy
from retailops.sla.sweeping import look_at_clocks
from tests.factories import SYSTEM, make_receipt, make_return, unique
from tests.sla.promising import a_return, promise, tell
from tests.workbench import world

pytestmark = pytest.mark.django_db
AUDITOR, LEAD, MANAGER, ADMIN = "auditor", "ops_lead", "manager", "administrator"


def client(role: str, **scope: Any) -> Client:
    return world.signed_in(world.person(role, **scope))


def draft_of(policy: SlaPolicy) -> SlaPolicy:
    return SlaPolicy.objects.get(name=policy.name, status="draft")


def test_a_manager_drafts_previews_and_activates_a_version() -> None:
    policy, browser = promise(), client(MANAGER)
    rma = a_return()
    tell("received", rma, ago=timedelta(minutes=40))
    tell("inspected", rma)
    base = f"/sla/{policy.name}"
    assert policy.label in browser.get("/sla/").content.decode()
    made = browser.post(f"{base}/1/new/", {"name": policy.name})
    assert (made.status_code, made["Location"]) == (303, f"{base}/2/edit/")
    form = {"title": "Quick", "target": "30m", "warn": "20m", "severity": "high", "opens_case": "on", "revision": "1"}
    assert browser.post(f"{base}/2/edit/", form).status_code == 303
    draft = draft_of(policy)
    assert (draft.target_seconds, draft.warn_seconds, draft.severity, draft.calendar) == (1800, 1200, "high", None)
    shown = browser.get(f"{base}/2/preview/").content.decode()
    assert '<span class="strong">1</span> would have broken' in shown
    assert "web" in shown
    assert browser.post(f"{base}/2/edit/", form).status_code == 409  # somebody's older form
    assert browser.post(f"{base}/2/do/activate/", {"reason": ""}).status_code == 422
    assert browser.post(f"{base}/2/do/activate/", {"reason": "customers wait"}).status_code == 303
    draft.refresh_from_db()
    assert (draft.status, draft.reason) == ("active", "customers wait")
    assert "Starts later" in browser.get(f"{base}/2/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"target": "soon"}, {"target": ""}, {"warn": "2h"}, {"calendar": "nothing@1"}, {"title": ""}],
)
def test_what_cannot_be_promised_is_told_in_the_form(wrong: dict[str, str]) -> None:
    policy, browser = promise(), client(MANAGER)
    browser.post(f"/sla/{policy.name}/1/new/", {"name": policy.name})
    form = {"title": "Quick", "target": "30m", "severity": "high", "revision": "1"} | wrong
    answer = browser.post(f"/sla/{policy.name}/2/edit/", form)
    assert answer.status_code == 422
    assert draft_of(policy).target_seconds == 3600


def test_what_moves_the_clock_is_edited_row_by_row() -> None:
    policy, browser = promise(), client(MANAGER)
    browser.post(f"/sla/{policy.name}/1/new/", {"name": policy.name})
    page = browser.get(f"/sla/{policy.name}/2/edit/").content.decode()
    assert 'name="starts_0_type"' in page
    assert 'name="starts_2_type"' in page
    form = {
        "title": "Quick", "target": "30m", "severity": "high", "revision": "1", "moves": "1",
        "starts_0_type": "return.requested", "stops_0_type": "return_line.inspected",
        "stops_1_type": "inventory.disposition_posted", "stops_1_where": "disposition=sellable|refurbish",
    }  # fmt: skip
    wrong = browser.post(f"/sla/{policy.name}/2/edit/", form | {"stops_1_where": "sellable"})
    assert wrong.status_code == 422
    assert "“sellable” is no condition: write field=value." in wrong.content.decode()
    unknown = browser.post(f"/sla/{policy.name}/2/edit/", form | {"stops_1_where": "mood=bad"})
    assert (unknown.status_code, draft_of(policy).revision) == (422, 1)
    assert browser.post(f"/sla/{policy.name}/2/edit/", form).status_code == 303
    draft = draft_of(policy)
    assert [move["type"] for move in draft.starts] == ["return.requested"]
    assert draft.stops[1]["where"] == {"disposition": ["sellable", "refurbish"]}
    told = browser.get(f"/sla/{policy.name}/2/").content.decode()
    assert "disposition sellable or refurbish" in told


def test_only_who_manages_policies_there_changes_promises() -> None:
    policy = promise(region="uk")
    for role in (LEAD, AUDITOR):
        browser = client(role)
        assert browser.get(f"/sla/{policy.name}/1/").status_code == 200
        assert browser.post(f"/sla/{policy.name}/1/new/", {"name": policy.name}).status_code == 403
        assert browser.post(f"/sla/{policy.name}/1/do/retire/", {"reason": "x"}).status_code == 403
    elsewhere = client(MANAGER, regions=["FR"])
    assert elsewhere.get(f"/sla/{policy.name}/1/").status_code == 404
    assert elsewhere.post("/sla/refund_cycle/1/do/retire/", {"reason": "x"}).status_code == 403
    assert SlaPolicy.objects.filter(name=policy.name).count() == 1
    assert SlaPolicy.objects.get(name="refund_cycle").status == "active"


def test_hours_are_revised_by_a_form() -> None:
    browser = client(MANAGER)
    assert "Weekdays, nine to five" in browser.get("/sla/hours/").content.decode()
    form = {
        "name": "weekdays", "title": "Weekdays", "timezone": "Europe/London", "mon": "09:00-12:00, 13:00-17:30",
        "holidays": "2026-12-25 Christmas Day",
    }  # fmt: skip
    assert browser.post("/sla/hours/weekdays/", form).status_code == 303
    calendar = SlaCalendar.objects.get(name="weekdays", version=2)
    assert calendar.hours["mon"] == [["09:00", "12:00"], ["13:00", "17:30"]]
    assert calendar.holidays == [{"date": "2026-12-25", "name": "Christmas Day"}]
    wrong = browser.post("/sla/hours/weekdays/", form | {"mon": "9 to 5"})
    assert wrong.status_code == 422
    assert "is no span" in wrong.content.decode()
    assert client(MANAGER, regions=["uk"]).post("/sla/hours/new/", form).status_code == 403
    assert SlaCalendar.objects.count() == 2


def test_the_tile_of_today_counts_the_rows_that_it_opens() -> None:
    promise(warn_seconds=600)
    tell("received", a_return(), ago=timedelta(minutes=20))
    for _ in range(2):
        tell("received", a_return(), ago=timedelta(minutes=90))
    tell("received", a_return(region="FR"), ago=timedelta(minutes=90))
    look_at_clocks()
    browser = client(LEAD, regions=["uk"])
    home = browser.get("/").content.decode()
    assert "Promises broken" in home
    late, soon = (browser.get(f"/sla/clocks/?tab={tab}").content.decode() for tab in ("late", "soon"))
    assert (late.count('<th scope="row">'), soon.count('<th scope="row">')) == (2, 1)
    assert '<span class="value">2</span><span class="note">1 more soon</span>' in home


def test_clocks_page_by_due_time() -> None:
    promise()
    for minutes in range(60):
        tell("received", a_return(), ago=timedelta(minutes=200 + minutes))
    look_at_clocks()
    browser = client(LEAD)
    first = browser.get("/sla/clocks/?tab=late")
    page = first.context["page"]
    second = browser.get("/sla/clocks/", {"tab": "late", "after": page.older}).context["page"]
    assert (len(page.rows), len(second.rows), second.older) == (50, 10, "")
    due = [clock.due_at for clock in [*page.rows, *second.rows]]
    assert due == sorted(due)
    assert browser.get("/sla/clocks/?tab=late&after=damaged").status_code == 200


def test_a_return_shows_its_promised_times() -> None:
    rma = make_return()
    make_receipt(rma)
    page = client(LEAD).get(f"/returns/{rma.number}/").content.decode()
    assert "Promised times" in page
    for title in ("Request to decision", "Refund cycle time", "Receipt to inspection"):
        assert title in page


@pytest.fixture
def hook() -> AlertChannel:
    return create_channel(
        actor=SYSTEM, name="chat", kind="slack", address="https://chat.example.com/hook/s3cret"
    ).channel


def test_a_channel_is_made_shown_and_retired_by_a_connector_admin(hook: AlertChannel) -> None:
    browser = client(ADMIN)
    form = {"name": "pager", "kind": "webhook", "address": "https://pager.example.com/in"}
    made = browser.post("/alerts/settings/channels/new/", form).content.decode()
    channel = AlertChannel.objects.get(name="pager")
    assert "whsec_" in made
    page = browser.get("/alerts/settings/").content.decode()
    assert "whsec_" not in page
    assert "s3cret" not in page
    assert client(MANAGER).post("/alerts/settings/channels/new/", form | {"name": "x"}).status_code == 403
    assert browser.post("/alerts/settings/channels/new/", form | {"address": "http://x"}).status_code == 422
    assert browser.post(f"/alerts/settings/channels/{channel.id}/retire/").status_code == 303
    channel.refresh_from_db()
    assert (channel.retired_at is not None, AlertChannel.objects.count()) == (True, 2)


def test_a_rule_is_made_changed_and_retired(hook: AlertChannel) -> None:
    browser = client(MANAGER)
    form = {"name": "Breaches", "kinds": ["sla.breached"], "severity": "low", "channel": str(hook.id), "dedupe": "30m"}
    assert browser.post("/alerts/settings/rules/new/", form).status_code == 303
    rule = AlertRule.objects.get()
    assert (rule.kinds, rule.severity, rule.dedupe_seconds, rule.escalate_to) == (["sla.breached"], "low", 1800, None)
    address = f"/alerts/settings/rules/{rule.id}/"
    assert browser.post(address, form | {"escalate_minutes": "5"}).status_code == 422
    assert browser.post(address, form | {"escalate_minutes": "5", "escalate_to": str(hook.id)}).status_code == 303
    rule.refresh_from_db()
    assert (rule.escalate_minutes, rule.escalate_to) == (5, hook)
    assert client(LEAD).post(address, form).status_code == 403
    assert "Not done in time" in browser.get("/alerts/settings/").content.decode()
    assert browser.post(f"{address}retire/").status_code == 303
    assert browser.get(address).status_code == 404


def test_alerts_are_muted_and_told_again() -> None:
    browser = client(MANAGER)
    form = {"kind": "sla.breached", "hours": "4", "reason": "maintenance"}
    assert client(LEAD).post("/alerts/settings/mute/", form).status_code == 403
    assert browser.post("/alerts/settings/mute/", form).status_code == 303
    silence = Mute.objects.get()
    assert (silence.kind, silence.reason) == ("sla.breached", "maintenance")
    assert "maintenance" in browser.get("/alerts/settings/").content.decode()
    assert browser.post(f"/alerts/settings/mutes/{silence.id}/end/").status_code == 303
    assert "maintenance" not in browser.get("/alerts/settings/").content.decode()
    assert browser.post(f"/alerts/settings/mutes/{silence.id}/end/").status_code == 404


def test_an_alert_is_acknowledged_where_the_person_works(hook: AlertChannel) -> None:
    put_rule(actor=SYSTEM, rule=RuleIn(unique("r"), ["sla.breached"], hook.id, severity="low"))
    promise()
    tell("received", a_return(), ago=timedelta(minutes=90))
    look_at_clocks()
    alert = Alert.objects.get()
    lead, elsewhere = client(LEAD, regions=["uk"]), client(LEAD, regions=["FR"])
    assert alert.title in lead.get("/alerts/").content.decode()
    assert alert.title not in elsewhere.get("/alerts/").content.decode()
    assert elsewhere.post(f"/alerts/{alert.id}/acknowledge/").status_code == 404
    assert client(AUDITOR).post(f"/alerts/{alert.id}/acknowledge/").status_code == 403
    assert lead.post(f"/alerts/{alert.id}/acknowledge/").status_code == 303
    assert lead.post(f"/alerts/{alert.id}/acknowledge/").status_code == 409
    alert.refresh_from_db()
    assert alert.state == "acknowledged"
