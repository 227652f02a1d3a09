"""Payments that customers made for the balance of an exchange: told by `payment_intent.succeeded`."""

from typing import Any

from connectors.protocol import ConnectionContext, Translated
from connectors.stripe.mapping import amount_from_stripe
from retailops.lib.ids import parse_uuid
from returns.inputs import read
from returns.inputs.exchanges import ExchangePaymentIn
from returns.services.exchanges import record_payment

TOPIC = "payment_intent.succeeded"
# Who takes the payment names the exchange in the intent's metadata.
KEY_FIELD = "exchange_id"


def record(conn: ConnectionContext, intent: dict[str, Any]) -> Translated:
    """Record the payment of the exchange that the intent names; one that names none is not ours to record.

    Raises NotFound (no such exchange), Conflict and Unprocessable as the command does: dead, with a case.
    """
    exchange_id = parse_uuid(str((intent.get("metadata") or {}).get(KEY_FIELD, "")))
    if exchange_id is None:
        return Translated(result={"ignored": "a payment of no exchange"})
    currency = str(intent["currency"]).upper()
    given = {
        "gateway": conn.name,
        "external_reference": intent["id"],
        "amount": amount_from_stripe(int(intent["amount_received"]), currency),
        "currency": currency,
    }
    made = record_payment(actor=conn.actor, exchange_id=exchange_id, payment=read(ExchangePaymentIn, given))
    return Translated(made.exchange.rma.correlation_id, {"exchange": str(exchange_id), "amount": made.amount})
