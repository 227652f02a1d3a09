"""The inbox: every message from outside is proven, stored once, answered within milliseconds, and then translated.

A duplicate changes nothing. The same id with another body is a case. Nothing that was stored is dropped.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from connectors import inbox_cases, redaction
from connectors.context import context_named
from connectors.failures import VendorFailure
from connectors.inbox_worker import process_due
from connectors.models import InboxKind, InboxMessage
from connectors.nudging import nudge_inbox_after_commit
from connectors.protocol import ConnectionContext, SignatureRefused, Verified
from connectors.registry import connector_of
from retailops.accounts.audit import keep_denial
from retailops.events.inserting import insert_missing
from retailops.lib.clock import now

__all__ = ["BODY_LIMIT", "InboxReceipt", "process_due", "receive", "store_once"]

BODY_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class InboxReceipt:
    """What the sender is told: 202 stored, 200 known already, 401, 404, 409 (same id, other body), 413, 503."""

    status: int
    detail: str
    message_id: str = ""


def receive(connection_name: str, headers: Mapping[str, str], body: bytes) -> InboxReceipt:
    """Prove a webhook over its raw bytes, store it once, nudge. No translation happens here.

    Header names are lower case. A message that is not proven is not stored; the attempt is kept in the audit.
    """
    if len(body) > BODY_LIMIT:
        return InboxReceipt(413, f"The body is larger than {BODY_LIMIT} bytes.")
    try:
        conn = context_named(connection_name)
        if conn is None:
            return InboxReceipt(404, "There is no such connection.")
        verified = connector_of(conn.vendor).verify(conn, headers, body)
    except SignatureRefused as refused:
        _audit(connection_name, str(refused))
        return InboxReceipt(401, "The signature is not valid.")
    except VendorFailure as failure:
        return InboxReceipt(503, f"The connection cannot verify messages: {failure.code}.")
    return store_once(conn, verified, headers, body)


def _audit(connection_name: str, why: str) -> None:
    keep_denial(f"unproven:{connection_name}", "POST", f"/webhooks/{connection_name}", why)


def store_once(
    conn: ConnectionContext,
    verified: Verified,
    headers: Mapping[str, str],
    body: bytes,
    *,
    kind: InboxKind = InboxKind.WEBHOOK,
) -> InboxReceipt:
    """Store a proven message under its source's id: 202, or 200 when it is known, or 409 when the body differs."""
    message = InboxMessage(
        connection_id=conn.id,
        kind=kind,
        message_id=verified.message_id[:200],
        topic=verified.topic[:120],
        lane_key=verified.lane_key[:120],
        body=body,
        body_hash=hashlib.sha256(body).hexdigest(),
        headers=redaction.headers(headers),
        verified=True,
        received_at=now(),
        next_try_at=now(),
    )
    with transaction.atomic():
        if _insert(message):
            nudge_inbox_after_commit()
            return InboxReceipt(202, "Stored.", verified.message_id)
        return _known(conn, message)


def _insert(message: InboxMessage) -> bool:
    """Insert unless the id is there; tells whether it was inserted. Concurrent copies wait for each other."""
    return insert_missing([message]) == 1


def _known(conn: ConnectionContext, message: InboxMessage) -> InboxReceipt:
    stored = InboxMessage.objects.filter(connection_id=conn.id, message_id=message.message_id)
    first = stored.get()
    if first.body_hash == message.body_hash:
        stored.update(copies=F("copies") + 1)
        return InboxReceipt(200, "Known already.", message.message_id)
    inbox_cases.other_body(conn, first, message)
    return InboxReceipt(409, "Another message has this id.", message.message_id)
