"""What a refund that ended leaves behind at the other systems: it must not be paid by an old delivery any more."""

from collections.abc import Sequence
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.events.replay import supersede
from retailops.lib.ids import parse_uuid
from returns.enums import LIVE_REFUNDS, RefundStatus
from returns.models import Refund, Return
from returns.services.closing import end_trouble
from returns.services.submitting import OPERATION

REPLACING = Actor.system("refunds")
# Only in these states does a refund still want its delivery; in all others its money is not reserved, or was paid.
WANTED = (RefundStatus.SUBMITTING, RefundStatus.UNKNOWN)


def why_void(delivery: Delivery) -> str:
    """Say why the delivery of a refund must not be sent again: a void check of the verdict; "" where it may."""
    return why_many_void([delivery]).get(delivery.id, "")


def why_many_void(deliveries: Sequence[Delivery]) -> dict[UUID, str]:
    """Say the same of many in one query, by the delivery's id; what may be sent is left out."""
    keys = {each.id: _refund_and_leg(each) for each in deliveries if each.operation == OPERATION}
    refunds = Refund.objects.in_bulk([key for key, _ in keys.values() if key]) if keys else {}
    return {id: why for id, (key, leg) in keys.items() if key in refunds and (why := _why(refunds[key], leg))}


def _refund_and_leg(delivery: Delivery) -> tuple[UUID | None, str]:
    _, refund_id, leg = f"{delivery.effect_key}::".split(":")[:3]
    return parse_uuid(refund_id), leg


def _why(refund: Refund, leg: str) -> str:
    if str(refund.leg) != leg:
        return "The refund was sent once more in another way meanwhile."
    if refund.status in WANTED:
        return ""
    if refund.status in LIVE_REFUNDS:
        return f"Nothing is left to send: the refund is {refund.get_status_display().lower()}."
    return "The refund ended and its money is not reserved: try the refund again on the return instead."


def end_what_is_replaced(rma: Return, old: Refund, new: Refund, reason: str) -> None:
    """Close the stopped delivery and the case of a refund that another one pays instead. Holds the return's lock.

    A delivery that somebody works on at this moment is left: its verdict says that it is void.
    """
    rows = Delivery.objects.filter(operation=OPERATION, effect_key=old.effect_key, status=DeliveryStatus.DEAD)
    for delivery in rows.select_for_update(skip_locked=True):
        supersede(REPLACING, delivery.id, f"Another refund pays instead: {reason}"[:300])
    end_trouble(REPLACING, rma, f"refund_failed:{old.id}", "Another refund pays instead.", {"refund": str(new.id)})
