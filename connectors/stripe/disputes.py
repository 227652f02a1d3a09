"""What Stripe says of a dispute, as the command that the domain has for it."""

from datetime import UTC, datetime
from typing import Any

from connectors.protocol import ConnectionContext, NotYet, Translated
from connectors.stripe import mapping
from retailops.lib.errors import NotFound, Unprocessable
from returns.inputs import read
from returns.inputs.chargebacks import ChargebackIn
from returns.services.chargebacks import payment_of_gateway, record_chargeback

# https://docs.stripe.com/api/disputes/object: an inquiry (`warning_…`) has taken no money; `prevented` and
# `charge_refunded` ended without taking any.
STATUSES = {
    "needs_response": "opened",
    "under_review": "opened",
    "won": "won",
    "lost": "lost",
    "charge_refunded": "won",
    "prevented": "won",
}
INQUIRIES = frozenset({"warning_needs_response", "warning_under_review", "warning_closed"})


def record(conn: ConnectionContext, event: dict[str, Any], source: dict[str, str]) -> Translated:
    """Record the dispute of an event. Raises NotYet for a payment that no order has brought yet, Unprocessable for a
    status that Stripe does not document."""
    facts = mapping.dispute_facts(event)
    status = STATUSES.get(facts["status"])
    if facts["status"] in INQUIRIES:
        return Translated(result={"ignored": facts["status"]})
    if status is None:
        raise Unprocessable(f"Stripe named a dispute status that is not known: {facts['status']}", code="unmapped-code")
    try:
        payment = payment_of_gateway(conn.name, facts["references"])
    except NotFound as absent:
        raise NotYet(f"No order here was paid by {facts['references']}") from absent
    told = {name: facts[name] for name in ("external_id", "amount", "currency", "reason")}
    moments = {"told_at": _moment(facts["told_at"]), "answer_by": _moment(facts["answer_by"])}
    chargeback = record_chargeback(
        actor=conn.actor, payment_id=payment.id, told=read(ChargebackIn, {**told, **moments, "status": status})
    )
    result = {"chargeback_id": str(chargeback.id), "status": str(chargeback.status), **source}
    return Translated(chargeback.as_subject().correlation_id, result)


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
