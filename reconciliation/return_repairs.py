"""Their word about a return taken over: by the same commands as a person would give on the return itself."""

from collections.abc import Callable
from uuid import UUID

from reconciliation.models import Discrepancy
from reconciliation.return_truth import RECEIVED, STATUS, TRACKING
from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from returns.enums import ReturnStatus
from returns.models import Return
from returns.services.decisions import cancel_return, decline_return
from returns.services.transit import mark_in_transit

S = ReturnStatus
# From which states the command goes; others are refused before anybody clicks.
TAKEN: dict[str, tuple[frozenset[str], Callable[[Actor, UUID, str], object]]] = {
    S.CANCELED: (
        frozenset({S.REQUESTED, S.IN_REVIEW, S.AUTHORIZED}),
        lambda actor, id, reason: cancel_return(actor=actor, return_id=id, reason=reason),
    ),
    S.DECLINED: (
        frozenset({S.REQUESTED, S.IN_REVIEW}),
        lambda actor, id, reason: decline_return(actor=actor, return_id=id, reason=reason),
    ),
}


def why_not_taken_of_return(found: Discrepancy) -> str:
    """Say why their value cannot be taken over; "" where it can. The command checks again, under the locks."""
    rma = Return.objects.filter(pk=found.object_id).first() if found.object_id else None
    if rma is None:
        return "The return is not here any more."
    if found.field == TRACKING:
        if rma.tracking:
            return "It bears another number here. Tell the carrier's scan on the return."
        return "" if rma.status == S.AUTHORIZED else "Nothing is expected of the return any more."
    if found.field == RECEIVED:
        return "Goods arrive by their receipts: receive what came on the return, or reverse the receipt that is wrong."
    if found.field != STATUS:
        return "Units are placed by their verdicts: decide them anew on the return."
    if found.theirs not in TAKEN:
        return f"It is {found.theirs} there. Do it on the return: goods, money and stock go with it."
    if rma.status not in TAKEN[found.theirs][0]:
        return f"It is {rma.status.replace('_', ' ')} here: it cannot be {found.theirs} any more."
    if found.theirs == S.CANCELED and rma.receipts.filter(reversal__isnull=True, reverses__isnull=True).exists():
        return "Goods have arrived: inspect them, or reverse the receipt first."
    return ""


def take_of_return(actor: Actor, found: Discrepancy, reason: str) -> None:
    """Do on the return what makes it as they say. Raises Conflict where it cannot be, and what the command raises."""
    if why := why_not_taken_of_return(found):
        raise Conflict(why, code="relied-on")
    assert found.object_id is not None  # noqa: S101  # why_not_taken_of_return looked
    if found.field == TRACKING:
        mark_in_transit(actor=actor, return_id=found.object_id, tracking=found.theirs, scanned_at=now())
    else:
        TAKEN[found.theirs][1](actor, found.object_id, f"{found.system} says so: {reason}"[:200])
