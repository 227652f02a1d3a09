"""Edit and replay, and moving a lane on: what one person asks for, a second agrees to, and then happens."""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval
from retailops.cases.services import consume_approval, request_approval, void_approval
from retailops.events.access import access_delivery
from retailops.events.catalog import Subject
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.events.publish import publish
from retailops.events.replay import replay, subject_of
from retailops.events.rewriting import resequence, rewrite_message, waiting_behind, why_not_resequence
from retailops.events.verdicts import Verdict
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Invalid
from retailops.lib.money import Money
from retailops.replays.events import MessageEditRequested
from retailops.replays.messages import require_editable
from retailops.replays.models import MessageEdit
from retailops.replays.people import actor_behind

EDIT_KIND, LANE_KIND = "message_edit", "resequence"


@transaction.atomic
def ask_edit(actor: Actor, delivery_id: UUID, message: dict[str, Any], fence: int, reason: str) -> MessageEdit:
    """Ask a second person to agree to another message of a stopped delivery; nothing changes until they do.

    Raises Invalid for what cannot be changed, what does not fit the schema and without a reason; Conflict unless it is
    stopped and as it was looked at (`fence`); NotFound, Denied.
    """
    delivery = _stopped(actor, delivery_id, fence)
    _require_reason(reason)
    changes = require_editable(delivery.event, delivery.message, message)
    edit = MessageEdit.objects.create(
        delivery_id=delivery.id, fence=delivery.fence, before=delivery.message, after=message, reason=reason[:300],
        requested_by=actor.key,
    )  # fmt: skip
    void_approval(actor, kind=EDIT_KIND, subject_id=delivery.id, reason="another change is asked for")
    asked = {"rules": ["a message is changed by hand"], "edit": str(edit.id), "fields": [c.pointer for c in changes]}
    approval = request_approval(actor, _ask(EDIT_KIND, delivery, _edit_payload(edit), reason, asked))
    edit.approval_id = approval.id
    edit.save(update_fields=["approval_id"])
    told = MessageEditRequested(str(edit.id), str(delivery.id), [change.pointer for change in changes])
    publish(told, subject=subject_of(delivery), actor=actor, cause=delivery.event_id, words=reason)
    return edit


def edit_approved(approval_id: UUID) -> Verdict:
    """Make the change that a second person has just agreed to, then send the delivery again if that is safe.

    Opens its own transactions. Raises Conflict when the delivery changed meanwhile (then nothing is changed), and as
    `replay` does (then the message is changed, and the delivery stays stopped).
    """
    edit = MessageEdit.objects.get(approval_id=approval_id)
    actor = actor_behind(edit.requested_by)
    approval = _apply(actor, edit)
    return replay(actor, edit.delivery_id, edit.reason, approved_by=approval.decided_by)


@transaction.atomic
def _apply(actor: Actor, edit: MessageEdit) -> Approval:
    delivery = access_delivery(actor, edit.delivery_id, Permission.DELIVERIES_REPLAY, lock=True)
    approval = consume_approval(
        actor, kind=EDIT_KIND, subject_id=delivery.id, money=_money(delivery), payload=_edit_payload(edit)
    )
    fields = [change.pointer for change in require_editable(delivery.event, delivery.message, edit.after)]
    event = rewrite_message(
        actor, delivery.id, edit.after, fence=edit.fence, edit_id=edit.id, fields=fields,
        approved_by=approval.decided_by, reason=edit.reason,
    )  # fmt: skip
    edit.approved_by, edit.applied_at = approval.decided_by, now()
    edit.event_id = event.id
    edit.save(update_fields=["approved_by", "applied_at", "event_id"])
    return approval


@transaction.atomic
def move_lane_on(actor: Actor, delivery_id: UUID, fence: int, reason: str) -> Approval | Delivery:
    """Move a stopped delivery to the end of its lane, or ask a second person where money is in the lane.

    Return the delivery that was moved, or the approval that waits. Raises Conflict where that is not safe, Invalid
    without a reason, NotFound, Denied.
    """
    delivery = _stopped(actor, delivery_id, fence)
    _require_reason(reason)
    if why := why_not_resequence(delivery):
        raise Conflict(why, present=delivery.status)
    if not money_in_lane(delivery):
        return resequence(actor, delivery.id, reason, fence=fence)
    void_approval(actor, kind=LANE_KIND, subject_id=delivery.id, reason="asked for anew")
    asked = {"rules": ["money is in the lane that is moved on"], "behind": waiting_behind(delivery).count()}
    return request_approval(actor, _ask(LANE_KIND, delivery, _lane_payload(delivery), reason, asked))


def lane_approved(approval_id: UUID) -> Delivery:
    """Move on the lane that a second person has just agreed to. Raises Conflict where it changed meanwhile."""
    approval = Approval.objects.get(pk=approval_id, kind=LANE_KIND)
    return _move(actor_behind(approval.requested_by), approval)


@transaction.atomic
def _move(actor: Actor, approval: Approval) -> Delivery:
    delivery = access_delivery(actor, approval.subject_id, Permission.DELIVERIES_REPLAY, lock=True)
    used = consume_approval(
        actor, kind=LANE_KIND, subject_id=delivery.id, money=_money(delivery), payload=_lane_payload(delivery)
    )
    return resequence(actor, delivery.id, used.reason, fence=delivery.fence, approved_by=used.decided_by)


def money_in_lane(delivery: Delivery) -> bool:
    """Tell whether this delivery or one behind it moves money."""
    return bool(delivery.amount) or waiting_behind(delivery).filter(amount__gt=0).exists()


def _stopped(actor: Actor, delivery_id: UUID, fence: int) -> Delivery:
    delivery = access_delivery(actor, delivery_id, Permission.DELIVERIES_REPLAY, lock=True)
    if delivery.status != DeliveryStatus.DEAD or delivery.fence != fence:
        raise Conflict(f"It changed since it was looked at: it is {delivery.status} now.", present=delivery.status)
    return delivery


def _ask(kind: str, delivery: Delivery, payload: dict[str, Any], reason: str, asked: dict[str, Any]) -> ApprovalIn:
    event = delivery.event
    subject = Subject(
        "delivery", delivery.id, event.correlation_id, delivery.lane_key, event.region, event.brand, event.channel
    )
    return ApprovalIn(
        kind=kind, subject=subject, payload=payload, reason=reason, money=_money(delivery),
        asked=asked | {"operation": delivery.operation},
    )  # fmt: skip


def _edit_payload(edit: MessageEdit) -> dict[str, Any]:
    told = json.dumps([edit.before, edit.after], sort_keys=True, separators=(",", ":"))
    return {"edit": str(edit.id), "fence": edit.fence, "messages": hashlib.sha256(told.encode()).hexdigest()}


def _lane_payload(delivery: Delivery) -> dict[str, Any]:
    behind = [str(id) for id in waiting_behind(delivery).values_list("id", flat=True)]
    return {"delivery": str(delivery.id), "fence": delivery.fence, "behind": behind}


def _money(delivery: Delivery) -> Money | None:
    return None if delivery.amount is None else Money(delivery.amount, delivery.currency)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why: a reason is required.", pointer="/reason")
