"""Count, per return line, the units whose refund is paid: all refunds of their proposal succeeded."""

from collections import defaultdict
from uuid import UUID

from returns.allocation import Ranges, count, merge
from returns.enums import RefundStatus
from returns.models import Refund, RefundLine, Return, ReturnLine

# Refunds that a proposal no longer needs: replaced by another, or refused by a person.
LEFT_OUT = (RefundStatus.SUPERSEDED, RefundStatus.DENIED)


def count_refunded(rma: Return) -> None:
    """Bring `refunded` of every line of the locked return up to date."""
    paid = _paid_proposals(rma)
    units: dict[UUID, Ranges] = defaultdict(list)
    for row in RefundLine.objects.filter(refund__rma=rma, refund__proposal__in=paid):
        units[row.line_id] = merge(units[row.line_id], row.units)
    lines = list(rma.lines.all())
    for line in lines:
        line.refunded = count(units[line.id])
    ReturnLine.objects.bulk_update(lines, ["refunded"])


def _paid_proposals(rma: Return) -> set[UUID]:
    states: dict[UUID, set[str]] = defaultdict(set)
    rows = Refund.objects.filter(rma=rma).exclude(status__in=LEFT_OUT).values_list("proposal", "status")
    for proposal, status in rows:
        states[proposal].add(status)
    return {proposal for proposal, found in states.items() if found == {RefundStatus.SUCCEEDED}}
