"""Compute a refund by policy: components of the units, shipping within its own cap, fees; never below nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from uuid import UUID

from retailops.lib.money import allocate
from returns.allocation import Ranges, count, merge, value
from returns.enums import ComponentKind, ReturnKind
from returns.fees import SENT_BY_LABEL
from returns.kinds import traits_of
from returns.models import OrderLine, ReturnLine
from returns.policy import Fee, Rules
from returns.refund_terms import Terms
from returns.vocabulary import merchant_faults
from returns.worth import Part, paid_for, parts_of

K = ComponentKind
GOODS = frozenset({K.ITEM, K.TAX, K.DUTY})


@dataclass(frozen=True)
class Calculation:
    """The units that a refund pays for and its signed parts, whose sum is its total in minor units."""

    units: dict[UUID, Ranges]
    parts: list[Part]

    @property
    def total(self) -> int:
        """Return the sum of the parts."""
        return sum(part.amount for part in self.parts)


def bonus_on(terms: Terms, calculation: Calculation) -> int:
    """Return the bonus on top of stored value, in minor units: on what was paid for the units, by unit within each
    line, so that the parts of a return bring what the whole would; never on more than is credited."""
    rules = terms.rules.stored_value
    by_unit = sum(
        value(rules.bonus_of(paid_for(line.order_line)), line.order_line.quantity, calculation.units[line.id])
        for line in terms.lines
        if line.order_line is not None and line.id in calculation.units
    )
    return min(by_unit, rules.bonus_of(max(0, calculation.total))) if _reduced(calculation) else by_unit


def _reduced(calculation: Calculation) -> bool:
    return any(part.amount < 0 for part in calculation.parts)


def calculate(
    terms: Terms, units: dict[UUID, Ranges], *, waive_fees: bool = False, shipping: bool | None = None
) -> Calculation:
    """Return the refund of these units (by return line id). `shipping` None follows policy; True gives all that is
    left of it, False nothing."""
    lines = [line for line in terms.lines if count(units.get(line.id, []))]
    parts: list[Part] = []
    for line in lines:
        if line.order_line is not None:
            parts += parts_of(line.order_line, units[line.id], duty=terms.rules.refund_duty)
    parts += _wear(terms, lines, units)
    parts += _shipping(terms, lines, units, shipping)
    # A fault is the retailer's: nobody pays a fee for claiming a warranty.
    if not waive_fees and terms.rma.kind != ReturnKind.WARRANTY:
        parts += _fees(terms, lines, units, most=sum(part.amount for part in parts))
    return Calculation({line.id: units[line.id] for line in lines}, parts)


def _wear(terms: Terms, lines: Sequence[ReturnLine], units: dict[UUID, Ranges]) -> list[Part]:
    """Return what use before the fault takes off, under a warranty that pays by age; nothing where it pays all."""
    if terms.rma.kind != ReturnKind.WARRANTY or terms.rules.warranty_refund != "pro_rata":
        return []
    found = []
    for line in lines:
        if line.order_line is None:
            continue
        worth = sum(part.amount for part in parts_of(line.order_line, units[line.id], duty=terms.rules.refund_duty))
        used = used_up(terms, line)
        taken = int((Decimal(worth) * used.numerator / used.denominator).to_integral_value(ROUND_HALF_EVEN))
        found.append(Part(K.WEAR, -taken, line.order_line))
    return [part for part in found if part.amount]


def used_up(terms: Terms, line: ReturnLine) -> Fraction:
    """Return the share of the line's warranty that had passed when the return was asked for, in whole days."""
    order, order_line = terms.rma.order, line.order_line
    told = (order_line.delivered_at, order_line.shipped_at) if order_line else ()
    start = next(filter(None, told), order.placed_at if order else None)
    days = terms.rules.warranty_days
    if start is None or not days:
        return Fraction(0)
    return min(Fraction(1), Fraction(max(0, (terms.rma.requested_at - start).days), days))


def _shipping(terms: Terms, lines: Sequence[ReturnLine], units: dict[UUID, Ranges], wanted: bool | None) -> list[Part]:
    """Return outbound shipping and its tax, each at most what was charged less what was given back."""
    order = terms.rma.order
    rule = _shipping_rule(terms)
    if order is None or not lines or wanted is False or (wanted is None and rule == "never"):
        return []
    found = []
    for kind, charged in ((K.SHIPPING, order.shipping_charged), (K.SHIPPING_TAX, order.shipping_tax)):
        left = charged - terms.granted.get(kind, 0)
        share = left if wanted else _shipping_share(terms, rule, lines, units, charged, left)
        found.append(Part(kind, max(0, min(share, left))))
    return [part for part in found if part.amount]


def _shipping_rule(terms: Terms) -> str:
    """Return policy's rule, except that what was never delivered takes its share of the shipping back with it."""
    return "proportional" if traits_of(terms.rma.kind).undelivered else terms.rules.refund_shipping


def _shipping_share(
    terms: Terms, rule: str, lines: Sequence[ReturnLine], units: dict[UUID, Ranges], charged: int, left: int
) -> int:
    if rule == "proportional":
        return _proportional(terms.order_lines, lines, units, charged)
    return left if _all_covered(terms, lines, units) else 0


def _proportional(
    order_lines: Sequence[OrderLine], lines: Sequence[ReturnLine], units: dict[UUID, Ranges], charged: int
) -> int:
    """Return the units' share: by value over the order's lines, by unit within each, so that order never matters."""
    shares = dict(
        zip([line.id for line in order_lines], allocate(charged, [line.net for line in order_lines]), strict=True)
    )
    return sum(
        value(shares[line.order_line.id], line.order_line.quantity, units[line.id])
        for line in lines
        if line.order_line is not None
    )


def _all_covered(terms: Terms, lines: Sequence[ReturnLine], units: dict[UUID, Ranges]) -> bool:
    """Tell whether with this refund every unit of the order is refunded."""
    covered = dict(terms.covered_of_order)
    for line in lines:
        if line.order_line_id is not None:
            covered[line.order_line_id] = merge(covered.get(line.order_line_id, []), units[line.id])
    return all(count(covered.get(line.id, [])) >= line.quantity for line in terms.order_lines)


def _fees(terms: Terms, lines: Sequence[ReturnLine], units: dict[UUID, Ranges], *, most: int) -> list[Part]:
    """Return the fees as negative parts; together they never exceed what is refunded. Undelivered goods bear none."""
    if traits_of(terms.rma.kind).undelivered:
        return []
    wanted = _fee(terms, K.RESTOCKING_FEE, lines, units)
    if terms.rma.kind in SENT_BY_LABEL:
        wanted += _fee(terms, K.LABEL_FEE, lines, units)
    found = []
    for part in wanted:
        taken = min(-part.amount, most)
        most -= taken
        if taken:
            found.append(Part(part.kind, -taken, part.order_line, part.code))
    return found


def charged_for(terms: Terms, kind: ComponentKind, lines: Sequence[ReturnLine]) -> list[tuple[ReturnLine, Fee]]:
    """Return the lines that bear a fee of that kind, each with the fee of the policy that it fell under."""
    found = [(line, fee_of(terms.rules_for(line), kind)) for line in lines if line.order_line]
    at_fault = merchant_faults() if any(fee.waive_merchant_fault for _, fee in found) else frozenset[str]()
    return [(line, fee) for line, fee in found if not fee.waived_for(line.customer_reason, at_fault)]


def fee_of(rules: Rules, kind: ComponentKind) -> Fee:
    """Return the rules' fee of that kind."""
    return rules.label_fee if kind == K.LABEL_FEE else rules.restocking_fee


def _fee(terms: Terms, kind: ComponentKind, lines: Sequence[ReturnLine], units: dict[UUID, Ranges]) -> list[Part]:
    """Return the fee of one kind: by unit of each line, and once a return the highest fixed amount of its lines.

    What was taken of that before counts, so that the parts of a return bear what the whole would.
    """
    charged = charged_for(terms, kind, lines)
    parts = [
        Part(kind, -value(fee.share_of(line.order_line.net), line.order_line.quantity, units[line.id]), line.order_line)
        for line, fee in charged
        if line.order_line is not None
    ]
    fixed = max((fee.fixed.get(terms.rma.currency, 0) for _, fee in charged), default=0)
    parts.append(Part(kind, min(0, terms.fixed_fees.get(kind, 0) - fixed), code="fixed"))
    return [part for part in parts if part.amount]
