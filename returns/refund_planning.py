"""Plan a refund: by policy alone, or as a person shapes it; say which rules the shape goes beyond."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from retailops.lib.errors import FieldError, Invalid, Unprocessable
from returns.allocation import Ranges, count, first, merge, overlap
from returns.enums import ComponentKind, Destination
from returns.inputs import RefundProposalIn
from returns.models import ReturnLine
from returns.refund_calculation import Calculation, bonus_on, calculate
from returns.refund_terms import Terms
from returns.rounding import Rounded, refuse_unpayable, rounded
from returns.tenders import Tender, split
from returns.worth import Part

K = ComponentKind
FEES = frozenset({K.RESTOCKING_FEE, K.LABEL_FEE})
SHIPPING = frozenset({K.SHIPPING, K.SHIPPING_TAX})


@dataclass(frozen=True)
class Plan:
    """What is to be reserved: the calculation, its spread over tenders, and what of it goes beyond policy.

    `broken` maps each rule that is broken to what it permits and what is asked for; `proposal` joins an earlier one.
    `bonus` comes on top of the calculation's total where the money becomes stored value.
    """

    calculation: Calculation
    spread: list[tuple[Tender, int]]
    permitted: int
    reason: str = ""
    reason_code: str = ""
    evidence: tuple[str, ...] = ()
    broken: dict[str, dict[str, Any]] = field(default_factory=dict)
    proposal: UUID | None = None
    destination: Destination = Destination.TENDER
    bonus: int = 0
    files: tuple[UUID, ...] = ()

    @property
    def credited(self) -> int:
        """Return what the customer gets, the bonus included."""
        return self.calculation.total + self.bonus


def plan_by_policy(terms: Terms, way: Destination | None = None) -> Plan:
    """Return the refund that policy owes now to one destination: that `way`, or the first of `Terms.due`.

    What the payments cannot take is left out as a part of its own.
    """
    due = terms.due()
    destination = way or next(iter(due), Destination.TENDER)
    units = due.get(destination, {})
    calculation = calculate(terms, units)
    tenders = terms.tenders_for(destination)
    wanted = calculation.total + _carried(terms, tenders, calculation.total)
    whole = split(wanted, tenders, terms.rules.tender_order)
    payable = rounded(whole, tenders)
    if not payable.spread:  # less than a step is left of every payment
        whole, payable = [], Rounded([])
    left_out = sum(amount for _, amount in whole) - wanted
    calculation = _round(calculation, wanted - calculation.total + payable.by)
    owed = calculation.total
    if left_out:
        part = Part(K.MANUAL, left_out, code="beyond_tenders")
        calculation = Calculation(calculation.units, [*calculation.parts, part])
    bonus = bonus_on(terms, calculation) if destination != Destination.TENDER and payable.spread else 0
    return Plan(calculation, payable.spread, permitted=owed, destination=destination, bonus=bonus)


def _carried(terms: Terms, tenders: Sequence[Tender], owed: int) -> int:
    """Return what earlier refunds of the order were rounded down by, less what they were rounded up by; at least one
    minor unit is left to be refunded."""
    if owed <= 0 or all(tender.step == 1 for tender in tenders):
        return 0
    return max(1 - owed, -terms.rounded_before)


def _round(calculation: Calculation, by: int) -> Calculation:
    return Calculation(calculation.units, [*calculation.parts, Part(K.ROUNDING, by)]) if by else calculation


def after(terms: Terms, plan: Plan) -> Terms:
    """Return the terms as they would be once the plan was reserved."""
    lines = {line.id: line.order_line_id for line in terms.lines}
    covered, of_order, granted = dict(terms.covered), dict(terms.covered_of_order), dict(terms.granted)
    for line_id, units in plan.calculation.units.items():
        covered[line_id] = merge(covered.get(line_id, []), units)
        order_line_id = lines[line_id]
        if order_line_id is not None:
            of_order[order_line_id] = merge(of_order.get(order_line_id, []), units)
    for kind in (*SHIPPING, K.ROUNDING):
        granted[kind] = granted.get(kind, 0) + _sum(plan.calculation, frozenset({kind}))
    shares = {tender.payment_id: amount for tender, amount in plan.spread}
    return replace(
        terms,
        covered=covered,
        covered_of_order=of_order,
        granted=granted,
        fixed_fees=terms.fixed_fees | _fixed(terms, plan),
        tenders=[
            replace(tender, remaining=tender.remaining - shares.get(tender.payment_id, 0)) for tender in terms.tenders
        ],
        reserved=terms.reserved + plan.calculation.total,
    )


def _fixed(terms: Terms, plan: Plan) -> dict[str, int]:
    taken = {part.kind: -part.amount for part in plan.calculation.parts if part.code == "fixed"}
    return {kind: terms.fixed_fees.get(kind, 0) + amount for kind, amount in taken.items()}


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
    promised = _promised(terms, units)
    destination = proposal.destination or promised
    tenders = _tenders(terms, proposal, destination)
    by_policy, _ = _in_steps(terms, calculate(terms, units), tenders)
    shaped = calculate(terms, units, waive_fees=proposal.waive_fees, shipping=proposal.refund_shipping)
    even, payable = _in_steps(terms, shaped, tenders)
    if proposal.amount in (None, even.total):
        shaped = even
    elif proposal.amount is not None and proposal.amount != shaped.total:
        manual = Part(K.MANUAL, proposal.amount - shaped.total, code="manual")
        shaped = Calculation(shaped.units, [*shaped.parts, manual])
    if shaped is not even:
        payable = rounded(split(max(0, shaped.total), tenders, terms.rules.tender_order), tenders)
    _refuse_beyond(tenders, shaped.total)
    if shaped is not even:
        refuse_unpayable(shaped.total, payable, tenders, terms.rma.currency)
    return Plan(
        calculation=shaped,
        spread=payable.spread,
        permitted=by_policy.total,
        reason=proposal.reason,
        reason_code=proposal.reason_code,
        evidence=tuple(proposal.evidence),
        broken=_broken(terms, proposal, by_policy, shaped) | _elsewhere(promised, destination),
        proposal=proposal_id,
        destination=destination,
        bonus=bonus_on(terms, shaped) if destination != Destination.TENDER else 0,
        files=tuple(proposal.files),
    )


def _promised(terms: Terms, units: dict[UUID, Ranges]) -> Destination:
    """Return where the lines' money goes by what was promised. Raises Unprocessable when that is not one place."""
    found = {
        where
        for line in terms.lines
        for where, promised in terms.promised(line).items()
        if overlap(promised, units.get(line.id, []))
    }
    if len(found) > 1:
        raise Unprocessable(
            "These lines were promised money in different ways: propose a refund for each way.",
            code="mixed-resolutions",
        )
    return found.pop() if found else Destination.TENDER


def _elsewhere(promised: Destination, asked: Destination) -> dict[str, dict[str, Any]]:
    return {} if promised == asked else {"other_destination": _pair(str(promised), str(asked))}


def _units(terms: Terms, proposal: RefundProposalIn) -> dict[UUID, Ranges]:
    payable = {line.line_no: (line, _wanted(terms, line, proposal.destination)) for line in terms.lines}
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


def _wanted(terms: Terms, line: ReturnLine, destination: Destination | None) -> Ranges:
    """Return the payable units of the line: those that were promised the wanted way, where some were."""
    ways = terms.ways(line)
    return ways[destination] if destination in ways else merge(*ways.values())


def _tenders(terms: Terms, proposal: RefundProposalIn, destination: Destination) -> list[Tender]:
    tenders = terms.tenders_for(destination)
    if proposal.payment_id is None:
        return tenders
    found = [tender for tender in tenders if tender.payment_id == proposal.payment_id]
    if not found:
        raise Unprocessable("The payment is not one of this order.", code="unknown-payment")
    return found


def _in_steps(terms: Terms, calculation: Calculation, tenders: Sequence[Tender]) -> tuple[Calculation, Rounded]:
    """Return the calculation with what makes it payable, and its spread."""
    carried = _carried(terms, tenders, calculation.total)
    payable = rounded(split(calculation.total + carried, tenders, terms.rules.tender_order), tenders)
    return _round(calculation, carried + payable.by), payable


def _refuse_beyond(tenders: Sequence[Tender], total: int) -> None:
    left = sum(tender.remaining for tender in tenders)
    if left < total:
        refuse_disputed(tenders)
        raise Unprocessable(
            "That is more than is left of what was paid.", code="exceeds-tenders", left=left, requested=total
        )


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
