"""The demo's connections: the four systems of the sandbox, with secrets of their own and webhooks back to us."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction

from connectors import sandbox_control
from connectors.context import context_of
from connectors.models import Connection
from connectors.services import configure_connection, create_connection
from retailops.accounts.actor import Actor

DEMO = Actor.system("demo")
CHANNEL = "shopify-uk"


@dataclass(frozen=True)
class DemoConnection:
    """One connection to the sandbox. `signing` names the secret that its webhooks are signed by, if it sends any."""

    vendor: str
    name: str
    label: str
    config: Mapping[str, Any]
    secrets: Mapping[str, str]
    channels: tuple[str, ...] = ()
    signing: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)


def _connections() -> list[DemoConnection]:
    return [
        DemoConnection(
            "stripe",
            "stripe",
            "Stripe",
            {},
            {"api_key": "sk_test_" + secrets.token_hex(16), "webhook_secret": "whsec_" + secrets.token_hex(24)},
            signing="webhook_secret",
            limits={"timeout_seconds": 5},
        ),
        DemoConnection(
            "netsuite",
            "netsuite",
            "NetSuite",
            {
                "client_id": "demo-client",
                "customer_id": "1001",
                "goods_item_id": "2001",
                "adjustment_item_id": "2002",
            },
            {"client_secret": secrets.token_hex(24)},
            limits={"timeout_seconds": 5},
        ),
        DemoConnection(
            "shopify",
            CHANNEL,
            "Shopify UK",
            {"region": "uk", "legal_entity": "HALDEN-UK", "default_location_id": "68001", "gateway": "stripe"},
            {"access_token": "shpat_" + secrets.token_hex(16), "webhook_secret": secrets.token_hex(24)},
            channels=(CHANNEL,),
            signing="webhook_secret",
            limits={"timeout_seconds": 5},
        ),
        DemoConnection(
            "wms",
            "wms",
            "Warehouse",
            {"region": "uk", "currency": "GBP"},
            {
                "token": "wms_" + secrets.token_hex(16),
                "webhook_secret": "whsec_" + b64encode(secrets.token_bytes(32)).decode(),
            },
            signing="webhook_secret",
            limits={"timeout_seconds": 5},
        ),
    ]


def ensure_connections() -> list[Connection]:
    """Make the four connections where they are missing, point them at the present sandbox, and it at us. Idempotent.

    What was changed in the demo stays changed, but for the address. Raises SandboxAway.
    """
    return [_ensure(wanted) for wanted in _connections()]


@transaction.atomic
def connections_without_sandbox() -> list[Connection]:
    """Make the four connections where they are missing; what they are owed is written, and nobody tells the sandbox."""
    return [Connection.objects.filter(name=wanted.name).first() or _made(wanted) for wanted in _connections()]


def _ensure(wanted: DemoConnection) -> Connection:
    with transaction.atomic():
        found = Connection.objects.filter(name=wanted.name).first()
        connection = _pointed(found, wanted) if found else _made(wanted)
    if wanted.signing:
        secret = context_of(connection).secret(wanted.signing)
        address = f"{settings.PUBLIC_URL.rstrip('/')}/webhooks/{connection.name}"
        sandbox_control.send_webhooks_to(wanted.vendor, address, secret)
    return connection


def _address(vendor: str) -> str:
    return f"{settings.SANDBOX_URL.rstrip('/')}/{vendor}"


def _made(wanted: DemoConnection) -> Connection:
    return create_connection(
        actor=DEMO,
        vendor=wanted.vendor,
        name=wanted.name,
        label=wanted.label,
        config={**wanted.config, "base_url": _address(wanted.vendor)},
        secrets=wanted.secrets,
        channels=wanted.channels,
        limits=wanted.limits,
    )


def _pointed(found: Connection, wanted: DemoConnection) -> Connection:
    config = {**found.config, "base_url": _address(wanted.vendor)}
    return configure_connection(actor=DEMO, connection_id=found.id, config=config, reason="the sandbox has moved")
