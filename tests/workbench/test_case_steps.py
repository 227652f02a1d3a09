"""Putting a case off, escalating it, opening it again: the buttons, the forms, and who may not."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from retailops.accounts.models import User
from retailops.cases.models import Case, CaseNote, CaseStatus
from retailops.cases.services import resolve_case
from retailops.lib.clock import now
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> Case:
    return world.case_about(world.requested())


@pytest.fixture
def me() -> User:
    return world.person("ops_agent", name="Mia Moss")


@pytest.fixture
def agent(me: User) -> Client:
    return world.signed_in(me)


def step(case: Case, name: str) -> str:
    return f"/cases/{case.id}/do/{name}/"


def page_of(client: Client, case: Case) -> str:
    return client.get(f"/cases/{case.id}/").content.decode()


def test_putting_off_takes_a_case_out_of_the_open_ones_until_then(agent: Client, case: Case) -> None:
    assert step(case, "snooze") in page_of(agent, case)
    assert "Tomorrow, 9:00" in agent.get(step(case, "snooze")).content.decode()
    assert agent.post(step(case, "snooze"), {"wake": "four_hours", "reason": "she writes on Monday"}).status_code == 303
    case.refresh_from_db()
    assert case.snoozed_until is not None
    assert timedelta(hours=3, minutes=55) < case.snoozed_until - now() <= timedelta(hours=4)
    assert case.title not in agent.get("/cases/").content.decode()
    assert case.title in agent.get("/cases/?tab=snoozed").content.decode()
    assert "Put off until" in page_of(agent, case)
    assert "she writes on Monday" in CaseNote.objects.get(case=case, kind="snoozed").text


def test_an_exact_time_wins_and_is_of_the_persons_zone(agent: Client, case: Case) -> None:
    then = (timezone.localtime() + timedelta(days=3)).replace(second=0, microsecond=0)
    sent = {"wake": "hour", "at": f"{then:%Y-%m-%dT%H:%M}", "reason": "her holiday"}
    assert agent.post(step(case, "snooze"), sent).status_code == 303
    case.refresh_from_db()
    assert case.snoozed_until == then


@pytest.mark.parametrize("wake", ["hour", "four_hours", "tomorrow", "monday", "week"])
def test_each_usual_time_lies_ahead(agent: Client, case: Case, wake: str) -> None:
    assert agent.post(step(case, "snooze"), {"wake": wake, "reason": "later"}).status_code == 303
    case.refresh_from_db()
    assert case.snoozed_until is not None
    assert now() < case.snoozed_until < now() + timedelta(days=8)


def test_a_past_time_and_a_missing_reason_are_refused_in_words(agent: Client, case: Case) -> None:
    past = agent.post(step(case, "snooze"), {"wake": "hour", "at": "2020-01-01T09:00", "reason": "late"})
    assert past.status_code == 422
    assert "The time is past." in past.content.decode()
    for name in ("snooze", "escalate"):
        assert agent.post(step(case, name), {"wake": "hour", "reason": " "}).status_code == 422
    case.refresh_from_db()
    assert (case.snoozed_until, case.escalated_at) == (None, None)


def test_escalating_marks_it_and_frees_it(agent: Client, me: User, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(owner=me)
    assert agent.post(step(case, "escalate"), {"reason": "above my say"}).status_code == 303
    case.refresh_from_db()
    assert (case.owner, case.escalated_at is not None) == (None, True)
    assert "Escalated" in agent.get("/cases/").content.decode()
    assert "above my say" in page_of(agent, case)


def test_a_resolved_case_is_opened_again_with_a_reason(agent: Client, case: Case) -> None:
    assert step(case, "reopen") not in page_of(agent, case)
    resolve_case(world.SYSTEM, case.id, "thought so", {"reference": "T-1"})
    page = page_of(agent, case)
    assert step(case, "reopen") in page
    assert step(case, "snooze") not in page
    assert agent.post(step(case, "reopen"), {"reason": "it came back"}).status_code == 303
    case.refresh_from_db()
    assert case.status == CaseStatus.OPEN


@pytest.mark.parametrize(("name", "status"), [("snooze", "resolved"), ("escalate", "resolved"), ("reopen", "open")])
def test_what_cannot_be_done_now_says_why(agent: Client, case: Case, name: str, status: str) -> None:
    if status == "resolved":
        resolve_case(world.SYSTEM, case.id, "done", {"reference": "T-1"})
    page = agent.get(step(case, name)).content.decode()
    assert "Not now." in page
    answer = agent.post(step(case, name), {"wake": "hour", "reason": "x"})
    assert answer.status_code == 422
    case.refresh_from_db()
    assert (case.status, case.escalated_at) == (status, None)


def test_who_may_not_work_cases_is_not_offered_any_of_it(case: Case) -> None:
    auditor = world.signed_in(world.person("auditor"))
    assert "/do/" not in page_of(auditor, case)
    stranger = world.signed_in(world.person("ops_lead", regions=["FR"]))
    for name in ("snooze", "escalate", "reopen"):
        assert auditor.get(step(case, name)).status_code == 403
        assert auditor.post(step(case, name), {"wake": "hour", "reason": "x"}).status_code == 403
        assert stranger.post(step(case, name), {"wake": "hour", "reason": "x"}).status_code == 404
    case.refresh_from_db()
    assert (case.snoozed_until, case.escalated_at) == (None, None)


def test_a_step_that_does_not_exist_is_not_found(agent: Client, case: Case) -> None:
    assert agent.post(step(case, "delete"), {"reason": "x"}).status_code == 404
