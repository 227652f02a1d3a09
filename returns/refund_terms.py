"""What may be refunded on a return: units that earned it and are not yet paid, payments, shipping, fees.

Read under the locks of the order's payments and of the return, so that nobody else reserves the same money or units.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Sum

from retailops.events.prepared import Prepared, load
from returns.allocation import Ranges, count, first, merge, subtract
from returns.enums import (
    LIVE_REFUNDS,
    ChargebackStatus,
    ComponentKind,
    Destination,
    ExchangeTiming,
    RefundStatus,
    RefundTiming,
    RemedyStatus,
    Resolution,
    ReturnKind,
)
from returns.exchange_units import claimed_units
from returns.kinds import traits_of
from returns.line_policies import LinePolicy, narrower_policies
from returns.models import (
    Chargeback,
    OrderLine,
    Payment,
    Refund,
    RefundComponent,
    RefundLine,
    Return,
    ReturnLine,
    WarrantyAssessment,
)
from returns.money_paths import is_observed
from returns.policy import Rules, rules_of
from returns.promises import promises_of
from returns.return_lines import lines_of
from returns.rounding import any_amount, step_of
from returns.tenders import Tender

K = ComponentKind
# Where a line's money goes by what the customer was promised; other resolutions bring none.
DESTINATIONS: dict[str, Destination] = {
    Resolution.STORE_CREDIT: Destination.STORE_CREDIT,
    Resolution.GIFT_CARD: Destination.GIFT_CARD,
    Resolution.REFUND: Destination.TENDER,
}


@dataclass(frozen=True)
class Terms:
    """A return as a refund decision sees it. `reserved` is what live refunds of the return hold, in minor units."""

    rma: Return
    rules: Rules
    lines: list[ReturnLine]
    covered: dict[UUID, Ranges]
    payments: dict[UUID, Payment]
    tenders: list[Tender]
    reserved: int
    # Units that exchanges have taken: they are never also refunded.
    claimed: dict[UUID, Ranges] = field(default_factory=dict)
    # Of the whole order: its lines, the units that refunds of any return cover, and components already granted.
    order_lines: list[OrderLine] = field(default_factory=list)
    covered_of_order: dict[UUID, Ranges] = field(default_factory=dict)
    granted: dict[str, int] = field(default_factory=dict)
    # What was taken of fees that are taken once a return, by kind.
    fixed_fees: dict[str, int] = field(default_factory=dict)
    # Lines that fell under another policy than the return: that one's fees are theirs.
    narrower: dict[UUID, LinePolicy] = field(default_factory=dict)

    @property
    def charged_back(self) -> Payment | None:
        """Return a payment of which a bank has taken money back; then people decide, and policy alone does nothing."""
        return next((payment for payment in self.payments.values() if payment.charged_back), None)

    def rules_for(self, line: ReturnLine) -> Rules:
        """Return the rules that the line fell under: those of its category, or of the return."""
        narrower = self.narrower.get(line.id)
        return narrower.rules if narrower else self.rules

    def payable(self, line: ReturnLine) -> Ranges:
        """Return the units of the line that earned a refund, and that no refund covers and no exchange has taken."""
        return merge(*self.ways(line).values())

    def ways(self, line: ReturnLine) -> dict[Destination, Ranges]:
        """Return the payable units of the line by where their money goes, what the line itself brings first."""
        if line.order_line is None:
            return {}
        covered = self.covered.get(line.id, [])
        taken = merge(covered, self.claimed.get(line.id, []))
        # Units that a warranty replaces have not earned a refund in the first place.
        used = covered if self.rma.kind == ReturnKind.WARRANTY else taken
        earned = max(0, earned_units(self.rma, line, self.rules) - count(used))
        found: dict[Destination, Ranges] = {}
        for where, units in self.promised(line).items():
            free = subtract(units, taken)
            mine = first(free, min(earned, count(free)))
            earned -= count(mine)
            if mine:
                found[where] = mine
        return found

    def promised(self, line: ReturnLine) -> dict[Destination, Ranges]:
        """Return the units of the line that bring money by where it goes.

        What a warranty grants goes with the tenders, whatever was asked for.
        """
        otherwise = Destination.TENDER if self.rma.kind == ReturnKind.WARRANTY else None
        found: dict[Destination, Ranges] = {}
        for resolution, units in promises_of(line):
            where = DESTINATIONS.get(resolution, otherwise)
            if where is not None:
                found[where] = merge(found.get(where, []), units)
        return found

    def due(self) -> dict[Destination, dict[UUID, Ranges]]:
        """Return the payable units by where their money goes, by line: stored value first, so that what a whole order
        brings with it (shipping) goes with the tenders."""
        found: dict[Destination, dict[UUID, Ranges]] = {where: {} for where in DESTINATIONS.values()}
        for line in self.lines:
            for where, units in self.ways(line).items():
                found[where][line.id] = units
        return {where: units for where, units in found.items() if units}

    def tenders_for(self, destination: Destination) -> list[Tender]:
        """Return the tenders that may bear it: what a marketplace holds is never turned into value of ours, for which
        no gateway is asked."""
        if destination == Destination.TENDER:
            return self.tenders
        return any_amount([each for each in self.tenders if not is_observed(self.payments[each.payment_id])])

    @property
    def rounded_before(self) -> int:
        """Return by how much live refunds of the order were rounded, in minor units; negative: downwards."""
        return self.granted.get(K.ROUNDING, 0)


_LINES = Prepared(lambda rma: ReturnLine.objects.filter(rma_id=rma))
_LINES_OF_ORDER = Prepared(
    lambda order: ReturnLine.objects.filter(rma__order_id=order).values_list("id", "order_line_id")
)
_PAYMENTS = Prepared(lambda order: Payment.objects.filter(order_id=order).order_by("captured_at", "id"))
_ORDER_LINES = Prepared(lambda order: OrderLine.objects.filter(order_id=order))
_RESERVED = Prepared(
    lambda rma: Refund.objects.filter(rma_id=rma, status__in=LIVE_REFUNDS).values_list("amount", flat=True)
)
_HELD = Prepared(
    lambda payments: Refund.objects.filter(payment_id__in=payments, status__in=LIVE_REFUNDS).values_list(
        "payment_id", "amount"
    )
)
_COVERED = Prepared(
    lambda lines: RefundLine.objects.filter(line_id__in=lines).values_list("line_id", "refund__proposal", "units")
)
_GRANTED_OF_ORDER = Prepared(
    lambda order: RefundComponent.objects.filter(
        refund__rma__order_id=order, refund__status__in=LIVE_REFUNDS, kind__in=[K.SHIPPING, K.SHIPPING_TAX, K.ROUNDING]
    ).values_list("kind", "amount")
)
_FIXED_FEES = Prepared(
    lambda rma: RefundComponent.objects.filter(
        refund__rma_id=rma, refund__status__in=LIVE_REFUNDS, code="fixed"
    ).values_list("kind", "amount")
)


def earned_units(rma: Return, line: ReturnLine, rules: Rules) -> int:
    """Return how many units earned a refund: the ceiling follows what came and passed unless policy advances it.

    Under warranty only a verdict earns one, whatever the customer asked for.
    """
    if rma.kind == ReturnKind.WARRANTY:
        return _granted_by_warranty(line)
    return units_by_timing(rma, line, timing_of(rma, rules))


def anything_earned(rma: Return) -> bool:
    """Tell whether any unit of the locked return has earned a refund, paid by now or not: what most commands ask, and
    one read answers."""
    rules = rules_of(rma.policy)
    return any(earned_units(rma, line, rules) > 0 for line in _LINES.all(rma.id))


def units_by_timing(rma: Return, line: ReturnLine, timing: str) -> int:
    """Return how many units have come so far as the timing (of refunds or of exchanges) wants it."""
    if timing == ExchangeTiming.ON_INSPECTION:
        return line.accepted + line.kept
    if timing == ExchangeTiming.ON_RECEIPT or (timing == ExchangeTiming.ON_SCAN and rma.in_transit_at is None):
        return line.received - line.rejected + line.kept
    return hoped_for(line)


def hoped_for(line: ReturnLine) -> int:
    """Return how many units still may come and be accepted, those that were accepted included."""
    return line.authorized + line.over_approved - line.missing - line.canceled - line.rejected


def _granted_by_warranty(line: ReturnLine) -> int:
    rows = WarrantyAssessment.objects.filter(line=line, progress=RemedyStatus.REFUNDED)
    return _sum(rows.aggregate(total=Sum("quantity")))


def timing_of(rma: Return, rules: Rules) -> RefundTiming:
    """Return when a refund of the return may go: policy, unless its kind leaves no choice."""
    return traits_of(rma.kind).refund_timing or rules.refund_timing


def read_terms(rma: Return, *, by_itself: bool) -> Terms:
    """Return the terms of the locked return.

    `by_itself` (policy acting alone) leaves alone what a person refused or a gateway failed: those units are proposed
    again only by a person.
    """
    load(rma, "order")
    lines = lines_of(rma)
    ids = [line.id for line in lines]
    payments = {row.id: row for row in _PAYMENTS.all(rma.order_id)} if rma.order_id else {}
    return Terms(
        rma=rma,
        rules=rules_of(rma.policy),
        lines=lines,
        covered=covered_units(ids, anything=by_itself),
        payments=payments,
        tenders=tenders_of(payments.values()),
        claimed=claimed_units(ids),
        reserved=sum(_RESERVED.all(rma.id)),
        order_lines=_ORDER_LINES.all(rma.order_id) if rma.order_id else [],
        covered_of_order=_covered_of_order(rma),
        granted=_granted(rma),
        fixed_fees=_fixed_fees(rma),
        narrower=narrower_policies(rma, lines),
    )


def expected_terms(rma: Return, lines: list[ReturnLine], rules: Rules, narrower: dict[UUID, LinePolicy]) -> Terms:
    """Return the terms of a return that is not written yet, with its lines as they are hoped to end."""
    order = rma.order
    payments = {row.id: row for row in Payment.objects.filter(order=order).order_by("captured_at", "id")}
    return Terms(
        rma=rma,
        rules=rules.model_copy(update={"refund_timing": RefundTiming.ON_INSPECTION}),
        lines=lines,
        covered={},
        payments=payments,
        tenders=tenders_of(payments.values()),
        reserved=0,
        order_lines=list(OrderLine.objects.filter(order=order)),
        covered_of_order=_covered_of_order(rma),
        granted=_granted(rma),
        narrower=narrower,
    )


def _sum(found: dict[str, int | None]) -> int:
    return int(found["total"] or 0)


def tenders_of(payments: Iterable[Payment]) -> list[Tender]:
    """Return the payments with what is left of each, in their order."""
    payments = list(payments)
    held: dict[UUID, int] = defaultdict(int)
    for payment_id, amount in _HELD.all([each.id for each in payments]):
        held[payment_id] += amount
    disputed = _disputed(payments)
    return [
        Tender(each.id, each.captured, 0, disputed=True)
        if each.id in disputed
        else Tender(
            each.id,
            each.captured,
            max(0, each.captured - each.charged_back - held.get(each.id, 0)),
            step=step_of(each.gateway, each.currency),
        )
        for each in payments
    ]


def _disputed(payments: Iterable[Payment]) -> set[UUID]:
    """Return the payments with an opened chargeback."""
    charged = [payment.id for payment in payments if payment.charged_back]
    if not charged:
        return set()
    rows = Chargeback.objects.filter(payment__in=charged, status=ChargebackStatus.OPENED)
    return set(rows.values_list("payment_id", flat=True))


def covered_units(line_ids: Iterable[UUID], *, anything: bool = False, but: UUID | None = None) -> dict[UUID, Ranges]:
    """Return the units of return lines that proposals cover: those with a live refund, or (`anything`) with one that is
    not superseded. `but` leaves one proposal out."""
    rows = _COVERED.all(list(line_ids))
    wanted = _live_proposals({proposal for _, proposal, _ in rows}, anything)
    covered: dict[UUID, Ranges] = defaultdict(list)
    for line_id, proposal, units in rows:
        if proposal in wanted and proposal != but:
            covered[line_id] = merge(covered[line_id], units)
    return dict(covered)


def _live_proposals(proposals: set[UUID], anything: bool) -> set[UUID]:
    if not proposals:
        return set()
    rows = Refund.objects.filter(proposal__in=proposals)
    rows = rows.exclude(status=RefundStatus.SUPERSEDED) if anything else rows.filter(status__in=LIVE_REFUNDS)
    return set(rows.values_list("proposal", flat=True))


def _covered_of_order(rma: Return) -> dict[UUID, Ranges]:
    """Return the units of the order's lines that live refunds of any of its returns cover."""
    if rma.order_id is None:
        return {}
    owners = dict(_LINES_OF_ORDER.all(rma.order_id))
    found: dict[UUID, Ranges] = defaultdict(list)
    for line_id, units in covered_units(owners).items():
        order_line_id = owners[line_id]
        if order_line_id is not None:
            found[order_line_id] = merge(found[order_line_id], units)
    return dict(found)


def _granted(rma: Return) -> dict[str, int]:
    """Return what live refunds of the order already hold of its shipping, and were rounded by, by component kind."""
    if rma.order_id is None:
        return {}
    return _sums(_GRANTED_OF_ORDER.all(rma.order_id))


def _fixed_fees(rma: Return) -> dict[str, int]:
    """Return what live refunds took of fees that are taken once a return, by kind, in minor units."""
    return {kind: -total for kind, total in _sums(_FIXED_FEES.all(rma.id)).items()}


def _sums(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for kind, amount in parts:
        sums[kind] += amount
    return dict(sums)
