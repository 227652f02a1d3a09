"""The carrier has the parcel."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import append, compose
from retailops.lib.errors import Conflict
from returns.enums import ReturnStatus
from returns.events import LineInTransit
from returns.facts import line_fact
from returns.models import Return
from returns.return_lines import lines_of
from returns.services.arriving import awaited
from returns.services.closing import finish
from returns.services.exchange_progress import follow_exchanges
from returns.services.locking import lock_return
from returns.services.refunds import refund_by_policy
from returns.services.scans import keep_scan


@transaction.atomic
def mark_in_transit(*, actor: Actor, return_id: UUID, tracking: str, scanned_at: datetime) -> Return:
    """Record the first carrier scan; a later one changes nothing but a missing tracking number.

    Where policy refunds on scan, the refund goes now. Raises Conflict unless it is authorized, Denied, NotFound.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_RECEIVE, with_payments=True)
    if rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {rma.status}: nothing is expected of it.", code="not-authorized")
    if tracking:
        keep_scan(actor, rma, tracking=tracking, what="with the carrier", scanned_at=scanned_at)
    return set_out(actor, rma, tracking, scanned_at)


def set_out(actor: Actor, rma: Return, tracking: str, scanned_at: datetime) -> Return:
    """Set the locked, authorized return in transit by its first scan, and let policy refund where it does so then."""
    if rma.in_transit_at is not None:
        rma.tracking = rma.tracking or tracking
        return finish(actor, rma)
    rma.in_transit_at = scanned_at
    rma.tracking = tracking or rma.tracking
    rma.save(update_fields=["in_transit_at", "tracking"])
    subject = rma.as_subject()
    events = [
        compose(
            line_fact(LineInTransit, rma, line, awaited(line), parcel=rma.tracking),
            subject=subject,
            actor=actor,
            occurred_at=scanned_at,
        )
        for line in lines_of(rma)
        if awaited(line) > 0
    ]
    append(events, {event.id: subject.lane for event in events})
    follow_exchanges(rma)
    refund_by_policy(rma)
    return finish(actor, rma)
