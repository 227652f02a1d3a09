"""Send stock from one of our places to another, and take it back while nothing of it has arrived."""

import hashlib
import json
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.db import transaction

from inventory.enums import Disposition
from inventory.models import Location, StockMove, StockTransfer, TransferLine, TransferStatus
from inventory.selectors import location_of
from inventory.services.moving import MoveIn, book_moves
from inventory.transfer_facts import TransferCanceled, TransferFact, TransferSent
from inventory.transfer_inputs import TransferIn, TransferLineIn
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Invalid, hidden
from retailops.lib.fsm import fire

SUBJECT = "stock_transfer"
ON_THE_WAY = timedelta(days=7)
WRITE, VIEW = Permission.INVENTORY_WRITE, Permission.INVENTORY_VIEW
Fact = TypeVar("Fact", bound=TransferFact)


@transaction.atomic
def send_transfer(*, actor: Actor, transfer: TransferIn) -> StockTransfer:
    """Take units from a place and have them on their way to another, once for each reference.

    Who sends needs the right at the place that they leave. Publishes `inventory.transfer_sent`. Raises Invalid (an
    unknown place), Conflict (not so many there, or the reference was of something else), Unprocessable (serials or
    lot must be named), Denied, NotFound.
    """
    source, target = location_of(transfer.source), location_of(transfer.target)
    require(actor, WRITE, region=source.region or None, view=VIEW)
    content = _hash(transfer)
    row, new = StockTransfer.objects.get_or_create(
        reference=transfer.reference,
        defaults={
            "content_hash": content,
            "source": source,
            "target": target,
            "reason": transfer.reason,
            "carrier": transfer.carrier,
            "tracking": transfer.tracking,
            "due_on": transfer.due_on or (now() + ON_THE_WAY).date(),
            "sent_by": actor.key,
        },
    )
    if not new:
        if row.content_hash != content:
            raise Conflict(f"{row.reference} has already sent something else.", code="key-reused")
        return access_transfer(actor, row.id)
    moves = book_moves(actor=actor, moves=[_out(row, number, line) for number, line in _numbered(transfer)])
    _write_lines(row, transfer, moves)
    tell_transfer(TransferSent, row, actor, row.reason)
    return row


def _numbered(transfer: TransferIn) -> list[tuple[int, TransferLineIn]]:
    return list(enumerate(transfer.lines, start=1))


def _write_lines(row: StockTransfer, transfer: TransferIn, moves: list[StockMove]) -> None:
    TransferLine.objects.bulk_create([
        TransferLine(
            transfer=row,
            line_no=number,
            sku=line.sku,
            disposition=line.disposition,
            quantity=line.quantity,
            serials=list(line.serials),
            lot_code=line.lot,
            move=move,
        )
        for (number, line), move in zip(_numbered(transfer), moves, strict=True)
    ])  # fmt: skip


def _hash(transfer: TransferIn) -> str:
    # The day by which it is due is counted from today where it is not told: not part of what makes it the same.
    told = transfer.model_dump(mode="json", exclude={"reference", "due_on"})
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _out(row: StockTransfer, number: int, line: TransferLineIn) -> MoveIn:
    return transfer_move(
        row,
        f"{number}:out",
        line.sku,
        line.quantity,
        line.disposition,
        Disposition.IN_TRANSIT,
        row.source,
        row.target,
        serials=tuple(line.serials),
        lot=line.lot,
    )


def transfer_move(
    row: StockTransfer,
    key: str,
    sku: str,
    quantity: int,
    source: str,
    target: str,
    start: Location,
    end: Location,
    *,
    serials: tuple[str, ...] = (),
    lot: str = "",
    reverses_id: UUID | None = None,
) -> MoveIn:
    """Return a move that the transfer causes."""
    subject = row.as_subject()
    return MoveIn(
        effect_key=f"transfer:{row.id}:{key}"[:160],
        sku=sku,
        quantity=quantity,
        source=str(source),
        target=str(target),
        location=start.code,
        target_location=end.code,
        subject_type=SUBJECT,
        subject_id=row.id,
        correlation_id=row.id,
        lane=subject.lane,
        region=subject.region,
        reason=f"{row.number}: {row.reason}"[:200],
        serials=serials,
        lot=lot,
        reverses_id=reverses_id,
    )


def access_transfer(
    actor: Actor, transfer_id: UUID, *, sends: bool = False, receives: bool = False, lock: bool = False
) -> StockTransfer:
    """Return the transfer with its places. Whoever sees one of them sees it; `sends`, `receives`: may write there.

    Raises NotFound to whoever sees neither place, else Denied.
    """
    rows = StockTransfer.objects.select_related("source", "target")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row = rows.filter(pk=transfer_id).first()
    if row is None or not _sees(actor, row):
        raise hidden()
    if sends:
        require(actor, WRITE, region=row.source.region or None)
    if receives:
        require(actor, WRITE, region=row.target.region or None)
    return row


def _sees(actor: Actor, row: StockTransfer) -> bool:
    return any(can(actor, VIEW, region=place.region or None) for place in (row.source, row.target))


@transaction.atomic
def cancel_transfer(*, actor: Actor, transfer_id: UUID, reason: str) -> StockTransfer:
    """Take it back: nothing of it has arrived, and the units stand where they were. Idempotent.

    Publishes `inventory.transfer_canceled`. Raises Invalid without a reason, TransitionRefused once some of it has
    arrived, Denied, NotFound.
    """
    row = access_transfer(actor, transfer_id, sends=True, lock=True)
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    if row.status == TransferStatus.CANCELED:
        return row
    fire(row.cancel)
    row.ended_by, row.end_reason = actor.key, reason.strip()[:200]
    row.save()
    lines = list(row.lines.select_related("move__lot").order_by("line_no"))
    book_moves(actor=actor, moves=[_back(row, line) for line in lines])
    tell_transfer(TransferCanceled, row, actor, row.end_reason)
    return row


def _back(row: StockTransfer, line: TransferLine) -> MoveIn:
    carried = line.move.steps.order_by("unit__serial").values_list("unit__serial", flat=True)
    return transfer_move(
        row,
        f"{line.line_no}:back",
        line.sku,
        line.quantity,
        Disposition.IN_TRANSIT,
        line.disposition,
        row.target,
        row.source,
        serials=tuple(carried),
        lot=line.lot_code,
        reverses_id=line.move_id,
    )


def tell_transfer(kind: type[Fact], row: StockTransfer, actor: Actor, reason: str = "") -> None:
    """Publish a fact of the transfer as it stands now."""
    lines = [
        {
            "line_no": line.line_no,
            "sku": line.sku,
            "disposition": str(line.disposition),
            "quantity": line.quantity,
            "received": line.received,
            "missing": line.missing,
            "over": line.over,
        }
        for line in row.lines.order_by("line_no")
    ]
    ends = row.source.code, row.target.code
    fact = kind(str(row.id), row.number, row.reference, *ends, str(row.status), lines)
    publish(fact, subject=row.as_subject(), actor=actor, words=reason)
