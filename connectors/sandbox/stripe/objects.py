"""Stripe objects as the API shows them. Amounts are in minor units, times in seconds since the epoch."""

import secrets
import time

from connectors.sandbox.exchange import Json

API_VERSION = "2026-10-28.endive"


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def payment_intent(intent_id: str, charge_id: str, amount: int, currency: str, metadata: Json) -> Json:
    """A succeeded, automatically captured card payment."""
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": amount,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{secrets.token_hex(8)}",
        "confirmation_method": "automatic",
        "created": int(time.time()),
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": charge_id,
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": "pm_card_visa",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def charge(intent: Json, *, disputed: bool) -> Json:
    """The captured charge of a succeeded payment intent."""
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "id": intent["latest_charge"],
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": new_id("txn"),
        "billing_details": {"address": address, "email": None, "name": None, "phone": None},
        "calculated_statement_descriptor": None,
        "captured": True,
        "created": intent["created"],
        "currency": intent["currency"],
        "customer": None,
        "description": None,
        "disputed": disputed,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": None,
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": None,
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(of: Json, amount: int, status: str, reason: str | None, metadata: Json) -> Json:
    """A refund of the charge `of`."""
    made: Json = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn") if status == "succeeded" else None,
        "charge": of["id"],
        "created": int(time.time()),
        "currency": of["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": of["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    if status == "requires_action":
        made["next_action"] = _display_details()
    return made


def dispute(of: Json, amount: int, reason: str, answer_within: int) -> Json:
    """A dispute of the charge `of`, whose money is taken; evidence is due within so many seconds."""
    created = int(time.time())
    made: Json = {
        "id": new_id("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": of["id"],
        "created": created,
        "currency": of["currency"],
        "evidence": {},
        "evidence_details": {
            "due_by": created + answer_within, "has_evidence": False, "past_due": False, "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }  # fmt: skip
    made["balance_transactions"] = [dispute_movement(made, -amount, created)]
    return made


def dispute_movement(of: Json, amount: int, at: int) -> Json:
    """What a dispute did to the balance; the fake takes no fees."""
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": at,
        "created": at,
        "currency": of["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
        "source": of["id"],
        "status": "available",
        "type": "adjustment",
    }


def balance_transaction(source: Json, kind: str) -> Json:
    """What a charge or refund did to the balance; the fake takes no fees."""
    amount = source["amount"] if kind == "charge" else -source["amount"]
    return {
        "id": source["balance_transaction"],
        "object": "balance_transaction",
        "amount": amount,
        "available_on": source["created"],
        "created": source["created"],
        "currency": source["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": kind,
        "source": source["id"],
        "status": "available",
        "type": kind,
    }


def event(topic: str, subject: Json, request_id: str | None, key: str | None, previous: Json | None) -> Json:
    data: Json = {"object": subject} | ({"previous_attributes": previous} if previous else {})
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": int(time.time()),
        "data": data,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": request_id, "idempotency_key": key},
        "type": topic,
    }


def listing(items: list[Json], *, url: str, has_more: bool) -> Json:
    return {"object": "list", "data": items, "has_more": has_more, "url": url}


def _display_details() -> Json:
    sent = int(time.time())
    email = {"email_sent_at": sent, "email_sent_to": "customer@example.com"}
    return {"type": "display_details", "display_details": {"email_sent": email, "expires_at": sent + 30 * 86_400}}
