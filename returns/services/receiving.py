"""Arrivals. Every parcel that comes gets a receipt and an owner (invariant 18); what does not fit gets a case."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from inventory.models import Location
from inventory.selectors import location_of
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.inserting import insert_rows
from retailops.events.prepared import Prepared
from retailops.events.publish import append, compose
from retailops.lib.errors import Conflict
from returns import troubles
from returns.enums import ReceiptMatch, ReturnStatus
from returns.events import LineItemMismatch, LineOverReceived, LineReceived, ReturnLineFact
from returns.facts import line_fact
from returns.inputs import ReceiptIn
from returns.models import Receipt, ReceiptLine, Return, ReturnLine
from returns.policy import rules_of
from returns.return_lines import lines_of
from returns.services.arriving import Arrival, compare
from returns.services.closing import finish
from returns.services.correcting import reverse_receipt
from returns.services.decisions import bring_back, open_again, save_lines, taken_meanwhile, tell_back
from returns.services.exchange_progress import follow_exchanges
from returns.services.extra_units import accept_over_receipt
from returns.services.holding import blocked
from returns.services.locking import lock_return
from returns.services.passing_inspection import pass_without_inspection
from returns.services.quantities import cancel_remaining, declare_missing, keep_units
from returns.services.refunds import refund_by_policy
from returns.services.serials import keep_received
from returns.services.stock import receive_into_stock
from returns.services.warranty_waiting import await_assessment

__all__ = [
    "accept_over_receipt",
    "cancel_remaining",
    "declare_missing",
    "keep_units",
    "receive_return",
    "reverse_receipt",
]

KINDS: dict[str, type[ReturnLineFact]] = {
    ReceiptMatch.EXPECTED: LineReceived,
    ReceiptMatch.OVER: LineOverReceived,
    ReceiptMatch.WRONG_ITEM: LineItemMismatch,
}

_BY_SCAN = Prepared(lambda scan: Receipt.objects.filter(scan_id=scan))

# A parcel brings a return back to life that had ended so.
ENDED = (ReturnStatus.EXPIRED, ReturnStatus.DECLINED)


@transaction.atomic
def receive_return(*, actor: Actor, return_id: UUID, receipt: ReceiptIn) -> Receipt:
    """Record a parcel's arrival, once for each scan id, whatever the state of the return.

    Expected units wait for inspection; more than authorized, other items, and parcels of returns that have ended or are
    not decided yet go to quarantine with a case. An expired or declined return is reinstated, a closed one reopened.

    Raises NotFound, Denied, Invalid (unknown location or line), Conflict (the scan id is another return's).
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_RECEIVE, with_order=True, with_payments=True)
    known = _BY_SCAN.first(receipt.scan_id)
    if known is not None:
        return _same(known, rma)
    location = location_of(receipt.location)
    lines = lines_of(rma)
    former = str(rma.status)
    _welcome(actor, rma, lines)
    arrivals = compare(lines, receipt.lines, expecting=rma.status == ReturnStatus.AUTHORIZED)
    if former in ENDED and rma.status == ReturnStatus.AUTHORIZED:
        tell_back(actor, rma, lines, "the parcel came anyway", _arriving(arrivals))
    return record_arrival(actor, rma, receipt, location, arrivals, former=former)


def _same(known: Receipt, rma: Return) -> Receipt:
    if known.rma_id != rma.id:
        raise Conflict(f"Scan {known.scan_id} belongs to another return.", code="scan-reused")
    return known


def _welcome(actor: Actor, rma: Return, lines: Sequence[ReturnLine]) -> None:
    """Bring a return that had ended back to life, where its units are still free and it was not declined as fraud."""
    if rma.status in ENDED and not (taken_meanwhile(lines) or blocked(rma)):
        bring_back(rma, lines)
    elif rma.status == ReturnStatus.CLOSED:
        open_again(actor, rma, lines, "a parcel came after it was closed")


def _arriving(arrivals: Sequence[Arrival]) -> dict[int, int]:
    """Return how many expected units of each line have come, by its number."""
    found: dict[int, int] = {}
    for each in arrivals:
        if each.line is not None and each.match == ReceiptMatch.EXPECTED:
            found[each.line.line_no] = found.get(each.line.line_no, 0) + each.quantity
    return found


def record_arrival(
    actor: Actor,
    rma: Return,
    receipt: ReceiptIn,
    location: Location,
    arrivals: Sequence[Arrival],
    *,
    former: str,
    settled_elsewhere: bool = False,
) -> Receipt:
    """Write the receipt of what arrived, book stock, tell, open cases, and let policy go on.

    Not where verdict and money were settled elsewhere already: who knows of them records them next.
    """
    row = Receipt(
        rma=rma,
        scan_id=receipt.scan_id,
        parcel=receipt.parcel,
        location=location,
        received_at=receipt.received_at,
        actor=actor.key,
    )
    written = [
        ReceiptLine(receipt=row, line=each.line, sku=each.sku, quantity=each.quantity, match=each.match)
        for each in arrivals
    ]
    insert_rows([row])
    insert_rows(written)
    _count(arrivals)
    serials = [each.serials for each in arrivals]
    receive_into_stock(actor, rma, row, written, location, arrivals, serials)
    doubts = keep_received(zip(written, (each.read for each in arrivals), serials, strict=True))
    _tell(actor, rma, row, location, arrivals)
    _open_cases(actor, rma, row, arrivals, former)
    await_assessment(rma, {each.line for each in arrivals if each.line})
    if doubts:
        troubles.serial_mismatch(actor, rma, row.scan_id, doubts)
    if settled_elsewhere:
        return row
    pass_without_inspection(rma, row, arrivals, rules_of(rma.policy))
    follow_exchanges(rma)
    refund_by_policy(rma)
    finish(actor, rma)
    return row


def _count(arrivals: Sequence[Arrival]) -> None:
    expected = [each for each in arrivals if each.match == ReceiptMatch.EXPECTED and each.line]
    for each in expected:
        if each.line:
            each.line.received += each.quantity
            each.line.missing -= each.found
    save_lines([line for line in {each.line for each in expected} if line], "received", "missing")


def _tell(actor: Actor, rma: Return, row: Receipt, location: Location, arrivals: Sequence[Arrival]) -> None:
    subject = rma.as_subject()
    events = []
    for each in arrivals:
        line = each.line or ReturnLine(line_no=0, sku=each.sku)
        fact = line_fact(
            KINDS[each.match],
            rma,
            line,
            each.quantity,
            receipt_id=str(row.id),
            location=location.code,
            parcel=row.parcel,
        )
        events.append(compose(fact, subject=subject, actor=actor, occurred_at=row.received_at))
    append(events, {event.id: subject.lane for event in events})


def _open_cases(actor: Actor, rma: Return, row: Receipt, arrivals: Sequence[Arrival], former: str) -> None:
    for each in arrivals:
        if each.match == ReceiptMatch.OVER and rma.status == ReturnStatus.AUTHORIZED:
            troubles.over_receipt(actor, rma, row.scan_id, each.sku, each.quantity)
        elif each.match == ReceiptMatch.WRONG_ITEM and each.line is None:
            troubles.wrong_item(actor, rma, row.scan_id, each.sku, each.quantity)
    if former != ReturnStatus.AUTHORIZED:
        troubles.late_arrival(actor, rma, row.scan_id, former)
