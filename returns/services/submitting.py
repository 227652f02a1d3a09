"""Send approved refunds on their way: to their gateways' connections, into our ledger, or to be observed."""

from collections.abc import Sequence

from retailops.accounts.actor import Actor
from retailops.events.models import Delivery
from retailops.events.prepared import Prepared
from retailops.events.updating import update_rows
from retailops.lib.fsm import fire
from returns.events import RefundApproved, RefundSubmitted
from returns.models import Refund
from returns.money_paths import Path, path_of
from returns.services.awaiting import await_observation
from returns.services.crediting import credit_refund
from returns.services.proposing import tell
from returns.troubles import refund_unrouted

OPERATION = "refund.create"
APPROVAL_KIND = "refund"
_OWED = Prepared(
    lambda keys: Delivery.objects.filter(operation=OPERATION, effect_key__in=keys).values_list("effect_key", flat=True)
)


def approve_and_submit(actor: Actor, refunds: Sequence[Refund], *, approved_by: str) -> None:
    """Approve refunds (return and payment locked and loaded) and send each on its way.

    What a gateway pays is told by `refund.submitted`, which is what is delivered; where no connection serves the
    gateway it stays submitting, with a case, and its money stays reserved. What our own ledger takes is settled here;
    what a marketplace pays waits to be observed.
    """
    sent = [refund for refund in refunds if path_of(refund) == Path.GATEWAY]
    for refund in refunds:
        fire(refund.approve)
        refund.approved_by = approved_by
    for refund in sent:
        fire(refund.submit)
    update_rows(refunds, ["status", "approved_by", "submitted_at", "approval_id"])
    tell(actor, RefundApproved, refunds)
    tell(actor, RefundSubmitted, sent)
    for refund in _unrouted(sent):
        refund_unrouted(actor, refund)
    for refund in refunds:
        if path_of(refund) == Path.LEDGER:
            credit_refund(actor, refund)
        elif path_of(refund) == Path.OBSERVED:
            await_observation(actor, refund)


def _unrouted(refunds: Sequence[Refund]) -> list[Refund]:
    if not refunds:
        return []
    routed = set(_OWED.all([refund.effect_key for refund in refunds]))
    return [refund for refund in refunds if refund.effect_key not in routed]
