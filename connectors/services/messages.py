"""Commands on inbox messages that stopped: take them again, or set them aside with a reason."""

from uuid import UUID

from django.db import transaction

from connectors.inbox_cases import dedupe_key
from connectors.models import InboxMessage, InboxStatus
from connectors.nudging import nudge_inbox_after_commit
from retailops.accounts.actor import EVERYWHERE, Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases.services import resolve_troubles
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid, NotFound


@transaction.atomic
def retry_message(*, actor: Actor, message_id: UUID) -> InboxMessage:
    """Have a stopped message translated again; its case ends when it goes through.

    Raises Denied, NotFound, Conflict.
    """
    message = _stopped(actor, message_id, Permission.DELIVERIES_REPLAY)
    message.status, message.tries, message.next_try_at = InboxStatus.PENDING, 0, now()
    message.save(update_fields=["status", "tries", "next_try_at"])
    nudge_inbox_after_commit()
    return message


@transaction.atomic
def set_message_aside(*, actor: Actor, message_id: UUID, reason: str) -> InboxMessage:
    """End a stopped message without taking it: it stays stored, with who decided so and why.

    Raises Denied, NotFound, Conflict, Invalid (no reason).
    """
    message = _stopped(actor, message_id, Permission.DELIVERIES_DISCARD)
    if not reason.strip():
        raise Invalid("A reason is required.", errors=[FieldError("/reason", "must not be empty")])
    message.status, message.done_at = InboxStatus.DONE, now()
    message.result = {"set_aside_by": actor.key, "reason": reason[:300]}
    message.save(update_fields=["status", "done_at", "result"])
    resolve_troubles(actor, dedupe_key(message), reason, {"message_id": message.message_id, "set_aside": True})
    return message


def _stopped(actor: Actor, message_id: UUID, permission: Permission) -> InboxMessage:
    # What it is about is not known before it is taken: it may be of any region.
    require(actor, permission, region=EVERYWHERE, brand=EVERYWHERE, view=Permission.CONNECTIONS_VIEW)
    message = InboxMessage.objects.select_for_update().filter(pk=message_id).first()
    if message is None:
        raise NotFound("There is no such message.")
    if message.status != InboxStatus.DEAD:
        raise Conflict(f"The message is {message.status}, not stopped.", present=message.status)
    return message
