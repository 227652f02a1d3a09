"""Replay plans over the API: planned, looked at, executed by hash, canceled, resumed."""

import pytest

from retailops.events.enums import DeliveryStatus
from retailops.replays.models import BulkOperation
from retailops.replays.working import advance
from tests.api.conftest import Api, MakeApi
from tests.events.conftest import _no_nudges, transport  # noqa: F401  # fixtures of the engine
from tests.events.factories import FakeTransport, fresh, make_destination
from tests.replays import world

pytestmark = pytest.mark.django_db


def plan_of(api: Api, *deliveries: object, **body: object) -> dict[str, object]:
    """Return the judged plan of these deliveries, as the API shows it."""
    ids = [str(each.id) for each in deliveries]  # type: ignore[attr-defined]  # deliveries
    made = api.post("/replay-plans", {"reason": "it works again", "ids": ids, **body}).ok(202)
    advance(made["id"], seconds=10)
    found: dict[str, object] = api.get(f"/replay-plans/{made['id']}").ok()
    return found


def test_from_the_ids_to_the_report(api: Api, transport: FakeTransport) -> None:  # noqa: F811  # the fixture
    destination = make_destination()
    sent, doubt = world.stopped(destination, amount=100, currency="GBP"), world.stopped(destination, repeat_safe=False)
    plan = plan_of(api, sent, doubt, rules={"canary": [], "rate": 200, "stop_percent": 50, "stop_after": 5})
    assert (plan["status"], plan["total"], plan["judged"]) == ("planned", 2, 2)
    assert plan["money"] == [{"amount": 100, "currency": "GBP"}]
    assert {(part["key"], part["count"], part["sends"]) for part in plan["verdicts"]} == {  # type: ignore[attr-defined]
        ("safe_repeat", 1, 1),
        ("in_doubt", 1, 0),
    }
    running = api.post(f"/replay-plans/{plan['id']}/execute", {"hash": plan["hash"]}).ok()
    assert (running["status"], running["executed_by"]) == ("running", api.actor.key)
    assert api.post(f"/replay-plans/{plan['id']}/execute", {"hash": plan["hash"]}).ok()["status"] == "running"
    world.run(BulkOperation.objects.get())
    report = api.get(f"/replay-plans/{plan['id']}").ok()
    assert {part["key"]: part["count"] for part in report["results"]} == {"delivered": 1, "left_out": 1}
    first = api.get(f"/replay-plans/{plan['id']}/items", limit=1).ok()
    second = api.get(f"/replay-plans/{plan['id']}/items", limit=1, cursor=first["next_cursor"]).ok()
    found = [first["results"][0], second["results"][0]]
    assert [(item["delivery_id"], item["result"]) for item in found] == [
        (str(sent.id), "delivered"),
        (str(doubt.id), "left_out"),
    ]
    assert len(api.get(f"/replay-plans/{plan['id']}/items", result="left_out").ok()["results"]) == 1
    assert transport.sent_keys() == [sent.effect_key]


def test_a_filter_selects_all_that_match(api: Api) -> None:
    destination = make_destination(name="gateway")
    mine = world.stopped(destination, failure_code="503")
    world.stopped(destination, failure_code="418")
    world.stopped()
    body = {"reason": "x", "filter": {"destination": "gateway", "failure_code": "503"}}
    made = api.post("/replay-plans", body).ok(202)
    assert (made["total"], made["filter"]) == (1, {"destination": "gateway", "failure_code": "503"})
    assert BulkOperation.objects.get().items.get().subject_id == mine.id


def test_another_hash_is_another_plan(api: Api) -> None:
    made = world.stopped()
    plan = plan_of(api, made)
    api.post(f"/replay-plans/{plan['id']}/execute", {"hash": "0" * 64}).problem(409, "plan-changed")
    assert fresh(made).status == DeliveryStatus.DEAD
    assert BulkOperation.objects.get().executed_at is None


def test_above_the_limit_a_second_person_is_asked(api: Api) -> None:
    plan = plan_of(api, world.stopped(amount=2_000_000, currency="GBP"))
    assert plan["needs_approval"] is True
    api.post(f"/replay-plans/{plan['id']}/execute", {"hash": plan["hash"]}).problem(409, "approval-needed")
    api.post(f"/replay-plans/{plan['id']}/ask", {"hash": plan["hash"], "reason": "the bank is back"}).ok()
    api.post(f"/replay-plans/{plan['id']}/execute", {"hash": plan["hash"]}).problem(409, "approval-needed")


def test_canceled_it_is_not_executed_and_what_was_left_is_planned_anew(api: Api) -> None:
    plan = plan_of(api, world.stopped())
    assert api.post(f"/replay-plans/{plan['id']}/cancel", {"reason": "wrong ones"}).ok()["status"] == "canceled"
    api.post(f"/replay-plans/{plan['id']}/execute", {"hash": plan["hash"]}).problem(409, "conflict")
    again = api.post(f"/replay-plans/{plan['id']}/resume", {"reason": "right after all"}).ok()
    assert (again["resumes"], again["status"], again["total"]) == (plan["id"], "planning", 1)


def test_what_is_sent_must_be_sound(api: Api) -> None:
    api.post("/replay-plans", {"reason": "x"}).problem(400, "invalid")
    api.post("/replay-plans", {"reason": "x", "ids": [str(world.stopped().id)], "filter": {}}).problem(400, "invalid")
    api.post("/replay-plans", {"reason": "x", "filter": {"system": "nowhere"}}).problem(400, "nothing-selected")
    assert not BulkOperation.objects.exists()


def test_the_same_key_plans_once(api: Api) -> None:
    body = {"reason": "x", "ids": [str(world.stopped().id)]}
    first = api.post("/replay-plans", body, key="k1").ok(202)
    assert api.post("/replay-plans", body, key="k1").ok(202)["id"] == first["id"]
    assert BulkOperation.objects.count() == 1


def test_others_see_and_do_nothing(api: Api, stranger: Api, make_api: MakeApi) -> None:
    made = world.stopped()
    plan = plan_of(api, made)
    address = f"/replay-plans/{plan['id']}"
    reader = make_api("deliveries:read")
    assert reader.get(address).ok()["id"] == plan["id"]
    assert [each["id"] for each in reader.get("/replay-plans").ok()["results"]] == [plan["id"]]
    assert stranger.get("/replay-plans").ok()["results"] == []
    stranger.get(address).problem(404, "not-found")
    stranger.get(f"{address}/items").problem(404, "not-found")
    stranger.post("/replay-plans", {"reason": "x", "ids": [str(made.id)]}).problem(404, "not-found")
    for verb, body in {"execute": {"hash": plan["hash"]}, "cancel": {"reason": "x"}, "resume": {"reason": "x"}}.items():
        stranger.post(f"{address}/{verb}", body).problem(404, "not-found")
        reader.post(f"{address}/{verb}", body).problem(403, "denied")
    assert BulkOperation.objects.get().status == "planned"
