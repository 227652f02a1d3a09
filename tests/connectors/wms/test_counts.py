"""Somebody asks for a recount: the warehouse is told once, and what it was told conforms to the contract."""

from typing import Any

import pytest

from connectors.context import context_of
from connectors.models import Connection
from connectors.registry import connector_of
from connectors.rendering import as_claimed, rendered
from connectors.wms import mapping
from connectors.wms.config import WmsConfig, WmsMapping
from inventory.events import RecountAsked
from retailops.events.models import Delivery
from retailops.lib.ids import uuid7
from tests.connectors.owed import sent, told, tries
from tests.connectors.sandbox_server import SandboxServer
from tests.contracts.wms import wms_request_errors, wms_response_errors

# What is written beside an event is read where it is sent, in a thread of its own.
pytestmark = pytest.mark.django_db(transaction=True)
CONFIG = WmsConfig(base_url="http://wms.test", region="UK", currency="GBP")


def asked(wms: Connection, **changes: Any) -> Delivery:
    fact = {"drift_id": str(uuid7()), "source": "erp", "location": "DC-1", "sku": "TEE"} | changes
    return told(RecountAsked(**fact), wms, rma=uuid7(), words="shelf 7")


def test_a_count_is_by_the_contract() -> None:
    fact = {"sku": "TEE", "location": "DC-1"}
    made = mapping.count(fact, "e1", CONFIG, WmsMapping(locations={"DC-1": "W7"}), reason="x" * 300)
    assert made == {"reference": "e1", "sku": "TEE", "location": "W7", "reason": "x" * 200}
    assert wms_request_errors("POST", "/v1/counts", made) == []


def test_the_warehouse_is_told_once_for_each_asking(wms: Connection, sandbox: SandboxServer) -> None:
    first, second = asked(wms), asked(wms)
    assert [first.operation, first.effect_key] == ["stock.count", str(first.event_id)]
    assert (sent(first).status, sent(second).status) == ("delivered", "delivered")
    counts = sandbox.books("wms")["counts"]
    assert [(one["sku"], one["location"], one["reason"], one["status"]) for one in counts] == [
        ("TEE", "DC-1", "shelf 7", "ordered")
    ] * 2
    assert sorted(one["reference"] for one in counts) == sorted([str(first.event_id), str(second.event_id)])
    assert wms_response_errors("POST", "/v1/counts", 201, counts[0]) == []


def test_a_lost_answer_orders_no_second_count(wms: Connection, sandbox: SandboxServer) -> None:
    sandbox.faults("wms", {"kind": "lost_answer", "times": 1})
    delivery = asked(wms)
    assert sent(delivery).status == "ready"
    sandbox.control("POST", "/wms/age-keys", {"hours": 25})
    assert sent(delivery).status == "delivered"
    assert len(sandbox.books("wms")["counts"]) == 1
    assert [outcome for outcome, _ in tries(delivery)] == ["transient", "delivered"]
    connector, claimed = connector_of("wms"), as_claimed(Delivery.objects.select_related("event", "destination").get())
    assert connector.find(context_of(wms), claimed).present is True
    assert rendered(connector, context_of(wms), claimed).told["request"] == "POST /v1/counts"


def test_out_of_scope_nobody_is_told(wms: Connection) -> None:
    Connection.objects.update(regions=["US"])
    with pytest.raises(Delivery.DoesNotExist):
        asked(wms)
