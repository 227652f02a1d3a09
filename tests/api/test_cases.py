"""Cases over the API, for three persons."""

from typing import Any

import pytest

from retailops.accounts.actor import Actor
from retailops.accounts.models import DeniedAttempt, User
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case
from retailops.cases.services import open_case
from retailops.events.catalog import Subject
from retailops.lib.ids import uuid7
from retailops.lib.money import Money
from tests.api.conftest import Api


def opened(kind: str = "refund_failed", *, region: str = "emea", brand: str = "aurora") -> Case:
    """Open a case about some return."""
    id = uuid7()
    subject = Subject("return", id, uuid7(), str(id), region, brand, "web")
    return open_case(
        Actor.system("test"),
        CaseIn(
            kind=kind, queue="business", title="A refund failed", dedupe_key=str(id), subject=subject,
            money=Money(1999, "GBP"), next_action="Call the customer",
        ),
    )  # fmt: skip


@pytest.fixture
def case(db: None) -> Case:
    """Return an open case."""
    return opened()


def test_a_case_is_read_by_who_may(api: Api, stranger: Api, powerless: Api, case: Case) -> None:
    body = api.get(f"/cases/{case.id}").ok()
    assert body["amount"] == {"amount": 1999, "currency": "GBP"}
    assert (body["status"], body["subject"]) == ("open", f"return/{case.subject_id}")
    stranger.get(f"/cases/{case.id}").problem(404, "not-found")
    powerless.get(f"/cases/{case.id}").problem(403, "denied")
    assert stranger.get("/cases").ok()["results"] == []


def test_lists_filter_and_page_without_gaps_or_repeats(api: Api) -> None:
    made = [opened(kind=kind) for kind in ("a", "b", "a", "a", "a")]
    wanted = [str(case.id) for case in reversed(made) if case.kind == "a"]
    first = api.get("/cases", kind="a", status="open", limit=3).ok()
    newer = opened(kind="a")  # arrives between two pages
    second = api.get("/cases", kind="a", status="open", limit=3, cursor=first["next_cursor"]).ok()
    ids = [each["id"] for each in first["results"] + second["results"]]
    assert ids == wanted
    assert str(newer.id) not in ids
    assert (len(first["results"]), second["next_cursor"]) == (3, "")
    rising = api.get("/cases", kind="a", ordering="id").ok()["results"]
    assert [each["id"] for each in rising] == [*reversed(wanted), str(newer.id)]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"ordering": "title"}, "?ordering"),
        ({"limit": "201"}, "?limit"),
        ({"limit": "x"}, "?limit"),
        ({"cursor": "nonsense"}, "?cursor"),
        ({"status": "odd"}, "?status"),
        ({"owner": "odd"}, "?owner"),
        ({"kind": "a\x00"}, "?kind"),
        ({"owner": ""}, "?owner"),
        ({"stautus": "open"}, "?stautus"),
    ],
)
def test_wrong_parameters_are_named(api: Api, query: dict[str, str], pointer: str) -> None:
    reply = api.get("/cases", **query)
    reply.problem(400, "invalid")
    assert list(reply.pointers()) == [pointer]


def test_a_cursor_belongs_to_its_ordering(api: Api) -> None:
    opened(), opened()
    cursor = api.get("/cases", limit=1).ok()["next_cursor"]
    api.get("/cases", limit=1, cursor=cursor, ordering="id").problem(400, "invalid")


def test_work_on_a_case(api: Api, case: Case) -> None:
    person = User.objects.create_user("ada@example.com", "long enough a password", name="Ada")
    assert api.post(f"/cases/{case.id}/assign", {"owner": str(person.id)}).ok()["owner_id"] == str(person.id)
    assert api.post(f"/cases/{case.id}/note", {"text": "Called."}).ok(201)["text"] == "Called."
    body = {"reason": "paid by hand", "evidence": {"ticket": "OPS-1"}}
    done = api.post(f"/cases/{case.id}/resolve", body).ok()
    assert (done["status"], done["resolved_by"]) == ("resolved", api.actor.key)
    notes = api.get(f"/cases/{case.id}").ok()["notes"]
    assert [note["kind"] for note in notes] == ["assigned", "note", "resolved"]
    api.post(f"/cases/{case.id}/resolve", body).problem(409, "conflict")
    api.post(f"/cases/{case.id}/assign", {"owner": None}).problem(409, "conflict")


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("assign", {}, "/owner"),
        ("assign", {"owner": "x"}, "/owner"),
        ("assign", {"owner": str(uuid7())}, "/owner"),
        ("note", {"text": " "}, "/text"),
        ("note", {"text": "x", "more": 1}, "/more"),
        ("resolve", {"reason": "x"}, "/evidence"),
        ("resolve", {"reason": "", "evidence": {"a": 1}}, "/reason"),
        ("resolve", {"reason": "x", "evidence": {}}, "/evidence"),
        ("snooze", {"reason": "x", "until": "2020-01-01T00:00:00Z"}, "/until"),
        ("snooze", {"reason": "x", "until": "2020-01-01T00:00:00"}, "/until"),
    ],
)
def test_wrong_bodies_change_nothing(api: Api, case: Case, path: str, body: Any, pointer: str) -> None:
    reply = api.post(f"/cases/{case.id}/{path}", body)
    reply.problem(400, "invalid")
    assert list(reply.pointers()) == [pointer]
    case.refresh_from_db()
    assert (case.status, case.owner_id, case.snoozed_until, case.notes.count()) == ("open", None, None, 0)


def test_who_may_only_look_is_denied_and_kept(make_api: Any, case: Case) -> None:
    reader = make_api("cases:read")
    reader.post(f"/cases/{case.id}/note", {"text": "x"}).problem(403, "denied")
    assert case.notes.count() == 0
    assert DeniedAttempt.objects.get().path == f"/api/v1/cases/{case.id}/note"


def test_a_note_is_taken_back_by_its_author_alone(api: Api, make_api: Any, stranger: Api, case: Case) -> None:
    note = api.post(f"/cases/{case.id}/note", {"text": "Called."}).ok(201)
    back = f"/cases/{case.id}/notes/{note['id']}/take-back"
    make_api("cases:write").post(back).problem(403, "denied")
    make_api("cases:read").post(back).problem(403, "denied")
    stranger.post(back).problem(404, "not-found")
    assert [each["text"] for each in api.get(f"/cases/{case.id}").ok()["notes"]] == ["Called."]
    gone = api.post(back).ok()
    assert (gone["text"], gone["taken_back_at"] is None) == ("", False)
    assert [each["text"] for each in api.get(f"/cases/{case.id}").ok()["notes"]] == [""]
    api.post(back).problem(409, "conflict")
    api.post(f"/cases/{case.id}/notes/{note['id'] + 1000}/take-back").problem(404, "not-found")


def test_a_stranger_cannot_work_it(stranger: Api, case: Case) -> None:
    stranger.post(f"/cases/{case.id}/note", {"text": "x"}).problem(404, "not-found")
    assert case.notes.count() == 0
