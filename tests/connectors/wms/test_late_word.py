"""A placement whose webhook was lost is asked for after its time, and its outcome goes through the inbox."""

from datetime import timedelta

import pytest

from connectors.inbox import process_due
from connectors.late_word import ask_for_outcomes
from connectors.models import Connection, InboxMessage
from connectors.services import pause_connection
from inventory.enums import Disposition
from inventory.models import StockBalance
from retailops.events.models import Delivery, Event
from retailops.lib.clock import now
from returns.models import DispositionSlice
from tests.connectors.conftest import ADMIN
from tests.connectors.owed import sent
from tests.connectors.sandbox_server import SandboxServer
from tests.factories import make_inspection, make_location, make_order, make_receipt, make_return

pytestmark = pytest.mark.django_db


@pytest.fixture
def placement(wms: Connection, sandbox: SandboxServer) -> Delivery:
    """A placement of three units that the warehouse accepted half an hour ago; its webhooks go nowhere."""
    sandbox.faults("wms", {"kind": "pending", "times": 1})
    make_location("DC-1", region="uk")
    rma = make_return(make_order(), {1: 3})
    make_receipt(rma)
    make_inspection(rma)
    delivery = Delivery.objects.get(destination=wms.destination, operation="stock.place")
    assert sent(delivery).status == "delivered"
    assert slice_status() == "posting"
    return delivery


def slice_status() -> str:
    return str(DispositionSlice.objects.get().status)


def later(delivery: Delivery, minutes: int = 31) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(finished_at=now() - timedelta(minutes=minutes))


def settle(sandbox: SandboxServer, delivery: Delivery, outcome: str, reason: str = "") -> None:
    delivery.refresh_from_db()
    path = f"/wms/placements/{delivery.external_reference}/settle"
    sandbox.control("POST", path, {"outcome": outcome, "reason": reason})


def sellable() -> int:
    rows = StockBalance.objects.filter(disposition=Disposition.SELLABLE)
    return sum(rows.values_list("quantity", flat=True))


def test_a_confirmation_that_was_lost_is_asked_for_once(placement: Delivery, sandbox: SandboxServer) -> None:
    settle(sandbox, placement, "confirmed")
    assert ask_for_outcomes() == 0
    assert (slice_status(), InboxMessage.objects.filter(kind="poll").count()) == ("posting", 0)
    later(placement)
    assert ask_for_outcomes() == 1
    process_due()
    assert (slice_status(), sellable()) == ("posted", 3)
    message = InboxMessage.objects.get(kind="poll")
    assert (message.status, message.topic, message.error) == ("done", "placement.confirmed", "")
    assert ask_for_outcomes() == 0
    assert Event.objects.filter(type="inventory.disposition_posted").count() == 1


def test_a_refusal_that_was_lost_is_told_too(placement: Delivery, sandbox: SandboxServer) -> None:
    settle(sandbox, placement, "failed", "no room")
    later(placement)
    assert ask_for_outcomes() == 1
    process_due()
    assert (slice_status(), sellable()) == ("post_failed", 0)
    assert DispositionSlice.objects.get().failure == "no room"


def test_what_the_floor_has_not_done_yet_waits_on(placement: Delivery) -> None:
    later(placement, minutes=600)
    assert ask_for_outcomes() == 0
    assert (slice_status(), InboxMessage.objects.filter(kind="poll").count()) == ("posting", 0)


def test_a_held_or_silent_warehouse_is_not_asked(placement: Delivery, wms: Connection, sandbox: SandboxServer) -> None:
    settle(sandbox, placement, "confirmed")
    later(placement)
    pause_connection(actor=ADMIN, connection_id=wms.id, reason="maintenance")
    assert ask_for_outcomes() == 0
    wms.destination.__class__.objects.filter(pk=wms.destination_id).update(paused_at=None)
    Connection.objects.update(config={**wms.config, "base_url": "http://127.0.0.1:9"})
    assert ask_for_outcomes() == 0
    assert slice_status() == "posting"
    assert not InboxMessage.objects.filter(kind="poll").exists()
