"""A changed mapping is tried on messages of the past, and only what was tried comes into force."""

import json
from typing import Any

import pytest

from connectors.context import context_of
from connectors.inbox import store_once
from connectors.models import Connection, ConnectionVersion, InboxMessage, InboxStatus, MappingTrial
from connectors.protocol import Verified
from connectors.services import (
    activate_mapping,
    configure_connection,
    create_connection,
    restore_version,
    try_mapping,
)
from retailops.accounts.permissions import Permission
from retailops.events.catalog import Subject
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Attempt, Delivery, Event
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.lib.ids import uuid7
from returns.events import CreditMemoQueued, RefundLineFact
from tests.connectors.conftest import ADMIN
from tests.connectors.shopify import payloads
from tests.factories import actor_with

pytestmark = pytest.mark.django_db
IDS = {"currencies": {"GBP": "1"}, "items": {"MUG": "901"}}


@pytest.fixture
def erp() -> Connection:
    """A NetSuite connection; nothing listens at its address."""
    config = {"base_url": "http://127.0.0.1:9", "client_id": "c", "customer_id": "7", "goods_item_id": "5"}
    return create_connection(
        actor=ADMIN, vendor="netsuite", name="erp", label="ERP", config=config | {"adjustment_item_id": "6"},
        mapping={"currencies": {"EUR": "2"}},
    )  # fmt: skip


def memo(currency: str, sku: str, status: DeliveryStatus) -> Delivery:
    """Return a delivery of a credit memo in that state."""
    id, rma = uuid7(), uuid7()
    lines = [RefundLineFact(1, sku, 1, amount=1000)]
    fact = CreditMemoQueued(
        memo_id=str(id), return_id=str(rma), refund_id=str(uuid7()), number="R-1", amount=1000, currency=currency,
        order_number="O-1", effect_key=f"memo:{id}", legal_entity="ACME-UK", lines=lines,
    )  # fmt: skip
    event = publish(fact, subject=Subject("credit_memo", id, rma, str(rma)), actor=ADMIN)
    delivery = Delivery.objects.get(event=event)
    Delivery.objects.filter(pk=delivery.pk).update(status=status)
    return delivery


def tried(connection: Connection, mapping: dict[str, Any], **more: Any) -> MappingTrial:
    return try_mapping(actor=ADMIN, connection_id=connection.id, mapping=mapping, **more)


def test_each_message_is_rendered_with_both_mappings_and_nothing_is_sent(erp: Connection) -> None:
    mended = memo("GBP", "MUG", DeliveryStatus.DEAD)
    still = memo("USD", "MUG", DeliveryStatus.DEAD)
    broken = memo("EUR", "MUG", DeliveryStatus.DELIVERED)
    events = Event.objects.count()
    trial = tried(erp, IDS)
    assert trial.counts == {"dead.mended": 1, "dead.still_fails": 1, "delivered.broken": 1}
    found = {each["id"]: each for each in trial.findings}
    assert found.keys() == {str(mended.id), str(still.id), str(broken.id)}
    assert "the currency GBP has no id in NetSuite" in found[str(mended.id)]["before"]
    after = json.loads(found[str(mended.id)]["after"])
    assert after["request"].startswith("PUT /creditMemo/eid:memo-")
    assert after["body"]["currency"] == {"id": "1"}
    assert after["body"]["item"]["items"][0]["item"] == {"id": "901"}
    assert (trial.tried_by, trial.mapping, trial.activated_at) == (ADMIN.key, IDS, None)
    assert not Attempt.objects.exists()
    assert Event.objects.count() == events
    erp.refresh_from_db()
    assert (erp.mapping, erp.mapping_version) == ({"currencies": {"EUR": "2"}}, 1)


def test_what_stays_the_same_is_counted_and_not_copied(erp: Connection) -> None:
    for sku in ("MUG", "LAMP", "LAMP"):
        memo("EUR", sku, DeliveryStatus.DELIVERED)
    trial = tried(erp, {"currencies": {"EUR": "2"}, "items": {"MUG": "901"}})
    assert trial.counts == {"delivered.different": 1, "delivered.same": 2}
    assert [each["verdict"] for each in trial.findings] == ["different"]
    assert tried(erp, {"items": {}}, last=1).counts == {"delivered.different": 1}


def test_only_what_was_tried_comes_into_force(erp: Connection) -> None:
    trial = tried(erp, IDS)
    asked = {"actor": ADMIN, "connection_id": erp.id, "trial_id": trial.id}
    with pytest.raises(Conflict, match="Another mapping was tried"):
        activate_mapping(**asked, mapping_hash="0" * 64, reason="because")  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        activate_mapping(**asked, mapping_hash=trial.mapping_hash, reason=" ")  # type: ignore[arg-type]
    MappingTrial.objects.filter(pk=trial.pk).update(mapping={"items": {"MUG": "6"}})
    with pytest.raises(Conflict, match="Another mapping was tried"):
        activate_mapping(**asked, mapping_hash=trial.mapping_hash, reason="because")  # type: ignore[arg-type]
    MappingTrial.objects.filter(pk=trial.pk).update(mapping=IDS)
    erp.refresh_from_db()
    assert erp.mapping_version == 1
    assert not Event.objects.filter(data__change="mapping_activated").exists()
    activate_mapping(**asked, mapping_hash=trial.mapping_hash, reason="GBP was missing")  # type: ignore[arg-type]
    erp.refresh_from_db()
    assert (erp.mapping, erp.mapping_version, erp.config_version) == (IDS, 2, 1)
    kept = ConnectionVersion.objects.get(connection=erp, number=2)
    assert (kept.mapping, kept.reason, kept.changed_by) == (IDS, "GBP was missing", ADMIN.key)
    assert Event.objects.get(data__change="mapping_activated").data["fields"] == ["mapping"]


def test_a_trial_on_former_settings_says_nothing_any_more(erp: Connection) -> None:
    trial = tried(erp, IDS)
    configure_connection(actor=ADMIN, connection_id=erp.id, config=erp.config | {"customer_id": "8"}, reason="moved")
    with pytest.raises(Conflict, match="try the mapping again"):
        activate_mapping(
            actor=ADMIN, connection_id=erp.id, trial_id=trial.id, mapping_hash=trial.mapping_hash, reason="because"
        )
    erp.refresh_from_db()
    assert erp.mapping_version == 1


def test_a_mapping_that_the_schema_does_not_take_is_not_tried(erp: Connection) -> None:
    with pytest.raises(Invalid) as refused:
        tried(erp, {"items": {"MUG": 901}, "surprise": {}})
    assert sorted(error.pointer for error in refused.value.errors) == ["/mapping/items/MUG", "/mapping/surprise"]
    with pytest.raises(Invalid, match="Nothing is changed"):
        tried(erp, {"currencies": {"EUR": "2"}})
    assert not MappingTrial.objects.exists()


def test_who_may_not_manage_tries_and_activates_nothing(erp: Connection) -> None:
    trial = tried(erp, IDS)
    asked = {"connection_id": erp.id, "trial_id": trial.id, "mapping_hash": trial.mapping_hash, "reason": "x"}
    with pytest.raises(Denied):
        try_mapping(actor=actor_with(Permission.CONNECTIONS_VIEW), connection_id=erp.id, mapping={})
    with pytest.raises(Denied):
        activate_mapping(actor=actor_with(Permission.CONNECTIONS_VIEW), **asked)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        activate_mapping(actor=actor_with(), **asked)  # type: ignore[arg-type]
    assert MappingTrial.objects.count() == 1
    erp.refresh_from_db()
    assert erp.mapping_version == 1


def test_old_trials_are_forgotten_unless_they_came_into_force(erp: Connection) -> None:
    first = tried(erp, IDS)
    activate_mapping(
        actor=ADMIN, connection_id=erp.id, trial_id=first.id, mapping_hash=first.mapping_hash, reason="because"
    )
    for number in range(25):
        tried(erp, {"items": {"MUG": str(number)}})
    assert MappingTrial.objects.filter(activated_at=None).count() == 20
    assert MappingTrial.objects.filter(pk=first.pk).exists()


def test_messages_that_came_in_are_read_again_without_their_commands() -> None:
    shop = create_connection(
        actor=ADMIN, vendor="shopify", name="shop", label="Shop", channels=["web"],
        config={"base_url": "http://127.0.0.1:9", "region": "GB"},
        secrets={"access_token": "t", "webhook_secret": "s"},
    )  # fmt: skip
    body = json.dumps(payloads.order()).encode()
    store_once(context_of(shop), Verified("m1", "orders/create"), {}, body)
    InboxMessage.objects.update(status=InboxStatus.DONE)
    store_once(context_of(shop), Verified("m2", "returns/approve"), {}, b"{}")
    trial = tried(shop, {"regions": {"GB": "north"}})
    assert trial.counts == {"delivered.different": 1}
    (found,) = trial.findings
    assert (found["way"], found["what"], found["number"]) == ("in", "orders/create", "m1")
    assert json.loads(found["after"])["region"] == "north"
    assert json.loads(found["before"])["region"] == "GB"
    assert "[redacted]" in found["after"]
    assert not Event.objects.filter(type="order.captured").exists()


def test_going_back_to_another_mapping_takes_a_trial_of_it(erp: Connection) -> None:
    trial = tried(erp, IDS)
    activate_mapping(
        actor=ADMIN, connection_id=erp.id, trial_id=trial.id, mapping_hash=trial.mapping_hash, reason="GBP was missing"
    )
    with pytest.raises(Conflict) as refused:
        restore_version(actor=ADMIN, connection_id=erp.id, number=1, reason="it was better")
    assert refused.value.code == "mapping-untried"
    erp.refresh_from_db()
    assert (erp.mapping, ConnectionVersion.objects.count()) == (IDS, 2)
    tried(erp, {"currencies": {"EUR": "2"}})
    restore_version(actor=ADMIN, connection_id=erp.id, number=1, reason="it was better")
    erp.refresh_from_db()
    assert (erp.mapping, erp.mapping_version) == ({"currencies": {"EUR": "2"}}, 3)
    with pytest.raises(Conflict, match="try it on messages of the past first"):
        restore_version(actor=ADMIN, connection_id=erp.id, number=2, reason="and back")
