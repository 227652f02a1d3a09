"""Accept units that arrived although nobody had authorized them; they stood in quarantine until then."""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from inventory.selectors import location_of
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Unprocessable
from retailops.lib.ids import uuid7
from returns.allocation import count, first, merge, subtract
from returns.enums import LIVE_STATUSES, ReceiptMatch, ReturnStatus
from returns.events import LineReceived
from returns.facts import line_fact
from returns.models import ReceiptLine, Return, ReturnLine
from returns.services.arriving import awaited
from returns.services.closing import finish
from returns.services.decisions import save_lines
from returns.services.exchange_progress import follow_exchanges
from returns.services.locking import lock_return
from returns.services.quantities import line_numbered
from returns.services.refunds import refund_by_policy
from returns.services.stock import accept_extra
from returns.services.strays import end_cases_of_extras, strays_of
from returns.services.warranty_waiting import await_assessment

# Beyond what was authorized, and units of the line whose numbers are not those that were sold.
EXTRA = (ReceiptMatch.OVER, ReceiptMatch.WRONG_ITEM)


@transaction.atomic
def accept_over_receipt(*, actor: Actor, return_id: UUID, line_no: int, quantity: int, reason: str = "") -> Return:
    """Take extra units over: they wait for inspection like the others (invariant 3).

    First they fill what is still expected; beyond that they count as `over_approved` and take free units of the order
    line, as far as there are any: only those can be refunded. Raises Conflict unless the return is authorized,
    Unprocessable for more than arrived in excess, Invalid, Denied, NotFound.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, with_order=True, with_payments=True)
    if rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {rma.status}: authorize or reinstate it first.", code="not-authorized")
    line = line_numbered(rma, line_no)
    places = _in_quarantine(rma, line)
    if not 0 < quantity <= sum(places.values()):
        raise Unprocessable(f"{sum(places.values())} extra units of line {line_no} arrived.", code="more-than-arrived")
    expected = min(quantity, awaited(line))
    line.received += quantity
    line.over_approved += quantity - expected
    line.units = merge(line.units, _free_units(line, quantity - expected))
    save_lines([line], "received", "over_approved", "units")
    await_assessment(rma, [line])
    for code, part in _shared_out(quantity, places):
        accept_extra(actor, rma, f"extra:{line.id}:{uuid7()}", line, part, location_of(code))
        fact = line_fact(LineReceived, rma, line, part, location=code)
        publish(fact, subject=rma.as_subject(), actor=actor, words=reason)
    follow_exchanges(rma)
    end_cases_of_extras(actor, rma, _extra_rows(line))
    refund_by_policy(rma)
    return finish(actor, rma)


def _extra_rows(line: ReturnLine) -> list[ReceiptLine]:
    rows = ReceiptLine.objects.filter(line=line, match__in=EXTRA, receipt__reverses__isnull=True)
    return list(rows.filter(receipt__reversal__isnull=True).select_related("receipt"))


def _in_quarantine(rma: Return, line: ReturnLine) -> dict[str, int]:
    """Return how many extra units of the line stand in quarantine, by location code."""
    places: dict[str, int] = {}
    for stray in strays_of(rma):
        if stray.row.line_id == line.id:
            code = stray.row.receipt.location.code
            places[code] = places.get(code, 0) + stray.left
    return places


def _free_units(line: ReturnLine, quantity: int) -> list[list[int]]:
    if line.order_line is None or not quantity:
        return []
    rows = ReturnLine.objects.filter(order_line=line.order_line, rma__status__in=LIVE_STATUSES)
    taken = merge(*rows.values_list("units", flat=True))
    free = subtract([[0, line.order_line.shipped_quantity]], taken)
    return first(free, min(quantity, count(free)))


def _shared_out(quantity: int, places: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Yield from which places how many of these units are taken."""
    for code, held in sorted(places.items()):
        part = min(quantity, held)
        if part:
            yield code, part
            quantity -= part
