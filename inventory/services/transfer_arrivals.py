"""What arrives of a transfer: counted against what was sent; short, over and strange units are facts with a case."""

from collections import defaultdict
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from inventory.enums import Disposition
from inventory.models import SerialUnit, StockTransfer, TransferLine, TransferReceipt, TransferStatus
from inventory.services.moving import MoveIn, book_moves
from inventory.services.transfer_cases import keep_transfer_cases
from inventory.services.transferring import access_transfer, tell_transfer, transfer_move
from inventory.transfer_facts import TransferReceived
from inventory.transfer_inputs import ArrivedIn, TransferReceiptIn
from retailops.accounts.actor import Actor
from retailops.lib.errors import Conflict, FieldError, Invalid
from retailops.lib.fsm import fire

D = Disposition


@dataclass
class Arrival:
    """One receipt being counted: its moves so far, and what it brought beyond what was sent."""

    row: StockTransfer
    reference: str
    lines: dict[int, TransferLine]
    moves: list[MoveIn] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    beyond: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def book(
        self, told: ArrivedIn | TransferLine, quantity: int, source: str, target: str, serials: list[str], lot: str = ""
    ) -> None:
        """Note a move at the target; nothing where it is of no units."""
        if quantity:
            here = self.row.target
            key = f"{self.reference}:{len(self.moves)}"
            named = tuple(serials)
            self.moves.append(
                transfer_move(self.row, key, told.sku, quantity, source, target, here, here, serials=named, lot=lot)
            )


@transaction.atomic
def receive_transfer(*, actor: Actor, transfer_id: UUID, receipt: TransferReceiptIn) -> StockTransfer:
    """Count what came of a transfer, once for each reference of a receipt.

    What was sent stands at the target as it was sent (or damaged); units beyond that, of other skus, or with numbers
    that were not sent stand in quarantine there, and a case says so. With `complete`, what did not come is missing, and
    a case says so until it turns up: a later receipt may still bring it. Publishes `inventory.transfer_received`.
    Raises Invalid (no such line), Conflict (canceled, or the reference told something else), Denied, NotFound.
    """
    row = access_transfer(actor, transfer_id, receives=True, lock=True)
    told = receipt.model_dump(mode="json", exclude={"reference"})
    known = row.receipts.filter(reference=receipt.reference).first()
    if known is not None:
        if known.told != told:
            raise Conflict(f"{receipt.reference} has already told something else.", code="key-reused")
        return row
    if row.status == TransferStatus.CANCELED:
        raise Conflict(
            "It was canceled: its units stand where they were. Count what came there.", code="transfer-canceled"
        )
    arrival = Arrival(row, receipt.reference, {line.line_no: line for line in row.lines.order_by("line_no")})
    _check(arrival, receipt)
    TransferReceipt.objects.create(transfer=row, reference=receipt.reference, told=told, actor=actor.key)
    for each in receipt.lines:
        _count(arrival, each)
    if receipt.complete:
        _give_up(arrival)
    book_moves(actor=actor, moves=arrival.moves)
    TransferLine.objects.bulk_update(arrival.lines.values(), ["received", "missing", "over"])
    _go_on(actor, row, arrival)
    keep_transfer_cases(actor, row, arrival.strange, dict(arrival.beyond))
    tell_transfer(TransferReceived, row, actor)
    return row


def _check(arrival: Arrival, receipt: TransferReceiptIn) -> None:
    faults = [
        FieldError(f"/lines/{index}/line_no", "no such line")
        for index, each in enumerate(receipt.lines)
        if each.line_no is not None and each.line_no not in arrival.lines
    ]
    if faults:
        raise Invalid("The transfer has no such line.", errors=faults)
    read = [(_sku(arrival, each), serial) for each in receipt.lines for serial in each.serials]
    if len(set(read)) < len(read):
        raise Invalid("The same serial is given twice.", code="serial-twice")


def _sku(arrival: Arrival, each: ArrivedIn) -> str:
    return arrival.lines[each.line_no].sku if each.line_no else each.sku


def _count(arrival: Arrival, each: ArrivedIn) -> None:
    """Count units of one line: what is on its way, then what was missing; the rest is beyond what was sent."""
    if each.line_no is None:
        _beyond(arrival, each, each.quantity, list(each.serials))
        return
    line = arrival.lines[each.line_no]
    sent, strange = _sorted_serials(arrival, line, each.serials)
    target = str(each.disposition or line.disposition)
    rest = each.quantity - len(strange)
    on_time = min(rest, line.outstanding)
    late = min(rest - on_time, line.missing)
    coming = [serial for serial in sent if _stands(arrival, line, serial, D.IN_TRANSIT)][:on_time]
    found = [serial for serial in sent if serial not in coming][:late]
    arrival.book(line, on_time, D.IN_TRANSIT, target, coming, line.lot_code)
    # Only some dispositions are reached from `missing`: the others are looked at first.
    reached = target if target in (D.SELLABLE, D.DAMAGED, D.QUARANTINE) else D.QUARANTINE
    arrival.book(line, late, D.MISSING, str(reached), found, line.lot_code)
    line.received, line.missing = line.received + on_time + late, line.missing - late
    over = rest - on_time - late
    line.over += over + len(strange)
    _beyond(arrival, line, over + len(strange), strange)


def _sorted_serials(arrival: Arrival, line: TransferLine, serials: list[str]) -> tuple[list[str], list[str]]:
    """Return the numbers that this transfer has on its way or missing, and the others."""
    there = SerialUnit.objects.filter(
        sku=line.sku, serial__in=serials, location=arrival.row.target, disposition__in=[D.IN_TRANSIT, D.MISSING]
    )
    of_ours = set(there.filter(steps__move__subject_id=arrival.row.id).values_list("serial", flat=True))
    return [each for each in serials if each in of_ours], [each for each in serials if each not in of_ours]


def _stands(arrival: Arrival, line: TransferLine, serial: str, where: str) -> bool:
    rows = SerialUnit.objects.filter(sku=line.sku, serial=serial, location=arrival.row.target, disposition=where)
    return rows.exists()


def _beyond(arrival: Arrival, told: ArrivedIn | TransferLine, quantity: int, serials: list[str]) -> None:
    """Units that were not sent are there all the same: a counted difference, in quarantine until somebody knows why."""
    arrival.book(told, quantity, D.ADJUSTMENT, D.QUARANTINE, serials)
    arrival.strange += serials
    if quantity:
        arrival.beyond[told.sku] += quantity


def _give_up(arrival: Arrival) -> None:
    for line in arrival.lines.values():
        arrival.book(line, line.outstanding, D.IN_TRANSIT, D.MISSING, [], line.lot_code)
        line.missing += line.outstanding


def _go_on(actor: Actor, row: StockTransfer, arrival: Arrival) -> None:
    if row.status == TransferStatus.RECEIVED:
        return
    if any(line.outstanding for line in arrival.lines.values()):
        fire(row.receive_part)
    else:
        fire(row.end_received)
        row.ended_by, row.end_reason = actor.key, "received"
    row.save()
