"""A Shopify connection to the sandbox, a shop with one order, and what the shop is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from connectors.models import Connection
from connectors.services import create_connection
from retailops.events.catalog import Subject
from retailops.events.models import Delivery
from retailops.events.publish import publish
from retailops.lib.ids import uuid7
from returns.events import (
    DispositionPosted,
    LineFact,
    RefundLineFact,
    RefundSucceeded,
    ReturnAuthorized,
    ReturnClosed,
    ReturnDeclined,
    ReturnRequested,
)
from tests.connectors.owed import ADMIN, IMPATIENT, domain_looks_away, told
from tests.connectors.sandbox_server import SandboxServer

__all__ = ["domain_looks_away"]

SECRET = "the shop's secret"
DECISIONS = {"approve": ReturnAuthorized, "decline": ReturnDeclined, "close": ReturnClosed}


@pytest.fixture
def shop(db: None, sandbox: SandboxServer) -> Connection:
    """A connection named `shop-uk` to the sandbox, for the channel `shopify-uk`."""
    return create_connection(
        actor=ADMIN,
        vendor="shopify",
        name="shop-uk",
        label="Shop UK",
        config={"base_url": f"{sandbox.url}/shopify", "region": "UK", "default_location_id": "68001"},
        secrets={"access_token": "shpat_sandbox", "webhook_secret": SECRET},
        channels=["shopify-uk"],
        limits=IMPATIENT,
    )


@dataclass(frozen=True)
class Sold:
    """An order in the shop: three TEEs and one CAP."""

    order_id: str
    tee: str
    cap: str


@pytest.fixture
def sold(sandbox: SandboxServer) -> Sold:
    """An order that the shop sold and shipped."""
    lines = [{"sku": "TEE", "quantity": 3, "price": "10.00"}, {"sku": "CAP", "quantity": 1, "price": "5.00"}]
    order = sandbox.seed_order(lines=lines, shipping="4.50", currency="GBP", gateway="stripe")
    return Sold(order["id"], *(str(line["id"]) for line in order["lines"]))


@dataclass(frozen=True)
class Shop:
    """Tells the shop what happened to returns of its order."""

    connection: Connection
    sold: Sold

    def refunded(self, rma: UUID | None = None, **changes: Any) -> Delivery:
        """The delivery of a `refund.succeeded` of two TEEs with shipping."""
        refund, id = uuid7(), rma or uuid7()
        fact: dict[str, Any] = {
            "refund_id": str(refund),
            "return_id": str(id),
            "number": "RMA-2026-000007",
            "payment_id": str(uuid7()),
            "gateway": "stripe",
            "amount": 2450,
            "currency": "GBP",
            "effect_key": f"refund:{refund}:1",
            "leg": 1,
            "channel": "shopify-uk",
            "order_external_id": self.sold.order_id,
            "lines": [RefundLineFact(1, "TEE", 2, self.sold.tee)],
            "shipping": 450,
        } | changes
        return told(RefundSucceeded(**fact), self.connection, rma=id)

    def decided(self, decision: str, shop_return: str, rma: UUID | None = None, reason: str = "") -> Delivery:
        """The delivery of a decision on a return of the shop."""
        id = rma or uuid7()
        return told(DECISIONS[decision](**self._return(id, shop_return)), self.connection, rma=id, reason=reason)

    def requested(self, rma: UUID, shop_return: str) -> None:
        """Publish that the return was asked for in the shop."""
        subject = Subject("return", rma, rma, str(rma), "UK", "acme", "shopify-uk")
        publish(ReturnRequested(**self._return(rma, shop_return)), subject=subject, actor=ADMIN)

    def posted(self, rma: UUID, **changes: Any) -> Delivery:
        """The delivery of an `inventory.disposition_posted` of one TEE."""
        part = uuid7()
        fact: dict[str, Any] = {
            "slice_id": str(part),
            "return_id": str(rma),
            "number": "RMA-2026-000007",
            "line_no": 1,
            "sku": "TEE",
            "quantity": 1,
            "disposition": "sellable",
            "condition": "like_new",
            "location": "DC-1",
            "effect_key": f"place:{part}",
            "channel": "shopify-uk",
            "order_line_external_id": self.sold.tee,
        } | changes
        return told(DispositionPosted(**fact), self.connection, rma=rma)

    def _return(self, rma: UUID, shop_return: str) -> dict[str, Any]:
        return {
            "return_id": str(rma),
            "number": "RMA-2026-000007",
            "kind": "mail_in",
            "channel": "shopify-uk",
            "currency": "GBP",
            "order_external_id": self.sold.order_id,
            "source": "shop-uk",
            "external_id": shop_return,
            "lines": [LineFact(1, "TEE", 2, self.sold.tee)],
        }


@pytest.fixture
def shopify(shop: Connection, sold: Sold) -> Shop:
    return Shop(shop, sold)


@pytest.fixture
def asked(sandbox: SandboxServer, sold: Sold) -> Callable[..., str]:
    """`asked(quantity)`: a customer asks the shop for a return of TEEs; the shop's id of it."""

    def ask(quantity: int = 2) -> str:
        body = {"order": sold.order_id, "lines": [{"sku": "TEE", "quantity": quantity}]}
        return f"gid://shopify/Return/{sandbox.control('POST', '/shopify/return-requests', body)['id']}"

    return ask
