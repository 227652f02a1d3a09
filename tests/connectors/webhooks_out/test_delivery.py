"""Webhooks through the whole engine to a real HTTP server: signed, repeated under one id, disabled by 410."""

import base64
import hashlib
import hmac
import json
import re
import time
from typing import Any

import pytest
from django.test import override_settings

from connectors.models import WebhookEndpoint
from connectors.webhooks_out.services import (
    create_endpoint,
    disable_endpoint,
    enable_endpoint,
    retire_endpoint,
    rotate_endpoint_secret,
    send_test,
)
from connectors.webhooks_out.signing import key_of
from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from retailops.events.cloudevents import as_document
from retailops.events.models import Attempt, Delivery, Destination, Event
from retailops.events.publish import publish
from retailops.events.sending import drain
from retailops.lib import tracing
from retailops.lib.errors import Denied, Invalid, NotFound
from retailops.lib.ids import uuid7
from returns.events import OrderCaptured
from tests.connectors.conftest import ADMIN, due_now
from tests.connectors.sandbox_server import Received, WebhookSink

pytestmark = pytest.mark.django_db


def captured(number: str = "1001", region: str = "uk", **more: Any) -> Event:
    id = uuid7()
    fact = OrderCaptured(str(id), "web", f"ext-{number}", number, 1, "GBP", 1, **more)
    return publish(fact, subject=Subject("order", id, uuid7(), str(id), region, "acme", "web"), actor=ADMIN)


def delivery_of(event: Event) -> Delivery:
    return Delivery.objects.get(event=event)


def sent(event: Event) -> Delivery:
    delivery = delivery_of(event)
    drain(delivery.destination_id)
    delivery.refresh_from_db()
    return delivery


def is_signed_by(received: Received, secret: str) -> bool:
    content = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.".encode() + received.body
    made = "v1," + base64.b64encode(hmac.new(key_of(secret), content, hashlib.sha256).digest()).decode()
    return made in received.headers["webhook-signature"].split(" ")


def test_an_event_arrives_signed_as_a_cloud_event(webhook_sink: WebhookSink) -> None:
    made = create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["order.captured"])
    event = captured()
    assert sent(event).status == "delivered"
    [received] = webhook_sink.received
    assert is_signed_by(received, made.secret)
    assert received.headers["webhook-id"] == str(event.id)
    assert abs(int(received.headers["webhook-timestamp"]) - time.time()) < 30
    assert received.headers["content-type"].startswith("application/cloudevents+json")
    assert received.headers["traceparent"].split("-")[1] == event.correlation_id.hex
    assert re.fullmatch(r"00-[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01", received.headers["traceparent"])
    document = json.loads(received.body)
    assert (document["specversion"], document["id"], document["type"]) == ("1.0", str(event.id), "order.captured")
    assert document["correlationid"] == str(event.correlation_id)
    assert document["data"]["number"] == "1001"


def test_the_trace_of_the_caller_goes_along(webhook_sink: WebhookSink) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["order.captured"])
    theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
    with tracing.span("POST", parent=f"00-{theirs}-00f067aa0ba902b7-01", keep=True):
        event = captured()
    assert (event.traceparent or "").split("-")[1] == theirs
    assert sent(event).status == "delivered"
    [received] = webhook_sink.received
    told = received.headers["traceparent"].split("-")
    assert (told[1], told[3]) == (theirs, "01")
    assert told[2] not in ("00f067aa0ba902b7", (event.traceparent or "").split("-")[2])
    assert json.loads(received.body)["correlationid"] == str(event.correlation_id)


def test_a_retry_has_the_same_id_and_body(webhook_sink: WebhookSink) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"])
    webhook_sink.answers = [500]
    delivery = sent(captured())
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("ready", "transient", "http_500")
    due_now(delivery)
    drain(delivery.destination_id)
    first, second = webhook_sink.received
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    outcomes = Attempt.objects.filter(delivery=delivery).order_by("attempt_no").values_list("outcome", "http_status")
    assert list(outcomes) == [("transient", 500), ("delivered", 202)]


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 503])
def test_only_2xx_counts(webhook_sink: WebhookSink, status: int) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"])
    webhook_sink.answers = [status]
    delivery = sent(captured())
    assert (delivery.status, delivery.failure_code) == ("ready", f"http_{status}")
    assert not Destination.objects.get(pk=delivery.destination_id).paused
    assert len(webhook_sink.received) == 1


def test_410_disables_the_endpoint(webhook_sink: WebhookSink) -> None:
    endpoint = create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["order.captured"]).endpoint
    webhook_sink.answers = [410]
    assert sent(captured()).status == "dead"
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None
    assert Destination.objects.get(pk=endpoint.destination_id).paused
    assert not Delivery.objects.filter(event=captured("1002")).exists()
    assert Event.objects.filter(type="webhook_endpoint.changed", data__change="disabled").count() == 1
    enable_endpoint(actor=ADMIN, endpoint_id=endpoint.id)
    assert sent(captured("1003")).status == "delivered"


def test_a_server_that_is_away_is_transient(webhook_sink: WebhookSink) -> None:
    create_endpoint(actor=ADMIN, url="http://127.0.0.1:9/hook", types=["*"])
    delivery = sent(captured())
    assert (delivery.status, delivery.failure_class) == ("ready", "transient")
    assert delivery.failure_code.startswith("network.")


def test_a_server_that_is_too_slow_is_given_up(webhook_sink: WebhookSink) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"], limits={"timeout_seconds": 0.2})
    webhook_sink.delay_s = 1
    delivery = sent(captured())
    assert (delivery.status, delivery.failure_code) == ("ready", "network.TimeoutError")


def test_both_secrets_sign_while_one_is_rotated(webhook_sink: WebhookSink) -> None:
    made = create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["order.captured"])
    renewed = rotate_endpoint_secret(actor=ADMIN, endpoint_id=made.endpoint.id)
    sent(captured())
    assert is_signed_by(webhook_sink.received[0], made.secret)
    assert is_signed_by(webhook_sink.received[0], renewed.secret)
    last = rotate_endpoint_secret(actor=ADMIN, endpoint_id=made.endpoint.id, overlap_seconds=0)
    sent(captured("1002"))
    assert is_signed_by(webhook_sink.received[1], last.secret)
    assert not is_signed_by(webhook_sink.received[1], renewed.secret)


def test_a_body_that_is_too_large_names_the_event_instead(webhook_sink: WebhookSink) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"])
    event = captured(number="9" * 25_000)
    sent(event)
    [received] = webhook_sink.received
    document = json.loads(received.body)
    assert len(received.body) < 20_000
    assert "data" not in document
    assert document["dataref"].endswith(f"/api/v1/events/{event.id}")


@pytest.mark.parametrize(
    ("types", "wanted"),
    [(["*"], True), (["order.*"], True), (["order.captured"], True), (["refund.*"], False), (["return.closed"], False)],
)
def test_an_endpoint_gets_what_it_subscribed_to(webhook_sink: WebhookSink, types: list[str], wanted: bool) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=types)
    assert Delivery.objects.filter(event=captured()).exists() is wanted


def test_an_endpoint_gets_only_its_regions(webhook_sink: WebhookSink) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"], regions=["uk"])
    assert Delivery.objects.filter(event=captured(region="uk")).exists()
    assert not Delivery.objects.filter(event=captured(region="us")).exists()


def test_a_failing_webhook_causes_no_webhooks_about_itself(webhook_sink: WebhookSink) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*", "delivery.*"])
    webhook_sink.answers = [410]
    sent(captured())
    assert Event.objects.filter(type="delivery.dead").count() == 1
    assert Delivery.objects.count() == 1


def test_a_test_message_goes_to_that_endpoint_alone(webhook_sink: WebhookSink) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"])
    tested = create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["refund.*"]).endpoint
    event = send_test(actor=ADMIN, endpoint_id=tested.id)
    assert [d.destination_id for d in Delivery.objects.filter(event=event)] == [tested.destination_id]
    assert sent(event).status == "delivered"


def test_disabled_and_retired_endpoints_get_nothing(webhook_sink: WebhookSink) -> None:
    first = create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"]).endpoint
    second = create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"]).endpoint
    disable_endpoint(actor=ADMIN, endpoint_id=first.id, reason="moved")
    retire_endpoint(actor=ADMIN, endpoint_id=second.id)
    assert not Delivery.objects.filter(event=captured()).exists()
    with pytest.raises(NotFound):
        send_test(actor=ADMIN, endpoint_id=second.id)


def test_the_secret_is_not_stored_in_the_clear(webhook_sink: WebhookSink) -> None:
    made = create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"])
    stored = bytes(WebhookEndpoint.objects.get().secret)
    assert made.secret.encode() not in stored
    assert made.secret not in json.dumps(list(Event.objects.values_list("data", flat=True)))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/x",
        "not an address",
        "https://user:secret@example.com/",
        "https://example.com/#part",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        create_endpoint(actor=ADMIN, url=url, types=["*"])
    assert not WebhookEndpoint.objects.exists()
    assert not Destination.objects.filter(kind="webhook").exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/plain",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.0.0.5/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://0x7f000001/x",
        "https://127.1/x",
    ],
)
@override_settings(ALLOW_PRIVATE_DESTINATIONS=False)
def test_in_production_private_addresses_are_refused(url: str) -> None:
    with pytest.raises(Invalid):
        create_endpoint(actor=ADMIN, url=url, types=["*"])
    assert not WebhookEndpoint.objects.exists()


def test_in_production_a_name_that_leads_home_is_not_called(
    webhook_sink: WebhookSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name passed every check when it was saved; what counts is where it leads when it is called."""
    create_endpoint(actor=ADMIN, url=webhook_sink.url.replace("127.0.0.1", "localhost"), types=["*"])
    monkeypatch.setattr("connectors.webhooks_out.transport.refuse_private_literal", lambda url: None)
    event = captured()
    with override_settings(ALLOW_PRIVATE_DESTINATIONS=False):
        delivery = sent(event)
    assert (delivery.status, delivery.failure_code) == ("dead", "forbidden_address")
    assert webhook_sink.received == []


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        create_endpoint(actor=ADMIN, url="https://example.com/x", types=["order.captured", "order.vanished"])
    assert [error.pointer for error in refused.value.errors] == ["/types/1"]


def test_only_those_who_manage_connections_may() -> None:
    viewer = Actor("user", "1", "Stranger")
    with pytest.raises((Denied, NotFound)):
        create_endpoint(actor=viewer, url="https://example.com/x", types=["*"])
    assert not WebhookEndpoint.objects.exists()


def test_many_go_out_at_once(webhook_sink: WebhookSink) -> None:
    """60 deliveries to a server that takes 0.2 s: one after the other would take 12 s."""
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["order.captured"])
    webhook_sink.delay_s = 0.2
    events = [captured(str(number)) for number in range(60)]
    started = time.monotonic()
    drain(delivery_of(events[0]).destination_id)
    assert time.monotonic() - started < 6
    assert Delivery.objects.filter(status="delivered").count() == 60
    assert len({received.headers["webhook-id"] for received in webhook_sink.received}) == 60


@pytest.mark.parametrize("sparse", [False, True])
def test_the_body_is_the_document_that_the_feed_shows(webhook_sink: WebhookSink, sparse: bool) -> None:
    create_endpoint(actor=ADMIN, url=webhook_sink.url, types=["*"])
    id = uuid7()
    subject = Subject("order", id, uuid7(), str(id), *([] if sparse else ["uk", "acme", "web"]))
    actor = ADMIN if sparse else Actor.connection("shop", "Shop", on_behalf_of="user:7")
    more: dict[str, Any] = {} if sparse else {"cause": uuid7(), "reason_code": "late", "policy_version": "v3"}
    event = publish(OrderCaptured(str(id), "web", "x", "1", 1, "GBP", 1), subject=subject, actor=actor, **more)
    sent(event)
    assert json.loads(webhook_sink.received[0].body) == as_document(Event.objects.get(pk=event.pk))
