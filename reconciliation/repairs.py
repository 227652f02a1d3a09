"""What can be done about a discrepancy, and why not now. Apps above register who takes a wish for repair."""

from collections.abc import Callable

from reconciliation.models import Discrepancy, DiscrepancyStatus, DiscrepancyType
from reconciliation.return_repairs import why_not_taken_of_return
from returns.services.correcting_orders import why_not_taken

Takes = Callable[[Discrepancy], bool]
_takers: list[Takes] = []


def register_taker(takes: Takes) -> None:
    """Register whether somebody takes `discrepancy.repair_asked` about a discrepancy. Idempotent."""
    if takes not in _takers:
        _takers.append(takes)


def why_not_told(found: Discrepancy) -> str:
    """Say why the other system cannot be told ours; "" where it can."""
    if found.status != DiscrepancyStatus.OPEN:
        return "It is settled already."
    if found.of_money:
        return "Money is matched, not told anew."
    if not any(takes(found) for takes in _takers):
        return "No connection or webhook takes this message. Mend it there by hand, then leave it here and say so."
    return ""


def why_not_theirs(found: Discrepancy) -> str:
    """Say why their value cannot be taken over; "" where it can. The command checks again, under the locks."""
    if found.status != DiscrepancyStatus.OPEN:
        return "It is settled already."
    if found.type == DiscrepancyType.RETURN_DRIFT:
        return why_not_taken_of_return(found)
    if found.order is None:
        return "Money is matched, not taken over."
    return why_not_taken(found.order, found.object, found.object_id, found.field)


def why_not_left(found: Discrepancy) -> str:
    """Say why it cannot be left as it is."""
    return "" if found.status == DiscrepancyStatus.OPEN else "It is settled already."
