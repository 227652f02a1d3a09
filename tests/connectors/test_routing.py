"""Which connection an event goes to: the one that serves it, the narrowest, the oldest; and only once."""

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from connectors.models import Connection
from connectors.services import configure_connection, create_connection, retire_connection
from retailops.events.catalog import Subject
from retailops.events.models import Delivery, Event
from retailops.events.publish import publish
from retailops.lib.ids import uuid7
from returns.events import CreditMemoQueued, RefundSubmitted
from tests.connectors.conftest import ADMIN, API_KEY

pytestmark = pytest.mark.django_db


def gateway(name: str, **scopes: list[str]) -> Connection:
    return create_connection(
        actor=ADMIN,
        vendor="stripe",
        name=name,
        label=name,
        config={"base_url": "https://api.example.test"},
        secrets={"api_key": API_KEY, "webhook_secret": "whsec_1"},
        regions=scopes.get("regions", []),
        brands=scopes.get("brands", []),
    )


def ledger(name: str, **scopes: list[str]) -> Connection:
    return create_connection(
        actor=ADMIN,
        vendor="netsuite",
        name=name,
        label=name,
        config={
            "base_url": "https://erp.example.test",
            "client_id": "c",
            "customer_id": "1",
            "goods_item_id": "2",
            "adjustment_item_id": "3",
        },
        secrets={"client_secret": "s"},
        regions=scopes.get("regions", []),
        brands=scopes.get("brands", []),
    )


def submitted(name: str) -> Event:
    id, rma = uuid7(), uuid7()
    fact = RefundSubmitted(
        str(id), str(rma), "R-1", str(uuid7()), name, 1250, "GBP", f"refund:{id}:1", 1, references={"charge": "ch_1"}
    )
    return publish(fact, subject=Subject("refund", id, rma, str(rma), "uk", "acme", "web"), actor=ADMIN)


def queued(region: str = "uk", brand: str = "acme") -> Event:
    id, rma = uuid7(), uuid7()
    fact = CreditMemoQueued(str(id), str(uuid7()), str(rma), "R-1", 1250, "GBP", "ACME", f"memo:{id}")
    return publish(fact, subject=Subject("credit_memo", id, rma, str(rma), region, brand, "web"), actor=ADMIN)


def destinations(event: Event) -> list[str]:
    rows = Delivery.objects.filter(event=event).select_related("destination")
    return [delivery.destination.name for delivery in rows]


def test_a_refund_goes_to_the_connection_that_its_payment_names() -> None:
    gateway("stripe-uk")
    gateway("stripe-eu")
    event = submitted("stripe-eu")
    assert destinations(event) == ["stripe-eu"]
    delivery = Delivery.objects.select_related("effect").get(event=event)
    assert (delivery.operation, delivery.effect_key) == ("refund.create", event.data["effect_key"])
    assert (delivery.repeat_safe, delivery.amount, delivery.currency) == (False, 1250, "GBP")
    assert delivery.lane_key == event.data["return_id"]
    assert delivery.effect is not None
    assert (delivery.effect.kind, delivery.effect.status) == ("refund", "intended")


def test_a_refund_of_an_unknown_gateway_goes_nowhere() -> None:
    gateway("stripe-uk")
    assert destinations(submitted("adyen")) == []


def test_a_retired_connection_gets_nothing() -> None:
    retire_connection(actor=ADMIN, connection_id=gateway("stripe").id, reason="moved")
    assert destinations(submitted("stripe")) == []


def test_of_several_ledgers_the_narrowest_gets_the_memo_and_only_it() -> None:
    ledger("everywhere")
    ledger("uk", regions=["uk"])
    ledger("uk-acme", regions=["uk"], brands=["acme"])
    assert destinations(queued()) == ["uk-acme"]
    assert destinations(queued(brand="other")) == ["uk"]
    assert destinations(queued(region="us")) == ["everywhere"]


def test_of_equally_narrow_ledgers_the_oldest_gets_the_memo() -> None:
    ledger("first")
    ledger("second")
    assert destinations(queued()) == ["first"]


def test_what_is_remembered_counts_only_while_nothing_changed() -> None:
    made = ledger("first")
    assert destinations(queued()) == destinations(queued()) == ["first"]
    configure_connection(actor=ADMIN, connection_id=made.id, regions=["us"])
    assert destinations(queued()) == []
    ledger("second")
    assert destinations(queued()) == ["second"]
    retire_connection(actor=ADMIN, connection_id=made.id, reason="moved")
    assert destinations(queued(region="us")) == ["second"]


def test_what_was_rolled_back_is_not_remembered() -> None:
    with transaction.atomic():
        ledger("never")
        assert destinations(queued()) == ["never"]
        transaction.set_rollback(True)
    assert destinations(queued()) == []
    ledger("truly")
    assert destinations(queued()) == ["truly"]


@pytest.mark.django_db(transaction=True)
def test_a_change_elsewhere_counts_from_its_commit() -> None:
    """Another process made a connection: this one, which remembers that there was none, sends there at once."""
    with transaction.atomic():
        assert destinations(queued()) == []
    thread = threading.Thread(target=_make_ledger)
    thread.start()
    thread.join()
    with transaction.atomic():
        assert destinations(queued()) == ["elsewhere"]


def _make_ledger() -> None:
    try:
        ledger("elsewhere")
    finally:
        connection.close()


def test_one_publish_asks_the_table_once() -> None:
    """However many connections there are: publishing costs the same number of queries."""
    gateway("stripe")
    with CaptureQueriesContext(connection) as few:
        submitted("stripe")
    for number in range(5):
        gateway(f"stripe-{number}")
    with CaptureQueriesContext(connection) as many:
        submitted("stripe")
    assert len(many) == len(few)
