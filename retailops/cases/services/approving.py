"""Maker and checker: a second person's word on one exact thing, used once."""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases.access import access_approval
from retailops.cases.events import (
    ApprovalConsumed,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalVoided,
)
from retailops.cases.evidence import digest_of
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval, ApprovalStatus, EvidenceFile
from retailops.cases.services.subject_locks import lock_subject
from retailops.cases.services.working import require_reason
from retailops.cases.telling import tell_approval
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied
from retailops.lib.money import Money

SWEEP = Actor.system("sweep")
LIVE = (ApprovalStatus.REQUESTED, ApprovalStatus.APPROVED)


def bind(kind: str, subject_id: UUID, money: Money | None, payload: dict[str, Any]) -> str:
    """Return the SHA-256 of exactly what is asked: kind, subject, amount and payload."""
    asked = {"kind": kind, "subject": str(subject_id), "money": money.as_dict() if money else None, "payload": payload}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


@transaction.atomic
def request_approval(actor: Actor, approval: ApprovalIn) -> Approval:
    """Ask for a second person's word; the same request again returns the one that waits.

    Raises Conflict while another request over the same subject is live (void it first), Invalid without a reason.
    """
    require_reason(approval.reason)
    bound_to = bind(approval.kind, approval.subject.id, approval.money, approval.payload)
    live = Approval.objects.select_for_update().filter(
        kind=approval.kind, subject_id=approval.subject.id, status__in=LIVE
    )
    found = live.first()
    if found is not None:
        if found.bound_to == bound_to:
            return found
        raise Conflict("Another approval of this is waiting or unused.", approval_id=str(found.id))
    made = _create(actor, approval, bound_to)
    tell_approval(ApprovalRequested, made, actor)
    return made


def _create(actor: Actor, approval: ApprovalIn, bound_to: str) -> Approval:
    subject, money = approval.subject, approval.money
    try:
        with transaction.atomic():
            return Approval.objects.create(
                kind=approval.kind,
                subject_type=subject.type,
                subject_id=subject.id,
                correlation_id=subject.correlation_id,
                region=subject.region,
                brand=subject.brand,
                channel=subject.channel,
                amount=money.amount if money else None,
                currency=money.currency if money else "",
                asked=approval.asked,
                bound_to=bound_to,
                reason=approval.reason[:300],
                evidence=approval.evidence,
                policy_version=approval.policy_version,
                requested_by=actor.key,
                expires_at=now() + approval.valid_for,
            )
    except IntegrityError as twin:
        raise Conflict("Another approval of this was requested a moment ago.") from twin


@transaction.atomic
def approve(actor: Actor, approval_id: UUID, reason: str, *, seen: str = "") -> Approval:
    """Agree. `seen` is the hash of the evidence that the person had before them.

    Raises Denied for the requester and for whoever lacks approvals.decide, Conflict unless it waits and while other
    evidence than that lies there.
    """
    approval = _decide(actor, approval_id, reason, ApprovalStatus.APPROVED, seen)
    tell_approval(ApprovalGiven, approval, actor)
    return approval


@transaction.atomic
def refuse(actor: Actor, approval_id: UUID, reason: str, *, seen: str = "") -> Approval:
    """Refuse. Raises as `approve` does."""
    approval = _decide(actor, approval_id, reason, ApprovalStatus.REFUSED, seen)
    tell_approval(ApprovalRefused, approval, actor)
    return approval


def files_before(approval: Approval) -> list[EvidenceFile]:
    """Return the files that lie before whoever decides: of what is asked for, of the request, and named by it."""
    named = [file["id"] for file in approval.evidence.get("files", ())]
    own = Q(subject_type=approval.subject_type, subject_id=approval.subject_id)
    asked = Q(subject_type="approval", subject_id=approval.id)
    return list(EvidenceFile.objects.filter(own | asked | Q(pk__in=named)).order_by("id"))


def _decide(actor: Actor, approval_id: UUID, reason: str, status: ApprovalStatus, seen: str) -> Approval:
    access_approval(actor, approval_id, Permission.APPROVALS_DECIDE)
    lock_subject(approval_id)
    approval = access_approval(actor, approval_id, Permission.APPROVALS_DECIDE, lock=True)
    require_reason(reason)
    if approval.requested_by == actor.key:
        detail = "Who asks for an approval cannot decide it: a second person must."
        raise Denied(detail, region=approval.region, brand=approval.brand)
    if approval.status != ApprovalStatus.REQUESTED:
        raise Conflict(f"The approval is {approval.status}.", present=approval.status)
    if approval.expires_at <= now():
        raise Conflict("The approval has expired: ask again.", present=ApprovalStatus.EXPIRED)
    approval.seen = _seen(approval, seen)
    approval.status, approval.decided_by, approval.decided_at = status, actor.key, now()
    approval.decision_reason = reason[:300]
    approval.save(update_fields=["status", "decided_by", "decided_at", "decision_reason", "seen"])
    return approval


def _seen(approval: Approval, seen: str) -> dict[str, Any]:
    present = digest_of(files_before(approval))
    if seen and seen != present["hash"]:
        names = [file["name"] for file in present["files"]]
        raise Conflict(
            "Evidence was added since this was looked at: look at it again.",
            code="evidence-changed",
            differences=[{"name": "Evidence", "before": "what was shown", "now": ", ".join(names)}],
        )
    return present


@transaction.atomic
def consume_approval(
    actor: Actor, *, kind: str, subject_id: UUID, money: Money | None, payload: dict[str, Any]
) -> Approval:
    """Use the approval of exactly this, once, in the transaction that does it.

    Raises Conflict when there is none, when it expired, or when what was approved differs.
    """
    rows = Approval.objects.select_for_update().filter(kind=kind, subject_id=subject_id)
    approval = rows.filter(status=ApprovalStatus.APPROVED).first()
    if approval is None:
        raise Conflict("This needs an approval that was given and not used yet.", code="approval-needed")
    require(actor, Permission.CASES_VIEW, region=approval.region, brand=approval.brand)
    if approval.expires_at <= now():
        raise Conflict("The approval has expired: ask again.", code="approval-expired")
    if approval.bound_to != bind(kind, subject_id, money, payload):
        raise Conflict("The approval is for something else: what was asked has changed.", code="approval-differs")
    approval.status, approval.consumed_at = ApprovalStatus.CONSUMED, now()
    approval.save(update_fields=["status", "consumed_at"])
    tell_approval(ApprovalConsumed, approval, actor)
    return approval


@transaction.atomic
def void_approval(actor: Actor, *, kind: str, subject_id: UUID, reason: str) -> int:
    """Void the live approval over a subject because what was asked has changed; return how many (0 or 1)."""
    live = Approval.objects.select_for_update().filter(kind=kind, subject_id=subject_id, status__in=LIVE)
    return sum(_end(approval, ApprovalStatus.VOIDED, reason, actor) for approval in live)


def expire_approvals(limit: int = 500) -> int:
    """Expire what nobody decided or used in time, each in its own transaction; return how many. A sweep."""
    late = Approval.objects.filter(status__in=LIVE, expires_at__lte=now()).order_by("expires_at", "id")
    return sum(_expire(approval_id) for approval_id in list(late.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _expire(approval_id: UUID) -> int:
    lock_subject(approval_id)
    late = Approval.objects.select_for_update(skip_locked=True).filter(status__in=LIVE, expires_at__lte=now())
    approval = late.filter(pk=approval_id).first()
    return _end(approval, ApprovalStatus.EXPIRED, "not in time", SWEEP) if approval else 0


def _end(approval: Approval, status: ApprovalStatus, reason: str, actor: Actor) -> int:
    approval.status = status
    approval.decision_reason = approval.decision_reason or reason[:300]
    approval.save(update_fields=["status", "decision_reason"])
    shape = ApprovalVoided if status == ApprovalStatus.VOIDED else ApprovalExpired
    tell_approval(shape, approval, actor)
    return 1
