"""Propose, approve, refuse and replace refunds. Money is reserved under the payments' locks before anything is sent."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.inputs import ApprovalIn
from retailops.lib.errors import Conflict, Denied, Unprocessable
from retailops.lib.fsm import TransitionRefused, fire
from retailops.lib.money import Money
from returns import vocabulary
from returns.access import access_refund
from returns.allocation import count, overlap, subtract
from returns.approvers import approver
from returns.enums import LIVE_REFUNDS, ComponentKind, Destination, RefundStatus, ReturnStatus
from returns.events import RefundApprovalRequested, RefundDenied, RefundSuperseded
from returns.fraud_screening import screen_refund
from returns.inputs import RefundProposalIn
from returns.models import Exchange, Refund, RefundComponent, RefundLine, Return
from returns.money_paths import Path, path_of
from returns.policy import Rules, may_approve, rules_of, within
from returns.refund_calculation import Calculation
from returns.refund_planning import Plan, plan_by_person, plan_by_policy, refuse_disputed
from returns.refund_terms import Terms, anything_earned, covered_units, earned_units, read_terms, tenders_of
from returns.rounding import refuse_uneven, step_of
from returns.serial_doubts import in_doubt
from returns.services.closing import end_trouble, finish
from returns.services.holding import cleared_before, hold_refunds
from returns.services.locking import lock_return
from returns.services.override_notes import evidence_given, named_files, note_overrides
from returns.services.proposing import reserve, tell
from returns.services.refunded_units import count_refunded
from returns.services.replacing import end_what_is_replaced
from returns.services.submitting import APPROVAL_KIND, approve_and_submit
from returns.tenders import Tender
from returns.troubles import no_tender, nothing_left_after_fees, refund_plus_chargeback
from returns.troubles.chargebacks import AFTER_DISPUTE
from returns.troubles.exchanges import exchange_balance_denied
from returns.worth import Part

POLICY = Actor.system("policy")
DEAD = (RefundStatus.FAILED, RefundStatus.REVERSED, RefundStatus.CANCELED)


@transaction.atomic
def propose_refund(*, actor: Actor, return_id: UUID, proposal: RefundProposalIn | None = None) -> list[Refund]:
    """Reserve money for the units that earned it and pay it at once where policy allows; one refund for each payment.

    Without a proposal, policy decides amount and tender. What goes beyond policy, or above the limit for going by
    itself, waits for a second person. Raises Unprocessable when nothing is to be refunded or the payments cannot take
    it, Conflict unless the return is authorized, Denied, NotFound.
    """
    _check_code(proposal)
    rma = lock_return(actor, return_id, Permission.REFUNDS_PROPOSE, with_payments=True)
    if rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {rma.status}: only an authorized one is refunded.", code="not-authorized")
    if proposal:
        terms = read_terms(rma, by_itself=False)
        plan = plan_by_person(terms, proposal)
        if not plan.spread:
            refuse_disputed(terms.tenders)
        refunds = carry_out(actor, terms, plan) if plan.spread else []
    else:
        refunds = _all_by_policy(actor, rma, by_itself=False)
    if not refunds:
        refuse_disputed(read_terms(rma, by_itself=False).tenders)
        raise Unprocessable("Nothing that came back is left to refund, or no payment can take it.", code="nothing-due")
    for first in {refund.proposal: refund for refund in reversed(refunds)}.values():
        _supersede_dead(actor, rma, first)
        _owed_no_more(actor, rma, first)
    end_trouble(actor, rma, f"refund_eaten_by_fees:{rma.id}", "A refund was proposed", {"refund": str(refunds[0].id)})
    finish(actor, rma)
    return refunds


def _all_by_policy(actor: Actor, rma: Return, *, by_itself: bool) -> list[Refund]:
    """Carry out what policy owes now, one plan for each way that the money goes; each sees what the former took."""
    made: list[Refund] = []
    if not anything_earned(rma):
        return made
    terms = read_terms(rma, by_itself=by_itself)
    for way in range(len(terms.due())):
        terms = read_terms(rma, by_itself=by_itself) if way else terms
        plan = plan_by_policy(terms)
        if by_itself and _stopped_by_dispute(rma, terms, plan):
            break
        if by_itself:
            _say_what_is_missing(rma, plan)
        if not plan.spread:
            break
        made += carry_out(actor, terms, plan)
    return made


def _stopped_by_dispute(rma: Return, terms: Terms, plan: Plan) -> bool:
    payment = terms.charged_back if plan.permitted > 0 else None
    if payment is not None:
        refund_plus_chargeback(POLICY, rma, str(payment.id), plan.permitted, "so policy refunds nothing by itself")
    return payment is not None


def _say_what_is_missing(rma: Return, plan: Plan) -> None:
    missing = plan.permitted - plan.calculation.total
    if missing > 0:
        no_tender(POLICY, rma, missing)
    elif plan.calculation.units and plan.permitted == 0:
        nothing_left_after_fees(POLICY, rma)


def _check_code(proposal: RefundProposalIn | None) -> None:
    """Raise Invalid for a code of neither vocabulary: a refund within policy has one, one beyond it the other."""
    if proposal is not None and not vocabulary.knows("override_reason", proposal.reason_code):
        vocabulary.check("refund_reason", proposal.reason_code, "/reason_code")


def refund_by_policy(rma: Return) -> list[Refund]:
    """Propose what policy owes now, within a command that holds the payments and the return; nothing may be owed.

    The lines must be saved. Policy is the requester, so that whoever received or inspected the goods may still approve.
    What a person refused or a gateway failed is left to people.
    """
    if rma.order_id is None or rma.status != ReturnStatus.AUTHORIZED:
        return []
    return _all_by_policy(POLICY, rma, by_itself=True)


def carry_out(actor: Actor, terms: Terms, plan: Plan, *, replaces: Refund | None = None) -> list[Refund]:
    """Reserve the refunds of a plan (payments and return locked), and approve them or ask a second person.

    Raises Invalid for files of evidence that are not of this return.
    """
    files = named_files(terms.rma, plan.files)
    refunds = reserve(actor, terms, plan, evidence_given(plan, files))
    if plan.broken:
        note_overrides(actor, refunds, plan, files, replaces)
    reasons = why_approval(terms, plan)
    total = terms.reserved + plan.credited
    findings = screen_refund(terms, plan.calculation.units, total)
    if findings and not cleared_before(terms.rma, plan.proposal, total, plan.credited):
        hold_refunds(terms, refunds, findings, total, reasons)
    else:
        go_on(actor, terms.rma, refunds, reasons)
    return refunds


def go_on(actor: Actor, rma: Return, refunds: Sequence[Refund], reasons: Sequence[str]) -> None:
    """Pay proposed refunds, or, for these reasons, have a second person decide (return and payments locked)."""
    if reasons:
        _ask(refunds, rules_of(rma.policy), reasons)
    else:
        label = rma.policy.label if rma.policy else "defaults"
        approve_and_submit(actor, refunds, approved_by=f"policy:{label}")


def why_approval(terms: Terms, plan: Plan) -> list[str]:
    """Return why a second person must agree: rules broken, more on this return than goes by itself, or units whose
    numbers do not fit."""
    reasons = [rule.replace("_", " ") for rule in plan.broken]
    total = terms.reserved + plan.credited
    if not within(total, terms.rules.auto_approve_limit, terms.rma.currency):
        reasons.append("above the limit for going by itself")
    if in_doubt(plan.calculation.units):
        reasons.append("a serial number does not fit")
    return reasons


def _ask(refunds: Sequence[Refund], rules: Rules, reasons: Sequence[str]) -> None:
    # It is the requester who asks, also where a fraud review lay between: so that it cannot agree to its own.
    requester = approver(refunds[0].requested_by)
    for refund in refunds:
        fire(refund.ask_approval)
        refund.approval = cases.request_approval(requester, _approval(refund, rules, reasons))
    Refund.objects.bulk_update(refunds, ["status", "approval"])
    tell(requester, RefundApprovalRequested, refunds)


def _approval(refund: Refund, rules: Rules, reasons: Sequence[str]) -> ApprovalIn:
    facts = refund.facts
    return ApprovalIn(
        kind=APPROVAL_KIND,
        subject=refund.as_subject(),
        payload=bound_payload(refund),
        reason=refund.reason or "; ".join(reasons),
        money=Money(refund.credited, refund.currency),
        asked={
            "rules": list(reasons),
            "permitted": facts["permitted"],
            "requested": facts["requested"],
            "broken": facts.get("broken", {}),
            "reason_code": facts.get("reason_code", ""),
        },
        evidence=facts.get("given", {}),
        policy_version=refund.policy_version,
        valid_for=timedelta(hours=rules.approval_expires_hours),
    )


def bound_payload(refund: Refund) -> dict[str, Any]:
    """Return what an approval of the refund is bound to, besides its amount: payment, leg, units, parts and rules."""
    lines = RefundLine.objects.filter(refund=refund).order_by("line_id").values_list("line_id", "units")
    parts = RefundComponent.objects.filter(refund=refund).order_by("id").values_list("kind", "code", "amount")
    bound: dict[str, Any] = {
        "refund": str(refund.id),
        "payment": str(refund.payment_id),
        "leg": refund.leg,
        "units": [[str(line_id), units] for line_id, units in lines],
        "parts": [list(part) for part in parts],
        "broken": refund.facts.get("broken", {}),
    }
    if refund.destination != Destination.TENDER:
        bound["destination"] = str(refund.destination)
    return bound


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
    rma, rules = refund.rma, rules_of(refund.rma.policy)
    where = {"region": rma.region, "brand": rma.brand}
    if actor.key == refund.requested_by:
        raise Denied("Who asked for the refund cannot approve it: a second person must.", code="same-person", **where)
    if not may_approve(actor, rules, refund.credited, refund.currency, region=rma.region, brand=rma.brand):
        money = Money(refund.credited, refund.currency)
        raise Denied(f"{money} is above what {actor.label} may approve.", code="above-limit", **where)


def take_approval(actor: Actor, refund_id: UUID) -> None:
    """Carry on a refund whose approval was just given: use it up and submit. For the approval's subscriber."""
    refund = access_refund(actor, refund_id, Permission.APPROVALS_DECIDE, lock=True)
    check_limit(actor, refund)
    check_still_earned(refund)
    if path_of(refund) == Path.GATEWAY:
        step = step_of(refund.payment.gateway, refund.currency)
        refuse_uneven(refund.amount, step, refund.currency, "Refuse it, or change it to")
    cases.consume_approval(
        actor,
        kind=APPROVAL_KIND,
        subject_id=refund.id,
        money=Money(refund.credited, refund.currency),
        payload=bound_payload(refund),
    )
    approve_and_submit(actor, [refund], approved_by=actor.key)
    finish(actor, refund.rma)


def check_still_earned(refund: Refund) -> None:
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
    count_refunded(refund.rma)
    tell(actor, RefundDenied, [refund])
    say_balance_is_owed(actor, [refund])
    finish(actor, refund.rma)


def say_balance_is_owed(actor: Actor, denied: Sequence[Refund]) -> None:
    """Open a case for what an exchange still owes the customer, where the refund of its balance was denied."""
    for refund in denied:
        exchange = Exchange.objects.filter(proposal=refund.proposal).first()
        if exchange is not None:
            exchange.rma = refund.rma
            exchange_balance_denied(actor, exchange, refund.amount)


@transaction.atomic
def supersede_refund(
    *,
    actor: Actor,
    refund_id: UUID,
    reason: str,
    payment_id: UUID | None = None,
    destination: Destination | None = None,
) -> Refund:
    """Replace a failed, canceled or reversed refund by a new one of the same amount, by the same or another payment,
    or as stored value.

    Another tender or destination needs a second person's approval. Raises Unprocessable (no reason, payment of another
    order, not enough left on it), TransitionRefused, Denied.
    """
    found = access_refund(actor, refund_id, Permission.REFUNDS_PROPOSE)
    rma = lock_return(actor, found.rma_id, Permission.REFUNDS_PROPOSE, with_payments=True)
    old = access_refund(actor, refund_id, Permission.REFUNDS_PROPOSE)
    if not reason.strip():
        raise Unprocessable("Say why: another try needs a reason.", code="reason-needed")
    terms = read_terms(rma, by_itself=False)
    tender = _tender_for(terms, old, payment_id or old.payment_id)
    plan = _same_again(old, tender, reason, destination or Destination(old.destination))
    if tender not in terms.tenders_for(plan.destination):
        raise Unprocessable("What a marketplace holds does not become value of ours.", code="marketplace-payment")
    if plan.destination == Destination.TENDER:
        refuse_uneven(old.amount, tender.step, old.currency, "Propose the refund anew, for")
    _check_still_free(old, plan)
    _supersede_ended(old)
    tell(actor, RefundSuperseded, [old])
    [new] = carry_out(actor, terms, plan)
    Refund.objects.filter(pk=old.pk).update(superseded_by=new)
    end_what_is_replaced(rma, old, new, reason)
    _owed_no_more(actor, rma, new)
    finish(actor, rma)
    return new


def _supersede_ended(old: Refund) -> None:
    """Supersede a refund that ended without paying. One that waits has a word asked for, which must not outlive it."""
    if old.status not in DEAD:
        raise TransitionRefused("It has not ended: change or cancel it instead.", present=str(old.status))
    fire(old.supersede)
    old.save(update_fields=["status"])


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


def _same_again(old: Refund, tender: Tender, reason: str, destination: Destination) -> Plan:
    lines = RefundLine.objects.filter(refund=old)
    rows = RefundComponent.objects.filter(refund=old).exclude(kind=ComponentKind.BONUS).select_related("order_line")
    parts = [Part(ComponentKind(row.kind), row.amount, row.order_line, row.code) for row in rows]
    broken: dict[str, dict[str, Any]] = {}
    if tender.payment_id != old.payment_id:
        broken["other_tender"] = {"permitted": str(old.payment_id), "requested": str(tender.payment_id)}
    if destination != old.destination:
        broken["other_destination"] = {"permitted": str(old.destination), "requested": str(destination)}
    return Plan(
        calculation=Calculation({row.line_id: row.units for row in lines}, parts),
        spread=[(tender, old.amount)],
        permitted=old.amount,
        reason=reason,
        broken=broken,
        proposal=old.proposal,
        destination=destination,
        bonus=old.bonus if destination != Destination.TENDER else 0,
        reason_code="tender_closed" if broken else "",
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
