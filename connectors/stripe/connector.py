"""Stripe: refunds out; refund events, and payments of exchanges, in."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from connectors.answers import Answer
from connectors.failures import VendorFailure, delivered
from connectors.models import InboxMessage
from connectors.protocol import (
    ConnectionContext,
    Connector,
    Health,
    Operation,
    Rendered,
    Route,
    SecretSpec,
    SignatureRefused,
    Translated,
    Verified,
    named_gateway,
)
from connectors.stripe import captured, disputes, mapping, outcomes, payments, signature
from connectors.stripe.client import StripeApi
from connectors.stripe.config import StripeConfig, StripeMapping
from retailops.events.enums import OutcomeClass
from retailops.events.models import Event
from retailops.events.transport import Claimed, Finding, Outcome

CREATE, CANCEL = "refund.create", "refund.cancel"
# How a refund ends without paying.
OVER = frozenset({"canceled", "failed"})
# Long after most banks have answered; others are asked for again and again.
TOLD_WITHIN = timedelta(hours=1)
KEY_MEMORY = timedelta(hours=23)  # Stripe keeps keys for at least 24 h


def key_of_cancel(event: Event) -> str:
    """Take the refund's effect key, as that of its cancellation."""
    return f"cancel:{event.data['effect_key']}"


class StripeConnector(Connector):
    """See README.md for keys, failures and what it was proven against."""

    vendor = "stripe"
    label = "Stripe"
    proven = "conforms to the published contract"
    Config = StripeConfig
    MappingSchema = StripeMapping
    secrets = (SecretSpec("api_key", "Secret key"), SecretSpec("webhook_secret", "Webhook signing secret", signs=True))
    operations = {
        CREATE: Operation(CREATE, repeat_safe=False, key_memory=KEY_MEMORY, effect_kind="refund", money=True),
        # A refund is canceled or it is not: asked again, nothing more happens.
        CANCEL: Operation(CANCEL, repeat_safe=True, effect_kind="refund_cancel"),
    }
    routes = (
        Route("refund.submitted", CREATE, serves=named_gateway),
        Route("refund.cancel_requested", CANCEL, serves=named_gateway, effect_key=key_of_cancel),
    )
    topics = (
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.refunded",
        payments.TOPIC,
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    )
    signature = "Stripe-Signature (HMAC-SHA256 over timestamp and raw body)"
    keeps_errors = True
    tells_later = {CREATE: TOLD_WITHIN}
    limits = {
        "rate_per_second": 80,
        "burst": 40,
        "max_in_flight": 16,
        "key_memory_seconds": int(KEY_MEMORY.total_seconds()),
    }

    def step_of(self, currency: str) -> int:
        return mapping.step_of(currency)

    def send(self, conn: ConnectionContext, claimed: Claimed) -> Outcome:
        """Create the refund under a key that no former answer has used up, or cancel one that waits."""
        if claimed.operation == CANCEL:
            refund = _canceled(StripeApi(conn, claimed.timeout_seconds), claimed)
            return delivered(claimed, refund["id"], mapping.refund_facts(refund))
        params = mapping.refund_params(claimed.message, claimed.effect_key, _names(conn))
        key = mapping.transport_key(claimed.effect_key, conn.answered_500.get(claimed.id, 0))
        api = StripeApi(conn, claimed.timeout_seconds)
        refund = api.create_refund(params, key, repeat_safe=claimed.repeat_safe)
        return delivered(claimed, refund["id"], mapping.refund_facts(refund))

    def render(self, conn: ConnectionContext, claimed: Claimed) -> Rendered:
        """Return the refund's parameters; to cancel one takes none."""
        if claimed.operation == CANCEL:
            return Rendered(f"POST /v1/refunds/{claimed.message['external_reference']}/cancel")
        return Rendered("POST /v1/refunds", mapping.refund_params(claimed.message, claimed.effect_key, _names(conn)))

    def find(self, conn: ConnectionContext, claimed: Claimed) -> Finding:
        """Look through the payment's refunds for the one that bears our effect key."""
        payment = mapping.payment_of(claimed.message, _names(conn))
        seen = 0
        for refund in StripeApi(conn, claimed.timeout_seconds).refunds(payment):
            seen += 1
            facts = mapping.refund_facts(refund)
            ours = facts["key"] == claimed.effect_key.removeprefix("cancel:")
            if ours and (claimed.operation != CANCEL or facts["status"] in OVER):
                return Finding(True, facts["reference"], {"refund": facts, "looked_in": payment}, facts)
        return Finding(False, evidence={"looked_in": payment, "refunds_seen": seen})

    def awaited(self, operation: str, after: str, limit: int) -> Sequence[str]:
        """Return the keys of refunds that Stripe took and has not told the end of."""
        return outcomes.awaited(after, limit)

    def outcome(self, conn: ConnectionContext, claimed: Claimed) -> tuple[Verified, bytes] | None:
        """Look the refund up; once it has ended, it is told like its webhook."""
        found = self.find(conn, claimed)
        return outcomes.as_told(found.answer) if found.present and found.answer else None

    def held(self, conn: ConnectionContext, after: str, limit: int) -> Sequence[str]:
        """Return the payments of open returns, where a rule says that Stripe owns what was captured."""
        return captured.held(conn, after, limit)

    def reread(self, conn: ConnectionContext, key: str) -> tuple[Verified, bytes] | None:
        """Ask Stripe what it captured."""
        return captured.reread(conn, key, _names(conn))

    def verify(self, conn: ConnectionContext, headers: Mapping[str, str], body: bytes) -> Verified:
        """Prove the raw bytes by `Stripe-Signature`, then read the event's id and type."""
        signature.verify(
            headers.get("stripe-signature", ""),
            body,
            conn.secrets_of("webhook_secret"),
            conn.config.tolerance_seconds,
        )
        try:
            event = json.loads(body)
            return Verified(str(event["id"]), str(event["type"]), mapping.lane_of(event))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SignatureRefused("signed, but not a Stripe event") from error

    def translate(self, conn: ConnectionContext, message: InboxMessage) -> Translated | None:
        """Take a refund or dispute event, or a payment of an exchange.

        `charge.refunded` only sums up what refund events tell one by one.
        """
        source = {"message": message.message_id, "topic": message.topic}
        if message.topic.startswith("charge.dispute."):
            return disputes.record(conn, json.loads(bytes(message.body)), source)
        if message.topic == captured.READ:
            return captured.told(conn, json.loads(bytes(message.body)))
        if message.topic == payments.TOPIC:
            return payments.record(conn, json.loads(bytes(message.body))["data"]["object"])
        if not message.topic.startswith("refund."):
            return Translated(result={"ignored": message.topic})
        event: dict[str, Any] = json.loads(bytes(message.body))
        facts = mapping.refund_facts(event["data"]["object"])
        key = mapping.parse_key(facts["key"])
        if key is None:
            return outcomes.foreign(conn, facts)
        # A refund that we looked up ourselves tells no time: it has ended.
        told_at = datetime.fromtimestamp(int(event["created"]), UTC) if "created" in event else None
        return outcomes.record(conn, key.refund_id, facts, source, told_at)

    def translate_answer(self, conn: ConnectionContext, message: InboxMessage) -> Translated | None:
        """Take the refund object that answered our own call or look-up."""
        answer = Answer.of(message)
        return outcomes.record(
            conn, UUID(str(answer.message["refund_id"])), answer.answer, {"message": message.message_id}
        )

    def check(self, conn: ConnectionContext) -> Health:
        """List one refund: it needs the very permission that refunding does."""
        StripeApi(conn, conn.timeout_seconds).ping()
        return Health(True, "Stripe answers and takes the key.")


def _canceled(api: StripeApi, claimed: Claimed) -> dict[str, Any]:
    """Cancel a refund; one that has ended there without paying already is told as it is."""
    reference = str(claimed.message["external_reference"])
    try:
        return api.cancel_refund(reference, claimed.effect_key)
    except VendorFailure as failure:
        if failure.result != OutcomeClass.BUSINESS:
            raise
        refund = api.refund(reference)
        if refund["status"] not in OVER:
            raise
        return refund


def _names(conn: ConnectionContext) -> Mapping[str, str]:
    return dict(StripeMapping.model_validate(dict(conn.mapping)).references)


CONNECTOR = StripeConnector()
