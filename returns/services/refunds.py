"""Propose, approve, refuse and replace refunds. Money is reserved under the payments' locks before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import EvidenceFile
from retailops.lib.errors import Conflict, Denied, Unprocessable
from retailops.lib.fsm import fire
from retailops.lib.money import Money
from returns.access import access_refund, access_return
from returns.allocation import count, overlap, subtract
from returns.enums import LIVE_REFUNDS, ComponentKind, OverrideReason, RefundStatus, ReturnStatus
from returns.events import RefundApprovalRequested, RefundDenied, RefundSuperseded
from returns.inputs import RefundProposalIn
from returns.models import Refund, RefundComponent, RefundLine, Return
from returns.policy import may_approve, rules_of, within
from returns.refund_calculation import Calculation
from returns.refund_planning import Plan, plan_by_person, plan_by_policy, refuse_disputed
from returns.refund_terms import Terms, covered_units, earned_units, read_terms, tenders_of
from returns.services.closing import end_trouble, finish
from returns.services.locking import lock_return
from returns.services.override_notes import evidence_given, named_files, note_overrides
from returns.services.proposing import reserve, tell
from returns.services.replacing import end_what_is_replaced
from returns.services.submitting import APPROVAL_KIND, approve_and_submit
from returns.tenders import Tender
from returns.troubles import no_tender, refund_plus_chargeback
from returns.troubles.chargebacks import AFTER_DISPUTE
from returns.worth import Part

POLICY = Actor.system("policy")
DEAD = (RefundStatus.FAILED, RefundStatus.REVERSED, RefundStatus.CANCELED)


@dataclass(frozen=True)
class RefundPreview:
    """What policy would refund now, and how: nothing is written or reserved."""

    total: Money
    parts: list[Part]
    tenders: list[tuple[UUID, Money]]
    needs_approval: bool
    reasons: list[str] = field(default_factory=list)


@transaction.atomic
def propose_refund(*, actor: Actor, return_id: UUID, proposal: RefundProposalIn | None = None) -> list[Refund]:
    """Reserve money for the units that earned it and pay it at once where policy allows; one refund for each payment.

    Without a proposal, policy decides amount and tender. What goes beyond policy, or above the limit for going by
    itself, waits for a second person. Raises Unprocessable when nothing is to be refunded or the payments cannot take
    it, Conflict unless the return is authorized, Denied, NotFound.
    """
    rma = lock_return(actor, return_id, Permission.REFUNDS_PROPOSE, with_payments=True)
    if rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {rma.status}: only an authorized one is refunded.", code="not-authorized")
    terms = read_terms(rma, by_itself=False)
    plan = plan_by_person(terms, proposal) if proposal else plan_by_policy(terms)
    if not plan.spread:
        refuse_disputed(terms.tenders)
        raise Unprocessable("Nothing that came back is left to refund, or no payment can take it.", code="nothing-due")
    refunds = carry_out(actor, terms, plan)
    _supersede_dead(actor, rma, refunds[0])
    _owed_no_more(actor, rma, refunds[0])
    finish(actor, rma)
    return refunds


def refund_by_policy(rma: Return) -> list[Refund]:
    """Propose what policy owes now, within a command that holds the payments and the return; nothing may be owed.

    The lines must be saved. Policy is the requester, so that whoever received or inspected the goods may still approve.
    What a person refused or a gateway failed is left to people.
    """
    if rma.order_id is None or rma.status != ReturnStatus.AUTHORIZED:
        return []
    terms = read_terms(rma, by_itself=True)
    plan = plan_by_policy(terms)
    if plan.permitted > 0 and (payment := terms.charged_back):
        refund_plus_chargeback(POLICY, rma, str(payment.id), plan.permitted, "so policy refunds nothing by itself")
        return []
    missing = plan.permitted - plan.calculation.total
    if missing > 0:
        no_tender(POLICY, rma, missing)
    return carry_out(POLICY, terms, plan) if plan.spread else []


def preview_refund(actor: Actor, return_id: UUID) -> RefundPreview:
    """Return what policy would refund now. Raises NotFound, Denied."""
    rma = access_return(actor, return_id, Permission.REFUNDS_VIEW)
    terms = read_terms(rma, by_itself=False)
    plan = plan_by_policy(terms)
    reasons = _why_approval(terms, plan)
    return RefundPreview(
        total=Money(plan.calculation.total, rma.currency),
        parts=plan.calculation.parts,
        tenders=[(tender.payment_id, Money(amount, rma.currency)) for tender, amount in plan.spread],
        needs_approval=bool(reasons),
        reasons=reasons,
    )


def carry_out(actor: Actor, terms: Terms, plan: Plan, *, replaces: Refund | None = None) -> list[Refund]:
    """Reserve a plan and let it go, or ask for a second person's word. Payments and return are locked.

    Raises Invalid for files of evidence that are not of this return.
    """
    files = named_files(terms.rma, plan.files)
    refunds = reserve(actor, terms, plan)
    if plan.broken:
        note_overrides(actor, refunds, plan, files, replaces)
    reasons = _why_approval(terms, plan)
    if reasons:
        _ask(actor, terms, plan, refunds, reasons, files)
    else:
        label = terms.rma.policy.label if terms.rma.policy else "defaults"
        approve_and_submit(actor, refunds, approved_by=f"policy:{label}")
    return refunds


def _why_approval(terms: Terms, plan: Plan) -> list[str]:
    """Return why a second person must agree: rules broken, or more on this return than goes by itself."""
    reasons = [rule.replace("_", " ") for rule in plan.broken]
    total = terms.reserved + plan.calculation.total
    if not within(total, terms.rules.auto_approve_limit, terms.rma.currency):
        reasons.append("above the limit for going by itself")
    return reasons


def _ask(
    actor: Actor,
    terms: Terms,
    plan: Plan,
    refunds: Sequence[Refund],
    reasons: Sequence[str],
    files: Sequence[EvidenceFile],
) -> None:
    for refund in refunds:
        fire(refund.ask_approval)
        refund.approval = cases.request_approval(actor, _approval(refund, terms, plan, reasons, files))
    Refund.objects.bulk_update(refunds, ["status", "approval"])
    tell(actor, RefundApprovalRequested, refunds)


def _approval(
    refund: Refund, terms: Terms, plan: Plan, reasons: Sequence[str], files: Sequence[EvidenceFile]
) -> ApprovalIn:
    return ApprovalIn(
        kind=APPROVAL_KIND,
        subject=refund.as_subject(),
        payload=bound_payload(refund),
        reason=refund.reason or "; ".join(reasons),
        money=Money(refund.amount, refund.currency),
        asked={
            "rules": list(reasons),
            "permitted": plan.permitted,
            "requested": plan.calculation.total,
            "broken": plan.broken,
            "reason_code": str(plan.reason_code) if plan.broken else "",
        },
        evidence=evidence_given(plan, files),
        policy_version=refund.policy_version,
        valid_for=timedelta(hours=terms.rules.approval_expires_hours),
    )


def bound_payload(refund: Refund) -> dict[str, Any]:
    """Return what an approval of the refund is bound to, besides its amount: payment, leg, units, parts and rules."""
    lines = RefundLine.objects.filter(refund=refund).order_by("line_id").values_list("line_id", "units")
    parts = RefundComponent.objects.filter(refund=refund).order_by("id").values_list("kind", "code", "amount")
    return {
        "refund": str(refund.id),
        "payment": str(refund.payment_id),
        "leg": refund.leg,
        "units": [[str(line_id), units] for line_id, units in lines],
        "parts": [list(part) for part in parts],
        "broken": refund.facts.get("broken", {}),
    }


@transaction.atomic
def approve_refund(*, actor: Actor, refund_id: UUID, reason: str = "approved", seen: str = "") -> Refund:
    """Agree to a refund that waits, and submit it. `seen` is the hash of the evidence that the person had before them.

    Raises Denied (requester, limit of the role, no permission), Conflict (does not wait, approval expired, other
    evidence, what it pays for has changed), NotFound.
    """
    refund = access_refund(actor, refund_id, Permission.APPROVALS_DECIDE, lock=True)
    if refund.status != RefundStatus.PENDING_APPROVAL or refund.approval_id is None:
        raise Conflict(f"The refund is {refund.get_status_display().lower()}.", present=str(refund.status))
    check_limit(actor, refund)
    # Publishes `approval.approved`, whose subscriber (`take_approval`) carries the refund on in this transaction.
    cases.approve(actor, refund.approval_id, reason, seen=seen)
    return access_refund(actor, refund_id, Permission.APPROVALS_DECIDE)


def check_limit(actor: Actor, refund: Refund) -> None:
    """Raise Denied unless a role of the actor may approve the amount under the return's policy."""
    rules = rules_of(refund.rma.policy)
    if actor.key == refund.requested_by:
        raise Denied("Who asked for the refund cannot approve it: a second person must.", code="same-person")
    rma = refund.rma
    if not may_approve(actor, rules, refund.amount, refund.currency, region=rma.region, brand=rma.brand):
        raise Denied(
            f"{Money(refund.amount, refund.currency)} is above what {actor.label} may approve.", code="above-limit"
        )


def take_approval(actor: Actor, refund_id: UUID) -> None:
    """Carry on a refund whose approval was just given: use it up and submit. For the approval's subscriber."""
    refund = access_refund(actor, refund_id, Permission.APPROVALS_DECIDE, lock=True)
    check_limit(actor, refund)
    _check_still_earned(refund)
    cases.consume_approval(
        actor,
        kind=APPROVAL_KIND,
        subject_id=refund.id,
        money=Money(refund.amount, refund.currency),
        payload=bound_payload(refund),
    )
    approve_and_submit(actor, [refund], approved_by=actor.key)
    finish(actor, refund.rma)


def _check_still_earned(refund: Refund) -> None:
    """Raise Conflict where units that it pays for are not accepted or kept any more: what was asked has changed."""
    lines = [row.line for row in RefundLine.objects.filter(refund=refund).select_related("line")]
    covered = covered_units([line.id for line in lines])
    rules = rules_of(refund.rma.policy)
    if any(count(covered.get(line.id, [])) > max(0, earned_units(refund.rma, line, rules)) for line in lines):
        raise Conflict(
            "What it pays for has changed: some of its units earn no refund any more. Refuse it, or change it.",
            code="approval-differs",
        )


@transaction.atomic
def deny_refund(*, actor: Actor, refund_id: UUID, reason: str, seen: str = "") -> Refund:
    """Refuse a refund that waits; its money is free again. Raises as approve_refund."""
    refund = access_refund(actor, refund_id, Permission.APPROVALS_DECIDE, lock=True)
    if refund.status != RefundStatus.PENDING_APPROVAL or refund.approval_id is None:
        raise Conflict(f"The refund is {refund.get_status_display().lower()}.", present=str(refund.status))
    cases.refuse(actor, refund.approval_id, reason, seen=seen)
    return access_refund(actor, refund_id, Permission.APPROVALS_DECIDE)


def take_refusal(actor: Actor, refund_id: UUID, reason: str) -> None:
    """Deny a refund whose approval was refused or expired. For the approval's subscriber."""
    refund = access_refund(actor, refund_id, Permission.REFUNDS_VIEW, lock=True)
    if refund.status != RefundStatus.PENDING_APPROVAL:
        return
    fire(refund.deny)
    refund.failure_message = reason[:300]
    refund.save(update_fields=["status", "failure_message"])
    tell(actor, RefundDenied, [refund])
    finish(actor, refund.rma)


@transaction.atomic
def supersede_refund(*, actor: Actor, refund_id: UUID, reason: str, payment_id: UUID | None = None) -> Refund:
    """Replace a failed, canceled or reversed refund by a new one of the same amount, by the same or another payment.

    Another tender needs a second person's approval. Raises Unprocessable (no reason, payment of another order, not
    enough left on it), TransitionRefused, Denied.
    """
    found = access_refund(actor, refund_id, Permission.REFUNDS_PROPOSE)
    rma = lock_return(actor, found.rma_id, Permission.REFUNDS_PROPOSE, with_payments=True)
    old = access_refund(actor, refund_id, Permission.REFUNDS_PROPOSE)
    if not reason.strip():
        raise Unprocessable("Say why: another try needs a reason.", code="reason-needed")
    terms = read_terms(rma, by_itself=False)
    tender = _tender_for(terms, old, payment_id or old.payment_id)
    plan = _same_again(old, tender, reason)
    _check_still_free(old, plan)
    fire(old.supersede)
    old.save(update_fields=["status"])
    tell(actor, RefundSuperseded, [old])
    [new] = carry_out(actor, terms, plan)
    Refund.objects.filter(pk=old.pk).update(superseded_by=new)
    end_what_is_replaced(rma, old, new, reason)
    _owed_no_more(actor, rma, new)
    finish(actor, rma)
    return new


def _owed_no_more(actor: Actor, rma: Return, new: Refund) -> None:
    """What was stopped for a dispute is proposed again: its case ends."""
    end_trouble(actor, rma, f"{AFTER_DISPUTE}:{rma.id}", "It was proposed again.", {"refund": str(new.id)})


def _tender_for(terms: Terms, old: Refund, payment_id: UUID) -> Tender:
    tender = next((each for each in tenders_of(terms.payments.values()) if each.payment_id == payment_id), None)
    if tender is None:
        raise Unprocessable("The payment is not one of this order.", code="unknown-payment")
    if tender.remaining < old.amount:
        refuse_disputed([tender])
        raise Unprocessable("The payment cannot take the whole amount.", code="exceeds-tender")
    return tender


def _same_again(old: Refund, tender: Tender, reason: str) -> Plan:
    lines = RefundLine.objects.filter(refund=old)
    parts = [
        Part(ComponentKind(row.kind), row.amount, row.order_line, row.code)
        for row in RefundComponent.objects.filter(refund=old).select_related("order_line")
    ]
    broken: dict[str, dict[str, Any]] = {}
    if tender.payment_id != old.payment_id:
        broken["other_tender"] = {"permitted": str(old.payment_id), "requested": str(tender.payment_id)}
    return Plan(
        calculation=Calculation({row.line_id: row.units for row in lines}, parts),
        spread=[(tender, old.amount)],
        permitted=old.amount,
        reason=reason,
        broken=broken,
        proposal=old.proposal,
        reason_code=OverrideReason.TENDER_CLOSED,
    )


def _check_still_free(old: Refund, plan: Plan) -> None:
    covered = covered_units(plan.calculation.units, but=old.proposal)
    if any(overlap(covered.get(line_id, []), units) for line_id, units in plan.calculation.units.items()):
        raise Conflict("Another refund pays for these units by now.", code="units-refunded")


def _supersede_dead(actor: Actor, rma: Return, new: Refund) -> None:
    """Mark refunds that moved no money as replaced, where the new one pays for all the units of their dead proposal."""
    paid_for = {row.line_id: row.units for row in RefundLine.objects.filter(refund=new)}
    dead = Refund.objects.filter(rma=rma, status__in=DEAD).select_related("rma__order", "payment")
    for proposal in {refund.proposal for refund in dead}:
        lines = list(RefundLine.objects.filter(refund__proposal=proposal))
        living = Refund.objects.filter(proposal=proposal, status__in=LIVE_REFUNDS).exists()
        if living or not lines or any(subtract(each.units, paid_for.get(each.line_id, [])) for each in lines):
            continue
        for refund in (each for each in dead if each.proposal == proposal):
            fire(refund.supersede)
            refund.superseded_by = new
            refund.save(update_fields=["status", "superseded_by"])
            tell(actor, RefundSuperseded, [refund])
            end_what_is_replaced(rma, refund, new, new.reason or "the units are refunded anew")
