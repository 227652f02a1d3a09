"""Adding and changing connections over the API: the same commands as the pages."""

from typing import Any

import pytest

from connectors.context import context_of
from connectors.inbox import store_once
from connectors.models import Connection, ConnectionVersion, InboxMessage, InboxStatus, MappingTrial
from connectors.protocol import Verified
from retailops.events.models import Destination, IdempotencyRecord
from tests.api.answers import Reply
from tests.api.conftest import Api, MakeApi

pytestmark = pytest.mark.django_db
ERP = {
    "vendor": "netsuite", "name": "erp", "label": "ERP", "regions": ["uk"], "limits": {"burst": 3},
    "secrets": {"client_secret": "typed secret"}, "expiries": {"client_secret": "2031-01-01T00:00:00Z"},
    "config": {"base_url": "http://127.0.0.1:9", "client_id": "c", "customer_id": "7", "goods_item_id": "5",
               "adjustment_item_id": "6"},
}  # fmt: skip


def patch(api: Api, path: str, body: dict[str, Any]) -> Reply:
    return api._send("patch", path, data=body, content_type="application/json")


@pytest.fixture
def erp(api: Api) -> dict[str, Any]:
    made: dict[str, Any] = api.post("/connections", ERP).ok(201)
    return made


def test_a_connection_is_made_and_its_secret_never_answered(api: Api, erp: dict[str, Any]) -> None:
    assert (erp["name"], erp["version"], erp["regions"]) == ("erp", 1, ["uk"])
    made = Connection.objects.select_related("destination").get()
    assert made.destination.burst == 3
    assert str(made.credentials.get().expires_at) == "2031-01-01 00:00:00+00:00"
    for reply in (
        api.get("/connections"),
        api.get(f"/connections/{made.id}"),
        api.get(f"/connections/{made.id}/versions"),
    ):
        assert b"typed secret" not in reply.response.content
    again = api.post("/connections", ERP, key="k1")
    again.problem(409, "name-taken")
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"config": {"base_url": "ftp://x"}}, "/config/base_url"),
        ({"name": "Not A Slug"}, "/name"),
        ({"secrets": {"pin": "1"}}, "/secrets/pin"),
        ({"limits": {"burst": 1.5}}, "/limits/burst"),
        ({"limits": {"retry_schedule": []}}, "/limits/retry_schedule"),
        ({"limits": {"timeout_seconds": 600}}, "/limits/timeout_seconds"),
        ({"mapping": {"surprise": 1}}, "/mapping/surprise"),
        ({"regions": ["x" * 33]}, "/regions/0"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(api: Api, change: dict[str, Any], pointer: str) -> None:
    problem = api.post("/connections", ERP | change).problem(400, "invalid")
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert not Connection.objects.exists()
    assert not Destination.objects.filter(kind="connection").exists()


def test_a_change_is_kept_gone_back_to_and_refused_when_stale(api: Api, erp: dict[str, Any]) -> None:
    path = f"/connections/{erp['id']}"
    changed = patch(
        api, path, {"limits": {"burst": 9}, "channels": ["web"], "reason": "busy", "expected_version": 1}
    ).ok()
    assert (changed["version"], changed["channels"]) == (2, ["web"])
    stale = patch(api, path, {"label": "Late", "reason": "late", "expected_version": 1}).problem(409, "stale-version")
    assert stale["present"] == 2
    versions = api.get(f"{path}/versions").ok()["results"]
    assert [(row["number"], row["reason"], row["limits"]["burst"]) for row in versions] == [
        (2, "busy", 9), (1, "created", 3),
    ]  # fmt: skip
    back = api.post(f"{path}/restore", {"number": 1, "reason": "over"}).ok()
    assert (back["version"], back["channels"], back["label"]) == (3, [], "ERP")
    api.post(f"{path}/restore", {"number": 9, "reason": "over"}).problem(404, "not-found")
    patch(api, path, {"label": "No reason"}).problem(400, "invalid")
    assert ConnectionVersion.objects.count() == 3


def test_what_a_change_would_mean_is_told_and_not_done(api: Api, erp: dict[str, Any]) -> None:
    told = api.post(f"/connections/{erp['id']}/impact", {"regions": ["us"], "config": ERP["config"]}).ok()
    assert told == {
        "ready": 0, "under_way": 0, "in_doubt": 0, "dead": 0, "compared": 0, "differently": 0, "broken": 0, "mended": 0,
        "rerouted": [],
    }  # fmt: skip
    api.post(f"/connections/{erp['id']}/impact", {"mapping": {"surprise": 1}}).problem(400, "invalid")
    assert Connection.objects.get().regions == ["uk"]


def test_secrets_are_replaced_alerts_held_and_the_end_comes(api: Api, erp: dict[str, Any]) -> None:
    path = f"/connections/{erp['id']}"
    api.post(f"{path}/rotate", {"name": "client_secret", "value": "another"}, key="k").ok()
    api.post(f"{path}/rotate", {"name": "pin", "value": "another"}).problem(400, "invalid")
    assert not IdempotencyRecord.objects.exists()
    api.post(f"{path}/mute", {"until": "2001-01-01T00:00:00Z", "reason": "x"}).problem(400, "invalid")
    api.post(f"{path}/unmute").ok()
    api.post(f"{path}/retire", {"reason": "moved"}).ok()
    api.get(path).problem(404, "not-found")


def test_a_mapping_is_tried_and_put_in_force(api: Api, erp: dict[str, Any]) -> None:
    path = f"/connections/{erp['id']}"
    trial = api.post(f"{path}/mapping-trials", {"mapping": {"items": {"MUG": "901"}}}).ok(201)
    assert (trial["counts"], trial["findings"], trial["activated_at"]) == ({}, [], None)
    asked = {"trial_id": trial["id"], "reason": "a test"}
    api.post(f"{path}/mapping", asked | {"mapping_hash": "0" * 64}).problem(409, "trial-differs")
    done = api.post(f"{path}/mapping", asked | {"mapping_hash": trial["mapping_hash"]}).ok()
    assert (done["mapping_version"], done["version"]) == (2, 2)
    api.post(f"{path}/mapping", asked | {"mapping_hash": trial["mapping_hash"]}).problem(409, "trial-outdated")
    api.post(f"{path}/mapping-trials", {"mapping": {"surprise": {}}}).problem(400, "invalid")
    assert MappingTrial.objects.count() == 1


def test_stopped_messages_are_taken_again_or_set_aside(
    api: Api, stranger: Api, make_api: MakeApi, stripe: Connection
) -> None:
    for name in ("m1", "m2"):
        store_once(context_of(stripe), Verified(name, "charge.refunded"), {}, b"{}")
    InboxMessage.objects.update(status=InboxStatus.DEAD, error="no")
    listed = api.get("/inbox-messages", status="dead", connection=str(stripe.id)).ok()["results"]
    assert [row["message_id"] for row in listed] == ["m2", "m1"]
    assert stranger.get("/inbox-messages").ok()["results"] == []
    first, second = (f"/inbox-messages/{row['id']}" for row in listed)
    stranger.post(f"{first}/retry").problem(404, "not-found")
    stranger.post(f"{first}/set-aside", {"reason": "x"}).problem(404, "not-found")
    assert InboxMessage.objects.filter(status=InboxStatus.DEAD).count() == 2
    assert api.post(f"{first}/retry").ok()["status"] == "pending"
    api.post(f"{first}/retry").problem(409, "conflict")
    assert api.post(f"{second}/set-aside", {"reason": "a test message"}).ok()["status"] == "done"
    assert InboxMessage.objects.get(message_id="m1").result["reason"] == "a test message"


def test_connectors_tell_what_they_ask_for(api: Api) -> None:
    found = {row["vendor"]: row for row in api.get("/connectors").ok()["results"]}
    assert {"netsuite", "shopify", "stripe", "wms"} <= found.keys()
    assert found["stripe"]["config_schema"]["properties"]["tolerance_seconds"]["minimum"] == 30
    assert found["stripe"]["secrets"][1] == {
        "name": "webhook_secret", "label": "Webhook signing secret", "signs": True, "required": True,
    }  # fmt: skip
    assert set(found["netsuite"]["mapping_schema"]["properties"]) == {
        "subsidiaries",
        "customers",
        "currencies",
        "items",
    }
