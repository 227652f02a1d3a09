"""A NetSuite connection to the sandbox, and what it is told."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.models import Connection
from connectors.netsuite import tokens
from connectors.services import create_connection
from retailops.events.models import Delivery
from retailops.lib.ids import uuid7
from returns.events import CreditMemoQueued, LineFact, RefundLineFact, ReturnAuthorized
from tests.connectors.owed import ADMIN, IMPATIENT, domain_looks_away, told
from tests.connectors.sandbox_server import SandboxServer

__all__ = ["domain_looks_away"]

CONFIG = {"client_id": "retailops", "customer_id": "1001", "goods_item_id": "2001", "adjustment_item_id": "2002"}


@pytest.fixture(autouse=True)
def _no_tokens() -> Iterator[None]:
    """Tokens live as long as the process; each test begins without."""
    tokens.forget_all()
    yield
    tokens.forget_all()


@pytest.fixture
def netsuite(db: None, sandbox: SandboxServer) -> Connection:
    """A connection named `netsuite` to the sandbox."""
    return create_connection(
        actor=ADMIN,
        vendor="netsuite",
        name="netsuite",
        label="NetSuite",
        config={"base_url": f"{sandbox.url}/netsuite", **CONFIG},
        secrets={"client_secret": "very secret"},
        limits=IMPATIENT,
    )


@pytest.fixture
def queued(netsuite: Connection) -> Callable[..., Delivery]:
    """`queued()`: the delivery of a `credit_memo.queued` of 25.99 GBP."""

    def queue(**changes: Any) -> Delivery:
        memo, rma = uuid7(), uuid7()
        fact: dict[str, Any] = {
            "memo_id": str(memo),
            "refund_id": str(uuid7()),
            "return_id": str(rma),
            "number": "RMA-2026-000007",
            "amount": 2599,
            "currency": "GBP",
            "legal_entity": "UK Ltd",
            "effect_key": f"memo:{memo}",
            "order_number": "#1001",
            "lines": [RefundLineFact(1, "TEE", 2)],
        } | changes
        return told(CreditMemoQueued(**fact), netsuite, rma=rma)

    return queue


@pytest.fixture
def authorized(netsuite: Connection) -> Callable[[], Delivery]:
    """`authorized()`: the delivery of a `return.authorized`."""

    def authorize() -> Delivery:
        rma = uuid7()
        fact = ReturnAuthorized(
            return_id=str(rma),
            number="RMA-2026-000007",
            kind="mail_in",
            channel="shopify-uk",
            currency="GBP",
            order_number="#1001",
            lines=[LineFact(1, "TEE", 2)],
        )
        return told(fact, netsuite, rma=rma)

    return authorize
