"""What Stripe captured of payments with an open return, read again by us where it is the owner of that field."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from connectors.failures import VendorFailure
from connectors.protocol import ConnectionContext, Translated, Verified
from connectors.readings import as_read
from connectors.stripe import mapping
from connectors.stripe.client import StripeApi
from reconciliation.order_truth import OrderTellingIn
from reconciliation.services import tell_order
from retailops.lib.errors import Unprocessable
from returns.access import access_order
from returns.enums import OPEN_RETURNS
from returns.models import Payment, TruthObject
from returns.truth import owned_channels

Json = dict[str, Any]
READ = "payment.read"


def held(conn: ConnectionContext, after: str, limit: int) -> Sequence[str]:
    """Return ids of this gateway's payments that an open return goes by, in order behind `after`; none without a rule
    that gives it what was captured."""
    owned = owned_channels(TruthObject.PAYMENT, "captured", conn.name, "order__channel")
    if owned is None:
        return []
    rows = Payment.objects.filter(owned, gateway=conn.name, order__returns__status__in=OPEN_RETURNS)
    if after:
        rows = rows.filter(pk__gt=after)
    return [str(id) for id in rows.order_by("id").distinct().values_list("id", flat=True)[:limit]]


def reread(conn: ConnectionContext, key: str, names: Mapping[str, str]) -> tuple[Verified, bytes] | None:
    """Ask Stripe what it captured of a payment; None where it has no such payment, or ours does not name one of it.

    It is the same message as long as neither side has changed.
    """
    payment = Payment.objects.select_related("order").get(pk=key)
    try:
        named = mapping.payment_of({"references": payment.references | {"external_id": payment.external_id}}, names)
    except VendorFailure:
        return None  # a refund of it is a case by itself
    found = StripeApi(conn, conn.timeout_seconds).payment(named)
    if found is None:
        return None
    amount, currency = mapping.captured_of(found)
    telling = OrderTellingIn.model_validate(
        {
            "system": conn.name,
            "as_of": payment.order.updated_at,
            "payments": [{"external_id": payment.external_id, "captured": amount}],
        }
    )
    told = {"order_id": str(payment.order_id), "currency": currency, "telling": telling.model_dump(mode="json")}
    return as_read(payment.id, READ, found["id"], told)


def told(conn: ConnectionContext, payload: Json) -> Translated:
    """Compare what was captured with our payment. Nothing of it changes. Raises Unprocessable for another currency."""
    order = access_order(conn.actor, UUID(payload["order_id"]))
    if payload["currency"] != order.currency:
        raise Unprocessable(
            f"{conn.label} captured {payload['currency']} of order {order.number}, which was sold in {order.currency}. "
            "Find out what the customer paid before more of it is refunded.",
            code="currency-mismatch",
        )
    telling = OrderTellingIn.model_validate(payload["telling"])
    found = tell_order(actor=conn.actor, order_id=order.id, told=telling)
    result = {"order": order.number, "differs": found.differs} | ({"late": True} if found.late else {})
    return Translated(order.correlation_id, result)
