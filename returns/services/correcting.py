"""Undo a receipt that was a mistake, by a reversing row: what was written stays."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import append, compose
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, NotFound
from returns.enums import ReceiptMatch
from returns.events import LineReceiptReversed
from returns.facts import line_fact
from returns.models import Receipt, ReceiptLine, Return, ReturnLine
from returns.services.closing import finish, refuse_closed
from returns.services.decisions import save_lines
from returns.services.exchange_progress import follow_exchanges
from returns.services.exposure import recover_what_was_overpaid
from returns.services.locking import lock_return
from returns.services.stock import take_out
from returns.services.strays import strays_of
from returns.services.warranty_waiting import await_assessment


@transaction.atomic
def reverse_receipt(*, actor: Actor, return_id: UUID, scan_id: str, reason: str = "") -> Receipt:
    """Reverse a receipt of the return, once: a repeat returns the reversing receipt.

    Raises NotFound (no such receipt), Conflict when the return is closed or its units were inspected
    or accepted meanwhile, Denied.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_RECEIVE, with_payments=True)
    receipt = Receipt.objects.filter(rma=rma, scan_id=scan_id, reverses__isnull=True).select_related("location").first()
    if receipt is None:
        raise NotFound(f"The return has no receipt {scan_id}.")
    known = Receipt.objects.filter(reverses=receipt).first()
    if known is not None:
        return known
    refuse_closed(rma)
    lines = list(receipt.lines.select_related("line__order_line").order_by("id"))
    _refuse_handled(rma, lines)
    _uncount(lines)
    await_assessment(rma, _touched(lines))
    reversal = _write(actor, rma, receipt, lines)
    take_out(actor, rma, receipt, lines, receipt.location)
    _tell(actor, rma, receipt, lines, reason)
    recover_what_was_overpaid(actor, rma, _touched(lines))
    follow_exchanges(rma)
    finish(actor, rma)
    return reversal


def _refuse_handled(rma: Return, lines: Sequence[ReceiptLine]) -> None:
    """Raise Conflict where units that nobody expected have left quarantine: taking them out again would take others."""
    left = {stray.row.pk: stray.left for stray in strays_of(rma)}
    strays = [row for row in lines if row.match != ReceiptMatch.EXPECTED]
    if any(left.get(row.pk, 0) < row.quantity for row in strays):
        raise Conflict("Some of these units were accepted or sent back already.", code="handled")


def _touched(lines: Sequence[ReceiptLine]) -> list[ReturnLine]:
    return [row.line for row in lines if row.line is not None and row.match == ReceiptMatch.EXPECTED]


def _uncount(lines: Sequence[ReceiptLine]) -> None:
    counted: dict[UUID, ReturnLine] = {}
    for row in lines:
        if row.line is None or row.match != ReceiptMatch.EXPECTED:
            continue
        line = counted.setdefault(row.line.id, row.line)
        row.line = line
        line.received -= row.quantity
        if line.received < line.inspected:
            raise Conflict("Some of these units were inspected: correct the inspection first.", code="inspected")
    save_lines(list(counted.values()), "received")


def _write(actor: Actor, rma: Return, receipt: Receipt, lines: Sequence[ReceiptLine]) -> Receipt:
    reversal = Receipt.objects.create(
        rma=rma,
        scan_id=f"reversal:{receipt.id}",
        parcel=receipt.parcel,
        location=receipt.location,
        received_at=now(),
        actor=actor.key,
        reverses=receipt,
    )
    ReceiptLine.objects.bulk_create(
        [
            ReceiptLine(receipt=reversal, line=row.line, sku=row.sku, quantity=row.quantity, match=row.match)
            for row in lines
        ]
    )
    return reversal


def _tell(actor: Actor, rma: Return, receipt: Receipt, lines: Sequence[ReceiptLine], reason: str) -> None:
    subject = rma.as_subject()
    events = [
        compose(
            line_fact(
                LineReceiptReversed,
                rma,
                row.line or ReturnLine(line_no=0, sku=row.sku),
                row.quantity,
                receipt_id=str(receipt.id),
                location=receipt.location.code,
            ),
            subject=subject,
            actor=actor,
            words=reason,
        )
        for row in lines
    ]
    append(events, {event.id: subject.lane for event in events})
