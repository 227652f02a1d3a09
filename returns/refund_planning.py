"""Plan a refund: by policy alone, or as a person shapes it; say which rules the shape goes beyond."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from retailops.lib.errors import FieldError, Invalid, Unprocessable
from returns.allocation import Ranges, count, first
from returns.enums import ComponentKind, OverrideReason
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
    evidence: tuple[str, ...] = ()
    broken: dict[str, dict[str, Any]] = field(default_factory=dict)
    proposal: UUID | None = None
    reason_code: OverrideReason = OverrideReason.OTHER
    files: tuple[UUID, ...] = ()


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


def plan_by_person(
    terms: Terms,
    proposal: RefundProposalIn,
    *,
    units: dict[UUID, Ranges] | None = None,
    proposal_id: UUID | None = None,
) -> Plan:
    """Return the refund that a person asks for; exactly of these units, and of that proposal, where they are given.

    Raises Invalid (no such line), Unprocessable (units that did not earn it, more than the payments can take).
    """
    units = _units(terms, proposal) if units is None else units
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
        evidence=tuple(proposal.evidence),
        broken=_broken(terms, proposal, by_policy, shaped),
        proposal=proposal_id,
        reason_code=proposal.reason_code,
        files=tuple(proposal.files),
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
        refuse_disputed(tenders)
        left = sum(tender.remaining for tender in tenders)
        raise Unprocessable(
            "That is more than is left of what was paid.", code="exceeds-tenders", left=left, requested=total
        )
    return spread


def refuse_disputed(tenders: Sequence[Tender]) -> None:
    """Raise Unprocessable where one of the payments is disputed: that is why it takes nothing."""
    if any(tender.disputed for tender in tenders):
        raise Unprocessable(
            "The bank took the payment back and the dispute runs: a refund would pay the customer twice.",
            code="charged-back",
        )


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
    for rule in ("no_receipt", "out_of_window"):
        if getattr(proposal, rule):
            broken[rule] = _pair(False, True)
    return broken


def _pair(permitted: object, requested: object) -> dict[str, Any]:
    return {"permitted": permitted, "requested": requested}


def _sum(calculation: Calculation, kinds: frozenset[ComponentKind]) -> int:
    return sum(part.amount for part in calculation.parts if part.kind in kinds)
