"""Money that went out before the goods were seen, and goods that then did not come or were not accepted."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from returns import troubles
from returns.access import access_refund
from returns.allocation import count
from returns.models import Return, ReturnLine
from returns.policy import rules_of
from returns.refund_terms import covered_units, earned_units
from returns.services.arriving import awaited


def recover_what_was_overpaid(actor: Actor, rma: Return, lines: Sequence[ReturnLine]) -> None:
    """Open a recovery case for each line of which more units are refunded than earned it."""
    covered = covered_units([line.id for line in lines])
    rules = rules_of(rma.policy)
    for line in lines:
        excess = count(covered.get(line.id, [])) - max(0, earned_units(rma, line, rules))
        if excess > 0:
            troubles.refunded_but_rejected(actor, rma, line.line_no, excess)


@transaction.atomic
def chase_advance(actor: Actor, refund_id: UUID) -> None:
    """Look after an advance refund that is due: its goods came, or a recovery case opens. Due only once."""
    refund = access_refund(actor, refund_id, Permission.REFUNDS_VIEW, lock=True)
    if refund.exposure_due_at is None or refund.exposure_due_at > now():
        return
    refund.exposure_due_at = None
    refund.save(update_fields=["exposure_due_at"])
    paid_for = [row.line for row in refund.lines.select_related("line")]
    if any(awaited(line) > 0 for line in paid_for):
        troubles.advance_overdue(actor, refund)
