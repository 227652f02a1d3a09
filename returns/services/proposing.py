"""Turn a calculation into refunds: one for each payment, all of one proposal, their parts summing to each amount."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.events.inserting import insert_rows
from retailops.events.publish import append, compose
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from retailops.lib.money import allocate
from returns.allocation import count
from returns.enums import ComponentKind, RefundTiming
from returns.events import RefundProposed
from returns.facts import refund_fact
from returns.models import Payment, Refund, RefundComponent, RefundLine
from returns.refund_explanation import explain
from returns.refund_planning import Plan
from returns.refund_terms import Terms, timing_of
from returns.tenders import Tender
from returns.worth import Part


def deal(parts: Sequence[Part], amounts: Sequence[int]) -> list[list[Part]]:
    """Deal parts out so that each hand sums to its amount; the amounts must sum to the parts' total.

    What is taken off (negative parts) goes to the first hand, positive parts go out in order: every hand is exact, and
    every part is dealt out whole or split, never lost.
    """
    taken_off = [part for part in parts if part.amount < 0]
    given = [part for part in parts if part.amount > 0]
    hands: list[list[Part]] = []
    for index, amount in enumerate(amounts):
        hand = taken_off if index == 0 else []
        pieces, given = _draw(given, amount - sum(part.amount for part in hand))
        hands.append([*hand, *pieces])
    return hands


def _draw(given: Sequence[Part], wanted: int) -> tuple[list[Part], list[Part]]:
    """Return pieces worth `wanted` from the front, and what is left."""
    pieces: list[Part] = []
    for index, part in enumerate(given):
        if part.amount >= wanted:
            rest = [replace(part, amount=part.amount - wanted)] if part.amount > wanted else []
            piece = [replace(part, amount=wanted)] if wanted else []
            return [*pieces, *piece], [*rest, *given[index + 1 :]]
        pieces.append(part)
        wanted -= part.amount
    return pieces, []


def reserve(actor: Actor, terms: Terms, plan: Plan, evidence: Mapping[str, Any]) -> list[Refund]:
    """Write the refunds of a plan as proposed and publish `refund.proposed`: their money is reserved from now on.

    `evidence` is what was given for it: files by hash, and what was said to exist elsewhere.
    """
    proposal = plan.proposal or uuid7()
    facts = _facts(terms, plan) | ({"given": dict(evidence)} if evidence else {})
    bonuses = allocate(plan.bonus, [amount for _, amount in plan.spread])
    refunds = [
        _refund(actor, terms, plan, proposal, tender, amount, bonus, facts)
        for (tender, amount), bonus in zip(plan.spread, bonuses, strict=True)
    ]
    insert_rows(refunds)
    hands = deal(plan.calculation.parts, [refund.amount for refund in refunds])
    for refund, hand in zip(refunds, hands, strict=True):
        if refund.bonus:
            hand.append(Part(ComponentKind.BONUS, refund.bonus))
    insert_rows([_component(refund, part) for refund, hand in zip(refunds, hands, strict=True) for part in hand])
    # The first refund carries the units of the whole proposal, so that no system books them twice.
    insert_rows(
        [
            RefundLine(refund=refunds[0], line_id=line_id, quantity=count(units), units=units)
            for line_id, units in plan.calculation.units.items()
        ]
    )
    tell(actor, RefundProposed, refunds)
    return refunds


def _refund(
    actor: Actor,
    terms: Terms,
    plan: Plan,
    proposal: UUID,
    tender: Tender,
    amount: int,
    bonus: int,
    facts: dict[str, Any],
) -> Refund:
    payment: Payment = terms.payments[tender.payment_id]
    return Refund(
        rma=terms.rma,
        payment=payment,
        proposal=proposal,
        amount=amount,
        currency=payment.currency,
        destination=plan.destination,
        bonus=bonus,
        timing=timing_of(terms.rma, terms.rules),
        reason=plan.reason,
        reason_code=plan.reason_code,
        policy_version=terms.rma.policy.label if terms.rma.policy else "",
        facts=facts,
        exposure_due_at=_exposure(terms),
        requested_by=actor.key,
    )


def _facts(terms: Terms, plan: Plan) -> dict[str, Any]:
    facts: dict[str, Any] = {"permitted": plan.permitted, "requested": plan.calculation.total}
    facts["why"] = explain(terms, plan).decided()
    if plan.broken:
        facts["broken"] = plan.broken
        facts["reason_code"] = plan.reason_code
    if plan.evidence:
        facts["evidence"] = list(plan.evidence)
    return facts


def _exposure(terms: Terms) -> datetime | None:
    """Return when goods that are paid for in advance are overdue; None when they are here."""
    if timing_of(terms.rma, terms.rules) != RefundTiming.ON_SCAN:
        return None
    return now() + timedelta(days=terms.rules.exposure_days)


def _component(refund: Refund, part: Part) -> RefundComponent:
    return RefundComponent(
        refund=refund, kind=part.kind, order_line=part.order_line, code=part.code, amount=part.amount
    )


def tell(actor: Actor, kind: Any, refunds: Sequence[Refund]) -> None:
    """Publish one event for each refund (return, order and payment loaded)."""
    if not refunds:
        return
    events, lanes = [], {}
    for refund in refunds:
        subject = refund.as_subject()
        event = compose(
            refund_fact(kind, refund),
            subject=subject,
            actor=actor,
            reason_code=refund.reason_code,
            policy_version=refund.policy_version,
        )
        events.append(event)
        lanes[event.id] = subject.lane
    append(events, lanes)
