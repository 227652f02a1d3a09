"""Payments of exchanges that Stripe tells of: recorded once, others left alone, wrong ones refused."""

import json
from typing import Any

import pytest

from connectors.context import context_of
from connectors.models import Connection, InboxMessage
from connectors.protocol import Translated
from connectors.stripe.connector import CONNECTOR
from retailops.lib.errors import Conflict, NotFound
from retailops.lib.ids import uuid7
from returns.models import Exchange, ExchangePayment
from tests.returns.exchanging import exchangeable, now_of, propose

pytestmark = pytest.mark.django_db


def told(stripe: Connection, exchange_id: Any, amount: int = 500, **fields: Any) -> Translated | None:
    """Translate a `payment_intent.succeeded`."""
    intent = {
        "id": "pi_1", "object": "payment_intent", "amount_received": amount, "currency": "gbp",
        "metadata": {"exchange_id": str(exchange_id)} if exchange_id else {},
    } | fields  # fmt: skip
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": intent}}
    message = InboxMessage(topic="payment_intent.succeeded", body=json.dumps(event).encode(), message_id="evt_1")
    return CONNECTOR.translate(context_of(stripe), message)


@pytest.fixture
def exchange(stripe: Connection) -> Exchange:
    """An exchange whose balance of 5.00 is owed."""
    return propose(exchangeable(), price=1500)


def test_a_payment_is_recorded_once(stripe: Connection, exchange: Exchange) -> None:
    for _ in range(2):
        done = told(stripe, exchange.id)
        assert done is not None
        assert (done.correlation_id, done.result["amount"]) == (exchange.rma.correlation_id, 500)
    payment = ExchangePayment.objects.get()
    assert (payment.gateway, payment.external_reference, payment.amount) == (stripe.name, "pi_1", 500)
    assert now_of(exchange).status == "reserved"


def test_a_payment_of_no_exchange_is_left_alone(stripe: Connection, exchange: Exchange) -> None:
    done = told(stripe, None)
    assert done is not None
    assert done.result == {"ignored": "a payment of no exchange"}
    with pytest.raises(NotFound):
        told(stripe, uuid7())
    assert not ExchangePayment.objects.exists()


def test_the_same_intent_with_another_amount_is_refused(stripe: Connection, exchange: Exchange) -> None:
    told(stripe, exchange.id, 200)
    with pytest.raises(Conflict):
        told(stripe, exchange.id, 300)
    assert ExchangePayment.objects.get().amount == 200
