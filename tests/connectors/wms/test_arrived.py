"""What came of open returns by the warehouse's books: read again where a rule gives it that field."""

from datetime import timedelta

import pytest

from connectors.inbox import process_due
from connectors.models import Connection, InboxMessage
from connectors.own_reads import read_again
from reconciliation.models import Discrepancy
from reconciliation.repairs import why_not_theirs
from retailops.events.models import Delivery
from retailops.lib.clock import now
from returns.models import Return
from tests.connectors.owed import sent
from tests.connectors.sandbox_server import SandboxServer
from tests.factories import make_location, make_order, make_receipt, make_return
from tests.reconciliation.telling import owns

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced(wms: Connection, sandbox: SandboxServer) -> Return:
    """A return of three units that the warehouse was told of; its webhooks go nowhere."""
    make_location("DC-1", region="uk")
    rma = make_return(make_order(), {1: 3})
    assert sent(Delivery.objects.get(operation="inbound_notice.create")).status == "delivered"
    return rma


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came just now counts as long ago."""
    monkeypatch.setattr("connectors.wms.arrived.SETTLES", timedelta(seconds=-60))


def arrive(sandbox: SandboxServer, rma: Return, units: int) -> None:
    lines = [{"line_ref": "1", "quantity": units}]
    sandbox.control("POST", "/wms/arrivals", {"rma_number": rma.number, "lines": lines})


def read() -> int:
    """Read again and take what was news."""
    news = read_again()
    process_due()
    return news


def test_nothing_is_read_where_the_warehouse_owns_nothing(
    announced: Return, sandbox: SandboxServer, settled: None
) -> None:
    arrive(sandbox, announced, 2)
    before = len(sandbox.journal("wms"))
    assert read() == 0
    assert len(sandbox.journal("wms")) == before


def test_a_receipt_whose_webhook_was_lost_is_a_discrepancy_until_it_is_received(
    announced: Return, sandbox: SandboxServer, settled: None
) -> None:
    owns("wms", "return", "received_count")
    assert read() == 1
    assert not Discrepancy.objects.exists()
    arrive(sandbox, announced, 2)
    assert read() == 1
    found = Discrepancy.objects.get()
    assert (found.object, found.field, found.ours, found.theirs) == ("return", "received_count", "0", "2")
    assert (found.owner, found.suggestion, found.external_id) == ("wms", "took_theirs", f"{announced.number} line 1")
    assert why_not_theirs(found).startswith("Goods arrive by their receipts")
    assert announced.receipts.count() == 0
    assert read() == 0
    make_receipt(announced, {1: 2})
    assert read() == 1
    found.refresh_from_db()
    assert (found.status, found.resolution) == ("resolved", "agreed")


def test_what_came_just_now_may_still_be_told(announced: Return, sandbox: SandboxServer) -> None:
    owns("wms", "return", "received_count", "shopify-uk")
    arrive(sandbox, announced, 2)
    assert read() == 0
    assert InboxMessage.objects.filter(kind="poll").count() == 0


def test_what_was_read_before_the_return_moved_on_is_late(
    announced: Return, sandbox: SandboxServer, settled: None
) -> None:
    owns("wms", "return", "received_count")
    arrive(sandbox, announced, 2)
    assert read_again() == 1
    make_receipt(announced, {1: 2})
    process_due()
    assert InboxMessage.objects.get(kind="poll").result == {"return": announced.number, "late": True}
    assert not Discrepancy.objects.exists()
    assert InboxMessage.objects.get(kind="poll").received_at <= now()
