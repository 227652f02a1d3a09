"""Ask a gateway to cancel a refund that it has, where gateways allow that: while it waits for the customer."""

from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Invalid, Unprocessable
from returns.access import access_refund
from returns.enums import RefundStatus
from returns.events import RefundCancelRequested
from returns.facts import refund_fact
from returns.models import Refund

OPERATION = "refund.cancel"
OPEN = (DeliveryStatus.READY, DeliveryStatus.IN_DOUBT)


@transaction.atomic
def request_cancel(*, actor: Actor, refund_id: UUID, reason: str) -> Refund:
    """Ask the gateway to cancel a refund that waits for the customer. Its money stays reserved until it answers.

    Raises Invalid without a reason, Conflict (in another state, or asked already), Unprocessable where no connection
    can ask, Denied, NotFound.
    """
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    refund = access_refund(actor, refund_id, Permission.REFUNDS_PROPOSE, lock=True)
    if refund.status != RefundStatus.REQUIRES_ACTION:
        state = refund.get_status_display().lower()
        detail = f"The refund is {state}: a gateway cancels one only while it waits for the customer."
        raise Conflict(detail, present=str(refund.status))
    asked = Delivery.objects.filter(operation=OPERATION, effect_key=f"cancel:{refund.effect_key}")
    if asked.filter(status__in=OPEN).exists():
        raise Conflict("The gateway was asked already: wait for its answer.", code="asked-already")
    if not asked.exists():
        fact = refund_fact(RefundCancelRequested, refund)
        publish(fact, subject=refund.as_subject(), actor=actor, words=reason)
    if not asked.filter(status__in=OPEN).exists():
        raise Unprocessable("No connection can cancel it: cancel it at the gateway itself.", code="unrouted")
    return refund
