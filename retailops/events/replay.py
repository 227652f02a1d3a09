"""Commands on one delivery: replay by verdict, discard, supersede."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events import attempts, effects
from retailops.events.access import access_delivery
from retailops.events.catalog import Subject
from retailops.events.enums import DeliveryStatus, OutcomeClass, Trigger
from retailops.events.kernel_events import DeliveryDiscarded, DeliveryReplayed, DeliverySuperseded
from retailops.events.leases import is_leased, let_go
from retailops.events.lookup import doubt_of
from retailops.events.models import Delivery
from retailops.events.nudge import nudge_after_commit
from retailops.events.publish import publish
from retailops.events.transport import Finding, Outcome, Recorded, transport_of
from retailops.events.verdict_facts import last_mapping_version
from retailops.events.verdicts import SENDS, Verdict, VerdictKind, known_verdicts, verdict
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Invalid

UNFIT = "As it was, it did not fit its contract, and would not fit again."


class ReplayRefused(Conflict):
    """The verdict does not let it be sent; `verdict`, `evidence` and `what_to_do` say why and what instead."""

    code, title = "replay-refused", "Not sent again"


class ChangedSince(Conflict):
    """The delivery is not any more as the plan froze it."""

    code, title = "delivery-changed", "Changed since it was planned"


@dataclass(frozen=True)
class Planned:
    """What a plan froze of one delivery: its fence and status, and which verdicts may be acted on.

    `within` is called in the transaction that changes the delivery, so that the plan knows of it or neither happened.
    """

    fence: int
    status: str
    kinds: frozenset[str]
    within: Callable[[Delivery, Verdict], None]


def replay(
    actor: Actor,
    delivery_id: UUID,
    reason: str,
    *,
    trigger: str = Trigger.MANUAL,
    approved_by: str = "",
    planned: Planned | None = None,
    as_was: bool = False,
    hold_seconds: int = 0,
) -> Verdict:
    """Send the delivery again if that is safe, or mark it delivered if it is already done; return the verdict.

    It is rendered with the mapping now in force; `as_was`: with the one that its last try was made with. Its effect
    key is the same either way. It is due after `hold_seconds`; until then `held.take_back_replay` stops it.

    Asks the remote where the ledger does not know, so it opens its own transaction after that. `approved_by` is the
    key of the second person who agreed to an amount above the limit. Raises ReplayRefused (with what to do), Conflict
    when the delivery changed meanwhile, ChangedSince when it is not as `planned`, Invalid without a reason or when
    requester and approver are one, NotFound, Denied.
    """
    if not reason.strip():
        raise Invalid("Say why: a reason is required.", pointer="/reason")
    if approved_by and approved_by == actor.key:
        raise Invalid("The approver must be another person than the requester.", pointer="/approved_by")
    delivery = access_delivery(actor, delivery_id, Permission.DELIVERIES_REPLAY)
    _require_as_planned(delivery, planned)
    found = verdict(delivery, approved=bool(approved_by))
    if as_was and found.kind in SENDS and _unfit(delivery):
        found = replace(
            found, kind=VerdictKind.NEEDS_EDIT, why=UNFIT, what_to_do="Render it with the mapping in force."
        )
    if planned is not None and found.kind not in planned.kinds:
        _refuse(delivery, found)
    if found.kind in SENDS:
        _send_again(actor, delivery_id, reason, trigger, found, planned, as_was=as_was, hold_seconds=hold_seconds)
    elif found.kind == VerdictKind.ALREADY_DONE:
        _mark_done(actor, delivery_id, reason, trigger, found, planned)
    else:
        _refuse(delivery, found)
    return found


def _unfit(delivery: Delivery) -> bool:
    """Tell whether the message itself did not fit: sent as it was, it would be refused again."""
    return delivery.failure_class == OutcomeClass.CONTRACT and delivery.payload is None


def _require_as_planned(delivery: Delivery, planned: Planned | None) -> None:
    if planned is not None and (delivery.fence, delivery.status) != (planned.fence, planned.status):
        raise ChangedSince(f"It changed since it was planned: it is {delivery.status} now.", present=delivery.status)


@transaction.atomic
def _send_again(
    actor: Actor,
    delivery_id: UUID,
    reason: str,
    trigger: str,
    found: Verdict,
    planned: Planned | None,
    *,
    as_was: bool,
    hold_seconds: int,
) -> None:
    delivery = _unchanged(actor, delivery_id, found)
    moment = now()
    delivery.mapping_version = last_mapping_version(delivery.id) if as_was else None
    delivery.status = DeliveryStatus.READY
    delivery.next_attempt_at = moment + timedelta(seconds=hold_seconds)
    delivery.deadline_at = moment + timedelta(seconds=delivery.destination.deadline_seconds)
    delivery.next_trigger, delivery.next_actor = trigger, actor.key
    delivery.fence += 1
    delivery.retry_no, delivery.look_ups = 0, 0
    delivery.in_doubt_since = delivery.finished_at = None
    if found.kind == VerdictKind.SAFE_ABSENT:
        delivery.first_sent_at = None
        effects.settle_found(delivery.id, found.finding or Finding(False, evidence=found.evidence))
    delivery.save()
    let_go(delivery)
    _publish_replayed(delivery, actor, reason, found)
    if planned is not None:
        planned.within(delivery, found)
    nudge_after_commit([delivery.destination_id])


@transaction.atomic
def _mark_done(
    actor: Actor, delivery_id: UUID, reason: str, trigger: str, found: Verdict, planned: Planned | None
) -> None:
    """Mark it delivered with the evidence; the domain learns of it as of any answer. Nothing is sent."""
    delivery = _unchanged(actor, delivery_id, found)
    if planned is not None:
        planned.within(delivery, found)
    if delivery.status == DeliveryStatus.DELIVERED:
        return
    outcome = _evidence_outcome(actor, delivery, trigger, found)
    attempts.insert([outcome])
    effects.confirm([outcome])
    delivery.status, delivery.finished_at = DeliveryStatus.DELIVERED, now()
    delivery.external_reference = outcome.external_reference or delivery.external_reference
    delivery.failure_class = delivery.failure_code = delivery.failure_message = ""
    delivery.fence += 1
    delivery.in_doubt_since = None
    delivery.save()
    let_go(delivery)
    transport_of(delivery.destination.kind).recorded([Recorded(outcome, DeliveryStatus.DELIVERED)])
    _publish_replayed(delivery, actor, reason, found)
    _free_lane(delivery)


def _evidence_outcome(actor: Actor, delivery: Delivery, trigger: str, found: Verdict) -> Outcome:
    doubt = doubt_of(delivery.id)
    if doubt is None:
        raise Conflict("The delivery is gone.")
    ledger = found.evidence.get("ledger") or {}
    answer = found.finding.answer if found.finding else ledger.get("answer", {})
    return Outcome(
        doubt.claimed._replace(trigger=trigger, actor=actor.key),
        OutcomeClass.DELIVERED,
        code="already_done",
        message=found.why,
        external_reference=str(found.evidence.get("external_reference", "")),
        response=found.evidence or None,
        answer=answer,
    )


def _unchanged(actor: Actor, delivery_id: UUID, found: Verdict) -> Delivery:
    delivery = access_delivery(actor, delivery_id, Permission.DELIVERIES_REPLAY, lock=True)
    if (delivery.fence, delivery.status) != (found.fence, found.status):
        raise Conflict(f"It changed while it was looked at: it is {delivery.status} now.", present=delivery.status)
    _require_not_leased(delivery)
    return delivery


def _require_not_leased(delivery: Delivery) -> None:
    if is_leased(delivery):
        raise Conflict("It is being sent right now: wait for its answer.", present="leased")


def _refuse(delivery: Delivery, found: Verdict) -> None:
    if found.kind == VerdictKind.IN_DOUBT:
        waiting = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.IN_DOUBT)
        waiting.update(next_attempt_at=now() + timedelta(seconds=1))
    raise ReplayRefused(
        f"{found.why} {found.what_to_do}".strip(),
        verdict=str(found.kind),
        evidence=found.evidence,
        what_to_do=found.what_to_do,
    )


@transaction.atomic
def discard(actor: Actor, delivery_id: UUID, reason: str) -> Delivery:
    """Give the delivery up; what waits behind it in its lane goes on.

    Only what is ready or dead: one that is being sent or in doubt must be known first. Raises Conflict, Invalid without
    a reason, NotFound, Denied.
    """
    return _close(actor, delivery_id, reason, DeliveryStatus.DISCARDED, Permission.DELIVERIES_DISCARD)


@transaction.atomic
def supersede(actor: Actor, delivery_id: UUID, reason: str, *, planned: Planned | None = None) -> Delivery:
    """Close the delivery because a later fact made it void. Raises as `discard` does; ChangedSince if not as planned.

    A plan's verdict is formed anew under the delivery's lock: what is wanted again is not closed (ReplayRefused).
    """
    return _close(actor, delivery_id, reason, DeliveryStatus.SUPERSEDED, Permission.DELIVERIES_REPLAY, planned)


def _close(
    actor: Actor,
    delivery_id: UUID,
    reason: str,
    status: DeliveryStatus,
    permission: str,
    planned: Planned | None = None,
) -> Delivery:
    if not reason.strip():
        raise Invalid("Say why: a reason is required.", pointer="/reason")
    delivery = access_delivery(actor, delivery_id, permission, lock=True)
    _require_as_planned(delivery, planned)
    if delivery.status not in {DeliveryStatus.READY, DeliveryStatus.DEAD}:
        raise Conflict(f"It is {delivery.status}: it can be closed only when it is known.", present=delivery.status)
    _require_not_leased(delivery)
    if planned is not None:
        _require_still(delivery, planned)
    delivery.status, delivery.finished_at = status, now()
    delivery.fence += 1
    delivery.save(update_fields=["status", "finished_at", "fence"])
    shape = DeliveryDiscarded if status == DeliveryStatus.DISCARDED else DeliverySuperseded
    event = delivery.event
    publish(
        shape(**facts_of(delivery)),
        subject=subject_of(delivery),
        actor=actor,
        cause=event.id,
        words=reason,
    )
    _free_lane(delivery)
    return delivery


def _require_still(delivery: Delivery, planned: Planned) -> None:
    found = known_verdicts([delivery])[delivery.id].verdict
    if found is None or found.kind not in planned.kinds:
        raise ReplayRefused("It is wanted again: look at it anew.", verdict=str(found.kind) if found else "in_doubt")
    planned.within(delivery, found)


def _free_lane(delivery: Delivery) -> None:
    """Give those that were blocked behind this one a full deadline, and have them looked at."""
    moment = now()
    behind = Q(destination=delivery.destination, lane_key=delivery.lane_key, lane_seq__gt=delivery.lane_seq)
    late = Delivery.objects.filter(behind, status=DeliveryStatus.READY, deadline_at__lt=moment)
    late.update(deadline_at=moment + timedelta(seconds=delivery.destination.deadline_seconds))
    nudge_after_commit([delivery.destination_id])


def subject_of(delivery: Delivery) -> Subject:
    """Return the subject of the delivered event: what happens to its delivery belongs to the same story."""
    event = delivery.event
    return Subject(
        event.subject_type,
        event.subject_id,
        event.correlation_id,
        delivery.lane_key,
        event.region,
        event.brand,
        event.channel,
    )


def facts_of(delivery: Delivery) -> dict[str, Any]:
    """Return the fields of a DeliveryFact."""
    return {
        "delivery_id": str(delivery.id),
        "destination_id": str(delivery.destination_id),
        "destination": delivery.destination.name,
        "system": delivery.destination.system,
        "operation": delivery.operation,
        "effect_key": delivery.effect_key,
        "event_id": str(delivery.event_id),
        "subject_type": delivery.event.subject_type,
        "subject_id": str(delivery.event.subject_id),
        "failure_class": delivery.failure_class,
        "failure_code": delivery.failure_code,
        "failure_message": delivery.failure_message,
        "fingerprint": delivery.fingerprint,
        "amount": delivery.amount,
        "currency": delivery.currency,
    }


def _publish_replayed(delivery: Delivery, actor: Actor, reason: str, found: Verdict) -> None:
    publish(
        DeliveryReplayed(**facts_of(delivery), verdict=str(found.kind), mapping_version=delivery.mapping_version),
        subject=subject_of(delivery),
        actor=actor,
        cause=delivery.event_id,
        words=reason,
    )
