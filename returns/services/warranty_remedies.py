"""Do what was promised under warranty: repair and send back, or replace or refund what cannot be repaired.

Each unit is settled once: repaired and replaced units are never refunded (invariant 9).
"""

from uuid import UUID

from django.db import transaction

from inventory.enums import Disposition
from inventory.services import book_moves
from retailops.accounts.actor import Actor
from retailops.lib.errors import Conflict, Invalid, Unprocessable
from retailops.lib.fsm import fire
from retailops.lib.money import Money
from returns.allocation import count, first, merge, subtract
from returns.enums import AssessmentStatus, DispositionStatus, Remedy, RemedyStatus
from returns.events.warranty import WarrantyRepaired, WarrantyRepairGivenUp, WarrantySentBack
from returns.exchange_units import claimed_units
from returns.models import DispositionSlice, ReturnLine, WarrantyAssessment
from returns.policy import rules_of
from returns.refund_terms import covered_units
from returns.services.claim_policy import recover_cost
from returns.services.closing import finish
from returns.services.decisions import save_lines
from returns.services.refunds import refund_by_policy
from returns.services.stock import move_in
from returns.services.warranty import grant_remedy, lock_assessment, tell

D = Disposition
T = RemedyStatus


@transaction.atomic
def complete_repair(*, actor: Actor, assessment_id: UUID, unit_cost: Money | None = None) -> WarrantyAssessment:
    """The units are repaired and wait to be sent to the customer. Repaired already: nothing changes.

    `unit_cost` is what the repair of one unit cost: it is claimed from the supplier where one is known. Raises Conflict
    (not placed in repair yet), Unprocessable (not the supplier's currency), Denied, NotFound.
    """
    assessment = lock_assessment(actor, assessment_id)
    if assessment.progress in (T.REPAIRED, T.SENT_BACK) and assessment.remedy == Remedy.REPAIR:
        return assessment
    part = _placed(assessment, T.IN_REPAIR)
    fire(assessment.finish_repair)
    assessment.save()
    _move(actor, assessment, part, "repaired", D.REPAIR, D.RETURN_TO_CUSTOMER)
    tell(actor, WarrantyRepaired, assessment)
    if unit_cost:
        recover_cost(part, reason="repaired under warranty", unit_cost=unit_cost)
    finish(actor, assessment.rma)
    return assessment


@transaction.atomic
def give_up_repair(*, actor: Actor, assessment_id: UUID, remedy: Remedy, reason: str) -> WarrantyAssessment:
    """The units cannot be repaired: the customer gets new ones, or the money by policy.

    Raises Invalid (no reason, not another remedy), Unprocessable (not offered), Conflict, TransitionRefused, Denied,
    NotFound.
    """
    assessment = lock_assessment(actor, assessment_id)
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    if remedy == Remedy.REPAIR:
        raise Invalid("Choose a replacement or a refund instead.", code="invalid")
    if remedy not in rules_of(assessment.rma.policy).warranty_remedies:
        raise Unprocessable(f"Policy does not offer to {remedy}.", code="not-offered")
    part = _placed(assessment, T.IN_REPAIR)
    _move(actor, assessment, part, "unrepairable", D.REPAIR, D.DAMAGED)
    assessment.remedy, assessment.reason = remedy, reason[:200]
    grant_remedy(actor, assessment, reason)
    tell(actor, WarrantyRepairGivenUp, assessment, reason=reason[:200])
    recover_cost(part, reason="not to be repaired under warranty")
    refund_by_policy(assessment.rma)
    finish(actor, assessment.rma)
    return assessment


@transaction.atomic
def send_back(*, actor: Actor, assessment_id: UUID, tracking: str = "") -> WarrantyAssessment:
    """Repaired or rejected units went to the customer: they are its own again, and may come back another time.

    Sent already: nothing changes. Raises Conflict (not placed yet), TransitionRefused, Denied, NotFound.
    """
    assessment = lock_assessment(actor, assessment_id)
    if assessment.progress == T.SENT_BACK:
        return assessment
    part = _placed(
        assessment, *((T.TO_SEND_BACK,) if assessment.status == AssessmentStatus.REJECTED else (T.REPAIRED,))
    )
    fire(assessment.send_back)
    assessment.tracking = tracking
    assessment.save()
    _move(actor, assessment, part, "sent-back", D.RETURN_TO_CUSTOMER, D.EXTERNAL)
    line = assessment.line
    line.sent_back += assessment.quantity
    line.units = _left(line, assessment.quantity)
    save_lines([line], "sent_back", "units")
    tell(actor, WarrantySentBack, assessment)
    finish(actor, assessment.rma)
    return assessment


def _left(line: ReturnLine, quantity: int) -> list[list[int]]:
    """Return the units that the line still takes: those sent back are free for another return, those that are refunded
    or replaced never."""
    settled = merge(covered_units([line.id]).get(line.id, []), claimed_units([line.id]).get(line.id, []))
    free = subtract(line.units, settled)
    return subtract(line.units, first(free, min(quantity, count(free))))


def _placed(assessment: WarrantyAssessment, *wanted: RemedyStatus) -> DispositionSlice:
    """Return the verdict's disposition. Raises Conflict unless the units stand where it says."""
    part = assessment.slice
    if part is None or assessment.progress not in wanted:
        said = assessment.get_progress_display().lower()
        raise Conflict(f"The units are not ready for that: {said}.", code="transition-refused")
    if part.status != DispositionStatus.POSTED:
        raise Conflict("The warehouse has not placed the units yet.", code="not-placed")
    return part


def _move(
    actor: Actor, assessment: WarrantyAssessment, part: DispositionSlice, verb: str, source: D, target: D
) -> None:
    rma, where = assessment.rma, part.inspection.location.code
    key = f"{verb}:{assessment.id}"
    move = move_in(rma, key, assessment.line.sku, assessment.quantity, source, target, where, reason="warranty")
    book_moves(actor=actor, moves=[move])
