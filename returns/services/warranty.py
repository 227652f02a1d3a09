"""Judge units that came back under warranty: accepted with a remedy, or rejected."""

from typing import TypeVar
from uuid import UUID

from django.db import transaction

from inventory.enums import Disposition
from inventory.selectors import location_of
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Unprocessable, hidden
from retailops.lib.fsm import fire
from returns.enums import AssessmentStatus, Remedy, ReturnStatus
from returns.events.warranty import WarrantyAccepted, WarrantyFact, WarrantyRejected, WarrantyReplacementDue
from returns.inputs import InspectionIn, SliceIn
from returns.inputs.warranty import AcceptanceIn, AssessmentIn, RejectionIn
from returns.models import DispositionSlice, Return, WarrantyAssessment
from returns.policy import rules_of
from returns.services.claim_policy import recover_cost
from returns.services.closing import finish
from returns.services.inspecting import record_verdicts
from returns.services.locking import lock_return
from returns.services.refunds import refund_by_policy

JUDGE = Permission.RETURNS_INSPECT
Fact = TypeVar("Fact", bound=WarrantyFact)


@transaction.atomic
def accept_assessment(*, actor: Actor, assessment_id: UUID, verdict: AcceptanceIn) -> WarrantyAssessment:
    """Accept units, or some of those that wait: to be repaired, replaced, or refunded as policy says.

    Replaced and refunded units draft a claim on their supplier where one is known. Accepted already with the same
    remedy: nothing changes.

    Raises Unprocessable (remedy not offered, more units than wait), Conflict (decided otherwise, not authorized),
    Invalid, Denied, NotFound.
    """
    assessment = lock_assessment(actor, assessment_id)
    if assessment.status != AssessmentStatus.PENDING:
        return _as_decided(assessment, verdict.remedy)
    rma = assessment.rma
    if verdict.remedy not in rules_of(rma.policy).warranty_remedies:
        raise Unprocessable(f"Policy does not offer to {verdict.remedy}.", code="not-offered")
    repair = verdict.remedy == Remedy.REPAIR
    where = Disposition.REPAIR if repair else verdict.disposition
    assessment = _judge(actor, assessment, verdict, where, accepted=True)
    fire(assessment.accept, verdict.remedy)
    grant_remedy(actor, assessment, verdict.reason)
    tell(actor, WarrantyAccepted, assessment, reason=verdict.reason)
    if not repair and assessment.slice:
        recover_cost(assessment.slice, reason="accepted under warranty")
    refund_by_policy(rma)
    finish(actor, rma)
    return assessment


@transaction.atomic
def reject_assessment(*, actor: Actor, assessment_id: UUID, verdict: RejectionIn) -> WarrantyAssessment:
    """Reject units, or some of those that wait: they go back to the customer. Raises as accept_assessment."""
    assessment = lock_assessment(actor, assessment_id)
    if assessment.status != AssessmentStatus.PENDING:
        return _as_decided(assessment, "")
    assessment = _judge(actor, assessment, verdict, verdict.disposition, accepted=False)
    fire(assessment.reject)
    if verdict.disposition == Disposition.RETURN_TO_CUSTOMER:
        fire(assessment.owe_sending_back)
    assessment.save()
    tell(actor, WarrantyRejected, assessment, reason=verdict.reason)
    finish(actor, assessment.rma)
    return assessment


def access_assessment(actor: Actor, assessment_id: UUID, permission: Permission = JUDGE) -> WarrantyAssessment:
    """Return the assessment with its line and return. Raises NotFound, Denied."""
    rows = WarrantyAssessment.objects.select_related("line__order_line", "rma__order", "slice__inspection__location")
    assessment = rows.filter(pk=assessment_id).first()
    if assessment is None:
        raise hidden()
    rma = assessment.rma
    require(actor, permission, region=rma.region, brand=rma.brand, view=Permission.RETURNS_VIEW)
    return assessment


def lock_assessment(actor: Actor, assessment_id: UUID) -> WarrantyAssessment:
    """Return the assessment; the payments of its order and its return are locked. Raises as access_assessment."""
    found = access_assessment(actor, assessment_id)
    rma = lock_return(actor, found.rma_id, JUDGE, with_order=True, with_payments=True)
    assessment = access_assessment(actor, assessment_id)
    assessment.rma = assessment.line.rma = rma
    return assessment


def _as_decided(assessment: WarrantyAssessment, remedy: str) -> WarrantyAssessment:
    if assessment.remedy != remedy:
        raise Conflict("Somebody has decided it otherwise.", code="decided", present=str(assessment.status))
    return assessment


def _judge(
    actor: Actor, assessment: WarrantyAssessment, verdict: AssessmentIn, where: Disposition, *, accepted: bool
) -> WarrantyAssessment:
    """Record the verdict as an inspection; return the assessment of just these units, ready for its state."""
    rma = assessment.rma
    if rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {rma.status}: authorize or reinstate it first.", code="not-authorized")
    mine = _taken_out(assessment, verdict.quantity or assessment.quantity)
    mine.slice = _verdict(actor, rma, mine, verdict, where, accepted)
    mine.reason, mine.evidence, mine.assessed_by = verdict.reason, list(verdict.evidence), actor.key
    mine.line.refresh_from_db()
    mine.line.rma = rma
    return mine


def _taken_out(assessment: WarrantyAssessment, quantity: int) -> WarrantyAssessment:
    """Return an assessment of so many of the units that wait; the others go on waiting."""
    if quantity > assessment.quantity:
        raise Unprocessable(f"{assessment.quantity} units wait for a verdict.", code="more-than-received")
    if quantity == assessment.quantity:
        return assessment
    assessment.quantity -= quantity
    assessment.save(update_fields=["quantity"])
    return WarrantyAssessment(rma=assessment.rma, line=assessment.line, quantity=quantity)


def _verdict(
    actor: Actor, rma: Return, mine: WarrantyAssessment, verdict: AssessmentIn, where: Disposition, accepted: bool
) -> DispositionSlice:
    told = SliceIn(
        line_no=mine.line.line_no,
        quantity=mine.quantity,
        accepted=accepted,
        condition=verdict.condition,
        disposition=where,
        reason="warranty",
        evidence=list(verdict.evidence),
    )
    inspection = InspectionIn(reference=f"warranty:{mine.id}", location=verdict.location, slices=[told])
    row = record_verdicts(actor, rma, inspection, location_of(verdict.location))
    return row.slices.select_related("inspection__location", "line").get()


def grant_remedy(actor: Actor, assessment: WarrantyAssessment, reason: str) -> None:
    """Start what was promised for accepted units, and save the assessment."""
    if assessment.remedy == Remedy.REPAIR:
        fire(assessment.start_repair)
    elif assessment.remedy == Remedy.REPLACE:
        fire(assessment.owe_replacement)
    else:
        fire(assessment.owe_refund)
    assessment.save()
    if assessment.remedy == Remedy.REPLACE:
        # Its subscriber proposes the replacement, or opens the case that asks for one: the return is read anew.
        tell(actor, WarrantyReplacementDue, assessment, reason=reason)
        assessment.rma.refresh_from_db()


def tell(actor: Actor, kind: type[Fact], assessment: WarrantyAssessment, *, reason: str = "") -> None:
    """Publish a fact of the assessment (line, order line and return loaded)."""
    rma, line = assessment.rma, assessment.line
    fact = kind(
        assessment_id=str(assessment.id),
        return_id=str(rma.id),
        number=rma.number,
        line_no=line.line_no,
        sku=line.sku,
        quantity=assessment.quantity,
        status=str(assessment.status),
        remedy=str(assessment.remedy),
        progress=str(assessment.progress),
        order_external_id=rma.order.external_id if rma.order else "",
        order_line_external_id=line.order_line.external_id if line.order_line else "",
        channel=rma.channel,
        tracking=assessment.tracking,
    )
    publish(fact, subject=assessment.as_subject(), actor=actor, words=reason)
