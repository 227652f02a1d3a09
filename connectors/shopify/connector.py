"""Shopify: orders and returns come from it; it is told of decisions, refunds and where the goods went."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from connectors.failures import delivered
from connectors.models import InboxMessage
from connectors.protocol import (
    ConnectionContext,
    Connector,
    Health,
    Operation,
    Rendered,
    Route,
    SecretSpec,
    Translated,
    Verified,
    key_of_event,
    key_of_subject,
    listed_channel,
)
from connectors.shopify import dispositions, incoming, mapping, returned, sold
from connectors.shopify.client import TOKEN, ShopifyClient, ShopifyFailure
from connectors.shopify.codes import RETURN_REASONS
from connectors.shopify.config import ShopifyConfig, ShopifyMapping
from connectors.shopify.outgoing import KEY_MEMORY, asked_here, contract
from retailops.events.publish import words_of
from retailops.events.transport import Claimed, Finding, Outcome

REFUND = "refund.record"
DISPOSE = "disposition.record"
APPROVE = "return.approve"
DECLINE = "return.decline"
CLOSE = "return.close"
# What a return's status must be for a decision to count as made there.
REACHED = {APPROVE: {"OPEN", "CLOSED"}, DECLINE: {"DECLINED"}, CLOSE: {"CLOSED"}}
# Codes with which Shopify refuses a decision that was made already.
STATE_CODES = frozenset({"INVALID_STATE", "INVALID", "NOT_EDITABLE", "user_error"})


class Shopify(Connector):
    """One shop. Money of its payments moves through the payment connection; the shop only keeps the record."""

    vendor = "shopify"
    label = "Shopify"
    proven = "conforms to the published contract"
    Config = ShopifyConfig
    MappingSchema = ShopifyMapping
    secrets = (
        SecretSpec(TOKEN, "Admin API access token"),
        SecretSpec(incoming.SECRET, "App secret that signs webhooks", signs=True),
    )
    operations: ClassVar = {
        REFUND: Operation(REFUND, repeat_safe=True, key_memory=KEY_MEMORY, effect_kind="refund_record", money=True),
        DISPOSE: Operation(DISPOSE, repeat_safe=True, key_memory=KEY_MEMORY, effect_kind="disposition"),
        APPROVE: Operation(APPROVE, repeat_safe=True),
        DECLINE: Operation(DECLINE, repeat_safe=True),
        CLOSE: Operation(CLOSE, repeat_safe=True),
    }
    routes = (
        Route("refund.succeeded", REFUND, serves=listed_channel),
        Route("inventory.disposition_posted", DISPOSE, serves=listed_channel),
        Route("return.authorized", APPROVE, serves=asked_here, effect_key=key_of_subject("approve")),
        Route("return.declined", DECLINE, serves=asked_here, effect_key=key_of_subject("decline")),
        # A return may be reopened and closed again: each closing is told.
        Route("return.closed", CLOSE, serves=asked_here, effect_key=key_of_event),
    )
    topics = incoming.TOPICS
    codes: ClassVar = {"customer_reason": RETURN_REASONS}
    signature = "X-Shopify-Hmac-Sha256"
    limits: ClassVar = {
        "rate_per_second": 20.0,
        "burst": 40,
        "max_in_flight": 8,
        "key_memory_seconds": int(KEY_MEMORY.total_seconds()),
    }

    def send(self, conn: ConnectionContext, claimed: Claimed) -> Outcome:
        """Record a refund or a disposition, or make a decision known."""
        with contract():
            return SENDERS[claimed.operation](conn, ShopifyClient(conn, claimed.timeout_seconds), claimed)

    def render(self, conn: ConnectionContext, claimed: Claimed) -> Rendered:
        """Return the mutation with its input; what the shop must be asked for stands in angle brackets."""
        with contract():
            return RENDERERS[claimed.operation](conn, claimed)

    def understand(self, conn: ConnectionContext, topic: str, content: Any) -> Any:
        """Return the order, or the return, as it would be taken."""
        return incoming.understand(conn, topic, content)

    def find(self, conn: ConnectionContext, claimed: Claimed) -> Finding:
        """Look for the refund with our key, or compare the return's state with what it should be."""
        client = ShopifyClient(conn, claimed.timeout_seconds)
        if claimed.operation == REFUND:
            return _find_refund(client, claimed)
        if claimed.operation == DISPOSE:
            return dispositions.find(client, claimed)
        status = client.return_status(claimed.message["external_id"])
        return Finding(status in REACHED[claimed.operation], evidence={"status": status})

    def verify(self, conn: ConnectionContext, headers: Mapping[str, str], body: bytes) -> Verified:
        """Check the base64 HMAC-SHA256 over the raw body."""
        return incoming.verify(headers, body, conn.secrets_of(incoming.SECRET))

    def translate(self, conn: ConnectionContext, message: InboxMessage) -> Translated | None:
        """Run the command that a webhook asks for."""
        return incoming.translate(conn, message.topic, json.loads(bytes(message.body)))

    def held(self, conn: ConnectionContext, after: str, limit: int) -> Sequence[str]:
        """Return the ids of this shop's returns that something happened to lately, then its orders with open ones."""
        found = [] if after.startswith(sold.PREFIX) else list(returned.held(conn, after, limit))
        rest = after if after.startswith(sold.PREFIX) else ""
        return [*found, *sold.held(incoming.channel_of(conn), rest, limit - len(found))]

    def reread(self, conn: ConnectionContext, key: str) -> tuple[Verified, bytes] | None:
        """Ask the shop how a return, or an order, stands there."""
        if key.startswith(sold.PREFIX):
            return sold.reread(conn, incoming.channel_of(conn), key)
        return returned.reread(conn, key)

    def check(self, conn: ConnectionContext) -> Health:
        """Read the shop's name."""
        shop = ShopifyClient(conn, conn.timeout_seconds).shop()
        return Health(ok=True, detail=f"{shop['name']} sells in {shop['currencyCode']}.")


def _record_refund(conn: ConnectionContext, client: ShopifyClient, claimed: Claimed) -> Outcome:
    if not mapping.records_something(claimed.message):
        return delivered(claimed, http_status=None, code="nothing_to_record", message="No units and no shipping.")
    if claimed.attempt_no > 1 and (found := _find_refund(client, claimed)).present:
        return delivered(claimed, found.external_reference)
    refund = client.record_refund(mapping.refund_input(claimed.message, claimed.effect_key), claimed.effect_key)
    return delivered(claimed, refund["id"])


def _find_refund(client: ShopifyClient, claimed: Claimed) -> Finding:
    order = mapping.gid("Order", claimed.message["order_external_id"])
    for refund in client.refunds_of(order):
        if claimed.effect_key in (refund["note"] or "").split():
            return Finding(True, refund["id"], {"note": refund["note"]})
    return Finding(present=False, evidence={"order": order})


def _approve(conn: ConnectionContext, client: ShopifyClient, claimed: Claimed) -> Outcome:
    return _decided(client, claimed, lambda: client.approve(claimed.message["external_id"]))


def _decline(conn: ConnectionContext, client: ShopifyClient, claimed: Claimed) -> Outcome:
    names = ShopifyMapping.model_validate(dict(conn.mapping))
    reason = words_of(claimed.event_id)
    decline = mapping.decline_input(claimed.message["external_id"], reason, names)
    return _decided(client, claimed, lambda: client.decline(decline))


def _close(conn: ConnectionContext, client: ShopifyClient, claimed: Claimed) -> Outcome:
    return _decided(client, claimed, lambda: client.close(claimed.message["external_id"]))


def _decided(client: ShopifyClient, claimed: Claimed, decide: Callable[[], None]) -> Outcome:
    """Make a decision known. Refused because it was made already (a lost answer, or staff in the shop): done."""
    return_id = claimed.message["external_id"]
    try:
        decide()
    except ShopifyFailure as failure:
        if failure.code not in STATE_CODES or client.return_status(return_id) not in REACHED[claimed.operation]:
            raise
        return delivered(claimed, return_id, code="already_done", message=failure.message)
    return delivered(claimed, return_id)


SENDERS: dict[str, Callable[[ConnectionContext, ShopifyClient, Claimed], Outcome]] = {
    REFUND: _record_refund,
    DISPOSE: dispositions.send,
    APPROVE: _approve,
    DECLINE: _decline,
    CLOSE: _close,
}


def _render_refund(conn: ConnectionContext, claimed: Claimed) -> Rendered:
    if not mapping.records_something(claimed.message):
        return Rendered("nothing: no units and no shipping")
    return Rendered("refundCreate", mapping.refund_input(claimed.message, claimed.effect_key))


def _render_decline(conn: ConnectionContext, claimed: Claimed) -> Rendered:
    names = ShopifyMapping.model_validate(dict(conn.mapping))
    reason = words_of(claimed.event_id)
    return Rendered("returnDeclineRequest", mapping.decline_input(claimed.message["external_id"], reason, names))


def _render_decision(mutation: str) -> Callable[[ConnectionContext, Claimed], Rendered]:
    return lambda conn, claimed: Rendered(mutation, {"id": claimed.message["external_id"]})


RENDERERS: dict[str, Callable[[ConnectionContext, Claimed], Rendered]] = {
    REFUND: _render_refund,
    DISPOSE: dispositions.render,
    APPROVE: _render_decision("returnApproveRequest"),
    DECLINE: _render_decline,
    CLOSE: _render_decision("returnClose"),
}
CONNECTOR = Shopify()
