"""Stop a refund before its money leaves: deny what waits, take back what no worker has sent yet."""

from retailops.accounts.actor import Actor
from retailops.cases.services import void_approval
from retailops.events.enums import DeliveryStatus
from retailops.events.leases import is_leased
from retailops.events.models import Delivery
from retailops.events.replay import supersede
from retailops.lib.fsm import fire
from returns.enums import RefundStatus
from returns.events import RefundDenied, RefundFailed
from returns.models import Refund
from returns.services.proposing import tell
from returns.services.refunded_units import count_refunded
from returns.services.submitting import APPROVAL_KIND, OPERATION

STOPPING = Actor.system("refunds")
WAITING = (RefundStatus.PROPOSED, RefundStatus.PENDING_APPROVAL, RefundStatus.APPROVED)


def stop_refund(actor: Actor, refund: Refund, *, code: str, why: str) -> bool:
    """Stop the refund if it can be known that nothing was sent, and tell; its money is free again.

    Payment and return are locked and loaded. Returns False, and leaves it as it is, where a gateway has it or may have.
    """
    if refund.status in WAITING:
        void_approval(actor, kind=APPROVAL_KIND, subject_id=refund.id, reason=why)
        fire(refund.deny)
        kind: type[RefundDenied | RefundFailed] = RefundDenied
    elif refund.status == RefundStatus.SUBMITTING and _take_back(refund, why):
        fire(refund.fail)
        kind = RefundFailed
    else:
        return False
    refund.failure_code, refund.failure_message = code, why
    refund.save(update_fields=["status", "failure_code", "failure_message"])
    count_refunded(refund.rma)
    tell(actor, kind, [refund])
    return True


def _take_back(refund: Refund, why: str) -> bool:
    """Close the refund's deliveries; False where one of them is being sent, in doubt or was delivered."""
    rows = Delivery.objects.filter(operation=OPERATION, effect_key=refund.effect_key)
    owed = rows.count()
    free = list(rows.select_for_update(of=("self",), skip_locked=True).select_related("destination", "event"))
    if len(free) != owed or not all(_unsent(delivery) for delivery in free):
        return False
    for delivery in free:
        if delivery.status in (DeliveryStatus.READY, DeliveryStatus.DEAD):
            supersede(STOPPING, delivery.id, why)
    return True


def _unsent(delivery: Delivery) -> bool:
    closed = (DeliveryStatus.DISCARDED, DeliveryStatus.SUPERSEDED)
    if delivery.status in closed:
        return True
    return delivery.status in (DeliveryStatus.READY, DeliveryStatus.DEAD) and not is_leased(delivery)
