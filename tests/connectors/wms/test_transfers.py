"""Stock that our books bring from place to place: the warehouse is told once, where it takes that."""

from typing import Any

import pytest

from connectors.context import context_of
from connectors.models import Connection
from connectors.registry import connector_of
from connectors.rendering import as_claimed, rendered
from connectors.services import configure_connection
from connectors.wms import mapping
from connectors.wms.config import WmsMapping
from inventory.models import StockTransfer
from inventory.services import cancel_transfer
from inventory.transfer_voiding import WHY, why_many_not_brought
from retailops.cases.models import Case
from retailops.events.models import Delivery
from retailops.events.verdicts import VerdictKind, verdict
from tests.connectors.owed import ADMIN, sent, tries
from tests.connectors.sandbox_server import SandboxServer
from tests.contracts.wms import wms_request_errors, wms_response_errors
from tests.factories import SYSTEM, make_location
from tests.inventory.test_by_hand import stock
from tests.inventory.test_moving import balance
from tests.inventory.test_transfers import send
from tests.reconciliation.telling import owns

pytestmark = pytest.mark.django_db
SEND, CANCEL = "stock.transfer", "stock.transfer_cancel"


@pytest.fixture
def takes(wms: Connection) -> Connection:
    """A warehouse that takes transfers and has twenty units of SKU in DC-1."""
    configure_connection(
        actor=ADMIN, connection_id=wms.id, config=wms.config | {"takes_transfers": True}, reason="it does"
    )
    return wms


@pytest.fixture
def houses(sandbox: SandboxServer) -> tuple[Any, Any]:
    """DC-1 with eight units of SKU, there and here, and DC-2 with none."""
    sandbox.control("POST", "/wms/stock", {"sku": "SKU", "quantity": 8, "location": "DC-1"})
    first, second = make_location("DC-1", region="uk"), make_location("DC-2", region="uk")
    stock(first, quantity=8)
    return first, second


def there(sandbox: SandboxServer) -> list[tuple[str, str]]:
    """The transfers in the warehouse's books, each with its state."""
    return [(each["reference"], each["status"]) for each in sandbox.books("wms")["transfers"]]


def owed(operation: str) -> Delivery:
    return Delivery.objects.select_related("event", "destination").get(operation=operation)


def key(row: StockTransfer) -> str:
    return f"transfer:{row.id}"


def test_a_transfer_is_by_the_contract() -> None:
    fact = {"source": "DC-1", "target": "DC-2", "lines": [{"sku": "SKU", "quantity": 5, "disposition": "damaged"}]}
    names = WmsMapping(locations={"DC-1": "W7"}, dispositions={"damaged": "damaged"})
    made = mapping.transfer(fact, "transfer:1", names)
    line = {"sku": "SKU", "quantity": 5, "disposition": "damaged"}
    assert made == {"reference": "transfer:1", "source": "W7", "target": "DC-2", "lines": [line]}
    assert wms_request_errors("POST", "/v1/transfers", made) == []
    with pytest.raises(mapping.Unmapped):
        mapping.transfer(fact, "transfer:1", WmsMapping(dispositions={}))


def test_it_is_told_once_under_its_key_and_called_off(
    takes: Connection, houses: tuple[Any, Any], sandbox: SandboxServer
) -> None:
    row = send(*houses)
    delivery = owed(SEND)
    assert (delivery.effect_key, sent(delivery).status) == (key(row), "delivered")
    assert there(sandbox) == [(key(row), "accepted")]
    assert wms_response_errors("POST", "/v1/transfers", 201, sandbox.books("wms")["transfers"][0]) == []
    cancel_transfer(actor=SYSTEM, transfer_id=row.id, reason="the van broke down")
    assert sent(owed(CANCEL)).status == "delivered"
    assert there(sandbox) == [(key(row), "canceled")]
    path = f"/v1/transfers/{sandbox.books('wms')['transfers'][0]['id']}/cancel"
    assert wms_response_errors("POST", path, 200, sandbox.books("wms")["transfers"][0]) == []


def test_a_lost_answer_brings_nothing_twice(takes: Connection, houses: tuple[Any, Any], sandbox: SandboxServer) -> None:
    sandbox.faults("wms", {"kind": "lost_answer", "times": 1})
    row = send(*houses)
    assert sent(owed(SEND)).status == "ready"
    sandbox.control("POST", "/wms/age-keys", {"hours": 25})
    assert sent(owed(SEND)).status == "delivered"
    assert there(sandbox) == [(key(row), "accepted")]
    assert [outcome for outcome, _ in tries(owed(SEND))] == ["transient", "delivered"]
    claimed, conn, connector = as_claimed(owed(SEND)), context_of(takes), connector_of("wms")
    assert connector.find(conn, claimed).present is True
    assert rendered(connector, conn, claimed).told["request"] == "POST /v1/transfers"


def test_what_it_refuses_is_a_case_and_our_books_stay(
    takes: Connection, houses: tuple[Any, Any], sandbox: SandboxServer
) -> None:
    stock(houses[0], quantity=4)  # of which the warehouse knows nothing
    send(*houses, {"sku": "SKU", "quantity": 10})
    delivery = sent(owed(SEND))
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("dead", "business", "out_of_stock")
    case = Case.objects.get(operation=SEND, status="open")
    assert "the transfer of stock" in case.title
    assert (balance("DC-1", "sellable"), balance("DC-2", "in_transit"), there(sandbox)) == (2, 10, [])


def test_what_was_refused_and_called_off_is_not_sent_again(
    takes: Connection, houses: tuple[Any, Any], sandbox: SandboxServer
) -> None:
    stock(houses[0], quantity=4)  # of which the warehouse knows nothing
    row = send(*houses, {"sku": "SKU", "quantity": 10})
    assert sent(owed(SEND)).status == "dead"
    assert verdict(owed(SEND)).kind != VerdictKind.SUPERSEDED
    cancel_transfer(actor=SYSTEM, transfer_id=row.id, reason="the van broke down")
    off = verdict(owed(SEND))
    assert (off.kind, off.why) == (VerdictKind.SUPERSEDED, WHY)
    told, called_off = owed(SEND), owed(CANCEL)
    assert why_many_not_brought([told, called_off]) == {told.id: off.why}
    assert there(sandbox) == []


def test_what_was_never_told_has_nothing_to_call_off(
    takes: Connection, houses: tuple[Any, Any], sandbox: SandboxServer
) -> None:
    row = send(*houses)
    cancel_transfer(actor=SYSTEM, transfer_id=row.id, reason="a mistake")
    claimed, conn, connector = as_claimed(owed(CANCEL)), context_of(takes), connector_of("wms")
    assert connector.find(conn, claimed).present is True
    outcome = connector.send(conn, claimed)
    assert (outcome.code, there(sandbox)) == ("never_told", [])


def test_what_comes_from_a_store_is_to_be_expected_and_stores_among_themselves_are_none_of_its_business(
    takes: Connection, houses: tuple[Any, Any], sandbox: SandboxServer
) -> None:
    till, other = make_location("ST-1", region="uk", kind="store"), make_location("ST-2", region="uk", kind="store")
    stock(till, quantity=8)
    send(till, other)
    assert not Delivery.objects.filter(destination=takes.destination).exists()
    row = send(till, houses[0], {"sku": "SKU", "quantity": 2})
    assert sent(owed(SEND)).status == "delivered"
    assert there(sandbox) == [(key(row), "accepted")]


def test_it_is_not_told_where_it_takes_none_or_counts_the_stock_itself(
    wms: Connection, houses: tuple[Any, Any]
) -> None:
    send(*houses)
    assert not Delivery.objects.filter(destination=wms.destination).exists()
    configure_connection(actor=ADMIN, connection_id=wms.id, config=wms.config | {"takes_transfers": True}, reason="x")
    owns("wms", "stock", "quantity")
    send(*houses, {"sku": "SKU", "quantity": 1})
    assert not Delivery.objects.filter(destination=wms.destination).exists()
