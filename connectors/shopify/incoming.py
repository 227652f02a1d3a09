"""What the shop's webhooks ask of the domain: orders, requests to return, refunds that the shop made by itself."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.meanings import meanings_of
from connectors.protocol import ConnectionContext, NotYet, SignatureRefused, Translated, Verified
from connectors.shopify import mapping, returned, sold
from connectors.shopify.config import ShopifyMapping
from connectors.shopify.mapping import Unmapped
from retailops.lib.errors import NotFound, Unprocessable
from returns.access import access_order_by_channel
from returns.inputs import OrderIn, OrderRef, ReturnIn, ReturnLineIn, read
from returns.services.intake import request_return
from returns.services.orders import capture_order

Json = dict[str, Any]
SECRET = "webhook_secret"  # noqa: S105  # the secret's name
ORDERS = ("orders/create", "orders/updated")
RETURN_REQUESTED = "returns/request"
REFUNDED = "refunds/create"
# Echoes of what we did ourselves, or steps that the shop's own staff took: stored for the trace, they ask for nothing.
NOTED = ("reverse_fulfillment_orders/dispose",)
# Of those, what tells the state of a return: it is compared with ours.
STATES = tuple(topic for topic in returned.TOPICS if topic != returned.READ)
TOPICS = (*ORDERS, RETURN_REQUESTED, REFUNDED, *STATES, *NOTED)


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Verified:
    """Check the signature over the raw bytes, in constant time, before anything is parsed. Raises SignatureRefused."""
    given = headers.get("x-shopify-hmac-sha256", "").encode()
    digests = [base64.b64encode(hmac.new(s.encode(), body, hashlib.sha256).digest()) for s in secrets]
    # Each is compared, so that the time taken tells nothing.
    fits = [hmac.compare_digest(digest, given) for digest in digests]
    if not any(fits):
        raise SignatureRefused("X-Shopify-Hmac-Sha256 does not fit the body")
    message_id, topic = headers.get("x-shopify-webhook-id", ""), headers.get("x-shopify-topic", "")
    if not message_id or not topic:
        raise SignatureRefused("X-Shopify-Webhook-Id or X-Shopify-Topic is missing")
    return Verified(message_id, topic, _lane(topic, body))


def translate(conn: ConnectionContext, topic: str, payload: Json) -> Translated | None:
    """Run the command of a topic. Raises NotYet, DomainError."""
    if topic in NOTED:
        return Translated(result={"noted": str(payload.get("status", ""))})
    handler = HANDLERS.get(topic)
    if handler is None:
        raise Unprocessable(f"Nobody asked for the topic {topic!r}.", code="unknown-topic")
    try:
        return handler(conn, payload)
    except Unmapped as error:
        raise Unprocessable(str(error), code="unmapped") from error


def channel_of(conn: ConnectionContext) -> str:
    """Return the channel of the shop's orders: configured, else the connection's first, else its name."""
    return conn.config.channel or next(iter(conn.channels), conn.name)


def understand(conn: ConnectionContext, topic: str, payload: Json) -> Json | None:
    """Return what an order or a request to return is read as; None for other topics. Raises Unmapped, UnmappedCode."""
    reader = {**dict.fromkeys(ORDERS, _order_fields), RETURN_REQUESTED: _return_fields}.get(topic)
    return reader(conn, payload) if reader else None


def _order_fields(conn: ConnectionContext, payload: Json) -> Json:
    names = ShopifyMapping.model_validate(dict(conn.mapping))
    return mapping.order_fields(payload, channel=channel_of(conn), system=conn.name, config=conn.config, mapping=names)


def _return_fields(conn: ConnectionContext, payload: Json) -> Json:
    names = ShopifyMapping.model_validate(dict(conn.mapping))
    return mapping.return_fields(
        payload, channel=channel_of(conn), source=conn.name, mapping=names, meaning=meanings_of(conn)
    )


def _order(conn: ConnectionContext, payload: Json) -> Translated:
    captured = capture_order(actor=conn.actor, order=read(OrderIn, _order_fields(conn, payload)))
    told = {"order": captured.order.number, "created": captured.created, "superseded": captured.superseded}
    return Translated(captured.order.correlation_id, told)


def _return(conn: ConnectionContext, payload: Json) -> Translated:
    asked = _return_fields(conn, payload)
    try:
        access_order_by_channel(conn.actor, asked["channel"], asked["order_external_id"])
    except NotFound as missing:
        raise NotYet(f"the order {asked['order_external_id']} has not come yet") from missing
    rma = request_return(actor=conn.actor, request=_request(asked))
    return Translated(rma.correlation_id, {"return": rma.number, "status": rma.status})


def _request(asked: Json) -> ReturnIn:
    lines = [
        ReturnLineIn(external_id=line["order_line_external_id"], quantity=line["quantity"], reason=line["reason"])
        for line in asked["lines"]
    ]
    order = OrderRef(channel=asked["channel"], external_id=asked["order_external_id"])
    return ReturnIn(
        order=order, source=asked["source"], external_id=asked["external_id"], reason=asked["reason"], lines=lines
    )


def _refund(conn: ConnectionContext, payload: Json) -> Translated:
    """Ours is an echo. Any other means that the shop moved money or marked units without us: a person must look."""
    refund = mapping.shop_refund(payload)
    if refund.ours:
        return Translated(result={"ours": refund.ours})
    raise Unprocessable(
        f"The shop {conn.label} recorded the refund {refund.id} of order {refund.order_id} outside of RetailOps. "
        "Find out whether money moved, and record it before more of that payment is refunded.",
        code="foreign-refund",
        reference=refund.id,
    )


HANDLERS: dict[str, Callable[[ConnectionContext, Json], Translated | None]] = {
    **dict.fromkeys(ORDERS, _order),
    RETURN_REQUESTED: _return,
    REFUNDED: _refund,
    **dict.fromkeys(returned.TOPICS, returned.told),
    sold.READ: sold.told,
}


def _lane(topic: str, body: bytes) -> str:
    """The order that a message is about: its messages keep their order."""
    try:
        content = json.loads(body)
        if topic.startswith("orders/"):
            return str(content["id"])
        return str(content.get("order_id") or (content.get("order") or {}).get("id") or "")
    except (ValueError, KeyError, AttributeError, TypeError):
        return ""
