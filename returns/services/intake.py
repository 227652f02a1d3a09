"""Ask for a return. Units are taken under the order's row lock, so that no unit is promised twice (invariant 2).

The busiest command of the house: two reads, two writes, whatever the number of lines.
"""

from dataclasses import dataclass
from typing import Any

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.events.inserting import insert_with_parts
from retailops.events.publish import append, compose
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Unprocessable
from retailops.lib.fsm import fire
from retailops.lib.ids import uuid7
from retailops.lib.joining import joins
from returns import vocabulary
from returns.enums import ReturnKind, ReturnStatus
from returns.events import ReturnAuthorized, ReturnFact, ReturnRequested, ReturnReviewRequired
from returns.facts import return_fact
from returns.fraud_screening import Finding, screen_request
from returns.inputs import ReturnIn
from returns.models import Return, ReturnLine
from returns.policy import Rules, within
from returns.services.authorizing import grant
from returns.services.blind import receive_blind
from returns.services.closing import finish
from returns.services.eligibility import Eligibility, judge
from returns.services.holding import hold_return
from returns.services.order_reading import read_order, read_units
from returns.services.refunds import refund_by_policy

__all__ = ["receive_blind", "request_return"]


@dataclass(frozen=True)
class _Draft:
    """A return being made, before anything is written."""

    rma: Return
    lines: list[ReturnLine]
    verdict: Eligibility
    # Why a person must look before it is authorized, and what looks like fraud.
    review: str
    findings: list[Finding]


@joins
def request_return(*, actor: Actor, request: ReturnIn) -> Return:
    """Open a return for units of an order, and authorize it at once when policy says so.

    Happens once for each `external_id` of a source: a repeat returns the return that is there. Publishes
    `return.requested` and `return.authorized` or `return.review_required`.

    Raises NotFound and Invalid (no such order or line), Denied, and Unprocessable with a pointer for each line that
    policy refuses; staff who may decide returns go beyond policy with an `override_reason`, and another person then
    decides.
    """
    vocabulary.check("override_reason", request.override_code, "/override_code")
    order = read_order(request.order, lock=True)
    require(actor, Permission.RETURNS_REQUEST, region=order.region, brand=order.brand, view=Permission.ORDERS_VIEW)
    snapshot = read_units(order, source=request.source, known_as=request.external_id)
    if snapshot.known:
        return Return.objects.get(pk=snapshot.known)
    verdict = judge(snapshot, request.lines, request.requested_at or now(), request.kind)
    _refuse_broken(actor, verdict, request)
    draft = _draft(actor, request, verdict)
    _write(actor, draft, request)
    if draft.findings:
        hold_return(draft.rma, draft.findings, verdict.value.amount, review=draft.review)
    if any(line.kept for line in draft.lines):
        refund_by_policy(draft.rma)
        finish(actor, draft.rma)
    return draft.rma


def _refuse_broken(actor: Actor, verdict: Eligibility, request: ReturnIn) -> None:
    order = verdict.order
    overrides = bool(request.override_reason) and can(
        actor, Permission.RETURNS_DECIDE, region=order.region, brand=order.brand
    )
    faults = [
        FieldError(f"/lines/{index}", reason.detail)
        for index, line in enumerate(verdict.lines)
        for reason in line.reasons
        if reason.hard or not overrides
    ]
    if faults:
        raise Unprocessable("Policy does not allow this return.", code="not-eligible", errors=faults)


def _draft(actor: Actor, request: ReturnIn, verdict: Eligibility) -> _Draft:
    rules = verdict.policy.rules
    rma = _return(actor, request, verdict)
    lines = _lines(rma, verdict)
    fire(rma.request)
    review = _why_review(rma, verdict, rules)
    findings = screen_request(rules.fraud, rma.kind, verdict.value, rma.customer_id, units=verdict.units)
    if review or findings:
        fire(rma.send_to_review)
        rma.decision_reason = review or "Waits for a fraud review"
    else:
        grant(
            rma,
            lines,
            rules,
            {line.line_no: each.amount.amount for line, each in zip(lines, verdict.lines, strict=True)},
        )
    return _Draft(rma, lines, verdict, review, findings)


def _return(actor: Actor, request: ReturnIn, verdict: Eligibility) -> Return:
    order = verdict.order
    return Return(
        id=uuid7(),
        kind=request.kind,
        order=order.as_row(),
        customer_id=order.customer_id,
        channel=order.channel,
        region=order.region,
        brand=order.brand,
        store=order.store,
        legal_entity=order.legal_entity,
        currency=order.currency,
        correlation_id=order.correlation_id,
        source=request.source,
        external_id=request.external_id,
        tracking=request.tracking,
        policy_id=verdict.policy.id,
        policy_facts=_facts(request, verdict),
        memo_required=verdict.policy.rules.erp_memo_required,
        requested_by=actor.key,
        requested_at=request.requested_at or now(),
    )


def _facts(request: ReturnIn, verdict: Eligibility) -> dict[str, Any]:
    facts = verdict.facts()
    if request.reason:
        facts["reason"] = request.reason
    if not verdict.eligible:
        facts["override_reason"] = request.override_reason
        facts["override_code"] = request.override_code
    return facts


def _lines(rma: Return, verdict: Eligibility) -> list[ReturnLine]:
    return [
        ReturnLine(
            rma=rma,
            line_no=number,
            order_line=each.line.as_row(),
            sku=each.line.sku,
            title=each.line.title,
            units=each.units,
            requested=each.asked.quantity,
            resolution=each.asked.resolution,
            customer_reason=each.asked.reason,
        )
        for number, each in enumerate(verdict.lines, start=1)
    ]


def _why_review(rma: Return, verdict: Eligibility, rules: Rules) -> str:
    """Return why a person must look before it is authorized; empty when policy authorizes it."""
    value = verdict.value
    if not verdict.eligible:
        broken = sorted({reason.code for line in verdict.lines for reason in line.reasons})
        return f"Beyond policy: {', '.join(broken)}"
    if not rules.auto_authorize:
        return "Policy has every return looked at"
    if not within(value.amount, rules.auto_authorize_limit, value.currency):
        return "Worth more than is authorized by itself"
    below = rules.keep_it_below.get(rma.currency, 0)
    if rma.kind == ReturnKind.RETURNLESS and value.amount >= below:
        return "Worth too much to be kept"
    return ""


def _write(actor: Actor, draft: _Draft, request: ReturnIn) -> None:
    rma = draft.rma
    insert_with_parts(rma, draft.lines)
    subject = rma.as_subject()
    told: list[ReturnFact] = [return_fact(ReturnRequested, rma, draft.lines)]
    if rma.status == ReturnStatus.IN_REVIEW:
        told.append(return_fact(ReturnReviewRequired, rma, draft.lines))
    else:
        told.append(
            return_fact(ReturnAuthorized, rma, draft.lines, location=draft.verdict.policy.rules.default_location)
        )
    events = [
        compose(
            fact,
            subject=subject,
            actor=actor,
            reason_code=request.reason[:80],
            policy_version=draft.verdict.policy.label,
        )
        for fact in told
    ]
    append(events, {event.id: subject.lane for event in events})
