"""One safe repetition that nobody is asked about: it is held for some seconds, in which who wanted it takes it back.

Whether it goes or comes back is decided by the delivery's row: a claim locks it and enters a lease, taking back locks
it and looks for one. Whoever is second finds what the first one did.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.access import access_delivery
from retailops.events.enums import DeliveryStatus, Trigger
from retailops.events.kernel_events import DeliveryReplayTakenBack
from retailops.events.leases import is_leased
from retailops.events.models import Attempt, Delivery
from retailops.events.publish import publish
from retailops.events.replay import Planned, facts_of, replay, subject_of
from retailops.events.verdicts import Verdict, VerdictKind
from retailops.lib.clock import now
from retailops.lib.errors import Conflict

HELD_SECONDS = 5
REASON = "One safe repetition"
TOO_LATE = "It has gone out already, or is going out: nothing was taken back."


def kinds_unasked(delivery: Delivery) -> frozenset[str]:
    """Return the verdicts under which a stopped delivery goes out without a question.

    A repeat that the other system takes once; what is not there, too, as long as no money hangs on somebody's word
    that it is not. None of a delivery that has not stopped.
    """
    if delivery.status != DeliveryStatus.DEAD:
        return frozenset()
    if delivery.amount is not None:
        return frozenset({VerdictKind.SAFE_REPEAT})
    return frozenset({VerdictKind.SAFE_REPEAT, VerdictKind.SAFE_ABSENT})


def replay_held(actor: Actor, delivery_id: UUID, *, fence: int) -> Delivery:
    """Send one stopped delivery again in HELD_SECONDS if that needs no question; return it as it is then.

    `fence` is what the person saw. Asks the remote where the ledger does not know, so it opens its own transaction.
    Raises ReplayRefused under any other verdict, ChangedSince when it is not as it was seen, NotFound, Denied.
    """
    delivery = access_delivery(actor, delivery_id, Permission.DELIVERIES_REPLAY)
    held: list[Delivery] = []

    def keep(changed: Delivery, _: Verdict) -> None:
        held.append(changed)

    seen = Planned(fence, DeliveryStatus.DEAD, kinds_unasked(delivery), keep)
    replay(actor, delivery_id, REASON, planned=seen, hold_seconds=HELD_SECONDS)
    return held[0]


@transaction.atomic
def take_back_replay(actor: Actor, delivery_id: UUID, *, fence: int) -> Delivery:
    """Stop the delivery again that the actor just had sent again (`fence`, as `replay_held` returned it).

    Raises Conflict once a worker has it or had it, or anything else happened to it; NotFound, Denied.
    """
    delivery = access_delivery(actor, delivery_id, Permission.DELIVERIES_REPLAY, lock=True)
    if not _still_held(delivery, actor, fence) or is_leased(delivery):
        raise Conflict(TOO_LATE, present=delivery.status)
    delivery.status, delivery.finished_at = DeliveryStatus.DEAD, _stopped_at(delivery)
    delivery.next_trigger, delivery.next_actor = Trigger.AUTO, ""
    delivery.fence += 1
    delivery.save(update_fields=["status", "finished_at", "next_trigger", "next_actor", "fence"])
    fact = DeliveryReplayTakenBack(**facts_of(delivery))
    publish(fact, subject=subject_of(delivery), actor=actor, cause=delivery.event_id)
    return delivery


def _still_held(delivery: Delivery, actor: Actor, fence: int) -> bool:
    as_left = (DeliveryStatus.READY, fence, Trigger.MANUAL, actor.key)
    return (delivery.status, delivery.fence, delivery.next_trigger, delivery.next_actor) == as_left


def _stopped_at(delivery: Delivery) -> datetime:
    """Return when it stopped: with its last try. What never was tried stops now."""
    last = Attempt.objects.filter(delivery=delivery).order_by("-attempt_no", "-recorded_at").first()
    return last.recorded_at if last else now()
