"""Why a refund is what it is: each line's units and parts, each rule that decided, each cap, each tender's share.

Of a plan before anybody commits, and of a refund that exists: its parts are rows, and what decided was kept with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from retailops.lib.money import Money
from returns.allocation import Ranges, count, merge, value
from returns.enums import ComponentKind, Destination, RefundTiming
from returns.fees import SENT_BY_LABEL
from returns.models import OrderLine, Refund, RefundLine, ReturnLine
from returns.promises import promises_of
from returns.refund_calculation import charged_for, fee_of
from returns.refund_planning import Plan
from returns.refund_terms import DESTINATIONS, Terms, earned_units
from returns.worth import Part

K = ComponentKind
FEES = (K.RESTOCKING_FEE, K.LABEL_FEE)
EARNED = {
    RefundTiming.ON_INSPECTION: "accepted or kept",
    RefundTiming.ON_RECEIPT: "received and not rejected, or kept",
    RefundTiming.ON_SCAN: "handed to the carrier and not rejected",
}
ORDER_OF_TENDERS = {
    "proportional": "by what each tender paid",
    "first": "from the first tender on",
    "last": "from the last tender back",
}


@dataclass(frozen=True)
class Share:
    """One order line's part of a refund, in minor units; `units` are the ordinals that it pays for."""

    line_no: int
    sku: str
    units: Ranges
    parts: list[Part]

    @property
    def quantity(self) -> int:
        """Return how many units it pays for."""
        return count(self.units)

    @property
    def numbers(self) -> str:
        """Return the units as people count them, from one: of [[0, 2], [5, 6]], "1 to 2, 6" in short."""
        return ", ".join(str(end) if end - start == 1 else f"{start + 1}\N{EN DASH}{end}" for start, end in self.units)

    @property
    def total(self) -> int:
        """Return the sum of the parts."""
        return sum(part.amount for part in self.parts)


@dataclass(frozen=True)
class Reason:
    """What decided something: a topic, the rule of the policy (its name there), and a sentence for people."""

    topic: str
    rule: str
    text: str


@dataclass(frozen=True)
class TenderReason:
    """What one payment bears and why, in minor units: `left` is captured less charged back less held by refunds."""

    payment_id: str
    tender: str
    gateway: str
    captured: int
    charged_back: int
    held: int
    left: int
    amount: int
    text: str


@dataclass(frozen=True)
class Explanation:
    """Everything that made a refund what it is. `already` is what live refunds of the return held before."""

    currency: str
    destination: str
    policy: str
    shares: list[Share]
    others: list[Part]
    already: int = 0
    reasons: list[Reason] = field(default_factory=list)
    tenders: list[TenderReason] = field(default_factory=list)

    def decided(self) -> dict[str, Any]:
        """Return what is kept with the refund: all that its rows do not say."""
        return {
            "already": self.already,
            "reasons": [asdict(reason) for reason in self.reasons],
            "tenders": [asdict(tender) for tender in self.tenders],
        }


def explain(terms: Terms, plan: Plan) -> Explanation:
    """Return why the plan is what it is."""
    numbers = {line.order_line_id: line.line_no for line in reversed(terms.lines)}
    units = {line.order_line_id: plan.calculation.units.get(line.id, []) for line in terms.lines}
    for line in terms.lines:
        known = units[line.order_line_id]
        units[line.order_line_id] = merge(known, plan.calculation.units.get(line.id, []))
    parts = [*plan.calculation.parts, *([Part(K.BONUS, plan.bonus)] if plan.bonus else [])]
    shares, others = _by_line(parts, numbers, units)
    return Explanation(
        currency=terms.rma.currency,
        destination=str(plan.destination),
        policy=terms.rma.policy.label if terms.rma.policy else "defaults",
        shares=shares,
        others=others,
        already=terms.reserved,
        reasons=[
            *_timing(terms),
            *_shipping(terms, plan),
            *_fees(terms, plan),
            *_rest(terms, plan),
            *_rounding(terms, plan),
        ],
        tenders=list(_tenders(terms, plan)),
    )


def explanation_of(refund: Refund) -> Explanation:
    """Return why a refund that exists is what it is; return, components and policy are read."""
    rows = RefundLine.objects.filter(refund__proposal=refund.proposal).select_related("line")
    numbers = {row.line.order_line_id: row.line.line_no for row in rows}
    units: dict[UUID | None, Ranges] = {}
    for row in rows:
        units[row.line.order_line_id] = merge(units.get(row.line.order_line_id, []), row.units)
    components = refund.components.select_related("order_line").order_by("id")
    parts = [Part(K(row.kind), row.amount, row.order_line, row.code) for row in components]
    shares, others = _by_line(parts, numbers, units)
    why = refund.facts.get("why", {})
    return Explanation(
        currency=refund.currency,
        destination=str(refund.destination),
        policy=refund.policy_version or "defaults",
        shares=shares,
        others=others,
        already=why.get("already", 0),
        reasons=[Reason(**each) for each in why.get("reasons", [])],
        tenders=[TenderReason(**each) for each in why.get("tenders", [])],
    )


def _by_line(
    parts: Sequence[Part], numbers: dict[UUID | None, int], units: dict[UUID | None, Ranges]
) -> tuple[list[Share], list[Part]]:
    lines: dict[UUID, OrderLine] = {part.order_line.id: part.order_line for part in parts if part.order_line}
    shares = [
        Share(
            numbers.get(key, line.line_no),
            line.sku,
            units.get(key, []),
            sorted(
                (part for part in parts if part.order_line is not None and part.order_line.id == key),
                key=lambda part: part.amount < 0,  # what is taken off comes last
            ),
        )
        for key, line in lines.items()
    ]
    return sorted(shares, key=lambda share: share.line_no), [part for part in parts if part.order_line is None]


def _timing(terms: Terms) -> Iterator[Reason]:
    timing = terms.rules.refund_timing
    for line in terms.lines:
        if line.order_line is None:
            continue
        if line.resolution not in DESTINATIONS and not terms.promised(line):
            text = f"Line {line.line_no} was promised {line.get_resolution_display().lower()}: no money."
        else:
            text = _earned(terms, line, EARNED[timing])
        yield Reason("units", "refund_timing", text)
        for resolution, units in promises_of(line)[1:]:
            brings = f"{count(units)} of line {line.line_no} bring {resolution.label.lower()}"
            yield Reason("units", "resolutions", f"{brings}: the exchange was converted.")


def _earned(terms: Terms, line: ReturnLine, how: str) -> str:
    earned = max(0, earned_units(terms.rma, line, terms.rules))
    covered = count(terms.covered.get(line.id, []))
    before = f", {covered} of them refunded before" if covered else ""
    return f"Line {line.line_no}: {earned} of {line.requested} units are {how}{before}."


def _shipping(terms: Terms, plan: Plan) -> Iterator[Reason]:
    order = terms.rma.order
    if order is None:
        return
    rule = terms.rules.refund_shipping
    for kind, charged in ((K.SHIPPING, order.shipping_charged), (K.SHIPPING_TAX, order.shipping_tax)):
        if not charged:
            continue
        given = _sum(plan.calculation.parts, kind)
        before = terms.granted.get(kind, 0)
        text = (
            f"{kind.label}: {_money(terms, charged)} charged, {_money(terms, before)} given back before, so at most "
            f"{_money(terms, max(0, charged - before))}; {_money(terms, given)} now ({rule.replace('_', ' ')})."
        )
        yield Reason("shipping", "refund_shipping", text)


def _fees(terms: Terms, plan: Plan) -> Iterator[Reason]:
    for kind in FEES:
        rules = {id(each): each for line in terms.lines if (each := terms.rules_for(line))}.values()
        found = [fee_of(each, kind) for each in rules] or [fee_of(terms.rules, kind)]
        if any(fee.percent or fee.fixed.get(terms.rma.currency) for fee in found):
            yield Reason("fees", str(kind), f"{kind.label}: {_fee_text(terms, plan, kind)}.")


def _fee_text(terms: Terms, plan: Plan, kind: ComponentKind) -> str:
    if kind == K.LABEL_FEE and terms.rma.kind not in SENT_BY_LABEL:
        return "none, no label was used"
    taken = -_sum(plan.calculation.parts, kind)
    charged = {line.id for line, _ in charged_for(terms, kind, terms.lines)}
    waived = [line for line in terms.lines if line.order_line and line.id not in charged]
    text = f"{'; '.join(_rates(terms, kind))}, {_money(terms, taken)} taken"
    if waived:
        text += f"; waived on line {_numbers(waived)} for its reason"
    if terms.fixed_fees.get(kind):
        text += "; the fixed part was taken before"
    if taken < _wanted(terms, plan, kind) and taken:
        text += "; a refund is never below nothing"
    return text


def _rates(terms: Terms, kind: ComponentKind) -> Iterator[str]:
    """Yield the fee in words, once for each policy that lines of the return fell under, naming the narrower ones."""
    lines: dict[str, list[ReturnLine]] = {}
    for line in terms.lines:
        own = terms.narrower.get(line.id)
        lines.setdefault(own.label if own else "", []).append(line)
    for label, mine in sorted(lines.items()):
        fee = fee_of(terms.rules_for(mine[0]), kind)
        fixed = fee.fixed.get(terms.rma.currency, 0)
        words = [f"{fee.percent.normalize():f}% of the goods"] if fee.percent else []
        words += [f"{_money(terms, fixed)} once a return"] if fixed else []
        where = f" on line {_numbers(mine)}" if len(lines) > 1 else ""
        yield f"{' and '.join(words) or 'none'}{where}{f' by {label}' if label else ''}"


def _numbers(lines: Sequence[ReturnLine]) -> str:
    return ", ".join(str(line.line_no) for line in lines)


def _wanted(terms: Terms, plan: Plan, kind: ComponentKind) -> int:
    charged = charged_for(terms, kind, [line for line in terms.lines if line.id in plan.calculation.units])
    by_unit = sum(
        value(fee.share_of(line.order_line.net), line.order_line.quantity, plan.calculation.units[line.id])
        for line, fee in charged
        if line.order_line is not None
    )
    fixed = max((fee.fixed.get(terms.rma.currency, 0) for _, fee in charged), default=0)
    return by_unit + max(0, fixed - terms.fixed_fees.get(kind, 0))


def _rest(terms: Terms, plan: Plan) -> Iterator[Reason]:
    if not terms.rules.refund_duty and any(line.order_line and line.order_line.duty for line in terms.lines):
        yield Reason("duty", "refund_duty", "Duty is not given back.")
    if plan.bonus:
        percent = terms.rules.stored_value.bonus_percent.normalize()
        text = f"{percent:f}% on top, {_money(terms, plan.bonus)}: it is taken from no payment."
        yield Reason("bonus", "stored_value.bonus_percent", text)
    short = plan.permitted - plan.calculation.total
    if short > 0 and not plan.reason:
        yield Reason("cap", "tender_order", f"The payments cannot take {_money(terms, short)} of it: that is left out.")
    for rule, pair in plan.broken.items():
        permitted, asked = _said(terms, pair["permitted"]), _said(terms, pair["requested"])
        text = f"Beyond policy: {rule.replace('_', ' ')} (permitted {permitted}, asked {asked})."
        yield Reason("override", rule, text)


def _rounding(terms: Terms, plan: Plan) -> Iterator[Reason]:
    by = _sum(plan.calculation.parts, K.ROUNDING)
    if not by:
        return
    step = max(tender.step for tender in terms.tenders)
    text = f"Rounded {_way(terms, by)}: the gateway pays in steps of {_money(terms, step)}."
    if terms.rounded_before:
        text += f" Refunds of the order before were rounded {_way(terms, terms.rounded_before)}; that is made up for."
    yield Reason("rounding", "gateway", text)


def _way(terms: Terms, by: int) -> str:
    return f"{'up' if by > 0 else 'down'} by {_money(terms, abs(by))}"


def _said(terms: Terms, value: object) -> str:
    """Return a permitted or requested value in words; a whole number is money."""
    return _money(terms, value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _tenders(terms: Terms, plan: Plan) -> Iterator[TenderReason]:
    shares = {tender.payment_id: amount for tender, amount in plan.spread}
    order = f"Shared {ORDER_OF_TENDERS[terms.rules.tender_order]}" if len(terms.tenders) > 1 else "The only payment"
    able = {tender.payment_id for tender in terms.tenders_for(plan.destination)}
    for tender in terms.tenders:
        payment = terms.payments[tender.payment_id]
        amount = shares.get(payment.id, 0)
        yield TenderReason(
            payment_id=str(payment.id),
            tender=payment.tender,
            gateway=payment.gateway,
            captured=payment.captured,
            charged_back=payment.charged_back,
            held=payment.captured - payment.charged_back - tender.remaining,
            left=tender.remaining,
            amount=amount,
            text=_why_share(amount, tender.remaining, payment.id in able, order, plan.destination),
        )


def _why_share(amount: int, left: int, able: bool, order: str, destination: Destination) -> str:
    if not able:
        return "A marketplace holds it: it never becomes value of ours."
    if not left:
        return "Nothing is left of it."
    if not amount:
        return f"Not needed. {order}."
    capped = ", up to all that is left of it" if amount == left else ""
    where = "" if destination == Destination.TENDER else f", kept as {destination.label.lower()}"
    return f"{order}{capped}{where}."


def _sum(parts: Iterable[Part], kind: ComponentKind) -> int:
    return sum(part.amount for part in parts if part.kind == kind)


def _money(terms: Terms, amount: int) -> str:
    return str(Money(amount, terms.rma.currency))
