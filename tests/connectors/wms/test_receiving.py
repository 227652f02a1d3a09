"""What the warehouse tells: by its signed webhooks over HTTP, into the inbox, to the domain. Once, and in any order."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from connectors.context import context_of
from connectors.inbox import process_due, receive
from connectors.models import Connection, InboxMessage
from connectors.wms import messages, signature
from inventory.enums import Disposition
from inventory.models import SerialUnit, StockBalance
from retailops.cases.models import Case
from retailops.events.models import Delivery
from retailops.lib.clock import now
from returns.models import DispositionSlice, Inspection, Receipt, ReceiptLine, Return
from returns.services.strays import accept_stray
from returns.services.vocabularies import map_code
from tests.connectors.conftest import ADMIN
from tests.connectors.owed import sent
from tests.connectors.sandbox_server import Received, SandboxServer, WebhookSink
from tests.connectors.wms.conftest import SECRET
from tests.connectors.wms.test_mapping import errors
from tests.factories import SYSTEM, line_data, make_location, make_order, make_return

SCHEMAS = {
    "receipt.confirmed": "ReceiptConfirmed",
    "inspection.completed": "InspectionCompleted",
    "placement.confirmed": "PlacementConfirmed",
    "placement.failed": "PlacementFailed",
}


@dataclass
class Floor:
    """A return of three units of one line, announced to the warehouse; what the warehouse sends waits in the sink."""

    sandbox: SandboxServer
    sink: WebhookSink
    rma: Return

    def arrives(self, **changes: Any) -> Received:
        self.sandbox.control("POST", "/wms/arrivals", {"reference": f"notice:{self.rma.id}"} | changes)
        return self.next()

    def inspected(self, *slices: dict[str, Any]) -> Received:
        lines = [{"line_ref": "1", "slices": list(slices)}] if slices else None
        self.sandbox.control("POST", "/wms/inspections", {"reference": f"notice:{self.rma.id}", "lines": lines})
        return self.next()

    def next(self) -> Received:
        """The next webhook that the warehouse sends."""
        [message] = self.sink.wait(1)
        self.sink.received.clear()
        return message


@pytest.fixture
def floor(sandbox: SandboxServer, webhook_sink: WebhookSink, wms: Connection) -> Floor:
    make_location("DC-1", region="uk")
    rma = make_return(make_order(), {1: 3})
    [delivery] = Delivery.objects.filter(destination_id=wms.destination_id)
    assert sent(delivery).status == "delivered"
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    return Floor(sandbox, webhook_sink, rma)


def taken(*messages: Received) -> list[int]:
    """Hand webhooks to the inbox and translate; the statuses that the warehouse is told."""
    statuses = [receive("wms", message.headers, message.body).status for message in messages]
    process_due()
    return statuses


def results() -> list[tuple[str, str]]:
    rows = InboxMessage.objects.filter(kind="webhook").order_by("id")
    return [(message.topic, str(message.status)) for message in rows]


def again() -> None:
    """Let waiting messages be tried again now."""
    InboxMessage.objects.filter(status="waiting").update(next_try_at="2000-01-01T00:00:00Z")
    process_due()


def stock(sku: str) -> dict[str, int]:
    rows = StockBalance.objects.filter(sku=sku, quantity__gt=0)
    return {str(row.disposition): row.quantity for row in rows if row.disposition not in ("external", "adjustment")}


def test_what_it_sends_is_by_the_contract(floor: Floor) -> None:
    for message in (floor.arrives(), floor.inspected()):
        body = json.loads(message.body)
        assert errors(SCHEMAS[body["type"]], body) == []


def test_a_receipt_is_an_arrival_at_its_place_and_time(floor: Floor) -> None:
    assert taken(floor.arrives(scan_id="scan-1", parcel_id="parcel-1", received_at="2026-11-20T10:00:00Z")) == [202]
    receipt = Receipt.objects.get(rma=floor.rma)
    assert (receipt.scan_id, receipt.parcel, receipt.location.code) == ("scan-1", "parcel-1", "DC-1")
    assert receipt.received_at.isoformat() == "2026-11-20T10:00:00+00:00"
    assert receipt.actor == "connection:wms"
    line = floor.rma.lines.get()
    assert (line.received, stock(line.sku)) == (3, {"pending_inspection": 3})
    message = InboxMessage.objects.get(topic="receipt.confirmed")
    assert (message.status, message.correlation_id) == ("done", floor.rma.correlation_id)
    assert message.result["return"] == floor.rma.number


def test_the_same_webhook_twice_changes_nothing(floor: Floor) -> None:
    message = floor.arrives()
    assert taken(message, message) == [202, 200]
    assert Receipt.objects.filter(rma=floor.rma).count() == 1
    assert floor.rma.lines.get().received == 3


def test_the_same_scan_under_another_id_changes_nothing(floor: Floor, sandbox: SandboxServer) -> None:
    """The warehouse sends it once more as a new message."""
    taken(floor.arrives(scan_id="scan-1"))
    sandbox.control("POST", "/wms/arrivals", {"rma_number": "other", "unexpected": [{"sku": "X", "quantity": 1}]})
    floor.next()
    first = InboxMessage.objects.get(topic="receipt.confirmed")
    InboxMessage.objects.create(
        connection=first.connection, kind="webhook", message_id="copy", topic=first.topic, body=first.body,
        body_hash=first.body_hash, verified=True, received_at=first.received_at,
    )  # fmt: skip
    process_due()
    assert InboxMessage.objects.get(message_id="copy").status == "done"
    assert floor.rma.lines.get().received == 3


def test_a_tampered_webhook_is_not_even_stored(floor: Floor) -> None:
    message = floor.arrives()
    spoilt = Received(message.path, message.headers, message.body.replace(b'"quantity":3', b'"quantity":9'))
    assert spoilt.body != message.body
    assert taken(spoilt) == [401]
    assert not InboxMessage.objects.filter(kind="webhook").exists()
    assert floor.rma.lines.get().received == 0


def test_an_old_webhook_replayed_is_refused(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    message = floor.arrives()
    monkeypatch.setattr(signature, "now", lambda: now() + timedelta(minutes=6))
    assert taken(message) == [401]
    assert not Receipt.objects.exists()


def test_an_inspection_before_its_receipt_waits_and_then_counts(floor: Floor) -> None:
    receipt, inspection = floor.arrives(), floor.inspected()
    assert taken(inspection) == [202]
    assert results() == [("inspection.completed", "waiting")]
    assert not Inspection.objects.exists()
    assert taken(receipt) == [202]
    again()
    assert results() == [("inspection.completed", "done"), ("receipt.confirmed", "done")]
    line = floor.rma.lines.get()
    assert (line.received, line.accepted) == (3, 3)


def test_an_inspection_of_the_second_parcel_waits_for_that_parcel(floor: Floor) -> None:
    first = floor.arrives(lines=[{"line_ref": "1", "quantity": 1}])
    second = floor.arrives(lines=[{"line_ref": "1", "quantity": 2}])
    inspection = floor.inspected({"quantity": 3})
    taken(first, inspection)
    assert results() == [("receipt.confirmed", "done"), ("inspection.completed", "waiting")]
    assert floor.rma.lines.get().accepted == 0
    taken(second)
    again()
    assert floor.rma.lines.get().accepted == 3


def test_an_inspection_follows_items_that_a_person_accepted_beside_it(floor: Floor) -> None:
    taken(floor.arrives(unexpected=[{"sku": "ANOTHER", "quantity": 1}]))
    [stray] = ReceiptLine.objects.filter(line=None)
    accept_stray(actor=SYSTEM, return_id=floor.rma.id, receipt_line_id=stray.pk, quantity=1)
    taken(floor.inspected({"quantity": 3}))
    assert results() == [("receipt.confirmed", "done"), ("inspection.completed", "done")]
    assert floor.rma.lines.get(line_no=1).accepted == 3


def test_an_inspection_splits_units_and_rejects_what_goes_back_to_the_customer(floor: Floor) -> None:
    taken(floor.arrives())
    slices = [
        {"quantity": 1, "condition": "like_new", "grade": "A", "disposition": "sellable"},
        {"quantity": 1, "condition": "opened", "grade": "B", "disposition": "refurbish", "reason": "packaging"},
        {"quantity": 1, "condition": "used", "grade": "D", "disposition": "return_to_customer", "reason": "worn"},
    ]
    taken(floor.inspected(*slices))
    found = DispositionSlice.objects.order_by("grade")
    told = [(one.quantity, one.accepted, one.condition, one.grade, one.disposition, one.reason) for one in found]
    assert told == [
        (1, True, "like_new", "A", Disposition.SELLABLE, ""),
        (1, True, "opened", "B", Disposition.REFURBISH, "packaging"),
        (1, False, "used", "D", Disposition.RETURN_TO_CUSTOMER, "worn"),
    ]
    line = floor.rma.lines.get()
    assert (line.accepted, line.rejected) == (2, 1)


@pytest.fixture
def placing(floor: Floor, wms: Connection) -> Callable[[], str]:
    """Inspect everything and send the placement; its id at the warehouse."""

    def place() -> str:
        floor.sandbox.faults("wms", {"kind": "pending"})
        taken(floor.arrives())
        taken(floor.inspected())
        delivery = Delivery.objects.get(destination_id=wms.destination_id, operation="stock.place")
        assert sent(delivery).status == "delivered"
        return delivery.external_reference

    return place


def settled(floor: Floor, placement: str, outcome: str) -> Received:
    floor.sandbox.control("POST", f"/wms/placements/{placement}/settle", {"outcome": outcome, "reason": "bin_full"})
    return floor.next()


def test_stock_moves_only_when_the_warehouse_has_placed_it(floor: Floor, placing: Callable[[], str]) -> None:
    placement = placing()
    sku = floor.rma.lines.get().sku
    assert stock(sku) == {"pending_inspection": 3}
    taken(settled(floor, placement, "confirmed"))
    part = DispositionSlice.objects.get()
    assert (part.status, part.external_reference, stock(sku)) == ("posted", placement, {"sellable": 3})


def test_a_placement_that_failed_moves_nothing_and_is_told(floor: Floor, placing: Callable[[], str]) -> None:
    taken(settled(floor, placing(), "failed"))
    part = DispositionSlice.objects.get()
    assert (part.status, part.failure) == ("post_failed", "bin_full")
    assert stock(floor.rma.lines.get().sku) == {"pending_inspection": 3}


def test_a_late_answer_that_it_is_placed_already_counts_like_the_webhook(
    floor: Floor, placing: Callable[[], str], wms: Connection
) -> None:
    """The answer to the placement was lost, its webhook too: the repeat finds it confirmed."""
    placement = placing()
    settled(floor, placement, "confirmed")
    delivery = Delivery.objects.get(destination_id=wms.destination_id, operation="stock.place")
    floor.sandbox.control("POST", "/wms/age-keys", {"hours": 25})
    Delivery.objects.filter(pk=delivery.pk).update(status="ready", finished_at=None)
    assert sent(delivery).status == "delivered"
    process_due()
    assert DispositionSlice.objects.get().status == "posted"


def test_a_parcel_that_nobody_announced_gets_a_receipt_an_owner_and_a_case(
    floor: Floor, sandbox: SandboxServer
) -> None:
    unexpected = {"rma_number": "RMA-unknown", "unexpected": [{"sku": "SOCK", "quantity": 2}], "scan_id": "scan-9"}
    sandbox.control("POST", "/wms/arrivals", unexpected)
    assert taken(floor.next()) == [202]
    rma = Return.objects.get(kind="blind")
    assert (rma.source, rma.region, rma.currency) == ("wms", "UK", "GBP")
    assert Receipt.objects.get(rma=rma).scan_id == "scan-9"
    assert Case.objects.filter(correlation_id=rma.correlation_id).exists()
    assert InboxMessage.objects.get(topic="receipt.confirmed").result == {"return": rma.number, "blind": True}


def test_a_parcel_of_ours_that_was_never_delivered_is_a_return_to_sender(floor: Floor, sandbox: SandboxServer) -> None:
    """It bears the number under which it went out; its goods are received for a return of their own."""
    order = make_order(region="UK")
    told = {
        "rma_number": "", "parcel_id": order.shipments.get().tracking,
        "unexpected": [{"sku": line.sku, "quantity": line.quantity} for line in order.lines.all()],
    }  # fmt: skip
    sandbox.control("POST", "/wms/arrivals", told)
    assert taken(floor.next()) == [202]
    rma = Return.objects.get(kind="return_to_sender")
    assert (rma.order_id, rma.logistics, rma.source) == (order.id, "received", "wms")
    assert not Return.objects.filter(kind="blind").exists()


def test_a_parcel_with_our_number_but_no_notice_is_that_returns(floor: Floor, sandbox: SandboxServer) -> None:
    """The warehouse lost the notice and reads the number from the label."""
    sku = floor.rma.lines.get().sku
    sandbox.control("POST", "/wms/reset", {})
    sandbox.control(
        "POST", "/wms/arrivals", {"rma_number": floor.rma.number, "unexpected": [{"sku": sku, "quantity": 3}]}
    )
    taken(floor.next())
    assert floor.rma.lines.get().received == 3
    assert not Return.objects.filter(kind="blind").exists()


def test_a_topic_that_is_not_in_the_contract_is_a_case_not_a_loss(floor: Floor) -> None:
    message = floor.arrives()
    receive("wms", message.headers, message.body)
    InboxMessage.objects.filter(topic="receipt.confirmed").update(topic="receipt.undone")
    process_due()
    stored = InboxMessage.objects.get(topic="receipt.undone")
    assert (stored.status, "receipt.undone" in stored.error) == ("dead", True)
    assert Receipt.objects.count() == 0


def test_an_inspection_with_a_code_that_nobody_knows_waits_for_its_meaning(floor: Floor, wms: Connection) -> None:
    taken(floor.arrives())
    Connection.objects.filter(pk=wms.pk).update(mapping={"dispositions": {"scrap": "scrap"}})
    taken(floor.inspected())
    stored = InboxMessage.objects.get(topic="inspection.completed")
    assert (stored.status, stored.result) == (
        "waiting",
        {"waits_for": {"vocabulary": "disposition", "code": "sellable"}},
    )
    assert not Inspection.objects.exists()
    map_code(actor=ADMIN, connection="wms", vocabulary_code="disposition", external_code="sellable", term="quarantine")
    process_due()
    assert DispositionSlice.objects.get().disposition == "quarantine"
    assert not Case.objects.filter(kind="code_unmapped", status="open").exists()


def test_each_message_twice_and_tampered_leaves_one_of_everything(floor: Floor, placing: Callable[[], str]) -> None:
    """The whole story, then a copy of each message under its own id, and one with a changed body."""
    taken(settled(floor, placing(), "confirmed"))
    before = snapshot(floor)
    stored = list(InboxMessage.objects.filter(kind="webhook").order_by("id"))
    assert {message.topic for message in stored} == {"receipt.confirmed", "inspection.completed", "placement.confirmed"}
    for message in stored:
        body = bytes(message.body)
        assert taken(resigned(message.message_id, body)) == [200]
        spoilt = resigned(message.message_id, body)
        spoilt.headers["webhook-id"] = f"{message.message_id}-other"
        assert taken(spoilt) == [401]
        assert taken(resigned(message.message_id, body.replace(b"TEE", b"CAP") + b" ")) == [409]
        assert taken(resigned(f"{message.message_id}-again", body)) == [202]
    assert snapshot(floor) == before
    assert set(InboxMessage.objects.filter(kind="webhook").values_list("status", flat=True)) == {"done"}


def test_a_failure_that_comes_after_the_confirmation_moves_nothing_back(
    floor: Floor, placing: Callable[[], str]
) -> None:
    confirmed = settled(floor, placing(), "confirmed")
    taken(confirmed)
    body = confirmed.body.replace(b"placement.confirmed", b"placement.failed")
    assert taken(resigned("late", body)) == [202]
    assert DispositionSlice.objects.get().status == "posted"
    assert stock(floor.rma.lines.get().sku) == {"sellable": 3}


def snapshot(floor: Floor) -> dict[str, Any]:
    line = floor.rma.lines.get()
    return {
        "receipts": Receipt.objects.count(),
        "inspections": Inspection.objects.count(),
        "slices": list(DispositionSlice.objects.values_list("quantity", "status", "external_reference")),
        "line": (line.received, line.accepted, line.rejected),
        "stock": stock(line.sku),
    }


def resigned(message_id: str, body: bytes) -> Received:
    """The body as the warehouse would sign it now under that id."""
    stamp = str(int(now().timestamp()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    return Received("/webhooks/wms", headers, body)


@pytest.fixture
def numbered(sandbox: SandboxServer, webhook_sink: WebhookSink, wms: Connection) -> Floor:
    """A return of two units that were sold with numbers, announced with them."""
    make_location("DC-1", region="uk")
    rma = make_return(make_order(lines=[line_data("L1", sku="PHONE", quantity=2, serials=["A", "B"])]), {1: 2})
    [delivery] = Delivery.objects.filter(destination_id=wms.destination_id)
    assert sent(delivery).status == "delivered"
    sandbox.send_webhooks_to("wms", webhook_sink.url, SECRET)
    return Floor(sandbox, webhook_sink, rma)


def test_numbers_go_to_the_warehouse_and_come_back(numbered: Floor, wms: Connection) -> None:
    [notice] = numbered.sandbox.books("wms")["notices"]
    assert notice["lines"][0]["serials"] == ["A", "B"]
    arrival = numbered.arrives()
    assert errors("ReceiptConfirmed", json.loads(arrival.body)) == []
    taken(arrival)
    assert set(SerialUnit.objects.values_list("serial", "disposition")) == {
        ("A", "pending_inspection"),
        ("B", "pending_inspection"),
    }
    good = {"quantity": 1, "serials": ["B"]}
    taken(numbered.inspected(good, {"quantity": 1, "disposition": "scrap", "grade": "D", "serials": ["A"]}))
    numbered.sandbox.faults("wms", {"kind": "pending", "times": 2})
    deliveries = Delivery.objects.filter(destination_id=wms.destination_id, operation="stock.place").order_by("id")
    assert [sent(delivery).status for delivery in deliveries] == ["delivered", "delivered"]
    placements = numbered.sandbox.books("wms")["placements"]
    assert {each["disposition"]: each["serials"] for each in placements} == {"sellable": ["B"], "scrap": ["A"]}
    for placement in placements:
        taken(settled(numbered, placement["id"], "confirmed"))
    assert set(SerialUnit.objects.values_list("serial", "disposition", "presumed")) == {
        ("A", "scrap", False),
        ("B", "sellable", False),
    }
    assert not Case.objects.filter(kind__in=["serial_mismatch", "serial_placed"]).exists()


def test_a_number_that_was_never_sold_is_a_case(numbered: Floor) -> None:
    taken(numbered.arrives(lines=[{"line_ref": "1", "quantity": 2, "serials": ["A", "X"]}]))
    case = Case.objects.get(kind="serial_mismatch")
    assert case.correlation_id == numbered.rma.correlation_id
    assert SerialUnit.objects.get(serial="A").disposition == "pending_inspection"
    assert SerialUnit.objects.get(serial="X").disposition == "quarantine"


def test_other_units_placed_than_judged_are_a_case_once(numbered: Floor, wms: Connection) -> None:
    taken(numbered.arrives(), numbered.inspected({"quantity": 2, "serials": ["A", "B"]}))
    part = DispositionSlice.objects.get()
    told = {"reference": f"place:{part.id}", "placement_id": "plc_1", "failure_reason": None, "serials": ["A", "Z"]}
    for _ in range(2):
        messages.place(context_of(wms), told, "confirmed")
    part.refresh_from_db()
    case = Case.objects.get(kind="serial_placed")
    assert (part.status, case.occurrences, case.evidence["strange"]) == ("posted", 1, ["Z"])
    assert case.detail == "Placed: A, Z. Judged: A, B."
