"""May these units come back, under which policy, and for how much? Nothing is written here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.money import Money
from returns.allocation import Ranges, count, first, subtract
from returns.enums import Remedy, Resolution, ReturnKind
from returns.inputs import EligibilityIn, ReturnLineIn
from returns.policy import Policy, Scope, choose
from returns.services.order_reading import LineFacts, OrderFacts, Snapshot, read_order, read_units

# Rules that no override moves: there is nothing to return.
HARD = frozenset({"not_shipped", "too_many"})
# What a customer may ask for under warranty, as the remedy that it is.
REMEDIES = {
    Resolution.REPAIR: Remedy.REPAIR,
    Resolution.REPLACEMENT: Remedy.REPLACE,
    Resolution.REFUND: Remedy.REFUND,
}


@dataclass(frozen=True)
class Reason:
    """A rule that is broken: its code and a sentence for people."""

    code: str
    detail: str

    @property
    def hard(self) -> bool:
        """Tell whether no override moves it."""
        return self.code in HARD


@dataclass(frozen=True)
class LineVerdict:
    """What policy says of one line. `amount` is the paid value of the units, before fees; `until` ends the window."""

    line: LineFacts
    asked: ReturnLineIn
    units: Ranges
    returnable: int
    until: datetime
    amount: Money
    policy: Policy
    reasons: tuple[Reason, ...] = ()

    @property
    def eligible(self) -> bool:
        """Tell whether no rule is broken."""
        return not self.reasons

    def facts(self) -> dict[str, Any]:
        """Return what the decision saw, to be stored with it: no personal data."""
        return {
            "line_no": self.line.line_no,
            "sku": self.line.sku,
            "quantity": self.asked.quantity,
            **({"evidence": list(self.asked.evidence)} if self.asked.evidence else {}),
            "returnable": self.returnable,
            "until": self.until.isoformat(),
            "value": self.amount.amount,
            "policy": self.policy.label,
            "broken": [reason.code for reason in self.reasons],
            "category": self.line.category,
            "final_sale": self.line.final_sale,
            "shipped": self.line.shipped_at.isoformat() if self.line.shipped_at else "",
            "delivered": self.line.delivered_at.isoformat() if self.line.delivered_at else "",
        }


@dataclass(frozen=True)
class Eligibility:
    """The answer for a set of lines of one order; `policy` is the order's own, lines may fall under narrower ones."""

    order: OrderFacts
    at: datetime
    policy: Policy
    lines: list[LineVerdict] = field(default_factory=list)

    @property
    def eligible(self) -> bool:
        """Tell whether every line is."""
        return all(line.eligible for line in self.lines)

    @property
    def value(self) -> Money:
        """Return the paid value of all the units."""
        return Money(sum(line.amount.amount for line in self.lines), self.order.currency)

    @property
    def units(self) -> int:
        """Return how many units are asked for."""
        return sum(line.asked.quantity for line in self.lines)

    def facts(self) -> dict[str, Any]:
        """Return what the decision saw, to be stored with it."""
        return {"at": self.at.isoformat(), "policy": self.policy.label, "lines": [line.facts() for line in self.lines]}


def assess(*, actor: Actor, request: EligibilityIn) -> Eligibility:
    """Answer for the lines, or for all that is left of every line when none is given.

    Raises NotFound (no such order for this actor), Invalid (no such line), Unprocessable (no policy).
    """
    order = read_order(request.order, lock=False)
    require(actor, Permission.ORDERS_VIEW, region=order.region, brand=order.brand, view=Permission.ORDERS_VIEW)
    snapshot = read_units(order)
    lines = request.lines or [
        ReturnLineIn(line_no=line.line_no, quantity=max(1, line.returnable())) for line in snapshot.lines
    ]
    return judge(snapshot, lines, request.at or now(), request.kind)


def judge(
    snapshot: Snapshot, asked: Sequence[ReturnLineIn], at: datetime, kind: ReturnKind = ReturnKind.MAIL_IN
) -> Eligibility:
    """Return policy's verdict on lines of a snapshot at an instant; the same line may be asked for more than once."""
    order = snapshot.order
    key = str(order.id)
    scope = Scope(order.channel, order.region, order.brand, order.customer_group)
    verdicts: list[LineVerdict] = []
    left: dict[UUID, Ranges] = {line.id: line.free() for line in snapshot.lines}
    for each, line in zip(asked, _named(snapshot.lines, asked), strict=True):
        policy = choose(snapshot.policies, _of_category(scope, line.category), at, key)
        verdict = _verdict(order, line, each, left[line.id], policy, at, kind)
        verdicts.append(verdict)
        left[line.id] = subtract(left[line.id], verdict.units)
    return Eligibility(order, at, choose(snapshot.policies, scope, at, key), verdicts)


def _of_category(scope: Scope, category: str) -> Scope:
    return Scope(scope.channel, scope.region, scope.brand, scope.customer_group, category)


def _named(lines: Sequence[LineFacts], asked: Sequence[ReturnLineIn]) -> list[LineFacts]:
    """Return the line that each asked one names. Raises Invalid with a pointer for each that names none or several."""
    by_id = {line.external_id: line for line in lines}
    by_number = {line.line_no: line for line in lines}
    found: list[LineFacts] = []
    faults: list[FieldError] = []
    for index, each in enumerate(asked):
        line = by_id.get(each.external_id) if each.external_id else by_number.get(each.line_no or 0)
        same_sku = [line for line in lines if line.sku == each.sku]
        if line is None and not each.external_id and not each.line_no and len(same_sku) == 1:
            line = same_sku[0]
        if line is None:
            detail = f"{len(same_sku)} lines have this sku" if len(same_sku) > 1 else "the order has no such line"
            faults.append(FieldError(f"/lines/{index}", detail))
        else:
            found.append(line)
    if faults:
        raise Invalid("The order has no such line; see errors.", errors=faults)
    return found


def _verdict(
    order: OrderFacts,
    line: LineFacts,
    asked: ReturnLineIn,
    free: Ranges,
    policy: Policy,
    at: datetime,
    kind: ReturnKind,
) -> LineVerdict:
    left = count(free)
    units = first(free, min(asked.quantity, left))
    until = window_end(order, line, policy, kind)
    broken = _broken_warranty if kind == ReturnKind.WARRANTY else _broken
    reasons = (*_not_there(line, asked, left), *broken(line, asked, policy, until, at))
    amount = Money(line.worth(units), order.currency)
    return LineVerdict(line, asked, units, left, until, amount, policy, reasons)


def window_end(order: OrderFacts, line: LineFacts, policy: Policy, kind: ReturnKind) -> datetime:
    """Return the instant after which the line can no longer be returned, or its warranty ends."""
    if kind == ReturnKind.WARRANTY:
        start = line.delivered_at or line.shipped_at or order.placed_at
        return start + timedelta(days=policy.rules.warranty_days)
    return policy.rules.window_end(order.placed_at, line.shipped_at, line.delivered_at)


def _not_there(line: LineFacts, asked: ReturnLineIn, left: int) -> list[Reason]:
    if not line.shipped:
        return [Reason("not_shipped", f"{line.sku} was not shipped.")]
    if asked.quantity > left:
        return [Reason("too_many", f"{left} of {line.shipped} shipped units of {line.sku} can still be returned.")]
    return []


def _broken(line: LineFacts, asked: ReturnLineIn, policy: Policy, until: datetime, at: datetime) -> list[Reason]:
    rules = policy.rules
    found = []
    if at > until:
        found.append(Reason("window_closed", f"{line.sku} could be returned until {until:%Y-%m-%d}."))
    if line.final_sale or line.category in rules.final_sale_categories:
        found.append(Reason("final_sale", f"{line.sku} was sold without right of return."))
    if asked.resolution not in rules.resolutions:
        found.append(Reason("resolution_not_offered", f"{asked.resolution.label} is not offered."))
    return found


def _broken_warranty(
    line: LineFacts, asked: ReturnLineIn, policy: Policy, until: datetime, at: datetime
) -> list[Reason]:
    """Return what speaks against a warranty claim: that a sale was final does not."""
    rules = policy.rules
    found = []
    if not rules.warranty_days:
        found.append(Reason("warranty_not_offered", f"{line.sku} was sold without a warranty."))
    elif at > until:
        found.append(Reason("warranty_ended", f"The warranty of {line.sku} ended on {until:%Y-%m-%d}."))
    if REMEDIES.get(asked.resolution) not in rules.warranty_remedies:
        found.append(Reason("resolution_not_offered", f"{asked.resolution.label} is not offered under warranty."))
    if rules.warranty_proof_required and not asked.evidence:
        found.append(Reason("proof_missing", f"Evidence of the fault of {line.sku} is missing."))
    return found
