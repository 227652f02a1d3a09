"""What an exchange is agreed at, and whether its goods may go now. Read under the return's lock."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from retailops.lib.errors import FieldError, Invalid, Unprocessable
from returns.allocation import Ranges, count, first, merge, subtract
from returns.enums import ComponentKind, ExchangeStatus, ExchangeTiming, Resolution, ReturnStatus
from returns.exchange_units import claimed_units
from returns.inputs.exchanges import ExchangeIn, ExchangeLineIn, included_taxes, units_wanted
from returns.models import Exchange, ExchangeLine, Return, ReturnLine
from returns.policy import Rules, rules_of
from returns.refund_terms import covered_units, hoped_for, units_by_timing
from returns.worth import Part, parts_of

K = ComponentKind
SENT = (ExchangeStatus.RELEASED, ExchangeStatus.SHIPPED)
WAITS = {
    ExchangeTiming.ON_AUTHORIZATION: "the units that come back are authorized",
    ExchangeTiming.ON_SCAN: "the carrier has the units that come back",
    ExchangeTiming.ON_RECEIPT: "the units that come back have arrived",
    ExchangeTiming.ON_INSPECTION: "the units that come back were inspected and accepted",
}


@dataclass(frozen=True)
class Agreed:
    """One line as it was agreed: the units, the goods for them, and the parts of both gross sides."""

    line: ReturnLine
    units: Ranges
    asked: ExchangeLineIn
    credit: list[Part] = field(default_factory=list)
    sale: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """Lines of a return with the units that refunds cover and that exchanges have taken, those sent among them."""

    rma: Return
    rules: Rules
    lines: dict[UUID, ReturnLine]
    covered: dict[UUID, Ranges]
    claimed: dict[UUID, Ranges]
    sent: dict[UUID, Ranges]

    def free(self, line: ReturnLine) -> Ranges:
        """Return the units of the line that still may come and that nothing pays for."""
        taken = merge(self.covered.get(line.id, []), self.claimed.get(line.id, []))
        left = subtract(line.units, taken)
        return first(left, max(0, min(count(left), hoped_for(line) - count(taken))))

    def spoken_for(self, line_id: UUID) -> int:
        """Return how many units of the line refunds and exchanges that were sent have used up."""
        return count(merge(self.covered.get(line_id, []), self.sent.get(line_id, [])))


def standing_of(rma: Return) -> Standing:
    """Read it for the locked return."""
    lines = {line.id: line for line in rma.lines.select_related("order_line").order_by("line_no")}
    return Standing(
        rma=rma,
        rules=rules_of(rma.policy),
        lines=lines,
        covered=covered_units(lines),
        claimed=claimed_units(lines),
        sent=claimed_units(lines, SENT),
    )


def agree(standing: Standing, proposal: ExchangeIn) -> list[Agreed]:
    """Return the lines of a proposal with their units and prices.

    Raises Invalid (no such line), Unprocessable (not offered and no reason, too few units left, another sku as
    replacement, units of no order).
    """
    if proposal.resolution not in standing.rules.resolutions and not proposal.reason:
        offer = Resolution(proposal.resolution).label.lower()
        raise Unprocessable(f"Policy does not offer {offer}: say why it is made.", code="not-offered")
    by_number = {line.line_no: line for line in standing.lines.values()}
    left = {line.id: standing.free(line) for line in by_number.values()}
    found = []
    for index, asked in enumerate(proposal.lines):
        line = by_number.get(asked.line_no)
        if line is None:
            fault = FieldError(f"/lines/{index}/line_no", "no such line")
            raise Invalid("The return has no such line.", errors=[fault])
        _check(line, asked, proposal, count(left[line.id]), index)
        units = first(left[line.id], asked.quantity)
        left[line.id] = subtract(left[line.id], units)
        found.append(_priced(line, units, asked, proposal, standing.rules))
    return found


def _check(line: ReturnLine, asked: ExchangeLineIn, proposal: ExchangeIn, left: int, index: int) -> None:
    if line.order_line is None:
        raise Unprocessable("Units that no order explains cannot be exchanged.", code="no-order")
    if asked.quantity > left:
        fault = FieldError(f"/lines/{index}/quantity", f"{left} units of this line can be exchanged")
        raise Unprocessable("More units than can be exchanged.", code="too-many", errors=[fault])
    if proposal.resolution == Resolution.REPLACEMENT and asked.wanted_sku not in ("", line.sku):
        fault = FieldError(f"/lines/{index}/wanted_sku", f"a replacement is {line.sku} once more")
        raise Unprocessable("Other goods are an exchange, not a replacement.", code="not-the-same", errors=[fault])


def _priced(line: ReturnLine, units: Ranges, asked: ExchangeLineIn, proposal: ExchangeIn, rules: Rules) -> Agreed:
    if proposal.resolution == Resolution.REPLACEMENT or line.order_line is None:
        return Agreed(line, units, asked)
    return Agreed(line, units, asked, parts_of(line.order_line, units, duty=rules.refund_duty), sale_parts(asked))


def sale_parts(asked: ExchangeLineIn) -> list[Part]:
    """Return the goods and each tax of a sale; a tax that the price includes is taken out of the goods' part."""
    goods = (asked.unit_price or 0) * units_wanted(asked) - included_taxes(asked)
    parts = [Part(K.ITEM, goods), *(Part(K.TAX, tax.amount, code=tax.code) for tax in asked.taxes)]
    return [part for part in parts if part.amount]


def why_not_released(standing: Standing, exchange: Exchange, lines: Sequence[ExchangeLine]) -> str:
    """Say what its release waits for; "" when its goods may go now."""
    if exchange.status == ExchangeStatus.AWAITING_PAYMENT:
        return "The customer has not paid the balance."
    if exchange.status != ExchangeStatus.RESERVED:
        return f"It is {exchange.get_status_display().lower()}: only a reserved one is released."
    if standing.rma.status != ReturnStatus.AUTHORIZED:
        return f"The return is {standing.rma.get_status_display().lower()}."
    if not come(standing, lines, exchange.timing, sent=standing.sent):
        return f"It waits until {WAITS[ExchangeTiming(exchange.timing)]}."
    return ""


def come(standing: Standing, lines: Sequence[ExchangeLine], timing: str, *, sent: dict[UUID, Ranges]) -> bool:
    """Tell whether enough units came, as the timing wants it, for these lines beside what others have used up."""
    for line_id, wanted in units_by_line(lines).items():
        line = standing.lines[line_id]
        others = subtract(sent.get(line_id, []), wanted)
        used = count(merge(standing.covered.get(line_id, []), others))
        if units_by_timing(standing.rma, line, timing) < used + count(wanted):
            return False
    return True


def units_by_line(lines: Sequence[ExchangeLine]) -> dict[UUID, Ranges]:
    """Return the units that lines of an exchange take, by return line."""
    found: dict[UUID, Ranges] = defaultdict(list)
    for row in lines:
        found[row.line_id] = merge(found[row.line_id], row.units)
    return dict(found)
