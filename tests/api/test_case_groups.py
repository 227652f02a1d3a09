"""Groups of cases over the API, for three persons."""

from collections.abc import Callable

import pytest

from retailops.accounts.models import User
from retailops.cases.models import Case, CaseGroup, GroupEnding
from retailops.lib.money import Money
from retailops.replays.models import BulkOperation
from tests.api.conftest import Api
from tests.cases.making import opened

pytestmark = pytest.mark.django_db
Make = Callable[..., Api]


@pytest.fixture
def case(db: None) -> Case:
    """Return an open case, alone in its group."""
    return opened("emea")


def test_a_group_tells_what_it_costs(api: Api, stranger: Api, powerless: Api, case: Case) -> None:
    opened("emea", money=Money(500, "EUR"))
    path = f"/case-groups/{case.group_id}"
    body = api.get(path).ok()
    assert body["state"] == "ongoing"
    assert (body["open_cases"], body["returns_affected"], body["customers_waiting"]) == (2, 2, 2)
    assert body["at_risk"] == [{"amount": 500, "currency": "EUR"}, {"amount": 1999, "currency": "GBP"}]
    assert (body["connection"], body["failure_code"]) == ("stripe", "charge_disputed")
    assert (body["notes"], body["endings"]) == ([], [])
    stranger.get(path).problem(404, "not-found")
    powerless.get(path).problem(403, "denied")
    assert stranger.get("/case-groups").ok()["results"] == []


def test_groups_are_listed_filtered_and_paged(api: Api) -> None:
    for name in "abc":
        opened("emea", fingerprint=name)
    first = api.get("/case-groups", limit=2).ok()
    second = api.get("/case-groups", limit=2, cursor=first["next_cursor"]).ok()
    assert len({each["id"] for each in first["results"] + second["results"]}) == 3
    api.post(f"/case-groups/{first['results'][0]['id']}/tags", {"tags": ["Bank"]}).ok()
    [tagged] = api.get("/case-groups", tag="bank").ok()["results"]
    assert tagged["id"] == first["results"][0]["id"]
    assert api.get("/case-groups", state="resolved").ok()["results"] == []
    api.get("/case-groups", state="odd").problem(400, "invalid")


def test_a_group_is_worked_to_its_end(api: Api, case: Case) -> None:
    path = f"/case-groups/{case.group_id}"
    ada = User.objects.create_user("ada@example.com", "long enough a password", name="Ada")
    assert api.post(f"{path}/acknowledge", {"reason": "on it"}).ok()["state"] == "acknowledged"
    assert api.post(f"{path}/assign", {"owner": str(ada.id)}).ok()["owner_id"] == str(ada.id)
    ignored = {"reason": "small", "amount": {"amount": 5000, "currency": "GBP"}, "count": 9}
    assert api.post(f"{path}/ignore", ignored).ok()["state"] == "ignored"
    assert api.post(f"{path}/take-up", {"reason": "again"}).ok()["state"] == "ongoing"
    assert api.post(f"{path}/note", {"text": "asked the bank"}).ok(201)["text"] == "asked the bank"
    body = {"reason": "mended", "evidence": {"ticket": "OPS-1"}, "end_cases": True}
    done = api.post(f"{path}/resolve", body).ok()
    assert (done["state"], done["open_cases"]) == ("resolved", 1)
    ending = api.get(path).ok()["endings"][0]["operation_id"]
    operation = BulkOperation.objects.get(pk=ending)
    assert (operation.kind, operation.total, operation.status) == ("end_cases_of_cause", 1, "running")
    note = api.get(path).ok()["notes"][4]
    back = f"{path}/notes/{note['id']}/take-back"
    gone = api.post(back).ok()
    assert (gone["text"], gone["taken_back_at"] is not None) == ("", True)
    api.post(back).problem(409, "conflict")
    detail = api.get(path).ok()
    assert [each["text"] for each in detail["notes"] if each["kind"] == "note"] == [""]
    told = ["acknowledged", "assigned", "ignored", "taken_up", "note", "resolved"]
    assert [note["kind"] for note in detail["notes"]] == told
    assert detail["endings"][0]["reason"] == "mended"
    api.post(f"{path}/resolve", body).problem(409, "transition-refused")


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("acknowledge", {}, "/reason"),
        ("ignore", {"reason": "x"}, "/until"),
        ("ignore", {"reason": "x", "count": 0}, "/count"),
        ("ignore", {"reason": "x", "until": "2020-01-01T00:00:00Z"}, "/until"),
        ("tags", {"tags": ["<b>"]}, "/tags"),
        ("resolve", {"reason": "x"}, "/evidence"),
        ("resolve", {"reason": "x", "evidence": {"a": 1}, "in_version": "present"}, "/in_version"),
        ("note", {"text": ""}, "/text"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(
    api: Api, case: Case, path: str, body: dict[str, object], pointer: str
) -> None:
    reply = api.post(f"/case-groups/{case.group_id}/{path}", body)
    reply.problem(400, "invalid")
    assert list(reply.pointers()) == [pointer]
    assert (CaseGroup.objects.get().state, GroupEnding.objects.count()) == ("new", 0)


@pytest.mark.parametrize("path", ["acknowledge", "ignore", "take-up", "assign", "tags", "note", "resolve"])
def test_others_may_not(stranger: Api, make_api: Make, case: Case, path: str) -> None:
    bodies = {"assign": {"owner": None}, "tags": {"tags": ["x"]}, "note": {"text": "x"},
              "ignore": {"reason": "x", "count": 2}, "resolve": {"reason": "x", "evidence": {"a": 1}}}  # fmt: skip
    body = bodies.get(path, {"reason": "x"})
    stranger.post(f"/case-groups/{case.group_id}/{path}", body).problem(404, "not-found")
    make_api("cases:read").post(f"/case-groups/{case.group_id}/{path}", body).problem(403, "denied")
    assert (CaseGroup.objects.get().state, CaseGroup.objects.get().notes.count()) == ("new", 0)
