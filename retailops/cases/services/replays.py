"""A second person's word on sending one delivery again, where its amount is above the limit for one person."""

from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval, ApprovalStatus
from retailops.cases.services.approving import bind, consume_approval, request_approval, void_approval
from retailops.events.access import access_delivery
from retailops.events.catalog import Subject
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.events.replay import replay
from retailops.events.verdicts import Verdict
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied
from retailops.lib.ids import parse_uuid
from retailops.lib.money import Money

REPLAY_KIND = "replay"
LIVE = (ApprovalStatus.REQUESTED, ApprovalStatus.APPROVED)


@transaction.atomic
def ask_replay(*, actor: Actor, delivery_id: UUID, reason: str) -> Approval:
    """Ask a second person to agree that the delivery is sent again; asking twice is asking once.

    Raises Conflict when it is neither stopped nor in doubt, Invalid without a reason, NotFound, Denied.
    """
    delivery = access_delivery(actor, delivery_id, Permission.DELIVERIES_REPLAY, lock=True)
    if delivery.status not in {DeliveryStatus.DEAD, DeliveryStatus.IN_DOUBT}:
        raise Conflict(f"It is {delivery.status}: there is nothing to send again.", present=delivery.status)
    asked = ApprovalIn(
        kind=REPLAY_KIND,
        subject=_subject(delivery),
        payload=_payload(delivery),
        reason=reason,
        money=_money(delivery),
        asked={"rules": ["above the limit for one person"], "operation": delivery.operation},
    )
    if word_on(delivery) is None:
        # What was asked or given for an earlier state of the delivery says nothing of this one.
        void_approval(actor, kind=REPLAY_KIND, subject_id=delivery.id, reason="the delivery has changed since")
    return request_approval(actor, asked)


def replay_with_word(*, actor: Actor, delivery_id: UUID, reason: str, as_was: bool = False) -> Verdict:
    """Send the delivery again, with the word of a second person where one was given; that word is used up.

    The word is bound to the state of the delivery that it was given for: once sent, it fits no more. Opens its own
    transactions, for the remote may be asked. Raises as `replay` does.
    """
    delivery = access_delivery(actor, delivery_id, Permission.DELIVERIES_REPLAY)
    given = word_on(delivery)
    if given is None or given.status != ApprovalStatus.APPROVED:
        return replay(actor, delivery_id, reason, as_was=as_was)
    found = replay(actor, delivery_id, reason, approved_by=given.decided_by, as_was=as_was)
    consume_approval(
        actor, kind=REPLAY_KIND, subject_id=delivery.id, money=_money(delivery), payload=_payload(delivery)
    )
    return found


def replay_approved(approval_id: UUID) -> Verdict:
    """Send what a second person has just agreed to, in the name of who asked. Opens its own transactions.

    Raises as `replay` does: then the word stays given, and who asked may send it later.
    """
    approval = Approval.objects.get(pk=approval_id, kind=REPLAY_KIND)
    return replay_with_word(actor=_person(approval), delivery_id=approval.subject_id, reason=approval.reason)


def word_on(delivery: Delivery) -> Approval | None:
    """Return the approval of sending the delivery again as it is now: asked for or given, not used, not expired."""
    rows = Approval.objects.filter(kind=REPLAY_KIND, subject_id=delivery.id, status__in=LIVE, expires_at__gt=now())
    bound_to = bind(REPLAY_KIND, delivery.id, _money(delivery), _payload(delivery))
    return rows.filter(bound_to=bound_to).first()


def _payload(delivery: Delivery) -> dict[str, object]:
    # The fence grows with each sending: what was agreed to is this repetition, and no later one.
    return {"delivery": str(delivery.id), "effect_key": delivery.effect_key, "fence": delivery.fence}


def _money(delivery: Delivery) -> Money | None:
    return None if delivery.amount is None else Money(delivery.amount, delivery.currency)


def _subject(delivery: Delivery) -> Subject:
    event = delivery.event
    return Subject(
        "delivery", delivery.id, event.correlation_id, delivery.lane_key, event.region, event.brand, event.channel
    )


def _person(approval: Approval) -> Actor:
    """Return who asked, with the roles held now."""
    kind, _, rest = approval.requested_by.partition(":")
    id = parse_uuid(rest) if kind == "user" else None
    person = User.objects.filter(pk=id, is_active=True).first() if id else None
    if person is None:
        raise Denied("Who asked for it is not here any more: somebody else must ask.")
    return person.actor()
