"""Events out (feed, catalogue) and in (single, batch)."""

import json
import threading
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from jsonschema import Draft202012Validator

from retailops.accounts.models import DeniedAttempt
from retailops.events.enums import DestinationKind
from retailops.events.models import Delivery, Event
from retailops.lib.ids import uuid7
from tests.api.answers import Reply
from tests.api.conftest import Api, MakeApi

SINGLE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


def told(**changes: Any) -> dict[str, Any]:
    """Return one event as a store's till tells it."""
    subject = changes.pop("subject_id", None) or uuid7()
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/pos/store-12",
        "type": "return_line.in_transit",
        "subject": f"return/{subject}",
        "time": "2026-03-01T10:00:00Z",
        "region": "emea",
        "brand": "aurora",
        "data": {"return_id": str(subject), "number": "RMA-2026-000001", "line_no": 1, "sku": "A", "quantity": 1},
    } | changes


def send(api: Api, *events: dict[str, Any]) -> Reply:
    """Send a batch."""
    return api.raw("post", "/events", json.dumps(list(events)).encode(), BATCH)


def send_one(api: Api, event: dict[str, Any]) -> Reply:
    """Send a single event."""
    return api.raw("post", "/events", json.dumps(event).encode(), SINGLE)


def test_one_event_is_taken_once(api: Api) -> None:
    event = told()
    made = send_one(api, event).ok(201)["results"]
    again = send_one(api, event).ok(200)["results"]
    assert made[0]["status"] == 201
    assert again == [made[0] | {"status": 200}]
    stored = Event.objects.get(pk=made[0]["id"])
    assert (stored.source, stored.idempotency_key, stored.type) == ("/pos/store-12", event["id"], event["type"])
    assert (stored.region, stored.brand, stored.actor) == ("emea", "aurora", api.actor.key)
    assert stored.data["line_no"] == 1
    assert stored.data["reason"] == ""  # defaults are filled in
    assert stored.occurred_at.isoformat() == "2026-03-01T10:00:00+00:00"


def test_the_same_id_with_other_content_is_a_conflict(api: Api) -> None:
    event = told()
    send_one(api, event).ok(201)
    send_one(api, event | {"region": "apac"}).problem(409, "id-reused")
    assert Event.objects.filter(source="/pos/store-12").count() == 1


def test_a_batch_has_one_result_each_and_bad_items_do_not_stop_good_ones(api: Api) -> None:
    known, wrong = told(), told(type="no.such_type")
    send_one(api, known).ok(201)
    results = send(api, told(), known, wrong, told(data={"nonsense": 1}), told(surprise=1), told()).ok()["results"]
    assert [(each["index"], each["status"]) for each in results] == [
        (0, 201), (1, 200), (2, 400), (3, 400), (4, 400), (5, 201),
    ]  # fmt: skip
    assert results[2]["problem"]["errors"][0]["pointer"] == "/type"
    assert results[3]["problem"]["errors"] == [{"pointer": "/data/nonsense", "detail": "Unknown field."}]
    assert "surprise" in results[4]["problem"]["detail"]
    assert Event.objects.filter(source="/pos/store-12").count() == 3


def test_a_batch_may_hold_the_same_event_twice(api: Api) -> None:
    event = told()
    results = send(api, event, event).ok()["results"]
    assert [each["status"] for each in results] == [201, 200]
    assert results[0]["id"] == results[1]["id"]
    assert Event.objects.filter(source="/pos/store-12").count() == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"id": ""}, "/id"),
        ({"source": "retailops"}, "/source"),
        ({"type": "delivery.dead"}, "/type"),
        ({"subject": "return"}, "/subject"),
        ({"subject": "return/1234567890123456789012345678901x"}, "/subject"),
        ({"time": "yesterday"}, "/time"),
        ({"data": {"return_id": 7}}, "/data/return_id"),
        ({"region": "e\x00"}, "/region"),
    ],
)
def test_what_is_wrong_is_named(api: Api, change: dict[str, Any], pointer: str) -> None:
    reply = send_one(api, told(**change))
    assert reply.status == 400
    assert pointer in reply.pointers()
    assert not Event.objects.filter(source="/pos/store-12").exists()


def test_broken_frames_are_refused_as_a_whole(api: Api) -> None:
    api.raw("post", "/events", b"{", BATCH).problem(400, "malformed-json")
    api.raw("post", "/events", b"{}", BATCH).problem(400, "invalid")
    api.raw("post", "/events", b"[]", BATCH).problem(400, "invalid")
    send(api, *[told() for _ in range(501)]).problem(400, "invalid")
    api.raw("post", "/events", b"[]", "text/plain").problem(415, "unsupported-media-type")
    assert not Event.objects.filter(source="/pos/store-12").exists()


def test_a_client_tells_only_of_its_own_regions_and_brands(make_api: MakeApi, api: Api) -> None:
    narrow = make_api("events:write", "events:read", regions=["emea"], brands=["aurora"])
    results = send(narrow, told(), told(region="apac"), told(brand="other")).ok()["results"]
    assert [each["status"] for each in results] == [201, 403, 403]
    assert DeniedAttempt.objects.get().actor == narrow.actor.key
    # The story of a subject decides, not what the teller claims of it.
    subject = uuid7()
    Event.objects.create(
        type="return.requested", subject_type="return", subject_id=subject, correlation_id=uuid7(), actor="x",
        region="apac",
    )  # fmt: skip
    assert send(narrow, told(subject_id=subject)).ok()["results"][0]["status"] == 404
    assert send(api, told(subject_id=subject)).ok()["results"][0]["status"] == 201
    assert set(Event.objects.filter(subject_id=subject).values_list("region", flat=True)) == {"apac"}


def test_what_is_told_moves_no_money(api: Api, stripe: Any) -> None:
    """A told `refund.submitted` must never become a payment: only our own command may make one."""
    refund = uuid7()
    data = {
        "refund_id": str(refund), "return_id": str(uuid7()), "number": "RMA-1", "payment_id": str(uuid7()),
        "gateway": "stripe", "amount": 1000, "currency": "GBP", "effect_key": f"refund:{refund}:1", "leg": 1,
    }  # fmt: skip
    send_one(api, told(type="refund.submitted", subject=f"refund/{refund}", data=data)).ok(201)
    assert Event.objects.filter(type="refund.submitted").count() == 1
    assert Delivery.objects.count() == 0


def test_what_is_told_goes_to_webhooks(api: Api) -> None:
    body = {"url": "http://127.0.0.1:1/hook", "types": ["return_line.*"]}
    api.post("/subscriptions", body).ok(201)
    before = Delivery.objects.count()
    send_one(api, told()).ok(201)
    made = Delivery.objects.order_by("-id")[: Delivery.objects.count() - before]
    assert [(each.operation, each.destination.kind) for each in made] == [("webhook.send", DestinationKind.WEBHOOK)]


@pytest.mark.django_db(transaction=True)
def test_the_feed_is_ordered_and_continues(api: Api) -> None:
    start = api.get("/events").ok()["next_cursor"]
    ids = []
    for _ in range(3):
        event = told()
        ids.append(event["id"])
        send_one(api, event).ok(201)
    first = api.get("/events", after=start, limit=2).ok()
    rest = api.get("/events", after=first["next_cursor"], limit=2).ok()
    assert [each["id"] for each in first["results"] + rest["results"]] == ids
    assert (first["more"], rest["more"]) == (True, False)
    assert api.get("/events", after=rest["next_cursor"]).ok()["results"] == []


@pytest.mark.django_db(transaction=True)
def test_the_feed_narrows_to_types(api: Api) -> None:
    start = api.get("/events").ok()["next_cursor"]
    send_one(api, told()).ok(201)
    send_one(api, told(type="return_line.kept")).ok(201)

    def types(**query: Any) -> list[str]:
        return [each["type"] for each in api.get("/events", after=start, **query).ok()["results"]]

    assert types(type="return_line.kept") == ["return_line.kept"]
    assert types(type="return_line.*") == ["return_line.in_transit", "return_line.kept"]
    assert types(type=["return_line.kept", "order.*"]) == ["return_line.kept"]
    assert types(type="order.*") == []


@pytest.mark.parametrize("cursor", ["x", "é", "W10", "WyJmZWVkIiwxXQ", "WyJmZWVkIiwiYSIsMV0", "WyItaWQiLDEsMl0"])
def test_a_damaged_cursor_is_refused(api: Api, cursor: str) -> None:
    api.get("/events", after=cursor).problem(400, "invalid")


@pytest.mark.django_db(transaction=True)
def test_the_feed_shows_only_the_clients_regions(api: Api, stranger: Api) -> None:
    event_id = send_one(api, told()).ok(201)["results"][0]["id"]
    assert [each["subject"] for each in api.get("/events").ok()["results"]] == [
        f"return/{Event.objects.get(pk=event_id).subject_id}"
    ]
    assert stranger.get("/events").ok()["results"] == []
    api.get(f"/events/{event_id}").ok()
    stranger.get(f"/events/{event_id}").problem(404, "not-found")


@pytest.mark.django_db(transaction=True)
def test_the_feed_never_skips_an_event_of_a_slower_transaction(make_api: MakeApi) -> None:
    """An event that is written first and committed last must not be passed over."""
    api = make_api("events:read", "events:write")
    start = api.get("/events").ok()["next_cursor"]
    written, finish = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            Event.objects.create(
                type="return_line.kept", subject_type="return", subject_id=uuid7(), correlation_id=uuid7(), actor="x"
            )
            written.set()
            assert finish.wait(20)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(20)
    fast = told()
    send_one(api, fast).ok(201)
    early = api.get("/events", after=start).ok()
    assert early["results"] == []  # the faster one waits: the slower is before it
    finish.set()
    thread.join()
    late = api.get("/events", after=early["next_cursor"]).ok()["results"]
    assert [each["type"] for each in late] == ["return_line.kept", "return_line.in_transit"]


def test_the_catalogue_is_open_and_holds_together(anonymous: Api, db: None) -> None:
    document = anonymous.get("/asyncapi.json").json
    assert document["asyncapi"] == "3.0.0"
    message = document["components"]["messages"]["return.requested.v1"]
    assert message["payload"]["schema"]["properties"]["type"] == {"const": "return.requested"}
    schema = anonymous.get("/schemas/return.requested/1.json").json
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith("/api/v1/schemas/return.requested/1.json")
    anonymous.get("/schemas/return.requested/9.json").problem(404, "not-found")


def test_an_event_of_the_feed_fits_its_published_schema(api: Api) -> None:
    event_id = send_one(api, told()).ok(201)["results"][0]["id"]
    event = api.get(f"/events/{event_id}").ok()
    path = event["dataschema"].split("/api/v1")[1]
    Draft202012Validator(api.get(path).json).validate(event["data"])
