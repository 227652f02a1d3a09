"""A warehouse connection to the sandbox, and what it is told."""

import base64
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from connectors.models import Connection
from connectors.services import create_connection
from retailops.events.models import Delivery
from retailops.lib.ids import uuid7
from returns.events import (
    DispositionDecided,
    FewerExpected,
    LineFact,
    LineKept,
    ReturnAuthorized,
    ReturnCanceled,
    ReturnReinstated,
)
from tests.connectors.owed import ADMIN, IMPATIENT, domain_looks_away, told
from tests.connectors.sandbox_server import SandboxServer

__all__ = ["domain_looks_away"]

SECRET = "whsec_" + base64.b64encode(b"a secret of the warehouse").decode()


@pytest.fixture
def wms(db: None, sandbox: SandboxServer) -> Connection:
    """A connection named `wms` to the sandbox."""
    return create_connection(
        actor=ADMIN,
        vendor="wms",
        name="wms",
        label="Warehouse",
        config={"base_url": f"{sandbox.url}/wms", "region": "UK", "currency": "GBP"},
        secrets={"token": "wms_sandbox", "webhook_secret": SECRET},
        limits=IMPATIENT,
    )


@pytest.fixture
def announced(wms: Connection) -> Callable[..., Delivery]:
    """`announced(rma)`: the delivery of a `return.authorized` of two lines."""

    def announce(rma: UUID | None = None, **changes: Any) -> Delivery:
        id = rma or uuid7()
        fact = _fact(id) | changes
        return told(ReturnAuthorized(**fact, location="DC-1"), wms, rma=id)

    return announce


@pytest.fixture
def withdrawn(wms: Connection) -> Callable[[UUID], Delivery]:
    """`withdrawn(rma)`: the delivery of a `return.canceled`."""
    return lambda rma: told(ReturnCanceled(**_fact(rma)), wms, rma=rma)


@pytest.fixture
def reinstated(wms: Connection) -> Callable[..., Delivery]:
    """`reinstated(rma)`: the delivery of a `return.reinstated` of the same two lines."""
    return lambda rma, **changes: told(ReturnReinstated(**(_fact(rma) | changes), location="DC-1"), wms, rma=rma)


@pytest.fixture
def fewer(wms: Connection) -> Callable[..., Delivery]:
    """`fewer(rma, fact, line_no, expected)`: the delivery of one of the events that lower what is expected."""

    def tell(
        rma: UUID, fact: type[FewerExpected] = LineKept, line_no: int = 1, expected: int = 1, kind: str = "mail_in"
    ) -> Delivery:
        made = fact(str(rma), "RMA-2026-000007", line_no, "TEE", 1, kind=kind, expected=expected)
        return told(made, wms, rma=rma)

    return tell


@pytest.fixture
def to_place(wms: Connection) -> Callable[..., Delivery]:
    """`to_place()`: the delivery of an `inventory.disposition_decided` of three units."""

    def decide(rma: UUID | None = None, **changes: Any) -> Delivery:
        slice_id, id = uuid7(), rma or uuid7()
        fact: dict[str, Any] = {
            "slice_id": str(slice_id),
            "return_id": str(id),
            "number": "RMA-2026-000007",
            "line_no": 1,
            "sku": "TEE",
            "quantity": 3,
            "disposition": "sellable",
            "condition": "like_new",
            "location": "DC-1",
            "effect_key": f"place:{slice_id}",
        } | changes
        return told(DispositionDecided(**fact), wms, rma=id)

    return decide


def _fact(rma: UUID) -> dict[str, Any]:
    return {
        "return_id": str(rma),
        "number": "RMA-2026-000007",
        "kind": "mail_in",
        "channel": "shopify-uk",
        "currency": "GBP",
        "order_number": "#1001",
        "lines": [LineFact(1, "TEE", 2), LineFact(2, "CAP", 1)],
    }
