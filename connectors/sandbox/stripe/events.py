"""Stripe events: kept for `GET /v1/events` and sent as signed webhooks."""

import hashlib
import hmac
from collections.abc import Mapping

from connectors.sandbox.exchange import Call, Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.stripe import objects
from connectors.sandbox.webhooks import Outgoing

SYSTEM = "stripe"


def publish(world: World, topic: str, subject: Json, call: Call | None = None, previous: Json | None = None) -> None:
    """Record an event about a charge, refund or dispute and queue its webhook, in order per charge."""
    request_id = call.request_id if call else None
    key = call.headers.get("Idempotency-Key") if call else None
    event = objects.event(topic, subject, request_id, key, previous)
    world.store.save(SYSTEM, "event", event, ref=topic)
    lane = subject["charge"] if subject["object"] in {"refund", "dispute"} else subject["id"]
    world.hooks.emit(SYSTEM, lane=lane, topic=topic, message_id=event["id"], body=event)


def sign(message: Outgoing) -> Mapping[str, str]:
    """`Stripe-Signature: t=…,v1=…`, one v1 for each secret in rotation."""
    payload = f"{message.at}.".encode() + message.body
    digests = [hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest() for secret in message.secrets]
    return {"Stripe-Signature": ",".join([f"t={message.at}", *(f"v1={digest}" for digest in digests)])}
