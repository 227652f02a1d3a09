"""Items: the list of a query, its columns, facets, pages, newcomers, export; views; commands on several at once."""

import csv
import io
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from retailops.accounts.models import User
from retailops.cases import services
from retailops.cases.models import Case, CaseGroup, SavedView
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from retailops.lib.money import Money
from retailops.replays.models import BulkOperation
from retailops.replays.working import advance
from retailops.workbench.exceptions import paging
from tests.cases.making import opened, worker
from tests.workbench import world

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


def titles(page: str) -> list[str]:
    """Return the titles of the rows, in order."""
    return re.findall(r'class="row-link" href="/cases/[0-9a-f-]+/">([^<]+)</a>', page)


def named(name: str, **fields: Any) -> Case:
    """Return a case of that title."""
    return opened(fields.pop("region", "EU"), title=name, **fields)


def test_the_query_narrows_and_the_address_keeps_it(agent: Client) -> None:
    named("one", failure_code="a"), named("two", failure_code="b")
    page = shown(agent, "/cases/?q=code:a&tab=open&sort=old&cols=age")
    assert titles(page) == ["one"]
    assert 'value="code:a"' in page
    assert "/cases/export/?tab=open&amp;q=code%3Aa&amp;sort=old&amp;cols=age" in page


def test_a_fault_names_the_key_and_shows_nothing(agent: Client) -> None:
    named("one")
    page = shown(agent, "/cases/?q=amount>lots")
    assert "amount: “lots” is no amount" in page
    assert titles(page) == []


def test_a_state_looks_beyond_the_open_ones(agent: Client) -> None:
    case = named("ended")
    services.resolve_case(worker(), case.id, "done", {"ticket": "1"})
    assert titles(shown(agent, "/cases/?q=state:resolved")) == ["ended"]
    assert titles(shown(agent, "/cases/")) == []


def test_columns_are_chosen(agent: Client) -> None:
    story = world.Story.told()
    waiting = world.stopped(story.rma, story.connection, effect_key="later", status=DeliveryStatus.READY)
    case = named("mine", region="GB", delivery_id=story.delivery.id, subject=story.rma.as_subject(),
                 detail="The charge is disputed.")  # fmt: skip
    every = "rma,order,operation,error,amount,verdict,attempts,retry,lane,channel,region,owner,due,age"
    page = shown(agent, f"/cases/?q={case.id}&cols={every}")
    assert story.rma.order is not None
    for text in (story.rma.number, story.rma.order.number, "Refund the customer", "The charge is disputed.",
                 "Not there yet: safe to send", "1 waits behind"):  # fmt: skip
        assert text in page, text
    assert "1 waits behind" not in shown(agent, f"/cases/?q={case.id}&cols=age")
    assert waiting.status == DeliveryStatus.READY


def walk(agent: Client, sort: str) -> list[str]:
    """Return the titles over all pages of an order, going forwards, and check the way back."""
    address, pages = f"/cases/?sort={sort}", []
    while address:
        page = shown(agent, address)
        pages.append(titles(page))
        found = re.search(r'href="(\?[^"]*after=[^"]+)"[^>]*>Next', page)
        address = "/cases/" + found[1].replace("&amp;", "&") if found else ""
    before = re.search(r'href="(\?[^"]*before=[^"]+)"', page)
    assert before
    assert titles(shown(agent, "/cases/" + before[1].replace("&amp;", "&"))) == pages[-2]
    return [title for each in pages for title in each]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("new", "gfedcba"), ("old", "abcdefg"), ("due", "gfedabc")],
)
def test_pages_go_by_key_in_each_order(
    agent: Client, monkeypatch: pytest.MonkeyPatch, sort: str, expected: str
) -> None:
    monkeypatch.setattr(paging, "SIZE", 2)
    for number, name in enumerate("abcdefg"):
        named(name, due_at=now() + timedelta(hours=9 - number) if number > 2 else None)
    assert "".join(walk(agent, sort)) == expected


def test_facets_count_and_lead_on(agent: Client) -> None:
    for region in ("EU", "EU", "US"):
        named("x", region=region)
    page = shown(agent, "/cases/?q=class:business")
    assert re.search(r'q=class%3Abusiness\+region%3AEU[^>]*><span>EU</span><span class="count">2</span>', page)
    narrowed = shown(agent, "/cases/?q=region:EU")
    assert re.search(r'aria-current="true"[^>]*><span>EU</span><span class="count">2</span>', narrowed)


def test_only_newcomers_are_counted(agent: Client) -> None:
    named("before")
    page = shown(agent, "/cases/?q=code:charge_disputed")
    address = re.search(r'hx-get="(/cases/new/[^"]+)"', page)
    assert address
    ask = address[1].replace("&amp;", "&")
    assert "new" not in shown(agent, ask)
    named("after"), named("other", failure_code="odd"), named("elsewhere", region="US")
    local = world.signed_in(world.person("ops_agent", regions=["EU"]))
    assert "2 new" in shown(agent, ask)
    assert "1 new" in shown(local, ask)
    assert shown(agent, "/cases/new/?since=nonsense").strip() == ""


def test_words_are_offered(agent: Client) -> None:
    named("x", failure_code="charge_disputed"), named("y", failure_code="charge odd")
    services.tag_group(worker(), Case.objects.all()[0].group_id, ["bank holiday"])

    def offered(text: str) -> list[str]:
        answer = agent.get("/cases/words/", {"q": text})
        return re.findall(r"<option value='(.*?)'>", unescape(answer.content.decode()).replace('"', "'"))

    assert offered("age>4h cl") == ["age>4h class:"]
    assert offered("-code:charge") == ["-code:'charge odd'", "-code:charge_disputed"] or set(
        offered("-code:charge")
    ) == {"-code:charge_disputed", "-code:'charge odd'"}
    assert offered("tag:") == ["tag:'bank holiday'"]
    assert offered("owner:m") == ["owner:me", "owner:'Mia Moss'"]
    assert offered("odd:x") == []


def test_export_streams_what_the_query_finds(agent: Client) -> None:
    named("=cmd()", failure_code="a"), named("other", failure_code="b")
    answer = agent.get("/cases/export/?q=code:a")
    assert answer.streaming
    assert re.fullmatch(r'attachment; filename="cases-[\d-]+\.csv"', answer["Content-Disposition"])
    [row] = csv.DictReader(io.StringIO(world.body_of(answer)))
    assert (row["title"], row["code"], row["amount"], row["currency"]) == ("'=cmd()", "a", "19.99", "GBP")


def test_views_are_kept_shared_and_given_up(agent: Client, me: User) -> None:
    form = {"name": "Late", "shown_to": "owner", "query": "q=due%3C1h"}
    assert agent.post("/cases/views/", form).status_code == 303
    assert agent.post("/cases/views/", form | {"query": "q=due%3C2h"}).status_code == 303
    view = SavedView.objects.get()
    assert (view.owner, view.query) == (me, "q=due%3C2h")
    other = world.signed_in(world.person("ops_agent", name="Noa North"))
    lead = world.signed_in(world.person("ops_lead", name="Lea Lead"))
    assert "Late" not in shown(other, "/cases/")
    agent.post("/cases/views/", form | {"shown_to": "role", "role": "ops_lead"})
    assert ("Late" in shown(lead, "/cases/"), "Late" in shown(other, "/cases/")) == (True, False)
    agent.post("/cases/views/", form | {"shown_to": "all"})
    assert "Late" in shown(other, "/cases/")
    assert other.post(f"/cases/views/{view.id}/remove/").status_code == 404
    assert agent.post(f"/cases/views/{view.id}/remove/").status_code == 303
    assert SavedView.objects.count() == 0
    assert list(Event.objects.filter(type="saved_view.changed").values_list("data__change", flat=True)) == [
        "saved", "saved", "saved", "saved", "removed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "form", [{"name": ""}, {"name": "x", "shown_to": "role"}, {"name": "x", "shown_to": "odd"}, {"name": "y" * 61}]
)
def test_views_that_are_refused(agent: Client, form: dict[str, str]) -> None:
    answer = agent.post("/cases/views/", {"shown_to": "owner", "query": "q=x"} | form)
    assert answer.status_code == 422
    assert SavedView.objects.count() == 0


FORMS: dict[str, dict[str, str]] = {
    "acknowledge": {"reason": "on it"},
    "ignore": {"wake": "hour", "reason": "known"},
    "resolve": {"reason": "done", "evidence": "OPS-1"},
    "note": {"text": "called"},
}


@pytest.mark.parametrize("bulk", FORMS)
def test_each_of_several_is_done_by_its_own_command(agent: Client, me: User, bulk: str) -> None:
    cases = [named(name) for name in "abc"]
    ids = [str(case.id) for case in cases[:2]]
    assert "2 cases selected" in agent.get(f"/cases/several/{bulk}/", {"case": ids}).content.decode()
    answer = agent.post(f"/cases/several/{bulk}/", FORMS[bulk] | {"case": ids})
    assert "All 2 done" in answer.content.decode()
    events = Event.objects.filter(actor=f"user:{me.id}")
    events = events.exclude(type__startswith="bulk_operation.")
    kinds = {"acknowledge": ["case_group.acknowledged"], "ignore": ["case.snoozed"] * 2,
             "resolve": ["case.resolved"] * 2, "note": ["case.noted"] * 2}  # fmt: skip
    assert list(events.values_list("type", flat=True)) == kinds[bulk]
    touched = {data["case_id"] for data in events.values_list("data", flat=True) if "case_id" in data}
    assert touched <= set(ids)


def test_several_get_an_owner(agent: Client) -> None:
    ids = [str(named(name).id) for name in "ab"]
    noa = world.person("ops_agent", name="Noa North")
    agent.post("/cases/several/assign/", {"case": ids, "owner": str(noa.id)})
    assert list(Case.objects.values_list("owner", flat=True)) == [noa.id, noa.id]


def test_what_is_refused_for_one_stops_no_other(agent: Client) -> None:
    ended, live = named("ended"), named("live")
    services.resolve_case(worker(), ended.id, "done", {"ticket": "1"})
    answer = agent.post("/cases/several/note/", {"case": [str(live.id)], "text": ""})
    assert answer.status_code == 422
    page = agent.post("/cases/several/resolve/", FORMS["resolve"] | {"case": [str(ended.id), str(live.id)]})
    text = page.content.decode()
    assert "1 of 2 refused" in text
    assert "The case is resolved already." in text
    live.refresh_from_db()
    assert live.status == "resolved"


def test_those_of_other_regions_are_left_out(agent: Client) -> None:
    case, far = named("near"), named("far", region="US")
    local = world.signed_in(world.person("ops_agent", regions=["EU"]))
    page = local.post("/cases/several/note/", {"case": [str(case.id), str(far.id)], "text": "x"}).content.decode()
    assert ("near" in page, "far" in page) == (True, False)
    assert (case.notes.count(), far.notes.count()) == (1, 0)
    auditor = world.signed_in(world.person("auditor"))
    assert auditor.post("/cases/several/note/", {"case": [str(case.id)], "text": "x"}).status_code == 403
    assert case.notes.count() == 1


def stopped_cases(count: int) -> list[Case]:
    """Return that many cases, each of a stopped delivery of its own."""
    story = world.Story.told()
    found = []
    for number in range(count):
        delivery = world.stopped(story.rma, story.connection, effect_key=f"k{number}", lane_key=f"lane-{number}")
        found.append(named(f"stopped {number}", region="GB", delivery_id=delivery.id, subject=story.rma.as_subject()))
    return found


def test_more_than_25_are_sent_again_by_a_plan(agent: Client) -> None:
    ids = [str(case.id) for case in stopped_cases(26)]
    assert "Plan to send again" in agent.get("/cases/several/send/", {"case": ids}).content.decode()
    answer = agent.post(
        "/cases/several/send/", {"case": ids, "reason": "works again", "canary": "1", "rate": "5", "stop_percent": "10"}
    )
    plan = BulkOperation.objects.get()
    assert answer["Location"] == f"/operations/{plan.id}/"
    assert (plan.kind, plan.total, plan.status) == ("replay", 26, "planning")
    assert Event.objects.filter(type="delivery.replayed").count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_few_are_sent_again_after_one_look(agent: Client) -> None:
    story = world.Story.told()
    mine = named("mine", region="GB", delivery_id=story.delivery.id, subject=story.rma.as_subject())
    nothing = named("nothing", region="GB")
    ids = [str(mine.id), str(nothing.id)]
    look = agent.get("/cases/several/send/", {"case": ids}).content.decode()
    assert "1 of the selected cases is about nothing that can be sent again." in look
    agent.post("/cases/several/send/", {"case": ids, "reason": "the dispute was won"})
    plan = BulkOperation.objects.get()
    assert [str(item.subject_id) for item in plan.items.all()] == [str(story.delivery.id)]
    none = agent.post("/cases/several/send/", {"case": [str(nothing.id)], "reason": "x"})
    assert none.status_code == 409
    assert BulkOperation.objects.count() == 1


def test_a_few_are_kept_as_an_operation(agent: Client, me: User) -> None:
    near, ended = named("near", money=Money(500, "GBP")), named("ended")
    services.resolve_case(worker(), ended.id, "done", {"ticket": "1"})
    answer = agent.post("/cases/several/resolve/", FORMS["resolve"] | {"case": [str(near.id), str(ended.id)]})
    kept = BulkOperation.objects.get()
    assert f'href="/operations/{kept.id}/"' in answer.content.decode()
    assert (kept.kind, kept.status, kept.reason, kept.executed_by) == (
        "resolve_cases", "finished", FORMS["resolve"]["reason"], f"user:{me.id}",
    )  # fmt: skip
    assert kept.filter == {"selected": "2"}
    told = list(kept.items.order_by("position").values_list("subject_id", "amount", "result", "detail"))
    assert told == [(near.id, 500, "done", "Resolved."), (ended.id, 1999, "refused", "The case is resolved already.")]
    kinds = Event.objects.filter(subject_id=kept.id).order_by("id").values_list("type", flat=True)
    assert list(kinds) == ["bulk_operation.executed", "bulk_operation.finished"]
    page = shown(agent, f"/operations/{kept.id}/")
    assert all(text in page for text in ("Resolve cases: 2", "near", "ended", "Resume failed", "Evidence"))
    assert "Verdict" not in page


def test_more_than_25_are_worked_in_the_background(agent: Client, me: User, settings: LazySettings) -> None:
    settings.NUDGE_WORKERS = False
    ids = [str(named(str(number)).id) for number in range(26)]
    sheet = agent.get("/cases/several/note/", {"case": ids}).content.decode()
    assert "in the background" in sheet
    form = re.search(r'name="operation" value="([0-9a-f-]+)"', sheet)
    assert form
    given = {"case": ids, "text": "the gateway is back", "operation": form[1]}
    answer = agent.post("/cases/several/note/", given)
    assert answer["Location"] == f"/operations/{form[1]}/"
    assert agent.post("/cases/several/note/", given)["Location"] == answer["Location"]
    operation = BulkOperation.objects.get()
    assert (operation.total, operation.status, operation.items.filter(stage="judged").count()) == (26, "running", 26)
    assert 'data-live="1"' in shown(agent, answer["Location"])
    assert Event.objects.filter(type="case.noted").count() == 0
    advance(operation.id, seconds=30)
    operation.refresh_from_db()
    assert (operation.status, operation.items.filter(result="done").count()) == ("finished", 26)
    noted = Event.objects.filter(type="case.noted", actor=f"user:{me.id}").values_list("data__case_id", flat=True)
    assert sorted(noted) == sorted(ids)


def test_all_that_match_are_those_that_were_there(agent: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "SIZE", 2)
    meant = [named(str(number), failure_code="odd") for number in range(3)]
    named("other", failure_code="else")
    page = shown(agent, "/cases/?q=code:odd")
    assert "All 3 that match" in page
    since = re.search(r'name="since" value="([0-9a-f-]+)"', page)
    assert since
    late = named("late", failure_code="odd")
    query = {"q": "code:odd", "all": "1", "since": since[1]}
    sheet = agent.get("/cases/several/note/", query).content.decode()
    assert "All 3 cases" in sheet
    assert "1 more came since." in sheet
    agent.post("/cases/several/note/", query | {"text": "x"})
    operation = BulkOperation.objects.get()
    assert (operation.total, operation.newcomers, operation.filter["q"]) == (3, 1, "code:odd")
    assert [case.notes.count() for case in meant] == [1, 1, 1]
    assert late.notes.count() == 0


def test_nothing_selected_is_told(agent: Client) -> None:
    named("x")
    assert "Nothing is selected" in agent.get("/cases/several/note/").content.decode()
    assert agent.get("/cases/several/odd/").status_code == 404


def test_the_next_of_the_same_cause_is_one_key_away(agent: Client) -> None:
    first, second, other = named("first"), named("second"), named("other", fingerprint="else")
    page = shown(agent, f"/cases/{first.id}/")
    assert f'href="/cases/{second.id}/" data-next' in page
    assert "data-next" not in shown(agent, f"/cases/{other.id}/")


def test_queries_do_not_grow_with_items(agent: Client) -> None:
    def count(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(agent, address)
        return len(queries)

    every = "rma,order,operation,error,amount,verdict,attempts,retry,lane,channel,region,owner,due,age"
    address = f"/cases/?q=age>0s+class:business+verdict:safe+OR+region:EU&cols={every}&sort=due"
    story = world.Story.told()
    named("first", delivery_id=story.delivery.id)
    few = count(address)
    for number in range(15):
        delivery = world.stopped(story.rma, story.connection, effect_key=f"k{number}")
        named(str(number), fingerprint=str(number), delivery_id=delivery.id, subject=world.requested().as_subject(),
              dedupe_key=str(uuid7()))  # fmt: skip
    assert count(address) == few <= 40
    assert CaseGroup.objects.count() > 15
