"""Make the rows of a return out of a request and policy's verdict on it, and write them with their events."""

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.events.inserting import insert_with_parts
from retailops.events.publish import append, compose
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.enums import ReturnKind, ReturnStatus
from returns.events import ReturnFact
from returns.inputs import ReturnIn
from returns.kinds import traits_of
from returns.line_policies import LinePolicy
from returns.models import DropOffCode, MarketplaceReturn, Return, ReturnLine
from returns.policy import Rules, within
from returns.services.eligibility import Eligibility

# A reason like `too_small` is a code: nobody writes so. Asking the vocabularies would cost the busiest command.
CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")


def new_return(actor: Actor, request: ReturnIn, verdict: Eligibility) -> Return:
    """Return a draft, not yet written, of the request under the policy that judged it."""
    order = verdict.order
    facts = facts_of(request.reason, request.override_reason, verdict, code=request.override_code)
    if request.evidence:
        facts["evidence"] = list(request.evidence)
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
        policy_facts=facts,
        memo_required=verdict.policy.rules.erp_memo_required,
        requested_by=actor.key,
        requested_at=request.requested_at or now(),
    )


def facts_of(reason: str, override_reason: str, verdict: Eligibility, *, code: str = "") -> dict[str, Any]:
    """Return what the decision saw, to be stored with the return."""
    facts = verdict.facts()
    if reason:
        facts["reason"] = reason
    if not verdict.eligible:
        facts["override_reason"] = override_reason
        facts["override_code"] = code
    return facts


def new_lines(rma: Return, verdict: Eligibility) -> list[ReturnLine]:
    """Return the lines that the verdict is of, each with the units that it takes."""
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


def worth_of(verdict: Eligibility) -> dict[int, int]:
    """Return each line's paid value in minor units, by line number."""
    return {number: each.amount.amount for number, each in enumerate(verdict.lines, start=1)}


def policies_of(lines: Sequence[ReturnLine], verdict: Eligibility) -> dict[UUID, LinePolicy]:
    """Return the policies of the lines that fell under another one than their return, by line id."""
    pairs = zip(lines, (each.policy for each in verdict.lines), strict=True)
    return {line.id: LinePolicy(own.label, own.rules) for line, own in pairs if own.id != verdict.policy.id}


def why_review(rma: Return, verdict: Eligibility, rules: Rules) -> str:
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
    if traits_of(rma.kind).keep == "always" and value.amount >= below:
        return "Worth too much to be kept"
    return ""


def write_return(
    actor: Actor,
    rma: Return,
    lines: Sequence[ReturnLine],
    told: Callable[[], Sequence[ReturnFact]],
    *,
    reason: str,
    policy: str,
) -> None:
    """Insert a new return with its lines, and tell the facts of it, which may name the number that it gets here."""
    insert_with_parts(rma, lines)
    tell_return(actor, rma, told(), reason=reason, policy=policy)
    give_drop_off_code(rma)


def tell_return(actor: Actor, rma: Return, told: Sequence[ReturnFact], *, reason: str, policy: str) -> None:
    """Publish these facts of the return in one statement."""
    subject, code = rma.as_subject(), reason if CODE.fullmatch(reason) else ""
    first, *others = [
        compose(fact, subject=subject, actor=actor, reason_code=code, policy_version=policy) for fact in told
    ]
    first.words = "" if code else reason
    events = [first, *others]
    append(events, {event.id: subject.lane for event in events})


def give_drop_off_code(rma: Return) -> None:
    """Give an authorized return of that kind the code that its customer shows, once."""
    if rma.status == ReturnStatus.AUTHORIZED and traits_of(rma.kind).drop_off_code:
        DropOffCode.objects.get_or_create(rma=rma, defaults={"token": secrets.token_urlsafe(12)})


def keep_marketplace_terms(rma: Return, request: ReturnIn) -> None:
    """Keep what the marketplace calls the return and when it wants an answer."""
    if rma.kind == ReturnKind.MARKETPLACE and request.marketplace:
        asked = request.marketplace
        MarketplaceReturn.objects.create(rma=rma, name=asked.name, return_id=asked.return_id, answer_by=asked.answer_by)
