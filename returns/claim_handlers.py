"""Subscribers and sweeps of claims and reviews: a second person's word, units for suppliers, what is overdue."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog

from retailops.accounts.actor import Actor
from retailops.cases.models import Approval
from retailops.events.catalog import subscribe
from retailops.events.models import Event
from retailops.events.sweeps import register_sweep
from retailops.lib.clock import now
from returns.approvers import approver
from returns.enums import ReviewStatus
from returns.events import claims, fraud, warranty  # noqa: F401  # their events register on import
from returns.models import FraudReview, SupplierClaim
from returns.services import claim_closing, claim_policy, claim_sending, reviewing, warranty_replacing

log = structlog.get_logger(__name__)
ENGINE = Actor.system("engine")
BATCH = 200


def register() -> None:
    """Register the subscribers and the sweeps."""
    subscribe("approval.approved", approval_given)
    for name in ("approval.refused", "approval.expired"):
        subscribe(name, approval_refused)
    subscribe("warranty.replacement_due", replacement_promised)
    register_sweep("claims.drafting", draft_for_vendors, every=60)
    register_sweep("claims.credit", chase_overdue, every=300)
    register_sweep("fraud.reviews", chase_reviews, every=60)


def approval_given(event: Event) -> None:
    """A second person agreed: the claim is sent, or its rest written off."""
    claim_id = UUID(event.data["subject_id"])
    if event.data["kind"] == claim_sending.APPROVAL_KIND:
        claim_sending.take_claim_approval(approver(event.actor), claim_id)
    elif event.data["kind"] == claim_closing.WRITE_OFF_KIND:
        claim_closing.take_write_off(approver(event.actor), claim_id, "approved")


def approval_refused(event: Event) -> None:
    """A second person refused, or nobody answered in time: the claim is a draft again; a write-off just is not."""
    if event.data["kind"] == claim_sending.APPROVAL_KIND:
        approval = Approval.objects.get(pk=event.data["approval_id"])
        why = approval.decision_reason or str(approval.status)
        claim_sending.take_claim_refusal(ENGINE, UUID(event.data["subject_id"]), why)


def replacement_promised(event: Event) -> None:
    """A verdict promised new units: the exchange that sends them is proposed at once."""
    warranty_replacing.follow_promise(UUID(event.data["assessment_id"]))


def draft_for_vendors() -> int:
    """Draft claims for goods that stand ready for their suppliers; each in its own transaction."""
    ids = list(claim_policy.unclaimed_for_vendors().order_by("id").values_list("id", flat=True)[:BATCH])
    return _each(ids, claim_policy.claim_slice)


def chase_overdue() -> int:
    """Open a case for each claim whose credit is overdue."""
    due = SupplierClaim.objects.filter(status__in=claim_policy.WAITING, due_at__lte=now())
    return _each(list(due.values_list("id", flat=True)[:BATCH]), claim_policy.chase_claim)


def chase_reviews() -> int:
    """Open a case for each fraud review that nobody decided in time."""
    due = FraudReview.objects.filter(status=ReviewStatus.PENDING, overdue_at=None, expires_at__lte=now())
    return _each(list(due.values_list("id", flat=True)[:BATCH]), reviewing.chase_review)


def _each(ids: list[UUID], work: Callable[[UUID], Any]) -> int:
    for id in ids:
        work(id)
    return len(ids)
