"""The mapping editor with its trial, the inbox of a connection, and the live figures."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.context import context_of
from connectors.inbox import store_once
from connectors.models import Connection, InboxMessage, InboxStatus, MappingTrial
from connectors.protocol import NoMapping, Verified
from connectors.services import create_connection, try_mapping
from connectors.stripe.connector import StripeConnector
from connectors.web.health import health_of
from connectors.web.sparkline import HEIGHT, bars
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Attempt, Delivery
from retailops.lib.clock import now
from tests.connectors.test_trials import memo
from tests.workbench import world

pytestmark = pytest.mark.django_db
BOOKED = {"client_id": "c", "customer_id": "7", "goods_item_id": "5", "adjustment_item_id": "6"}
FORM = {
    "mapping__subsidiaries": "",
    "mapping__customers": "",
    "mapping__currencies": "",
    "mapping__items": "",
    "last": "25",
}


@pytest.fixture
def manager() -> Client:
    return world.signed_in(world.person("connector_admin"))


@pytest.fixture
def erp() -> Connection:
    return create_connection(
        actor=world.SYSTEM, vendor="netsuite", name="erp", label="ERP", mapping={"currencies": {"EUR": "2"}},
        config=BOOKED | {"base_url": "http://127.0.0.1:9"},
    )  # fmt: skip


def hash_in(page: str) -> str:
    found = re.search(r'name="mapping_hash" value="(\w+)"', page)
    assert found is not None
    return found[1]


def test_the_mapping_is_a_form_of_its_schema(manager: Client, erp: Connection) -> None:
    page = manager.get("/connections/erp/mapping/").content.decode()
    for told in (
        "Subsidiaries",
        "Our legal entity = NetSuite's id.",
        "Items",
        "Our sku = NetSuite's id.",
        "EUR = 2",
    ):
        assert told in page
    assert json.loads(_raw(manager.get("/connections/erp/mapping/?as=json").content.decode())) == erp.mapping


def test_a_system_that_takes_our_names_has_nothing_to_map(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    world.stripe()
    assert "Payment references" in manager.get("/connections/stripe/mapping/").content.decode()
    monkeypatch.setattr(StripeConnector, "MappingSchema", NoMapping)
    assert "Nothing to map" in manager.get("/connections/stripe/mapping/").content.decode()


def _raw(page: str) -> str:
    found = re.search(r'<textarea name="raw"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found is not None
    return found[1].replace("&quot;", '"')


def test_a_changed_mapping_is_tried_then_put_in_force_then_what_stopped_is_replayed(
    manager: Client, erp: Connection
) -> None:
    dead, fine = memo("GBP", "MUG", DeliveryStatus.DEAD), memo("EUR", "LAMP", DeliveryStatus.DELIVERED)
    typed = FORM | {"mapping__currencies": "EUR = 2\nGBP\t1", "mapping__items": "LAMP = 77"}
    tried = manager.post("/connections/erp/mapping/", typed)
    trial = MappingTrial.objects.get()
    assert (tried.status_code, tried["Location"]) == (303, f"/connections/erp/mapping/trials/{trial.id}/")
    assert trial.mapping == {"currencies": {"EUR": "2", "GBP": "1"}, "items": {"LAMP": "77"}}
    page = manager.get(tried["Location"]).content.decode()
    assert "the currency GBP has no id in NetSuite" in page
    for told in (
        f"/deliveries/{dead.id}/",
        f"/deliveries/{fine.id}/",
        "No longer fails",
        "Different",
        "currencies: GBP",
    ):
        assert told in page
    erp.refresh_from_db()
    assert erp.mapping_version == 1
    activate = f"{tried['Location']}activate/"
    wrong = manager.post(activate, {"mapping_hash": "0" * 64, "reason": "GBP was missing"})
    assert wrong.status_code == 422
    assert "Another mapping was tried" in wrong.content.decode()
    missing = manager.post(activate, {"mapping_hash": hash_in(page), "reason": ""})
    assert missing.status_code == 422
    erp.refresh_from_db()
    assert erp.mapping_version == 1
    assert manager.post(activate, {"mapping_hash": hash_in(page), "reason": "GBP was missing"}).status_code == 303
    erp.refresh_from_db()
    assert (erp.mapping, erp.mapping_version) == (trial.mapping, 2)
    after = manager.get(tried["Location"]).content.decode()
    assert "1 stopped message can be sent now" in after
    assert '<a href="/deliveries/?state=dead&amp;system=erp">' in after
    back = manager.get("/connections/erp/versions/1/restore/").content.decode()
    assert "Its mapping is another one, and has not been tried." in back
    begun = manager.get("/connections/erp/mapping/?version=1").content.decode()
    assert "EUR = 2" in begun
    assert "GBP" not in begun
    went = manager.post("/connections/erp/versions/1/restore/", {"version": 2, "reason": "back"})
    assert went.status_code == 422
    erp.refresh_from_db()
    assert erp.mapping_version == 2
    both = manager.get(f"/deliveries/{dead.id}/request/").content.decode()
    assert all(text in both for text in ("As it was, mapping 2", "Rendered anew, mapping 2", "has not changed"))
    assert 'name="mapping_hash"' not in after
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field", "why"),
    [
        ({"mapping__items": "MUG"}, "mapping__items", "Line 1: write “ours = theirs”."),
        ({"mapping__items": "MUG = 1\nMUG = 2"}, "mapping__items", "Line 2: “MUG” is there twice."),
        ({"as": "json", "raw": '{"items": {"MUG": 1}}'}, "raw", "items: Input should be a valid string"),
        ({"as": "json", "raw": "[1]"}, "raw", "A mapping is an object: { … }."),
        ({"last": "0"}, "last", "Ensure this value is greater than or equal to 1."),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_not_tried(
    manager: Client, erp: Connection, typed: dict[str, str], field: str, why: str
) -> None:
    answer = manager.post("/connections/erp/mapping/", FORM | typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"><li>{why}</li>' in page
    assert not MappingTrial.objects.exists()


def test_raw_json_is_the_second_way_and_a_trial_can_be_changed_further(manager: Client, erp: Connection) -> None:
    raw = {"as": "json", "raw": '{"items": {"MUG": "901"}}', "last": "25"}
    tried = manager.post("/connections/erp/mapping/", raw)
    trial = MappingTrial.objects.get()
    assert trial.mapping == {"items": {"MUG": "901"}}
    assert "MUG = 901" in manager.get(f"/connections/erp/mapping/?trial={trial.id}").content.decode()
    assert manager.get("/connections/erp/mapping/?trial=x").status_code == 404
    again = try_mapping(actor=world.SYSTEM, connection_id=erp.id, mapping={"items": {}})
    manager.post(
        f"/connections/erp/mapping/trials/{again.id}/activate/", {"mapping_hash": again.mapping_hash, "reason": "x"}
    )
    assert "The connection was changed since" in manager.get(tried["Location"]).content.decode()


def test_what_the_schema_does_not_take_any_more_is_mended_as_json(manager: Client, erp: Connection) -> None:
    Connection.objects.update(mapping={"former": {"a": "b"}})
    assert "former" in _raw(manager.get("/connections/erp/mapping/").content.decode())
    manager.post("/connections/erp/mapping/", {"as": "json", "raw": "{}", "last": "5"})
    assert MappingTrial.objects.get().mapping == {}
    Connection.objects.update(config={"base_url": "nowhere"})
    refused = manager.post("/connections/erp/mapping/", {"as": "json", "raw": '{"items": {}}', "last": "5"})
    assert refused.status_code == 422
    assert "Its configuration cannot be used" in refused.content.decode()
    assert MappingTrial.objects.count() == 1


def test_the_same_mapping_is_not_tried(manager: Client, erp: Connection) -> None:
    answer = manager.post("/connections/erp/mapping/", FORM | {"mapping__currencies": "EUR = 2"})
    assert answer.status_code == 422
    assert "This is the mapping in force." in answer.content.decode()


def test_who_is_of_one_region_or_may_not_manage_tries_nothing_and_sees_no_copies(erp: Connection) -> None:
    trial = try_mapping(actor=world.SYSTEM, connection_id=erp.id, mapping={"items": {}})
    agent = world.signed_in(world.person("ops_agent"))
    assert agent.get("/connections/erp/mapping/").status_code == 200
    assert "Try it" not in agent.get("/connections/erp/mapping/").content.decode()
    assert agent.post("/connections/erp/mapping/", FORM).status_code == 403
    path = f"/connections/erp/mapping/trials/{trial.id}/"
    assert agent.post(f"{path}activate/", {"mapping_hash": trial.mapping_hash, "reason": "x"}).status_code == 403
    french = world.signed_in(world.person("ops_lead", regions=["FR"]))
    assert french.get(path).status_code == 403
    erp.refresh_from_db()
    assert (erp.mapping_version, MappingTrial.objects.count()) == (1, 1)


# Inbox ---------------------------------------------------------------------------------------------------------------


def message(connection: Connection, name: str, status: InboxStatus, body: Any = None) -> InboxMessage:
    content = json.dumps(body or {"email": "ada@example.com", "amount": 5, "client_secret": "hush"}).encode()
    store_once(context_of(connection), Verified(name, "refund.updated"), {}, content)
    InboxMessage.objects.filter(message_id=name).update(
        status=status, error="" if status == "done" else "no such refund"
    )
    return InboxMessage.objects.get(message_id=name)


def test_messages_are_read_without_secrets_and_persons_and_taken_again(manager: Client) -> None:
    stripe = world.stripe()
    dead, waiting = message(stripe, "evt_1", InboxStatus.DEAD), message(stripe, "evt_2", InboxStatus.WAITING)
    page = manager.get("/connections/stripe/inbox/").content.decode()
    assert "evt_1" in page
    assert "evt_2" not in page
    assert "evt_2" in manager.get("/connections/stripe/inbox/?state=waiting").content.decode()
    shown = manager.get(f"/connections/stripe/inbox/{dead.id}/").content.decode()
    assert "no such refund" in shown
    assert "ada@example.com" not in shown
    assert "hush" not in shown
    assert "&quot;amount&quot;: 5" in shown
    assert manager.post(f"/connections/stripe/inbox/{dead.id}/retry/").status_code == 303
    dead.refresh_from_db()
    assert (dead.status, dead.tries) == ("pending", 0)
    manager.post(f"/connections/stripe/inbox/{waiting.id}/retry/")
    waiting.refresh_from_db()
    assert waiting.status == "waiting"


def test_a_lead_sets_a_message_aside_with_a_reason() -> None:
    stripe = world.stripe()
    dead = message(stripe, "evt_1", InboxStatus.DEAD)
    path = f"/connections/stripe/inbox/{dead.id}/set-aside/"
    lead = world.signed_in(world.person("ops_lead"))
    assert lead.get(path).status_code == 200
    assert lead.post(path, {"reason": ""}).status_code == 422
    assert lead.post(path, {"reason": "their test"}).status_code == 303
    dead.refresh_from_db()
    assert (dead.status, dead.result["reason"]) == ("done", "their test")
    assert "their test" in lead.get("/connections/stripe/inbox/?state=done").content.decode()


def test_who_is_of_one_region_or_may_not_ends_no_message(manager: Client) -> None:
    stripe = world.stripe()
    dead = message(stripe, "evt_1", InboxStatus.DEAD)
    path = f"/connections/stripe/inbox/{dead.id}/"
    french = world.signed_in(world.person("ops_lead", regions=["FR"]))
    for client, reads, acts in ((french, 403, 404), (world.signed_in(world.person("auditor")), 200, 403)):
        assert client.get("/connections/stripe/inbox/").status_code == reads
        assert client.get(path).status_code == reads
        assert client.post(f"{path}retry/").status_code == acts
        assert client.post(f"{path}set-aside/", {"reason": "x"}).status_code == acts
    assert manager.post(f"{path}set-aside/", {"reason": "x"}).status_code == 403
    dead.refresh_from_db()
    assert dead.status == "dead"
    other = create_connection(
        actor=world.SYSTEM, vendor="stripe", name="other", label="Other", config={},
        secrets={"api_key": "k", "webhook_secret": "w"},
    )  # fmt: skip
    assert manager.get(f"/connections/{other.name}/inbox/{dead.id}/").status_code == 404


# Figures -------------------------------------------------------------------------------------------------------------


def attempts(delivery: Delivery, *, outcomes: list[str], ms: int = 100) -> None:
    for number, outcome in enumerate(outcomes, start=1):
        Attempt.objects.create(
            delivery=delivery, attempt_no=number, fence=number, trigger="auto", outcome=outcome,
            started_at=now() - timedelta(minutes=2), duration_ms=ms * number,
        )  # fmt: skip


def test_the_last_hour_in_figures(manager: Client) -> None:
    connection = world.stripe()
    delivery = world.stopped(world.requested(), connection)
    attempts(delivery, outcomes=["delivered"] * 197 + ["transient", "business"])
    (health,) = health_of([connection])
    hour = health.hour
    # One more: world.stopped() made an attempt that was refused.
    assert (hour.attempts, hour.failed, hour.technical) == (200, 3, 1)
    assert (hour.success_share, hour.budget_left) == (98.5, 50.0)
    assert hour.p50_ms == pytest.approx(9960, abs=60)
    assert hour.p95_ms == pytest.approx(18910, abs=60)
    assert (hour.last_minute, health.rate_share) == (0, 0.0)
    assert [bar.attempts for bar in health.bars][-1] + [bar.attempts for bar in health.bars][-2] == 200
    page = manager.get("/connections/").content.decode()
    assert 'aria-label="98.5 % of 200 got there in the last hour"' in page
    part = manager.get("/connections/stripe/", headers={"HX-Request": "true", "HX-Target": "health"}).content.decode()
    assert "<html" not in part
    assert "Error budget" in part


def test_the_part_that_asks_again_does_so_every_five_seconds(manager: Client) -> None:
    world.stripe()
    page = manager.get("/connections/stripe/").content.decode()
    assert 'id="health" data-live="5" hx-get="/connections/stripe/"' in page
    assert 'id="connections" data-live="5"' in manager.get("/connections/").content.decode()


@pytest.mark.parametrize(
    ("attempts", "failed", "good", "bad"),
    [(0, 0, 0, 0), (10, 0, 20, 0), (10, 10, 0, 20), (1000, 1, 17, 3), (100, 99, 3, 17)],
)
def test_a_bar_shows_that_something_failed(attempts: int, failed: int, good: int, bad: int) -> None:
    first, *others = bars({0: (attempts, failed)})
    assert (first.good_height, first.bad_height) == (good, bad)
    assert first.good_height + first.bad_height in (0, HEIGHT)
    assert {one.attempts for one in others} == {0}


def test_the_queries_do_not_grow_with_the_connections(manager: Client) -> None:
    first = world.stripe()
    counts = []
    for number in range(2):
        create_connection(
            actor=world.SYSTEM, vendor="stripe", name=f"more-{number}", label=f"More {number}", config={},
            secrets={"api_key": "k", "webhook_secret": "w"},
        )  # fmt: skip
        message(first, f"evt_{number}", InboxStatus.DEAD)
        world.stopped(world.requested(), first)
        found = {}
        for path in (
            "/connections/",
            "/connections/stripe/",
            "/connections/stripe/inbox/",
            "/connections/stripe/versions/",
        ):
            with CaptureQueriesContext(database) as captured:
                assert manager.get(path).status_code == 200
            found[path] = len(captured)
        counts.append(found)
    assert counts[0] == counts[1]


def test_what_is_in_trouble_is_shown_within_the_persons_regions(manager: Client) -> None:
    connection = world.stripe()
    world.stopped(world.requested("GB"), connection, failure_message="The British one.")
    assert "The British one." in manager.get("/connections/stripe/").content.decode()
    french = world.signed_in(world.person("ops_agent", regions=["FR"]))
    assert "The British one." not in french.get("/connections/stripe/").content.decode()
