"""Commands that change a stopped delivery itself: another message, another place in its lane. They send nothing."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.access import access_delivery
from retailops.events.enums import OPEN_STATUSES, DeliveryStatus
from retailops.events.kernel_events import DeliveryEdited, DeliveryResequenced
from retailops.events.models import Delivery, Event, Lease
from retailops.events.nudge import nudge_after_commit
from retailops.events.publish import publish
from retailops.events.replay import facts_of, subject_of
from retailops.lib.errors import Conflict


@transaction.atomic
def rewrite_message(
    actor: Actor, delivery_id: UUID, message: dict[str, Any], *, fence: int, edit_id: UUID, fields: Sequence[str],
    approved_by: str, reason: str,
) -> Event:  # fmt: skip
    """Give a stopped delivery another message, by one person's wish and a second one's word; return the event of it.

    Raises Conflict unless it is stopped and as it was (`fence`), NotFound, Denied. Its fence rises: what was planned or
    approved of the former message fits no more.
    """
    delivery = _stopped(actor, delivery_id, fence)
    delivery.payload = message
    delivery.fence += 1
    delivery.save(update_fields=["payload", "fence"])
    fact = DeliveryEdited(**facts_of(delivery), edit_id=str(edit_id), fields=tuple(fields), approved_by=approved_by)
    subject = subject_of(delivery)
    return publish(fact, subject=subject, actor=actor, cause=delivery.event_id, words=reason)


def waiting_behind(delivery: Delivery) -> QuerySet[Delivery]:
    """Return the open deliveries behind this one in its lane, in order."""
    rows = Delivery.objects.filter(destination=delivery.destination_id, lane_key=delivery.lane_key)
    return rows.filter(lane_seq__gt=delivery.lane_seq, status__in=OPEN_STATUSES).order_by("lane_seq")


def why_not_resequence(delivery: Delivery) -> str:
    """Say why a delivery cannot be moved to the end of its lane; "" where that is safe.

    Safe is it where it is stopped, what became of all in the lane is known, and nothing behind it is of its own
    operation: an older one that is sent after a newer one would undo it.
    """
    if delivery.status != DeliveryStatus.DEAD:
        return "It has not stopped: only what has stopped can be passed."
    if not delivery.destination.dead_blocks_lane:
        return "What comes later passes it by itself at this system."
    behind = list(waiting_behind(delivery))
    if not behind:
        return "Nothing waits behind it."
    if Lease.objects.filter(destination=delivery.destination_id, lane_key=delivery.lane_key).exists():
        return "Another one of its lane is being sent, or is in doubt: wait until that is known."
    if any(later.operation == delivery.operation for later in behind):
        return (
            "A later one of the same kind waits behind it: sent after that one, this one would undo it. Supersede it."
        )
    return ""


@transaction.atomic
def resequence(actor: Actor, delivery_id: UUID, reason: str, *, fence: int, approved_by: str = "") -> Delivery:
    """Move a stopped delivery to the end of its lane, so that what waits behind it goes on; return it.

    Raises Conflict where that is not safe or the delivery changed, NotFound, Denied.
    """
    delivery = _stopped(actor, delivery_id, fence)
    # Whoever publishes into the lane, or claims from it, waits for these rows.
    passed = list(waiting_behind(delivery).select_for_update(of=("self",)))
    if why := why_not_resequence(delivery):
        raise Conflict(why, present=delivery.status)
    delivery.lane_seq = _next_place()
    delivery.fence += 1
    delivery.save(update_fields=["lane_seq", "fence"])
    publish(
        DeliveryResequenced(**facts_of(delivery), passed=len(passed), approved_by=approved_by),
        subject=subject_of(delivery), actor=actor, cause=delivery.event_id, words=reason,
    )  # fmt: skip
    nudge_after_commit([delivery.destination_id])
    return delivery


def _next_place() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('events_lane_seq')")
        return int(cursor.fetchone()[0])


def _stopped(actor: Actor, delivery_id: UUID, fence: int) -> Delivery:
    delivery = access_delivery(actor, delivery_id, Permission.DELIVERIES_REPLAY, lock=True)
    if delivery.status != DeliveryStatus.DEAD:
        raise Conflict(f"It is {delivery.status}: only what has stopped can be changed.", present=delivery.status)
    if delivery.fence != fence:
        raise Conflict("It changed since it was looked at: look at it again.", present=delivery.status)
    return delivery
