"""Count, per return line, the units whose refund is paid: all refunds of their proposal succeeded."""

from collections import defaultdict
from uuid import UUID

from retailops.events.prepared import Prepared
from retailops.events.updating import update_rows
from returns.allocation import Ranges, count, merge
from returns.enums import RefundStatus
from returns.models import Refund, RefundLine, Return, ReturnLine

# Refunds that a proposal no longer needs: replaced by another, or refused by a person.
LEFT_OUT = (RefundStatus.SUPERSEDED, RefundStatus.DENIED)

_UNITS = Prepared(
    lambda rma: RefundLine.objects.filter(refund__rma_id=rma).values_list("line_id", "refund__proposal", "units")
)
_LINES = Prepared(lambda rma: ReturnLine.objects.filter(rma_id=rma))
_STATES = Prepared(
    lambda rma: Refund.objects.filter(rma_id=rma).exclude(status__in=LEFT_OUT).values_list("proposal", "status")
)


def count_refunded(rma: Return) -> None:
    """Bring `refunded` of every line of the locked return up to date."""
    paid = _paid_proposals(rma)
    units: dict[UUID, Ranges] = defaultdict(list)
    for line_id, proposal, taken in _UNITS.all(rma.id):
        if proposal in paid:
            units[line_id] = merge(units[line_id], taken)
    changed = []
    for line in _LINES.all(rma.id):
        refunded = count(units[line.id])
        if refunded != line.refunded:
            line.refunded = refunded
            changed.append(line)
    update_rows(changed, ["refunded"])


def _paid_proposals(rma: Return) -> set[UUID]:
    states: dict[UUID, set[str]] = defaultdict(set)
    for proposal, status in _STATES.all(rma.id):
        states[proposal].add(status)
    return {proposal for proposal, found in states.items() if found == {RefundStatus.SUCCEEDED}}
