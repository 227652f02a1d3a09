"""Selecting deliveries, plans, their runs and reports, and the second person's word on a plan."""

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from retailops.cases.inputs import CaseIn
from retailops.cases.models import Approval, ApprovalStatus
from retailops.cases.services import open_case
from retailops.events import verdicts
from retailops.events.models import Delivery
from retailops.events.replay import subject_of
from retailops.lib.clock import now
from retailops.replays.models import BulkOperation
from tests.events.conftest import transport  # noqa: F401  # a fixture
from tests.events.factories import FakeTransport, fresh
from tests.factories import SYSTEM
from tests.replays.world import run
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _settings(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.NUDGE_WORKERS = False
    found = verdicts.Verdict(verdicts.VerdictKind.SAFE_ABSENT, "Looked up: it is not there.")
    monkeypatch.setattr(verdicts, "_by_remote", lambda delivery: found)
    monkeypatch.setattr(verdicts, "_without_asking", lambda delivery: found)


@pytest.fixture
def agent() -> Client:
    return world.signed_in(world.person("ops_agent", name="Ada Ash"))


@pytest.fixture
def lead() -> Client:
    return world.signed_in(world.person("ops_lead", name="Leo Lane"))


@pytest.fixture
def refunds() -> list[Delivery]:
    rma, connection = world.received(), world.stripe()
    return [world.stopped(rma, connection, lane_key=f"lane-{n}") for n in range(3)]


def page_of(answer: Any) -> str:
    return str(answer.content.decode())


def stopped_case(delivery: Delivery, cause: str) -> CaseIn:
    """Return the case of a stopped delivery of that cause."""
    return CaseIn(
        kind="delivery.dead", queue="business", title=f"Refused: {delivery.id}", fingerprint=cause, group_title=cause,
        dedupe_key=f"test:{delivery.id}", subject=subject_of(delivery), delivery_id=delivery.id,
    )  # fmt: skip


def step(operation: BulkOperation, key: str) -> str:
    return f"/operations/{operation.id}/do/{key}/"


def test_rows_are_selected_in_the_list_by_who_may_send_again(agent: Client, refunds: list[Delivery]) -> None:
    page = page_of(agent.get("/deliveries/"))
    assert {f'value="{each.id}"' for each in refunds} == set(re.findall(r'value="[0-9a-f-]{36}"', page))
    assert "All 3 that match as of" in page
    assert "Send selected again" not in page_of(agent.get("/deliveries/?state=finished"))
    auditor = world.signed_in(world.person("auditor"))
    assert "Send selected again" not in page_of(auditor.get("/deliveries/"))


def test_a_few_are_sent_after_one_look_at_their_verdicts(
    agent: Client,
    refunds: list[Delivery],
    transport: FakeTransport,  # noqa: F811
) -> None:
    query = {"id": [str(each.id) for each in refunds[:2]]}
    page = page_of(agent.get("/deliveries/again/", query))
    assert "2 deliveries" in page
    assert page.count("Not there yet: safe to send") == 2
    assert agent.post("/deliveries/again/", query | {"reason": ""}).status_code == 422
    assert not BulkOperation.objects.exists()
    answer = agent.post("/deliveries/again/", query | {"reason": "the gateway is back"})
    made = BulkOperation.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/operations/{made.id}/")
    assert (made.status, made.total, made.reason) == ("running", 2, "the gateway is back")
    assert run(made).status == "finished"
    assert [fresh(each).status for each in refunds] == ["delivered", "delivered", "dead"]
    report = page_of(agent.get(f"/operations/{made.id}/"))
    assert "Finished" in report
    assert "data-live" not in report


def test_no_page_waits_for_another_system(
    agent: Client,
    refunds: list[Delivery],
    transport: FakeTransport,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verdicts, "_without_asking", lambda delivery: None)
    query = {"id": [str(refunds[0].id)]}
    assert "Stripe is asked first" in page_of(agent.get("/deliveries/again/", query))
    assert agent.post("/deliveries/again/", query | {"reason": "it is back"}).status_code == 303
    made = BulkOperation.objects.get()
    assert (made.status, transport.found, transport.sent) == ("planning", [], [])
    run(made)
    assert (made.status, transport.sent) == ("planned", [])


def test_all_that_match_are_a_plan_without_what_came_since(agent: Client, refunds: list[Delivery]) -> None:
    page = page_of(agent.get("/deliveries/"))
    address = re.search(r'href="(/deliveries/again/\?[^"]+)"', page)
    assert address is not None
    late = world.stopped(world.received(), refunds[0].destination.connection)
    Delivery.objects.filter(pk=late.pk).update(finished_at=late.created_at.replace(year=2100))
    dialog = page_of(agent.get(address[1].replace("&amp;", "&")))
    assert "3 deliveries" in dialog
    assert "1 more came since." in dialog
    hidden = dict(re.findall(r'name="(all|as_of|state)" value="([^"]+)"', dialog))
    rules = {"canary": "1, 2", "rate": "5", "stop_percent": "10"}
    answer = agent.post("/deliveries/again/", {**hidden, **rules, "reason": "all of them"})
    assert answer.status_code == 303
    made = BulkOperation.objects.get()
    assert (made.status, made.total, made.newcomers) == ("planning", 3, 1)
    assert made.rules == {"canary": [1, 2], "rate": 5.0, "stop_percent": 10, "stop_after": 10, "as_was": False}
    assert "0 of 3 have their verdict." in page_of(agent.get(f"/operations/{made.id}/"))
    assert agent.post("/deliveries/again/", {**hidden, **rules, "canary": "x", "reason": "y"}).status_code == 422


def test_what_stopped_for_one_cause_is_planned_from_its_page(agent: Client, refunds: list[Delivery]) -> None:
    cause, _ = (open_case(SYSTEM, stopped_case(each, cause)).group for cause, each in zip("ab", refunds, strict=False))
    mine = refunds[0]
    offered = page_of(agent.get(f"/exceptions/{cause.id}/"))
    assert "1 stopped, send again" in offered
    assert f"/deliveries/?state=dead&amp;cause={cause.id}" in offered
    listed = page_of(agent.get("/deliveries/", {"state": "dead", "cause": str(cause.id)}))
    assert str(mine.id) in listed
    assert str(refunds[1].id) not in listed
    form = {"all": "1", "as_of": now().isoformat(), "state": "dead", "cause": str(cause.id), "reason": "mended"}
    rules = {"canary": "1", "rate": "5", "stop_percent": "10"}
    assert agent.post("/deliveries/again/", form | rules).status_code == 303
    assert list(BulkOperation.objects.get().items.values_list("subject_id", flat=True)) == [mine.id]


def test_a_filter_that_is_not_understood_selects_nothing(agent: Client, refunds: list[Delivery]) -> None:
    form = {"all": "1", "as_of": now().isoformat(), "state": "dead", "reason": "all"}
    for wrong in ({"cause": "no cause"}, {"system": "unknown"}):
        refused = agent.post("/deliveries/again/", form | wrong)
        assert refused.status_code == 422
        assert "The filter is not understood" in page_of(refused)
    assert not BulkOperation.objects.exists()


def test_nothing_selected_says_so(agent: Client, refunds: list[Delivery]) -> None:
    assert "Nothing is selected." in page_of(agent.get("/deliveries/again/"))
    assert agent.post("/deliveries/again/", {"reason": "x"}).status_code == 422
    assert not BulkOperation.objects.exists()


def test_a_plan_shows_verdicts_and_money_and_starts_by_its_hash(
    agent: Client,
    refunds: list[Delivery],
    transport: FakeTransport,  # noqa: F811
) -> None:
    made = world.planned(*refunds)
    page = page_of(agent.get(f"/operations/{made.id}/"))
    assert "137.97" in page
    assert "Nothing is sent yet." in page
    dialog = page_of(agent.get(step(made, "start")))
    assert made.hash in dialog
    assert "3 of 3 are sent again" in dialog
    agent.post(step(made, "rules"), {"canary": "", "rate": "200", "stop_percent": "50"})
    stale = agent.post(step(made, "start"), {"hash": made.hash})
    assert stale.status_code == 422
    assert "The plan has changed since it was looked at" in page_of(stale)
    made.refresh_from_db()
    assert made.status == "planned"
    assert agent.post(step(made, "start"), {"hash": made.hash}).status_code == 303
    live = page_of(agent.get(f"/operations/{made.id}/"))
    assert 'data-live="1"' in live
    run(made)
    assert made.status == "finished"
    assert len(transport.sent) == 3


def test_above_the_limit_a_second_person_agrees_to_exactly_this_plan(
    agent: Client,
    lead: Client,
    transport: FakeTransport,  # noqa: F811
) -> None:
    made = world.planned(world.stopped(world.received(), world.stripe(), amount=1_500_000))
    asked = Approval.objects.get(kind="replay_plan", subject_id=made.id)
    assert (asked.amount, asked.asked["hash"]) == (1_500_000, made.hash)
    assert agent.post(step(made, "start"), {"hash": made.hash}).status_code == 422
    inbox = page_of(lead.get("/approvals/"))
    assert f"/operations/{made.id}/word/approve/" in inbox
    assert lead.get(f"/approvals/{asked.id}/")["Location"] == f"/operations/{made.id}/"
    assert "15,000.00" in page_of(lead.get(f"/operations/{made.id}/word/approve/"))
    assert agent.post(f"/operations/{made.id}/word/approve/", {"reason": "x"}).status_code == 403
    assert lead.post(f"/operations/{made.id}/word/approve/", {"reason": "seen it"}).status_code == 303
    assert "Leo Lane agreed" in page_of(agent.get(f"/operations/{made.id}/"))
    assert lead.post(step(made, "start"), {"hash": made.hash}).status_code == 403
    assert agent.post(step(made, "start"), {"hash": made.hash}).status_code == 303
    made.refresh_from_db()
    asked.refresh_from_db()
    assert (made.status, made.approval_id, asked.status) == ("running", asked.id, ApprovalStatus.CONSUMED)
    assert run(made).status == "finished"
    assert len(transport.sent) == 1


def test_a_changed_plan_voids_the_word(agent: Client, lead: Client) -> None:
    made = world.planned(world.stopped(world.received(), world.stripe(), amount=1_500_000))
    lead.post(f"/operations/{made.id}/word/approve/", {"reason": "seen it"})
    assert agent.post(step(made, "rules"), {"canary": "", "rate": "1", "stop_percent": "5"}).status_code == 303
    assert Approval.objects.get(kind="replay_plan").status == ApprovalStatus.VOIDED
    made.refresh_from_db()
    refused = agent.post(step(made, "start"), {"hash": made.hash})
    assert refused.status_code == 422
    made.refresh_from_db()
    assert made.status == "planned"


def test_refused_it_is_not_started(agent: Client, lead: Client) -> None:
    made = world.planned(world.stopped(world.received(), world.stripe(), amount=1_500_000))
    assert lead.post(f"/operations/{made.id}/word/refuse/", {"reason": ""}).status_code == 422
    assert lead.post(f"/operations/{made.id}/word/refuse/", {"reason": "not shown"}).status_code == 303
    assert agent.post(step(made, "start"), {"hash": made.hash}).status_code == 422
    made.refresh_from_db()
    assert made.status == "planned"


def test_the_list_of_operations_says_who_why_and_how_far(agent: Client, refunds: list[Delivery]) -> None:
    made = world.planned(*refunds)
    page = page_of(agent.get("/operations/"))
    assert f"/operations/{made.id}/" in page
    assert "The gateway is back" in page
    assert "Mia Moss" in page
    assert f"/operations/{made.id}/" not in page_of(agent.get("/operations/?show=ended"))
    assert agent.post(step(made, "cancel"), {"reason": "the wrong ones"}).status_code == 303
    assert f"/operations/{made.id}/" in page_of(agent.get("/operations/?show=ended"))
    shown = page_of(agent.get(f"/operations/{made.id}/"))
    assert "Canceled by Ada Ash" in shown
    assert "the wrong ones" in shown
    answer = agent.post(step(made, "resume"), {"reason": "right after all"})
    again = BulkOperation.objects.get(resumes=made)
    assert answer["Location"] == f"/operations/{again.id}/"


def test_items_come_with_failures_first_and_as_csv(agent: Client, refunds: list[Delivery]) -> None:
    made = world.planned(*refunds)
    made.items.filter(position=3).update(stage="done", result="failed", detail="=No", done_at=made.planned_at)
    made.items.filter(position=1).update(stage="done", result="delivered", detail="re_1", done_at=made.planned_at)
    page = page_of(agent.get(f"/operations/{made.id}/"))
    items = re.findall(r'row-link" href="/deliveries/([0-9a-f-]{36})/', page)
    assert items == [str(refunds[at].id) for at in (2, 1, 0)]
    narrowed = page_of(agent.get(f"/operations/{made.id}/?part=r:failed"))
    assert re.findall(r'row-link" href="/deliveries/([0-9a-f-]{36})/', narrowed) == [str(refunds[2].id)]
    answer = agent.get(f"/operations/{made.id}/items.csv")
    lines = world.body_of(answer).splitlines()
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert len(lines) == 4
    assert lines[1].startswith(f"{refunds[2].id},")
    assert ",Failed again,'=No," in lines[1]


def test_who_may_only_look_is_offered_nothing(refunds: list[Delivery]) -> None:
    made = world.planned(*refunds)
    auditor = world.signed_in(world.person("auditor"))
    page = page_of(auditor.get(f"/operations/{made.id}/"))
    assert "/do/" not in page
    assert auditor.post(step(made, "start"), {"hash": made.hash}).status_code == 403
    made.refresh_from_db()
    assert made.status == "planned"
