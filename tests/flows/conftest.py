"""The whole house against the sandbox: real HTTP both ways, the real engine, no Celery."""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from connectors.models import Connection, InboxMessage
from connectors.outbound_http import close_clients
from connectors.services import create_connection
from retailops.events.models import Delivery, Destination
from retailops.events.pump import pump_once
from returns.enums import ReturnStatus
from returns.inputs import OrderRef, ReturnIn, ReturnLineIn
from returns.models import Order, Return
from returns.services.intake import request_return
from tests.connectors.netsuite.conftest import CONFIG as NETSUITE_CONFIG
from tests.connectors.owed import ADMIN
from tests.connectors.sandbox_server import SandboxServer
from tests.factories import ensure_policy, make_location

CHANNEL = "shopify-uk"
REGION = "UK"
WMS_SECRET = "whsec_" + base64.b64encode(b"a secret of the warehouse").decode()
SECRETS = {"stripe": "whsec_of_stripe", "shopify": "secret of the shop", "wms": WMS_SECRET}
# A refund of two TEEs at 10.00 each.
TEES = 2000


@dataclass
class House:
    """RetailOps with four connections to the sandbox; `url` is where the sandbox's webhooks arrive."""

    sandbox: SandboxServer
    url: str
    connections: dict[str, Connection] = field(default_factory=dict)

    def listen(self) -> None:
        """Let the sandbox send its webhooks to us."""
        for system, secret in SECRETS.items():
            self.sandbox.send_webhooks_to(system, f"{self.url}/webhooks/{system}", secret)

    def until(self, reached: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Pump until it is so; retries, look-ups and waiting messages are due at once."""
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.state()}")
            hurry()
            pump_once()
            time.sleep(0.02)

    def state(self) -> str:
        """What is open, for the message of a failed test."""
        deliveries = Delivery.objects.exclude(status="delivered").values_list(
            "operation", "status", "failure_code", "failure_message"
        )
        messages = InboxMessage.objects.exclude(status="done").values_list("topic", "status", "error")
        returns = Return.objects.values_list(
            "number", "status", "logistics", "inspection", "money", "stock", "erp", "open_cases"
        )
        return "\n".join(map(str, [*deliveries, *messages, *returns]))

    def order(self, **changes: Any) -> Order:
        """An order that the shop sold and Stripe was paid for; it comes by webhook."""
        [payment] = self.sandbox.seed_payments({"amount": 2950, "currency": "gbp"})
        lines = [{"sku": "TEE", "quantity": 2, "price": "10.00"}, {"sku": "CAP", "quantity": 1, "price": "5.00"}]
        seeded = self.sandbox.seed_order(
            lines=lines,
            shipping="4.50",
            currency="GBP",
            gateway="stripe",
            note_attributes=[{"name": "payment_intent", "value": payment["id"]}],
            emit=True,
            **changes,
        )
        known = Order.objects.filter(channel=CHANNEL, external_id=seeded["id"])
        self.until(known.exists, "the order is captured")
        return known.get()

    def requested(self, order: Order) -> Return:
        """A return of both TEEs, asked for by API."""
        line = order.lines.get(sku="TEE")
        request = ReturnIn(
            order=OrderRef(order_id=order.id),
            reason="too_small",
            lines=[ReturnLineIn(line_no=line.line_no, quantity=2, reason="too_small")],
        )
        return request_return(actor=ADMIN, request=request)

    def announced(self, rma: Return) -> None:
        """Wait until the warehouse expects the parcel."""
        self.until(lambda: bool(self.notices(rma)), "the warehouse is told")

    def notices(self, rma: Return) -> list[dict[str, Any]]:
        return [one for one in self.sandbox.books("wms")["notices"] if one["rma_number"] == rma.number]

    def arrives(self, rma: Return) -> None:
        self.sandbox.control("POST", "/wms/arrivals", {"reference": f"notice:{rma.id}"})

    def is_inspected(self, rma: Return, *dispositions: str) -> None:
        """Grade the two units: sellable, or the dispositions given."""
        slices = [{"quantity": 1, "disposition": name} for name in dispositions or ("sellable", "sellable")]
        self.sandbox.control(
            "POST",
            "/wms/inspections",
            {"reference": f"notice:{rma.id}", "lines": [{"line_ref": "1", "slices": slices}]},
        )

    def closes(self, rma: Return) -> Return:
        """Pump until the return is closed and everybody has been told."""

        def done() -> bool:
            closed = Return.objects.filter(pk=rma.pk, status=ReturnStatus.CLOSED).exists()
            told = not Delivery.objects.exclude(status="delivered").exists()
            heard = not InboxMessage.objects.exclude(status="done").exists()
            return closed and told and heard and self.quiet()

        self.until(done, f"{rma.number} is closed and told", 120)
        return Return.objects.get(pk=rma.pk)

    def quiet(self) -> bool:
        """Tell whether the sandbox has sent all its webhooks."""
        return not any(hook["status"] == "pending" for name in SECRETS for hook in self.sandbox.webhooks(name))


def hurry() -> None:
    """Make everything due that waits for its time, as the hours would."""
    Delivery.objects.filter(status__in=["ready", "in_doubt"]).update(next_attempt_at="2000-01-01T00:00:00Z")
    Destination.objects.update(circuit="closed", window_calls=0, window_transient=0)
    InboxMessage.objects.filter(status__in=["waiting", "pending"]).update(next_try_at="2000-01-01T00:00:00Z")


@pytest.fixture
def house(
    sandbox: SandboxServer, transactional_db: None, live_server: LiveServer, settings: Settings
) -> Iterator[House]:
    """Everything connected; the standard policy; the warehouse's place `DC-1`."""
    settings.SANDBOX_URL = sandbox.url
    ensure_policy()
    make_location("DC-1", region=REGION)
    house = House(sandbox, live_server.url)
    for system, (config, secrets, more) in _settings(sandbox.url).items():
        house.connections[system] = create_connection(
            actor=ADMIN,
            vendor=system,
            name=system,
            label=system.title(),
            config=config,
            secrets=secrets,
            limits={"look_up_seconds": 0, "absent_after_seconds": 0, "timeout_seconds": 3.0},
            **more,
        )
    house.listen()
    yield house
    sandbox.reset()
    close_clients()


def _settings(url: str) -> dict[str, tuple[dict[str, Any], dict[str, str], dict[str, Any]]]:
    """Config, secrets and scopes by system."""
    return {
        "stripe": (
            {"base_url": f"{url}/stripe"},
            {"api_key": "sk_test_ours", "webhook_secret": SECRETS["stripe"]},
            {},
        ),
        "netsuite": ({"base_url": f"{url}/netsuite", **NETSUITE_CONFIG}, {"client_secret": "very secret"}, {}),
        "shopify": (
            {"base_url": f"{url}/shopify", "region": REGION, "brand": "acme", "default_location_id": "68001"},
            {"access_token": "shpat_ours", "webhook_secret": SECRETS["shopify"]},
            {"channels": [CHANNEL]},
        ),
        "wms": (
            {"base_url": f"{url}/wms", "region": REGION, "currency": "GBP"},
            {"token": "wms_ours", "webhook_secret": WMS_SECRET},
            {},
        ),
    }
