"""The other systems themselves in a storm: the real engine tells the sandbox, which answers with its faults on."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import httpx
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db.models import F

from connectors import sandbox_control
from connectors.demo import ensure_connections
from connectors.inbox_worker import process_due
from connectors.models import InboxMessage
from connectors.sandbox_control import SandboxAway
from connectors.services import configure_connection
from connectors.simulation.assortment import PRODUCTS
from connectors.simulation.storm.ground import WAREHOUSES
from connectors.simulation.storm.outside import Act
from connectors.simulation.storm.selling import Sold
from connectors.simulation.trading import ACTOR
from retailops.events.models import Delivery
from retailops.events.pump import pump_once
from retailops.lib.clock import now
from returns.models import Return
from returns.services.arriving import awaited

SENDERS = 8
SYSTEMS = ("stripe", "netsuite", "wms")
# Shorter waits than in production, so that what is in doubt is looked up within the storm; nothing else is different.
LIMITS: Mapping[str, Any] = {
    "timeout_seconds": 3, "lease_seconds": 10, "look_up_seconds": 1, "absent_after_seconds": 8,
    "retry_schedule": [1, 1, 2, 2, 3, 3, 5, 5, 10],
}  # fmt: skip
ANY: list[dict[str, Any]] = [
    {"kind": "error_500", "probability": 0.02},
    {"kind": "error_500", "probability": 0.02, "after_effect": True},
    {"kind": "throttle_429", "probability": 0.02},
    {"kind": "reset", "probability": 0.01},
    {"kind": "lost_answer", "probability": 0.02, "hang_ms": 20},
    {"kind": "duplicate_webhooks", "probability": 0.1},
    {"kind": "reorder_webhooks", "probability": 0.1, "window_ms": 300},
]
# What becomes of refunds of a payment at the gateway, beside going well; by weight.
FATES = {
    "": 88, "pending_then_succeeded": 5, "pending_then_failed": 2, "failed": 2, "requires_action": 1,
    "succeeded_then_failed": 2,
}  # fmt: skip
STOCK = 1_000_000


class Systems:
    """The sandbox's systems and the engine that tells them, in this process. Raises SandboxAway."""

    def sold(self, sold: Sequence[Sold]) -> None:
        """Make the gateway know what was paid by card, and how it will take refunds of it."""
        payments = [
            {"id": payment.external_id, "amount": payment.captured, "currency": each.order.currency.lower()}
            | ({"metadata": {"sandbox_refund": fate}} if (fate := _fate(payment.external_id)) else {})
            for each in sold
            for payment in each.order.payments
            if "payment_intent" in payment.references
        ]
        sandbox_control.seed_payments(payments)

    def floor(self, rma: Return, dice: Random) -> Iterator[Act]:
        """Yield what the warehouse's people do next about goods of the return."""
        lines = list(rma.lines.all())
        notice = {"reference": f"notice:{rma.id}"}
        if any(line.received > line.inspected for line in lines):
            yield partial(_on_the_floor, sandbox_control.goods_are_inspected, notice)
        elif any(awaited(line) > 0 for line in lines):
            odd = [{"sku": "NOT-THAT-ONE", "quantity": 1}] if dice.random() < 0.05 else []
            parcel = {"unexpected": odd} if odd else {}
            yield partial(_on_the_floor, sandbox_control.parcel_arrives, notice | parcel)

    def turn(self) -> None:
        """Let the engine send what is due and the inbox take what has come; pauses between tries are over at once."""
        hurry()
        pump_once(senders=SENDERS)
        process_due(limit=2_000, seconds=60)

    def calm(self) -> None:
        """End the faults, so that what is still owed goes through."""
        for system in SYSTEMS:
            sandbox_control.set_faults(system, [])

    def settle(self, seconds: float) -> list[str]:
        """Go on until nobody owes anything to anybody, or the time is up; return what is left, a sentence each."""
        until = time.monotonic() + seconds
        while (left := _left()) and time.monotonic() < until:
            self.turn()
            time.sleep(0.2)
        return left


def _fate(payment: str) -> str:
    """Return what becomes of the payment's refunds: the same payment has the same fate in every storm."""
    return Random(payment).choices(list(FATES), list(FATES.values()))[0]  # noqa: S311  # not a secret


def _on_the_floor(act: Any, what: dict[str, Any]) -> None:
    try:
        act(what)
    except SandboxAway as refused:
        if "answered 400" not in str(refused):
            raise  # a refusal says that the warehouse has not heard of the parcel yet, or has nothing to judge


def hurry() -> None:
    """Let the minutes between two tries pass; doubts and circuits take their time."""
    soon = now() + timedelta(seconds=3)
    Delivery.objects.filter(status="ready", next_attempt_at__gt=soon).update(next_attempt_at=F("created_at"))
    InboxMessage.objects.filter(status__in=("pending", "waiting"), next_try_at__gt=soon).update(next_try_at=now())


def _left() -> list[str]:
    owed = Delivery.objects.filter(status__in=("ready", "leased", "in_doubt")).select_related("destination")
    heard = InboxMessage.objects.filter(status__in=("pending", "waiting"))
    return [
        *(
            f"{each.destination.name} {each.operation} {each.id} is {each.status}: {each.failure_message}"
            for each in owed
        ),
        *(f"{each.kind} {each.topic} {each.id} is {each.status}: {each.error}" for each in heard),
        *(
            f"{system} holds {count} webhooks"
            for system in SYSTEMS
            if (count := sandbox_control.pending_webhooks(system))
        ),
    ]


@contextmanager
def systems(*, faults: bool = True) -> Iterator[Systems]:
    """Connect to the sandbox at SANDBOX_URL, its faults on, and take its webhooks in; faults end with the block.

    Where nothing answers at PUBLIC_URL, this process takes them. Raises SandboxAway.
    """
    with _webhooks_taken():
        for connection in ensure_connections():
            configure_connection(actor=ACTOR, connection_id=connection.id, limits=LIMITS, reason="short waits")
        for code in WAREHOUSES.values():
            for product in PRODUCTS:
                sandbox_control.stock_up(product.sku, code, STOCK)
        for system in SYSTEMS:
            sandbox_control.set_faults(system, ANY if faults else [])
        told = Systems()
        try:
            yield told
        finally:
            told.calm()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""


@contextmanager
def _webhooks_taken() -> Iterator[None]:
    try:
        httpx.get(f"{settings.PUBLIC_URL}/healthz", timeout=2, trust_env=False)
    except httpx.HTTPError:
        pass
    else:
        yield
        return
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    former, settings.PUBLIC_URL = settings.PUBLIC_URL, f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        settings.PUBLIC_URL = former
