"""What may be refunded on a return: units that earned it and are not yet paid, payments, shipping, fees.

Read under the locks of the order's payments and of the return, so that nobody else reserves the same money or units.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Sum

from returns.allocation import Ranges, count, first, merge, subtract
from returns.enums import LIVE_REFUNDS, ComponentKind, RefundStatus, RefundTiming, Resolution
from returns.kinds import traits_of
from returns.models import OrderLine, Payment, Refund, RefundComponent, RefundLine, Return, ReturnLine
from returns.policy import Rules, rules_of
from returns.tenders import Tender

K = ComponentKind


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
    # Of the whole order: its lines, the units that refunds of any return cover, and components already granted.
    order_lines: list[OrderLine] = field(default_factory=list)
    covered_of_order: dict[UUID, Ranges] = field(default_factory=dict)
    granted: dict[str, int] = field(default_factory=dict)
    fixed_fees: frozenset[str] = frozenset()

    def payable(self, line: ReturnLine) -> Ranges:
        """Return the units of the line that earned a refund and that none covers."""
        if line.resolution != Resolution.REFUND or line.order_line is None:
            return []
        free = subtract(line.units, self.covered.get(line.id, []))
        earned = earned_units(self.rma, line, self.rules) - count(self.covered.get(line.id, []))
        return first(free, max(0, min(earned, count(free))))


def earned_units(rma: Return, line: ReturnLine, rules: Rules) -> int:
    """Return how many units earned a refund: the ceiling follows what came and passed unless policy advances it."""
    timing = timing_of(rma, rules)
    if timing == RefundTiming.ON_INSPECTION:
        return line.accepted + line.kept
    if timing == RefundTiming.ON_RECEIPT or rma.in_transit_at is None:
        return line.received - line.rejected + line.kept
    return line.authorized + line.over_approved - line.missing - line.canceled - line.rejected


def timing_of(rma: Return, rules: Rules) -> RefundTiming:
    """Return when a refund of the return may go: policy, unless its kind leaves no choice."""
    return traits_of(rma.kind).refund_timing or rules.refund_timing


def read_terms(rma: Return, *, by_itself: bool) -> Terms:
    """Return the terms of the locked return.

    `by_itself` (policy acting alone) leaves alone what a person refused or a gateway failed: those units are proposed
    again only by a person.
    """
    lines = list(rma.lines.select_related("order_line"))
    rows = Payment.objects.filter(order_id=rma.order_id) if rma.order_id else Payment.objects.none()
    payments = {row.id: row for row in rows.order_by("captured_at", "id")}
    return Terms(
        rma=rma,
        rules=rules_of(rma.policy),
        lines=lines,
        covered=covered_units(rma.lines.values_list("id", flat=True), anything=by_itself),
        payments=payments,
        tenders=tenders_of(payments.values()),
        reserved=_sum(Refund.objects.filter(rma=rma, status__in=LIVE_REFUNDS).aggregate(total=Sum("amount"))),
        order_lines=list(OrderLine.objects.filter(order_id=rma.order_id)) if rma.order_id else [],
        covered_of_order=_covered_of_order(rma),
        granted=_granted(rma),
        fixed_fees=_fixed_fees(rma),
    )


def expected_terms(rma: Return, lines: list[ReturnLine], rules: Rules) -> Terms:
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
    )


def _sum(found: dict[str, int | None]) -> int:
    return int(found["total"] or 0)


def tenders_of(payments: Iterable[Payment]) -> list[Tender]:
    """Return the payments with what is left of each, in their order."""
    payments = list(payments)
    live = Refund.objects.filter(payment__in=payments, status__in=LIVE_REFUNDS).values("payment_id")
    held = {row["payment_id"]: row["held"] for row in live.annotate(held=Sum("amount"))}
    return [
        Tender(each.id, each.captured, max(0, each.captured - each.charged_back - held.get(each.id, 0)))
        for each in payments
    ]


def covered_units(line_ids: Iterable[UUID], *, anything: bool = False, but: UUID | None = None) -> dict[UUID, Ranges]:
    """Return the units of return lines that proposals cover: those with a live refund, or (`anything`) with one that is
    not superseded. `but` leaves one proposal out."""
    rows = RefundLine.objects.filter(line_id__in=list(line_ids)).values_list("line_id", "refund__proposal", "units")
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
    owners = dict(ReturnLine.objects.filter(rma__order_id=rma.order_id).values_list("id", "order_line_id"))
    found: dict[UUID, Ranges] = defaultdict(list)
    for line_id, units in covered_units(owners).items():
        order_line_id = owners[line_id]
        if order_line_id is not None:
            found[order_line_id] = merge(found[order_line_id], units)
    return dict(found)


def _granted(rma: Return) -> dict[str, int]:
    """Return what live refunds of the order already hold of its shipping, by component kind."""
    if rma.order_id is None:
        return {}
    rows = RefundComponent.objects.filter(refund__rma__order_id=rma.order_id, refund__status__in=LIVE_REFUNDS)
    sums = rows.filter(kind__in=[K.SHIPPING, K.SHIPPING_TAX]).values("kind").annotate(total=Sum("amount"))
    return {row["kind"]: row["total"] for row in sums}


def _fixed_fees(rma: Return) -> frozenset[str]:
    """Return which fees that are taken once a return have been taken."""
    rows = RefundComponent.objects.filter(refund__rma=rma, refund__status__in=LIVE_REFUNDS, code="fixed")
    return frozenset(rows.values_list("kind", flat=True))
