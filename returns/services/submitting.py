"""Hand approved refunds to their gateways' connections."""

from collections.abc import Sequence

from retailops.accounts.actor import Actor
from retailops.events.models import Delivery
from retailops.lib.fsm import fire
from returns.events import RefundApproved, RefundSubmitted
from returns.models import Refund
from returns.services.proposing import tell
from returns.troubles import refund_unrouted

OPERATION = "refund.create"
APPROVAL_KIND = "refund"


def approve_and_submit(actor: Actor, refunds: Sequence[Refund], *, approved_by: str) -> None:
    """Approve and submit refunds (return and payment locked and loaded): `refund.submitted` is what is delivered.

    A refund whose gateway no connection serves stays submitting, with a case: its money stays reserved.
    """
    for refund in refunds:
        fire(refund.approve)
        refund.approved_by = approved_by
        fire(refund.submit)
    Refund.objects.bulk_update(refunds, ["status", "approved_by", "submitted_at", "approval"])
    tell(actor, RefundApproved, refunds)
    tell(actor, RefundSubmitted, refunds)
    for refund in _unrouted(refunds):
        refund_unrouted(actor, refund)


def _unrouted(refunds: Sequence[Refund]) -> list[Refund]:
    keys = [refund.effect_key for refund in refunds]
    owed = Delivery.objects.filter(operation=OPERATION, effect_key__in=keys).values_list("effect_key", flat=True)
    routed = set(owed)
    return [refund for refund in refunds if refund.effect_key not in routed]
