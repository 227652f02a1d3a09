"""One thing done with many cases over the API: looked at, begun, watched, canceled, resumed; by three persons."""

from typing import Any

import pytest

from retailops.cases.models import Case
from retailops.lib.ids import uuid7
from retailops.replays.models import BulkOperation
from retailops.replays.working import advance
from tests.api.conftest import Api, MakeApi
from tests.cases.making import opened
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
PATH = "/case-operations"
DONE = {"command": "resolve", "reason": "paid by hand", "evidence": {"ticket": "OPS-1"}}


def looked(api: Api, **filter: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.post(f"{PATH}/look", {"command": "resolve", "filter": filter}).ok()
    return found


def ids(*cases: Case) -> list[str]:
    return [str(case.id) for case in cases]


@pytest.mark.django_db(transaction=True)
def test_what_was_looked_at_is_done_one_by_one(api: Api) -> None:
    cases = [opened("emea") for _ in range(3)]
    opened("emea", fingerprint="another")
    group = {"group": str(cases[0].group_id)}
    look = looked(api, **group)
    assert look["total"] == 3
    body = DONE | {"filter": group | {"as_of": look["as_of"]}, "selection": look["selection"]}
    begun = api.post(PATH, body).ok(202)
    assert (begun["command"], begun["status"], begun["total"]) == ("resolve", "running", 3)
    assert Case.objects.filter(status="resolved").count() == 0
    advance(BulkOperation.objects.get().id, seconds=30)
    told = api.get(f"{PATH}/{begun['id']}").ok()
    assert (told["status"], told["done"]) == ("finished", 3)
    assert [(each["key"], each["count"]) for each in told["results"]] == [("done", 3)]
    items = api.get(f"{PATH}/{begun['id']}/items", result="done", limit=2).ok()
    assert [each["case_id"] for each in items["results"]] == ids(*cases[:2])
    assert items["next_cursor"]
    assert set(Case.objects.filter(status="resolved").values_list("resolution_reason", flat=True)) == {"paid by hand"}
    assert [each["id"] for each in api.get(PATH, status="finished").ok()["results"]] == [begun["id"]]


def test_another_selection_than_was_looked_at_does_nothing(api: Api) -> None:
    case = opened("emea")
    group = {"group": str(case.group_id)}
    look = looked(api, **group)
    opened("emea")
    before = counts()
    problem = api.post(PATH, DONE | {"filter": group, "selection": look["selection"]}).problem(409, "selection-changed")
    assert (problem["total"], problem["selection"]) == (2, looked(api, **group)["selection"])
    assert (BulkOperation.objects.count(), counts()) == (0, before)
    kept = DONE | {"filter": group | {"as_of": look["as_of"]}, "selection": look["selection"]}
    assert api.post(PATH, kept).ok(202)["newcomers"] == 1


@pytest.mark.django_db(transaction=True)
def test_it_is_canceled_and_what_was_left_is_taken_up_again(api: Api) -> None:
    cases = [opened("emea") for _ in range(3)]
    begun = api.post(PATH, {"command": "note", "reason": "all alike", "text": "asked", "ids": ids(*cases)}).ok(202)
    path = f"{PATH}/{begun['id']}"
    advance(BulkOperation.objects.get().id, seconds=0)
    assert api.post(f"{path}/cancel", {"reason": "wrong words"}).ok()["status"] == "canceled"
    api.post(f"{path}/cancel", {"reason": "again"}).problem(409, "conflict")
    again = api.post(f"{path}/resume", {"reason": "they were right"}).ok()
    assert (again["resumes"], again["total"], again["id"] != begun["id"]) == (begun["id"], 2, True)
    advance(BulkOperation.objects.get(resumes__isnull=False).id, seconds=30)
    assert [case.notes.filter(kind="note").count() for case in cases] == [1, 1, 1]
    api.post(f"{PATH}/{again['id']}/resume", {"reason": "more"}).problem(409, "conflict")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("body", "done"),
    [
        ({"command": "assign", "owner": None}, "Nobody owns it now."),
        ({"command": "acknowledge"}, "Its cause is acknowledged."),
        ({"command": "snooze", "until": "2099-01-01T00:00:00Z"}, "Out of sight until then."),
        ({"command": "resolve", "evidence": {"ticket": "1"}}, "Resolved."),
        ({"command": "note", "text": "hello"}, "Noted."),
    ],
)
def test_each_command_does_its_own(api: Api, body: dict[str, Any], done: str) -> None:
    case = opened("emea")
    begun = api.post(PATH, body | {"reason": "because", "ids": ids(case)}).ok(202)
    advance(BulkOperation.objects.get().id, seconds=30)
    [item] = api.get(f"{PATH}/{begun['id']}/items").ok()["results"]
    assert (item["result"], item["detail"]) == ("done", done)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"command": "resolve"}, "/evidence"),
        ({"command": "note"}, "/text"),
        ({"command": "snooze"}, "/until"),
        ({"command": "end"}, "/command"),
        ({"command": "fly"}, "/command"),
        ({"command": "assign", "reason": ""}, "/reason"),
        ({"command": "assign", "ids": None}, "/ids"),
        ({"command": "assign", "ids": None, "filter": {}}, "/selection"),
        ({"command": "assign", "filter": {}}, "/ids"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(api: Api, body: dict[str, Any], pointer: str) -> None:
    case = opened("emea")
    before = counts()
    reply = api.post(PATH, {"reason": "x", "ids": ids(case)} | body)
    reply.problem(400, "invalid")
    assert list(reply.pointers()) == [pointer]
    assert counts() == before


def test_the_same_key_begins_it_once(api: Api) -> None:
    body = {"command": "assign", "reason": "x", "ids": ids(opened("emea"))}
    first = api.post(PATH, body, key="k-1").ok(202)
    assert api.post(PATH, body, key="k-1").ok(202)["id"] == first["id"]
    assert BulkOperation.objects.count() == 1


def test_others_see_and_do_nothing(api: Api, stranger: Api, make_api: MakeApi) -> None:
    case = opened("emea")
    body = {"command": "assign", "reason": "x", "ids": ids(case)}
    begun = api.post(PATH, body).ok(202)
    path = f"{PATH}/{begun['id']}"
    reader = make_api("cases:read")
    assert reader.get(path).ok()["total"] == 1
    before = counts()
    stranger.post(PATH, body).problem(404, "not-found")
    for each in ("", "/items"):
        stranger.get(f"{path}{each}").problem(404, "not-found")
    assert stranger.get(PATH).ok()["results"] == []
    for verb in ("cancel", "resume"):
        stranger.post(f"{path}/{verb}", {"reason": "x"}).problem(404, "not-found")
        reader.post(f"{path}/{verb}", {"reason": "x"}).problem(403, "denied")
    reader.post(PATH, body).problem(403, "denied")
    reader.post(f"{PATH}/look", {"command": "assign", "ids": ids(case)}).problem(403, "denied")
    api.get(f"{PATH}/{uuid7()}").problem(404, "not-found")
    assert counts() == before
    assert BulkOperation.objects.get().status == "running"


def test_a_plan_of_deliveries_is_none_of_these(api: Api) -> None:
    begun = api.post(PATH, {"command": "assign", "reason": "x", "ids": ids(opened("emea"))}).ok(202)
    BulkOperation.objects.filter(pk=begun["id"]).update(kind="replay")
    api.get(f"{PATH}/{begun['id']}").problem(404, "not-found")
    assert api.get(PATH).ok()["results"] == []
