"""Connections, subscriptions and deliveries over the API."""

from typing import Any

import pytest
from django.db import transaction

from connectors.models import Connection, WebhookEndpoint
from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery, Event, IdempotencyRecord
from retailops.events.publish import publish
from retailops.lib.ids import uuid7
from returns.events import RefundSubmitted
from tests.api.conftest import Api, MakeApi

HOOK = {"url": "https://example.com/hooks", "types": ["return.*", "refund.succeeded"]}


def test_connections_show_health_and_no_secret(api: Api, powerless: Api, stripe: Connection) -> None:
    reply = api.get("/connections")
    (shown,) = reply.ok()["results"]
    assert (shown["name"], shown["paused"], shown["circuit"]) == ("stripe", False, "closed")
    assert shown["queue"] == {
        "ready": 0, "leased": 0, "in_doubt": 0, "dead": 0, "oldest_due_at": None, "dead_money": [],
    }  # fmt: skip
    assert b"sk_test" not in reply.response.content
    assert api.get(f"/connections/{stripe.id}").ok() == shown
    powerless.get("/connections").problem(403, "denied")
    api.get(f"/connections/{uuid7()}").problem(404, "not-found")


def test_pause_and_resume(api: Api, make_api: MakeApi, stripe: Connection) -> None:
    paused = api.post(f"/connections/{stripe.id}/pause", {"reason": "maintenance"}).ok()
    assert (paused["paused"], paused["pause_reason"], paused["paused_by"]) == (True, "maintenance", api.actor.key)
    assert api.post(f"/connections/{stripe.id}/resume", {"reason": "over"}).ok()["paused"] is False
    told = Event.objects.filter(type__startswith="connection.").order_by("position").values_list("type", flat=True)
    assert list(told)[1:] == ["connection.paused", "connection.resumed"]
    make_api("connections:read").post(f"/connections/{stripe.id}/pause", {"reason": "x"}).problem(403, "denied")
    stripe.destination.refresh_from_db()
    assert not stripe.destination.paused


def test_a_probe_tells_that_nobody_answers(api: Api, stripe: Connection) -> None:
    found = api.post(f"/connections/{stripe.id}/probe").ok()
    assert found["ok"] is False
    assert found["detail"]


def test_a_subscription_lives(api: Api) -> None:
    made = api.post("/subscriptions", HOOK).ok(201)
    assert made["secret"].startswith("whsec_")
    path = f"/subscriptions/{made['id']}"
    assert "secret" not in api.get(path).ok()
    assert api.get("/subscriptions").ok()["results"] == [api.get(path).ok()]
    assert api.get("/subscriptions", type="return.*").ok()["results"] != []
    assert api.get("/subscriptions", type="order.*").ok()["results"] == []
    rotated = api.post(f"{path}/rotate", {}).ok()
    assert rotated["secret"] != made["secret"]
    assert WebhookEndpoint.objects.get().former_until is not None
    sent = api.post(f"{path}/test").ok(202)
    assert Delivery.objects.get(event=sent["event_id"]).operation == "webhook.send"
    assert api.post(f"{path}/disable", {"reason": "broken"}).ok()["enabled"] is False
    assert api.post(f"{path}/enable").ok()["enabled"] is True
    changed = api._send("patch", path, data={"types": ["*"]}, content_type="application/json").ok()
    assert (changed["types"], changed["url"]) == (["*"], HOOK["url"])
    api.delete(path).ok()
    api.get(path).problem(404, "not-found")


def test_a_secret_is_never_stored_as_an_answer(api: Api) -> None:
    api.post("/subscriptions", HOOK, key="k1").ok(201)
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "ftp://example.com"}, "/url"),
        ({"url": "https://user:pass@example.com"}, "/url"),
        ({"types": []}, "/types"),
        ({"types": ["nothing.*"]}, "/types/0"),
        ({"color": "red"}, "/color"),
    ],
)
def test_a_wrong_subscription_is_refused(api: Api, change: dict[str, Any], pointer: str) -> None:
    reply = api.post("/subscriptions", HOOK | change)
    reply.problem(400, "invalid")
    assert list(reply.pointers()) == [pointer]
    assert not WebhookEndpoint.objects.exists()


@pytest.fixture
def dead(stripe: Connection) -> Delivery:
    """Return a refund that the gateway has not been reached for."""
    id, refund = uuid7(), uuid7()
    subject = Subject("return", id, uuid7(), str(id), "emea", "aurora", "web")
    fact = RefundSubmitted(
        refund_id=str(refund), return_id=str(id), number="RMA-1", payment_id=str(uuid7()), gateway="stripe",
        amount=1999, currency="GBP", effect_key=f"refund:{refund}:1", leg=1,
    )  # fmt: skip
    with transaction.atomic():
        publish(fact, subject=subject, actor=Actor.system("test"))
    Delivery.objects.update(status=DeliveryStatus.DEAD, failure_class="transient", failure_code="connect")
    return Delivery.objects.get()


def test_dead_letters_are_listed_and_read(api: Api, stranger: Api, powerless: Api, dead: Delivery) -> None:
    (shown,) = api.get("/deliveries", status="dead", destination="stripe").ok()["results"]
    assert (shown["operation"], shown["amount"]) == ("refund.create", {"amount": 1999, "currency": "GBP"})
    assert api.get("/deliveries", status="ready").ok()["results"] == []
    assert len(api.get("/deliveries", status=["ready", "dead"]).ok()["results"]) == 1
    detail = api.get(f"/deliveries/{dead.id}").ok()
    assert (detail["standing"], detail["history"]) == ("dead", [])
    assert detail["effect"]["status"] == "intended"
    stranger.get(f"/deliveries/{dead.id}").problem(404, "not-found")
    assert stranger.get("/deliveries").ok()["results"] == []
    powerless.get("/deliveries").problem(403, "denied")


@pytest.mark.django_db(transaction=True)
def test_a_dead_letter_that_never_left_is_sent_again(make_api: MakeApi, dead: Delivery) -> None:
    api = make_api("deliveries:write")
    found = api.post(f"/deliveries/{dead.id}/replay", {"reason": "the network is back"}).ok()
    assert found["verdict"] == "safe_absent"
    assert found["delivery"]["status"] == "ready"
    assert Event.objects.filter(type="delivery.replayed", actor=api.actor.key).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_replay_is_refused_with_what_to_do(make_api: MakeApi, dead: Delivery) -> None:
    Delivery.objects.update(status=DeliveryStatus.SUPERSEDED)
    body = (
        make_api("deliveries:write")
        .post(f"/deliveries/{dead.id}/replay", {"reason": "x"})
        .problem(409, "replay-refused")
    )
    assert body["verdict"] == "superseded"
    assert body["what_to_do"]
    make_api("deliveries:read").post(f"/deliveries/{dead.id}/replay", {"reason": "x"}).problem(403, "denied")
    make_api("deliveries:write", regions=["mars"]).post(
        f"/deliveries/{dead.id}/replay", {"reason": "x"}
    ).problem(404, "not-found")  # fmt: skip
    assert Delivery.objects.get().status == DeliveryStatus.SUPERSEDED
