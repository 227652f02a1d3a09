"""`Idempotency-Key` on the wire: replays, refusals, and two at once."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from retailops.events.models import Event, IdempotencyRecord
from returns.models import Order, Return
from returns.services.intake import request_return
from tests.api.answers import Reply
from tests.api.conftest import Api, MakeApi
from tests.factories import make_order, unique


def body(order: Order, quantity: int = 1) -> dict[str, Any]:
    """Return a request for units of an order's first line."""
    return {"order": {"order_id": str(order.id)}, "lines": [{"line_no": 1, "quantity": quantity}]}


def test_a_repeat_answers_the_stored_return(api: Api) -> None:
    order, key = make_order(), unique()
    first = api.post("/returns", body(order), key=key)
    again = api.post("/returns", body(order), key=key)
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Return.objects.filter(order=order).count() == 1
    assert Event.objects.filter(type="return.requested", subject_id=first.json["id"]).count() == 1


def test_quoted_and_bare_keys_are_the_same(api: Api) -> None:
    order, key = make_order(), unique()
    api.post("/returns", body(order), key=key).ok(201)
    api.post("/returns", body(order), key=f'"{key}"').ok(200)
    assert Return.objects.filter(order=order).count() == 1


def test_order_of_members_and_white_space_do_not_matter(api: Api) -> None:
    order, key = make_order(), unique()
    api.post("/returns", body(order), key=key).ok(201)
    text = f'{{ "lines": [{{"quantity": 1,\n "line_no": 1}}], "order": {{"order_id": "{order.id}"}} }}'
    api.raw("post", "/returns", text.encode(), "application/json", Idempotency_Key=key).ok(200)
    assert Return.objects.filter(order=order).count() == 1


def test_another_body_under_the_same_key_is_refused(api: Api) -> None:
    order, key = make_order(), unique()
    api.post("/returns", body(order), key=key).ok(201)
    api.post("/returns", body(order, 2), key=key).problem(422, "idempotency-key-reused")
    assert Return.objects.filter(order=order).count() == 1


def test_another_call_under_the_same_key_is_refused(api: Api) -> None:
    order, key = make_order(), unique()
    made = api.post("/returns", body(order), key=key).ok(201)
    api.post(f"/returns/{made['id']}/cancel", {"reason": "x"}, key=key).problem(422, "idempotency-key-reused")
    assert Return.objects.get(order=order).status == "authorized"


def test_keys_belong_to_their_client(api: Api, make_api: MakeApi) -> None:
    order, key = make_order(), unique()
    first = api.post("/returns", body(order), key=key).ok(201)
    other = make_api("returns:write").post("/returns", body(order), key=key).ok(201)
    assert other["id"] != first["id"]


def test_without_a_key_nothing_happens(api: Api) -> None:
    order = make_order()
    reply = api.post("/returns", body(order))
    reply.problem(400, "idempotency-key-missing")
    assert list(reply.pointers()) == ["Idempotency-Key"]
    assert not Return.objects.filter(order=order).exists()


@pytest.mark.parametrize("key", ['""', " ", "x" * 256])
def test_a_bad_key_is_refused(api: Api, key: str) -> None:
    order = make_order()
    reply = api.raw("post", "/returns", b"{}", "application/json", Idempotency_Key=key)
    assert reply.status == 400
    order_reply = api.post("/returns", body(order), Idempotency_Key=key)
    order_reply.problem(400, "idempotency-key-invalid")
    assert not Return.objects.filter(order=order).exists()


def test_a_refused_request_is_not_stored_and_may_be_mended(api: Api) -> None:
    order, key = make_order(), unique()
    api.post("/returns", body(order, 99), key=key).problem(422, "not-eligible")
    api.post("/returns", body(order) | {"x": 1}, key=key).problem(400, "invalid")
    assert not IdempotencyRecord.objects.filter(key=key).exists()
    api.post("/returns", body(order), key=key).ok(201)


def test_an_optional_key_works_alike(api: Api) -> None:
    made = api.post("/returns", body(make_order()), key=unique()).ok(201)
    path, key = f"/returns/{made['id']}/cancel", unique()
    first = api.post(path, {"reason": "x"}, key=key).ok()
    again = api.post(path, {"reason": "x"}, key=key)
    assert again.ok() == first
    assert again.headers["Idempotent-Replayed"] == "true"
    api.post(path, {"reason": "x"}).problem(409, "transition-refused")


def at_once(calls: list[Callable[[], Reply]]) -> list[Reply]:
    """Make all calls at the same moment, each in a thread of its own, and return their replies."""
    replies: list[Reply] = []
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Reply]) -> None:
        start.wait(20)
        try:
            replies.append(call())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return replies


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_makes_one_return(make_api: MakeApi) -> None:
    order, key = make_order(), unique()
    shared = make_api("returns:write")
    callers = [Api(shared.client, shared.key) for _ in range(6)]
    replies = at_once([partial(caller.post, "/returns", body(order), key=key) for caller in callers])
    statuses = sorted(reply.status for reply in replies)
    assert len(statuses) == 6
    assert statuses.count(201) == 1
    assert set(statuses) <= {200, 201, 409}
    ids = {reply.json["id"] for reply in replies if reply.status in {200, 201}}
    assert len(ids) == 1
    for reply in replies:
        if reply.status == 409:
            reply.problem(409, "idempotency-in-progress")
            assert reply.headers["Retry-After"] == "1"
    assert Return.objects.filter(order=order).count() == 1
    shared.post("/returns", body(order), key=key).ok(200)


@pytest.mark.django_db(transaction=True)
def test_a_request_that_still_runs_is_409(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    order, key = make_order(), unique()
    api = make_api("returns:write")
    inside, leave = threading.Event(), threading.Event()
    command = request_return

    def slow(**kwargs: Any) -> Return:
        inside.set()
        assert leave.wait(30)
        return command(**kwargs)

    monkeypatch.setattr("returns.api.returns.request_return", slow)
    replies: list[Reply] = []

    def first() -> None:
        try:
            replies.append(Api(api.client, api.key).post("/returns", body(order), key=key))
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(30)
    second = api.post("/returns", body(order), key=key)
    leave.set()
    thread.join(30)
    second.problem(409, "idempotency-in-progress")
    made = replies[0].ok(201)
    assert api.post("/returns", body(order), key=key).ok(200) == made
    assert Return.objects.filter(order=order).count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_clients_never_promise_a_unit_twice(make_api: MakeApi) -> None:
    """Three units, six clients that want one each: three get it."""
    order = make_order()
    callers = [make_api("returns:write") for _ in range(6)]
    replies = at_once([partial(caller.post, "/returns", body(order), key=unique()) for caller in callers])
    assert sorted(reply.status for reply in replies) == [201, 201, 201, 422, 422, 422]
    assert Return.objects.filter(order=order).count() == 3
