"""What Stripe says of a refund, as the command that the domain has for it."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from connectors.protocol import ConnectionContext, Translated, Verified
from connectors.stripe import mapping
from retailops.lib.errors import Unprocessable
from returns.enums import RefundStatus
from returns.models import Refund
from returns.services.refund_outcomes import (
    cancel_refund,
    fail_refund,
    record_refund_pending,
    require_refund_action,
    settle_refund,
)

# https://docs.stripe.com/refunds: the five states of a refund.
COMMANDS: Mapping[str, Callable[..., Any]] = {
    "pending": record_refund_pending,
    "requires_action": require_refund_action,
    "succeeded": settle_refund,
    "failed": fail_refund,
    "canceled": cancel_refund,
}


ENDED = frozenset({"succeeded", "failed", "canceled"})


def record(
    conn: ConnectionContext,
    refund_id: UUID,
    facts: Mapping[str, Any],
    source: Mapping[str, str],
    told_at: datetime | None = None,
) -> Translated:
    """Run the command for the refund's status, as of when Stripe said so where it tells. Commands are
    idempotent and never move a refund backwards.

    Raises Unprocessable for a status that Stripe does not document, NotFound for a refund that is not ours.
    """
    command = COMMANDS.get(str(facts["status"]))
    if command is None:
        raise Unprocessable(f"Stripe named a refund status that is not known: {facts['status']}", code="unmapped-code")
    refund = command(
        actor=conn.actor,
        refund_id=refund_id,
        external_reference=facts["reference"],
        code=facts["reason"],
        message=facts["reason"].replace("_", " "),
        evidence={"stripe": dict(facts), **source},
        told_at=told_at,
    )
    return Translated(refund.as_subject().correlation_id, {"refund_id": str(refund.id), "status": facts["status"]})


def awaited(after: str, limit: int) -> Sequence[str]:
    """Return effect keys of refunds that the gateway took and whose end it has not told, in order behind `after`."""
    rows = Refund.objects.filter(status__in=(RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION))
    if key := mapping.parse_key(after):
        rows = rows.filter(pk__gt=key.refund_id)
    return [refund.effect_key for refund in rows.only("id", "leg").order_by("id")[:limit]]


def as_told(facts: Mapping[str, Any]) -> tuple[Verified, bytes] | None:
    """Return a refund that was looked up as its webhook would tell it; None while it has not ended."""
    if facts["status"] not in ENDED:
        return None
    refund = {
        "id": facts["reference"],
        "status": facts["status"],
        "amount": mapping.amount_to_stripe(facts["amount"], facts["currency"]),
        "currency": facts["currency"].lower(),
        "failure_reason": facts["reason"],
        "charge": facts["charge"],
        "metadata": {mapping.KEY_FIELD: facts["key"]},
    }
    event: dict[str, Any] = {"type": "refund.updated", "data": {"object": refund}}
    verified = Verified(f"asked:{refund['id']}:{refund['status']}", event["type"], facts["charge"])
    return verified, json.dumps(event).encode()


def foreign(conn: ConnectionContext, facts: Mapping[str, Any]) -> Translated:
    """Refuse a refund that was made at Stripe without us: it takes money that we count as refundable."""
    raise Unprocessable(
        f"Refund {facts['reference']} over {facts['amount']} {facts['currency']} was made at {conn.label} outside of "
        "RetailOps. Record it, or explain it, before more of that payment is refunded.",
        code="foreign-refund",
        reference=facts["reference"],
    )
