"""Ask for a return. Units are taken under the order's row lock, so that no unit is promised twice (invariant 2).

The busiest command of the house: two reads, two writes, whatever the number of lines.
"""

from dataclasses import dataclass

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Unprocessable
from retailops.lib.fsm import fire
from retailops.lib.joining import joins
from returns import vocabulary
from returns.enums import ReturnStatus
from returns.events import ReturnAuthorized, ReturnFact, ReturnRequested, ReturnReviewRequired
from returns.facts import return_fact
from returns.fraud_screening import Finding, screen_request
from returns.inputs import ReturnIn
from returns.models import Return, ReturnLine
from returns.services.authorizing import grant
from returns.services.blind import receive_blind
from returns.services.building import (
    keep_marketplace_terms,
    new_lines,
    new_return,
    policies_of,
    why_review,
    worth_of,
    write_return,
)
from returns.services.closing import finish
from returns.services.eligibility import Eligibility, judge
from returns.services.holding import hold_return
from returns.services.order_reading import read_order, read_units
from returns.services.refunds import refund_by_policy

__all__ = ["receive_blind", "request_return"]


@dataclass(frozen=True)
class Judged:
    """Why a person must look before the return is authorized, and what looks like fraud; both empty: nobody need."""

    review: str
    findings: list[Finding]

    @property
    def held(self) -> bool:
        """Tell whether it waits for a person."""
        return bool(self.review or self.findings)


@dataclass(frozen=True)
class _Draft:
    """A return being made, before anything is written."""

    rma: Return
    lines: list[ReturnLine]
    verdict: Eligibility
    judged: Judged


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
    refuse_broken(actor, verdict, request.override_reason)
    draft = _draft(actor, request, verdict)
    _write(actor, draft, request)
    keep_marketplace_terms(draft.rma, request)
    hold_if_found(draft.rma, draft.judged, verdict)
    if any(line.kept for line in draft.lines):
        refund_by_policy(draft.rma)
        finish(actor, draft.rma)
    return draft.rma


def refuse_broken(actor: Actor, verdict: Eligibility, override_reason: str) -> None:
    """Raise Unprocessable, naming each line that policy refuses, unless the actor may and does go beyond policy."""
    order = verdict.order
    overrides = bool(override_reason) and can(actor, Permission.RETURNS_DECIDE, region=order.region, brand=order.brand)
    faults = [
        FieldError(f"/lines/{index}", reason.detail)
        for index, line in enumerate(verdict.lines)
        for reason in line.reasons
        if reason.hard or not overrides
    ]
    if faults:
        raise Unprocessable("Policy does not allow this return.", code="not-eligible", errors=faults)


def _draft(actor: Actor, request: ReturnIn, verdict: Eligibility) -> _Draft:
    rma = new_return(actor, request, verdict)
    lines = new_lines(rma, verdict)
    return _Draft(rma, lines, verdict, decide(rma, lines, verdict))


def decide(rma: Return, lines: list[ReturnLine], verdict: Eligibility) -> Judged:
    """Move a draft on as policy says, in memory: authorized, or to review; return why it is to be looked at."""
    rules = verdict.policy.rules
    fire(rma.request)
    judged = Judged(
        why_review(rma, verdict, rules),
        screen_request(rules.fraud, rma.kind, verdict.value, rma.customer_id, units=verdict.units),
    )
    if judged.held:
        fire(rma.send_to_review)
        rma.decision_reason = judged.review or "Waits for a fraud review"
    else:
        grant(rma, lines, rules, worth_of(verdict), policies_of(lines, verdict))
    return judged


def hold_if_found(rma: Return, judged: Judged, verdict: Eligibility) -> None:
    """Open a fraud review of a return that was just written, where a rule fired."""
    if judged.findings:
        hold_return(rma, judged.findings, verdict.value.amount, review=judged.review)


def _write(actor: Actor, draft: _Draft, request: ReturnIn) -> None:
    def told() -> list[ReturnFact]:
        return facts_told(draft.rma, draft.lines, draft.verdict)

    policy = draft.verdict.policy.label
    write_return(actor, draft.rma, draft.lines, told, reason=request.reason, policy=policy)


def facts_told(rma: Return, lines: list[ReturnLine], verdict: Eligibility) -> list[ReturnFact]:
    """Return what is told of a return that was just asked for."""
    asked = return_fact(ReturnRequested, rma, lines)
    if rma.status == ReturnStatus.IN_REVIEW:
        return [asked, return_fact(ReturnReviewRequired, rma, lines)]
    return [asked, return_fact(ReturnAuthorized, rma, lines, location=verdict.policy.rules.default_location)]
