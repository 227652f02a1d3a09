"""Commands on a destination: pause, resume, probe. What is held uses no attempts and no time of its deadline."""

from uuid import UUID

from django.db import transaction
from django.db.models import F

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.access import access_destination
from retailops.events.catalog import Subject
from retailops.events.enums import CircuitState, DeliveryStatus, Trigger
from retailops.events.kernel_events import ConnectionPaused, ConnectionResumed
from retailops.events.models import Delivery, Destination
from retailops.events.nudge import nudge_after_commit
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Invalid


@transaction.atomic
def pause(*, actor: Actor, destination_id: UUID, reason: str) -> Destination:
    """Hold all sending to the destination. Pausing a paused one changes nothing but the reason.

    Raises Invalid without a reason, NotFound, Denied.
    """
    destination = access_destination(actor, destination_id, Permission.CONNECTIONS_MANAGE, lock=True)
    _require_reason(reason)
    was_paused = destination.paused
    destination.paused_at = destination.paused_at or now()
    destination.pause_reason, destination.paused_by = reason[:300], actor.key
    destination.save(update_fields=["paused_at", "pause_reason", "paused_by"])
    if not was_paused:
        facts = (str(destination.id), destination.name, destination.system)
        publish(ConnectionPaused(*facts), subject=subject_of(destination), actor=actor, words=reason)
    return destination


@transaction.atomic
def resume(*, actor: Actor, destination_id: UUID, reason: str) -> Destination:
    """Let sending go on; deadlines move by the time that was held. Resuming a running one changes nothing.

    Raises Invalid without a reason, NotFound, Denied.
    """
    destination = access_destination(actor, destination_id, Permission.CONNECTIONS_MANAGE, lock=True)
    _require_reason(reason)
    if destination.paused_at is None:
        return destination
    held = now() - destination.paused_at
    destination.paused_at, destination.pause_reason, destination.paused_by = None, "", ""
    destination.save(update_fields=["paused_at", "pause_reason", "paused_by"])
    waiting = Delivery.objects.filter(destination=destination, status=DeliveryStatus.READY)
    waiting.update(deadline_at=F("deadline_at") + held, next_trigger=Trigger.UNPAUSE)
    facts = (str(destination.id), destination.name, destination.system)
    publish(ConnectionResumed(*facts), subject=subject_of(destination), actor=actor, words=reason)
    nudge_after_commit([destination.id])
    return destination


@transaction.atomic
def probe(*, actor: Actor, destination_id: UUID) -> Destination:
    """Let one delivery through an open circuit now, without waiting for its time.

    Raises Conflict when the destination is paused (resume it first), NotFound, Denied.
    """
    destination = access_destination(actor, destination_id, Permission.CONNECTIONS_MANAGE, lock=True)
    if destination.paused:
        raise Conflict("Sending is paused: resume it, then probe.", present="paused")
    if destination.circuit == CircuitState.OPEN:
        destination.circuit_until = now()
        destination.save(update_fields=["circuit_until"])
    nudge_after_commit([destination.id])
    return destination


def subject_of(destination: Destination) -> Subject:
    """Return the destination as the subject of its own events."""
    return Subject("destination", destination.id, destination.id, str(destination.id))


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why: a reason is required.", pointer="/reason")
