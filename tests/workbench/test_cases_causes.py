"""Exceptions: causes with their cost, the page of one, what is done with it; each by pages without JavaScript."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from retailops.accounts.models import User
from retailops.cases import services
from retailops.cases.inputs import IgnoreIn
from retailops.cases.models import Case, CaseGroup, CaseRule, GroupState
from retailops.lib.clock import now
from retailops.lib.money import Money
from retailops.replays.models import BulkOperation
from tests.cases.making import SYSTEM, opened, worker
from tests.workbench import world
from tests.workbench.pictures import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def me() -> User:
    return world.person("ops_agent", name="Mia Moss")


@pytest.fixture
def agent(me: User) -> Client:
    return world.signed_in(me)


def shown(client: Client, address: str) -> str:
    """Return a page that is there."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def rows(page: str) -> list[str]:
    """Return the titles of the rows."""
    return re.findall(r'class="row-link" href="[^"]+">([^<]+)</a>', page)


def cause(fingerprint: str, **fields: Any) -> Case:
    """Return a case of a cause of its own."""
    return opened(fields.pop("region", "EU"), fingerprint=fingerprint, group_title=f"Cause {fingerprint}", **fields)


def test_those_that_breach_first_come_first_then_those_with_more_money(agent: Client) -> None:
    cause("poor", money=Money(100, "GBP"))
    cause("rich", money=Money(900, "GBP"))
    cause("yen", money=Money(50, "JPY"))
    cause("later", due_at=now() + timedelta(hours=5))
    cause("soon", due_at=now() + timedelta(hours=1))
    page = shown(agent, "/exceptions/")
    assert rows(page) == ["Cause soon", "Cause later", "Cause yen", "Cause rich", "Cause poor"]


def test_a_row_tells_returns_customers_and_money_by_currency(agent: Client) -> None:
    first = cause("a", money=Money(1999, "GBP"))
    cause("a", money=Money(2001, "GBP"), subject=_same_story(first))
    cause("a", money=Money(500, "EUR"))
    page = shown(agent, "/exceptions/")
    row = page[page.index("Cause a") :]
    assert '40.00<span class="cur">&nbsp;GBP</span>' in row
    assert '5.00<span class="cur">&nbsp;EUR</span>' in row
    assert re.search(r'\?q=group%3A[0-9a-f-]+">2<', row)
    assert "3 came in the last 7 days, 0 in the 7 before; 3 today" in row


def _same_story(case: Case) -> Any:
    from retailops.cases.telling import subject_of

    return subject_of(case)


def test_queues_and_states_have_tabs(agent: Client) -> None:
    cause("b"), cause("t", queue="technical")
    quiet, mended = cause("quiet"), cause("mended")
    services.ignore_group(worker(), quiet.group_id, IgnoreIn(count=5), "known")
    services.resolve_case(worker(), mended.id, "done", {"ticket": "1"})
    for tab, expected in {
        "business": ["Cause b"], "technical": ["Cause t"], "all": ["Cause b", "Cause t"], "ignored": ["Cause quiet"],
        "mended": ["Cause mended"],
    }.items():  # fmt: skip
        assert sorted(rows(shown(agent, f"/exceptions/?tab={tab}"))) == expected, tab


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("connection", ["netsuite", "stripe"]),
        ("operation", ["Place the stock", "Refund the customer"]),
        ("channel", ["web"]),
        ("code", ["charge_disputed", "no_bin"]),
        ("version", ["netsuite 2.9", "stripe 1.1"]),
    ],
)
def test_rows_are_made_by_what_is_asked(agent: Client, by: str, expected: list[str]) -> None:
    cause("b")
    cause("t", connection="netsuite", operation="stock.place", failure_code="no_bin", versions=(2, 9))
    assert sorted(rows(shown(agent, f"/exceptions/?by={by}"))) == expected


def test_a_query_narrows_and_its_fault_is_told(agent: Client) -> None:
    cause("b"), cause("t", queue="technical")
    assert rows(shown(agent, "/exceptions/?q=queue:technical")) == ["Cause t"]
    page = shown(agent, "/exceptions/?q=queu:technical")
    assert "Did you mean queue:?" in page
    assert rows(page) == []


def test_each_sees_the_causes_of_their_regions() -> None:
    cause("eu"), cause("us", region="US")
    cause("both"), cause("both", region="US")
    local = world.signed_in(world.person("ops_agent", regions=["US"]))
    page = shown(local, "/exceptions/")
    assert sorted(rows(page)) == ["Cause both", "Cause us"]
    both = CaseGroup.objects.get(fingerprint="both")
    assert "1 open case<" in shown(local, f"/exceptions/{both.id}/")
    assert local.get(f"/exceptions/{CaseGroup.objects.get(fingerprint='eu').id}/").status_code == 404


def test_the_page_of_a_cause_tells_how_it_was_mended_before(agent: Client) -> None:
    for _ in range(2):
        services.resolve_case(worker(), cause("a").id, "Bank told us the new account", {"reference": "OPS-9"})
    case = cause("a")
    page = shown(agent, f"/exceptions/{case.group_id}/")
    assert "held 0 of 2" in page
    assert "Bank told us the new account" in page
    assert "It was mended and has come back" in page
    assert case.title in page


def test_steps_are_taken_by_forms(agent: Client, me: User) -> None:
    group_id = cause("a").group_id
    address = f"/exceptions/{group_id}/do/"
    other = world.person("ops_agent", name="Noa North")
    for step, form, state in (
        ("acknowledge", {"reason": "on it"}, "acknowledged"),
        ("ignore", {"wake": "hour", "reason": "known"}, "ignored"),
        ("take-up", {"reason": "again"}, "ongoing"),
        ("assign", {"owner": str(other.id)}, "ongoing"),
        ("tags", {"tags": "bank, holiday"}, "ongoing"),
        ("resolve", {"reason": "mended", "evidence": "OPS-1", "in_version": "any"}, "resolved"),
    ):
        assert agent.get(f"{address}{step}/").status_code == 200
        assert agent.post(f"{address}{step}/", form).status_code == 303, step
        assert CaseGroup.objects.get().state == state, step
    group = CaseGroup.objects.get()
    assert (group.owner, group.tags, group.state_by) == (other, ["bank", "holiday"], f"user:{me.id}")


@pytest.mark.parametrize(
    ("step", "form"),
    [
        ("acknowledge", {}),
        ("ignore", {"wake": "", "reason": "x"}),
        ("ignore", {"wake": "", "amount": "5", "reason": "x"}),
        ("take-up", {"reason": "x"}),
        ("resolve", {"reason": "x"}),
        ("resolve", {"reason": "x", "evidence": "y", "in_version": "present"}),
    ],
)
def test_what_is_refused_is_told_in_the_form(agent: Client, step: str, form: dict[str, str]) -> None:
    group_id = cause("a").group_id
    answer = agent.post(f"/exceptions/{group_id}/do/{step}/", form)
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode() or "notice-bad" in answer.content.decode()
    assert CaseGroup.objects.get().state == GroupState.NEW


def test_an_amount_to_ignore_until(agent: Client) -> None:
    group_id = cause("a").group_id
    form = {"wake": "", "amount": "12.50", "currency": "gbp", "reason": "small"}
    assert agent.post(f"/exceptions/{group_id}/do/ignore/", form).status_code == 303
    group = CaseGroup.objects.get()
    assert (group.ignore_amount_left, group.ignore_currency, group.ignored_until) == (1250, "GBP", None)


def test_who_may_only_look_is_offered_nothing(me: User) -> None:
    group_id = cause("a").group_id
    auditor = world.signed_in(world.person("auditor"))
    page = shown(auditor, f"/exceptions/{group_id}/")
    assert "/do/" not in page
    assert auditor.post(f"/exceptions/{group_id}/do/acknowledge/", {"reason": "x"}).status_code == 403
    assert CaseGroup.objects.get().state == GroupState.NEW


def test_who_works_a_part_sees_why_not_the_whole() -> None:
    case = cause("a")
    cause("a", region="US")
    local = world.signed_in(world.person("ops_agent", regions=["US"]))
    page = shown(local, f"/exceptions/{case.group_id}/")
    assert "somebody who works all of them must do this" in page
    assert local.post(f"/exceptions/{case.group_id}/do/acknowledge/", {"reason": "x"}).status_code == 403
    assert local.post(f"/exceptions/{case.group_id}/note/", {"text": "seen"}).status_code == 303


def test_whom_a_note_names_sees_it_on_today_until_read(agent: Client, me: User) -> None:
    case = cause("a")
    lead = world.signed_in(world.person("ops_lead", name="Lea Lead"))
    lead.post(f"/exceptions/{case.group_id}/note/", {"text": "@Mia Moss please ask the bank"})
    lead.post(f"/cases/{case.id}/note/", {"text": "@Mia Moss and this one"})
    page = shown(agent, "/")
    assert "please ask the bank" in page
    assert "and this one" in page
    assert "please ask the bank" not in shown(lead, "/")
    assert agent.post("/exceptions/mentions/").status_code == 303
    assert "please ask the bank" not in shown(agent, "/")
    assert agent.post("/exceptions/mentions/").status_code == 404


def test_a_note_that_calls_a_stranger_is_refused(agent: Client) -> None:
    world.person("ops_agent", name="Fay French", regions=["FR"])
    case = cause("a")
    answer = agent.post(f"/exceptions/{case.group_id}/note/", {"text": "@Fay French look"})
    assert answer.status_code == 422
    assert "Fay French may not see this" in answer.content.decode()
    assert CaseGroup.objects.get().notes.count() == 0


def test_files_are_attached_to_a_cause(agent: Client) -> None:
    case = cause("a")
    from django.core.files.uploadedfile import SimpleUploadedFile

    sent = {"evidence": SimpleUploadedFile("bank.png", picture())}
    assert agent.post(f"/evidence/case_group/{case.group_id}/add/", sent).status_code == 303
    assert "bank.png" in shown(agent, f"/exceptions/{case.group_id}/")


def test_next_by_itself(agent: Client) -> None:
    case = cause("a")
    services.make_rule(SYSTEM, services_rule())
    assert "the oldest is escalated" in shown(agent, "/exceptions/")
    services.ignore_group(worker(), case.group_id, IgnoreIn(count=4), "known")
    assert "comes back when seen 4 more times" in shown(agent, f"/exceptions/{case.group_id}/")


def services_rule() -> Any:
    from retailops.cases.inputs import RuleIn

    return RuleIn("escalate", after_seconds=3600)


def test_rules_are_kept_on_pages() -> None:
    lead = world.signed_in(world.person("ops_lead"))
    mia = world.person("ops_agent", name="Mia")
    for kind, form in (
        ("group", {"system": "stripe", "words": "disputed", "title": "Disputes"}),
        ("assign", {"queue": "business", "owner": str(mia.id)}),
        ("escalate", {"after": "14400"}),
    ):
        assert lead.get(f"/exceptions/rules/add/{kind}/").status_code == 200
        assert lead.post(f"/exceptions/rules/add/{kind}/", form).status_code == 303, kind
    page = shown(lead, "/exceptions/rules/")
    for text in ("stripe · words “disputed”", "Disputes", "to Mia", "Every case", "after 4 h"):
        assert text in page
    rule = CaseRule.objects.get(kind="assign")
    assert lead.post(f"/exceptions/rules/{rule.id}/", {"queue": "technical", "owner": str(mia.id)}).status_code == 303
    rule.refresh_from_db()
    assert rule.queue == "technical"
    assert lead.post(f"/exceptions/rules/{rule.id}/remove/").status_code == 303
    assert not CaseRule.objects.filter(kind="assign").exists()
    assert lead.post("/exceptions/rules/add/group/", {"title": "All"}).status_code == 422


def test_an_agent_makes_no_rules(agent: Client) -> None:
    for address in ("/exceptions/rules/", "/exceptions/rules/add/assign/"):
        assert agent.get(address).status_code == 403
    assert agent.post("/exceptions/rules/add/escalate/", {"after": "14400"}).status_code == 403
    assert CaseRule.objects.count() == 0
    assert "/exceptions/rules/" not in shown(agent, "/exceptions/")


def test_queries_do_not_grow_with_causes(agent: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            shown(agent, address)
        return len(queries)

    cause("first")
    id = CaseGroup.objects.get().id
    addresses = ("/exceptions/", "/exceptions/?by=connection", f"/exceptions/{id}/")
    few = [count(address) for address in addresses]
    for number in range(12):
        cause(f"more {number}", connection=f"c{number}"), cause("first")
    assert [count(address) for address in addresses] == few
    assert max(few) <= 40


@pytest.mark.django_db(transaction=True)
def test_a_mended_cause_ends_its_cases_as_an_operation(agent: Client) -> None:
    case = opened("emea")
    told = {"reason": "mended", "evidence": "OPS-1", "in_version": "any", "end_cases": "on"}
    page = agent.post(f"/exceptions/{case.group_id}/do/resolve/", told, follow=True).content.decode()
    operation = BulkOperation.objects.get()
    assert "Mended; its one case ended with it." in page
    assert f'href="/operations/{operation.id}/"' in page
    case.refresh_from_db()
    assert (case.status, case.resolution_evidence) == ("resolved", {"reference": "OPS-1"})
    shown_there = shown(agent, f"/operations/{operation.id}/")
    assert "End cases of a mended cause" in shown_there
    assert "<dt>Evidence</dt><dd>OPS-1</dd>" in shown_there


@pytest.mark.django_db(transaction=True)
def test_many_cases_of_a_mended_cause_lead_to_the_operation(agent: Client) -> None:
    cases = [opened("emea") for _ in range(26)]
    told = {"reason": "mended", "evidence": "OPS-1", "in_version": "any", "end_cases": "on"}
    answer = agent.post(f"/exceptions/{cases[0].group_id}/do/resolve/", told)
    operation = BulkOperation.objects.get()
    assert answer["Location"] == f"/operations/{operation.id}/"
    assert (operation.total, operation.status, Case.objects.filter(status="open").count()) == (26, "running", 26)
