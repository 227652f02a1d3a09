"""Plan a refund: by policy alone, or as a person shapes it; say which rules the shape goes beyond."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from retailops.lib.errors import FieldError, Invalid, Unprocessable
from returns.allocation import Ranges, count, first
from returns.enums import ComponentKind
from returns.inputs import RefundProposalIn
from returns.refund_calculation import Calculation, calculate
from returns.refund_terms import Terms
from returns.tenders import Tender, split
from returns.worth import Part

K = ComponentKind
FEES = frozenset({K.RESTOCKING_FEE, K.LABEL_FEE})
SHIPPING = frozenset({K.SHIPPING, K.SHIPPING_TAX})


@dataclass(frozen=True)
class Plan:
    """What is to be reserved: the calculation, its spread over tenders, and what of it goes beyond policy.

    `broken` maps each rule that is broken to what it permits and what is asked for; `proposal` joins an earlier one.
    """

    calculation: Calculation
    spread: list[tuple[Tender, int]]
    permitted: int
    reason: str = ""
    reason_code: str = ""
    evidence: tuple[str, ...] = ()
    broken: dict[str, dict[str, Any]] = field(default_factory=dict)
    proposal: UUID | None = None


def plan_by_policy(terms: Terms) -> Plan:
    """Return the refund that policy owes now; what the payments cannot take is left out as a part of its own."""
    units = {line.id: units for line in terms.lines if count(units := terms.payable(line))}
    calculation = calculate(terms, units)
    owed = calculation.total
    spread = split(owed, terms.tenders, terms.rules.tender_order)
    possible = sum(amount for _, amount in spread)
    if possible < owed:
        left_out = Part(K.MANUAL, possible - owed, code="beyond_tenders")
        calculation = Calculation(calculation.units, [*calculation.parts, left_out])
    return Plan(calculation, spread, permitted=owed)


def plan_by_person(terms: Terms, proposal: RefundProposalIn) -> Plan:
    """Return the refund that a person asks for.

    Raises Invalid (no such line), Unprocessable (units that did not earn it, more than the payments can take).
    """
    units = _units(terms, proposal)
    by_policy = calculate(terms, units)
    shaped = calculate(terms, units, waive_fees=proposal.waive_fees, shipping=proposal.refund_shipping)
    if proposal.amount is not None and proposal.amount != shaped.total:
        manual = Part(K.MANUAL, proposal.amount - shaped.total, code="manual")
        shaped = Calculation(shaped.units, [*shaped.parts, manual])
    spread = _spread(terms, proposal, shaped.total)
    return Plan(
        calculation=shaped,
        spread=spread,
        permitted=by_policy.total,
        reason=proposal.reason,
        reason_code=proposal.reason_code,
        evidence=tuple(proposal.evidence),
        broken=_broken(terms, proposal, by_policy, shaped),
    )


def _units(terms: Terms, proposal: RefundProposalIn) -> dict[UUID, Ranges]:
    payable = {line.line_no: (line, terms.payable(line)) for line in terms.lines}
    if not proposal.lines:
        return {line.id: units for line, units in payable.values() if count(units)}
    found: dict[UUID, Ranges] = {}
    for index, asked in enumerate(proposal.lines):
        if asked.line_no not in payable:
            raise Invalid(
                "The return has no such line.", errors=[FieldError(f"/lines/{index}/line_no", "no such line")]
            )
        line, units = payable[asked.line_no]
        if asked.quantity > count(units) or line.id in found:
            fault = FieldError(f"/lines/{index}/quantity", f"{count(units)} units have earned a refund and await it")
            raise Unprocessable("More units than may be refunded now.", code="not-earned", errors=[fault])
        found[line.id] = first(units, asked.quantity)
    return found


def _spread(terms: Terms, proposal: RefundProposalIn, total: int) -> list[tuple[Tender, int]]:
    tenders: Sequence[Tender] = terms.tenders
    if proposal.payment_id is not None:
        tenders = [tender for tender in tenders if tender.payment_id == proposal.payment_id]
        if not tenders:
            raise Unprocessable("The payment is not one of this order.", code="unknown-payment")
    spread = split(total, tenders, terms.rules.tender_order) if total > 0 else []
    if sum(amount for _, amount in spread) < total:
        left = sum(tender.remaining for tender in tenders)
        raise Unprocessable(
            "That is more than is left of what was paid.", code="exceeds-tenders", left=left, requested=total
        )
    return spread


def _broken(
    terms: Terms, proposal: RefundProposalIn, by_policy: Calculation, shaped: Calculation
) -> dict[str, dict[str, Any]]:
    """Return the rules that the shaped refund goes beyond: what each permits and what is asked for."""
    broken: dict[str, dict[str, Any]] = {}
    if proposal.amount is not None and proposal.amount > by_policy.total:
        broken["manual_amount"] = _pair(by_policy.total, proposal.amount)
    for rule, kinds in (("fees_waived", FEES), ("shipping", SHIPPING)):
        permitted, requested = _sum(by_policy, kinds), _sum(shaped, kinds)
        if requested > permitted:
            broken[rule] = _pair(permitted, requested)
    usual = [tender.payment_id for tender, _ in split(by_policy.total, terms.tenders, terms.rules.tender_order)]
    if proposal.payment_id is not None and usual != [proposal.payment_id]:
        broken["other_tender"] = _pair([str(each) for each in usual], str(proposal.payment_id))
    return broken


def _pair(permitted: object, requested: object) -> dict[str, Any]:
    return {"permitted": permitted, "requested": requested}


def _sum(calculation: Calculation, kinds: frozenset[ComponentKind]) -> int:
    return sum(part.amount for part in calculation.parts if part.kind in kinds)
