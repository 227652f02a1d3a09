"""A ledger with a changed mapping that was tried, and a message that stopped: what the pages of connections show."""

import json
from datetime import timedelta

from django.db import transaction

from connectors.context import context_of
from connectors.inbox import store_once
from connectors.models import Connection, InboxMessage, InboxStatus, MappingTrial
from connectors.protocol import Verified
from connectors.services import configure_connection, create_connection, mute_connection, try_mapping
from connectors.webhooks_out.services import MadeEndpoint, create_endpoint
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Attempt, Delivery
from retailops.lib.clock import now
from tests.connectors.test_trials import memo
from tests.workbench import world

BOOKED = {"client_id": "returns", "customer_id": "7", "goods_item_id": "5", "adjustment_item_id": "6"}
TRIED = {"currencies": {"EUR": "2", "GBP": "1"}, "items": {"MUG": "901", "LAMP": "902"}}

MEMOS = (
    ("GBP", "MUG", DeliveryStatus.DEAD),
    ("USD", "LAMP", DeliveryStatus.DEAD),
    ("EUR", "LAMP", DeliveryStatus.DELIVERED),
    ("EUR", "TEE", DeliveryStatus.DELIVERED),
)


def ledger() -> Connection:
    """Return a connection to a ledger that was changed once and whose alerts are held; nothing listens there."""
    erp = create_connection(
        actor=world.SYSTEM, vendor="netsuite", name="erp", label="NetSuite UK", config=BOOKED | {"base_url": "http://127.0.0.1:9"},
        mapping={"currencies": {"EUR": "2"}, "items": {"MUG": "900"}},
        expiries={"client_secret": now() + timedelta(days=9)}, secrets={"client_secret": "hush"},
    )  # fmt: skip
    erp = configure_connection(
        actor=world.SYSTEM,
        connection_id=erp.id,
        limits={"burst": 20},
        brands=["north"],
        reason="Only the north books here",
    )
    mute_connection(
        actor=world.SYSTEM,
        connection_id=erp.id,
        until=now() + timedelta(hours=5),
        reason="They move to another account",
    )
    return erp


def trial(erp: Connection) -> MappingTrial:
    """Return a trial that mends a stopped memo, breaks nothing, and changes a delivered one."""
    configure_connection(actor=world.SYSTEM, connection_id=erp.id, brands=[], reason="All brands again")
    with transaction.atomic():
        for currency, sku, status in MEMOS:
            memo(currency, sku, status)
    sent(Delivery.objects.filter(destination=erp.destination))
    return try_mapping(actor=world.SYSTEM, connection_id=erp.id, mapping=TRIED)


def sent(deliveries: object) -> None:
    """Give the deliveries attempts over the last hour, some of which failed."""
    for place, delivery in enumerate(deliveries):  # type: ignore[var-annotated, arg-type]  # a queryset of deliveries
        for number in range(1, 25):
            outcome = "transient" if (number + place) % 9 == 0 else "delivered"
            Attempt.objects.create(
                delivery=delivery, attempt_no=number, fence=number, trigger="auto", outcome=outcome,
                started_at=now() - timedelta(seconds=140 * number), duration_ms=90 + 37 * (number % 7),
            )  # fmt: skip


def message(connection: Connection) -> InboxMessage:
    """Return a message of the connection that stopped."""
    body = json.dumps({"id": "evt_77", "object": {"status": "failed", "receipt_email": "ada@example.com"}}).encode()
    store_once(context_of(connection), Verified("evt_77", "refund.failed"), {}, body)
    InboxMessage.objects.filter(message_id="evt_77").update(
        status=InboxStatus.DEAD, error="not-found: There is no such refund.", tries=1
    )
    return InboxMessage.objects.get(message_id="evt_77")


def subscription() -> MadeEndpoint:
    """Return a webhook subscription that one message did not reach; nothing listens there."""
    made = create_endpoint(
        actor=world.SYSTEM, url="https://hooks.example.com/returns", types=["return.*", "refund.succeeded"],
        description="Loyalty program",
    )  # fmt: skip
    rma = world.requested()
    Delivery.objects.filter(destination=made.endpoint.destination, event__subject_id=rma.id).update(
        failure_class="transient", failure_code="connect_error", failure_message="Nobody listens there.", attempt_no=3
    )
    return made
