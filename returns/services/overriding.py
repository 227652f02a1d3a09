"""Overrides: change a refund that waits. The changed refund is a new one in its place, so that no word given for the
one before can carry it; the one before is superseded and its approval void."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.services import void_approval
from retailops.lib.errors import Conflict
from retailops.lib.fsm import fire
from retailops.lib.money import Money
from returns import vocabulary
from returns.access import access_refund
from returns.allocation import Ranges
from returns.enums import LIVE_REFUNDS, RefundStatus
from returns.events import RefundSuperseded
from returns.inputs.refunds import RefundOverrideIn
from returns.models import Refund, RefundLine
from returns.refund_planning import plan_by_person
from returns.refund_terms import read_terms
from returns.services.closing import finish
from returns.services.holding import refuse_held_refund
from returns.services.locking import lock_return
from returns.services.proposing import tell
from returns.services.refunds import carry_out
from returns.services.submitting import APPROVAL_KIND

WAITING = (RefundStatus.PROPOSED, RefundStatus.PENDING_APPROVAL)


@transaction.atomic
def override_refund(*, actor: Actor, refund_id: UUID, override: RefundOverrideIn) -> list[Refund]:
    """Put another refund of the same units in the place of one that waits; return what waits, or goes, now.

    The whole proposal is replaced, where it is spread over several payments. What goes beyond policy waits for a second
    person, who is neither who asks now nor bound by what was agreed before. Raises Conflict (it does not wait any more,
    a fraud review holds it, part of it is on its way, its amount is not what the person saw), Unprocessable, Denied,
    NotFound.
    """
    vocabulary.check("override_reason", override.reason_code, "/reason_code")
    found = access_refund(actor, refund_id, Permission.REFUNDS_PROPOSE)
    rma = lock_return(actor, found.rma_id, Permission.REFUNDS_PROPOSE, with_payments=True)
    refund = access_refund(actor, refund_id, Permission.REFUNDS_PROPOSE)
    refuse_held_refund(refund)
    former = _waiting_part(refund, override)
    units = _units(former)
    for each in former:
        _retire(actor, each, override.reason)
    terms = read_terms(rma, by_itself=False)
    plan = plan_by_person(terms, override.as_proposal(), units=units, proposal_id=refund.proposal)
    made = carry_out(actor, terms, plan, replaces=refund)
    Refund.objects.filter(pk__in=[each.pk for each in former]).update(superseded_by=made[0])
    finish(actor, rma)
    return made


def _waiting_part(refund: Refund, override: RefundOverrideIn) -> list[Refund]:
    """Return the refunds of the proposal, all of which wait. Raises Conflict with the difference."""
    rows = Refund.objects.filter(proposal=refund.proposal, status__in=LIVE_REFUNDS).order_by("id")
    live = list(rows.select_related("payment", "rma__order", "approval"))
    if refund.status not in WAITING:
        state = refund.get_status_display().lower()
        raise Conflict(f"The refund is {state}: only one that waits can be changed.", present=str(refund.status))
    if any(each.status not in WAITING for each in live):
        raise Conflict("Part of it goes by another payment and is on its way already.", code="partly-sent")
    if override.expected_amount not in (None, refund.amount):
        raise Conflict(
            "Somebody changed the refund in the meantime; look at it again.",
            code="stale",
            differences=[
                {
                    "name": "Amount",
                    "before": str(Money(override.expected_amount, refund.currency)),
                    "now": str(Money(refund.amount, refund.currency)),
                }
            ],
        )
    return live


def _units(former: Sequence[Refund]) -> dict[UUID, Ranges]:
    return {row.line_id: row.units for row in RefundLine.objects.filter(refund__in=former)}


def _retire(actor: Actor, refund: Refund, reason: str) -> None:
    void_approval(actor, kind=APPROVAL_KIND, subject_id=refund.id, reason=f"The refund was changed: {reason}")
    fire(refund.supersede)
    refund.save(update_fields=["status"])
    tell(actor, RefundSuperseded, [refund])
