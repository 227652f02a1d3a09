"""What Stripe says of a refund, as the command that the domain has for it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from connectors.protocol import ConnectionContext, Translated
from retailops.lib.errors import Unprocessable
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


def foreign(conn: ConnectionContext, facts: Mapping[str, Any]) -> Translated:
    """Refuse a refund that was made at Stripe without us: it takes money that we count as refundable."""
    raise Unprocessable(
        f"Refund {facts['reference']} over {facts['amount']} {facts['currency']} was made at {conn.label} outside of "
        "RetailOps. Record it, or explain it, before more of that payment is refunded.",
        code="foreign-refund",
        reference=facts["reference"],
    )
