"""Book what returns do to stock: downward calls, in the command's transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from inventory.enums import Disposition
from inventory.models import Location, StockMove
from inventory.services import MoveIn, book_moves
from retailops.accounts.actor import Actor
from retailops.events.prepared import Prepared
from returns.enums import DispositionStatus, ReceiptMatch
from returns.models import DispositionSlice, Receipt, ReceiptLine, Return, ReturnLine
from returns.services.arriving import Arrival
from returns.services.serials import came_with, going, standing, waiting_at

D = Disposition


def move_in(
    rma: Return, key: str, sku: str, quantity: int, source: str, target: str, location: str, **more: Any
) -> MoveIn:
    """Return a move that the return causes."""
    return MoveIn(
        effect_key=key,
        sku=sku,
        quantity=quantity,
        source=source,
        target=target,
        location=location,
        subject_type="return",
        subject_id=rma.id,
        correlation_id=rma.correlation_id,
        lane=str(rma.id),
        region=rma.region,
        brand=rma.brand,
        channel=rma.channel,
        **more,
    )


def where_received(match: str) -> Disposition:
    """Return where arriving units go: what nobody expected is kept apart."""
    return D.PENDING_INSPECTION if match == ReceiptMatch.EXPECTED else D.QUARANTINE


def receive_into_stock(
    actor: Actor,
    rma: Return,
    receipt: Receipt,
    lines: Sequence[ReceiptLine],
    location: Location,
    arrivals: Sequence[Arrival],
    serials: Sequence[tuple[str, ...]],
) -> None:
    """Book an arrival: expected units are pending inspection, all others in quarantine; nothing becomes available."""
    moves = [
        move_in(
            rma,
            receipt_key(receipt, line),
            line.sku,
            line.quantity,
            D.EXTERNAL,
            where_received(line.match),
            location.code,
            serials=numbers,
            lot=each.lot,
            lot_expires_on=each.expires_on,
        )
        for line, each, numbers in zip(lines, arrivals, serials, strict=True)
    ]
    book_moves(actor=actor, moves=moves)


def receipt_key(receipt: Receipt, line: ReceiptLine) -> str:
    """Return the effect key of a receipt line's move."""
    return f"receipt:{receipt.id}:{line.pk}"


def take_out(actor: Actor, rma: Return, receipt: Receipt, lines: Sequence[ReceiptLine], location: Location) -> None:
    """Book the compensating moves of a receipt that was a mistake."""
    keys = [receipt_key(receipt, line) for line in lines]
    booked = {move.effect_key: move for move in StockMove.objects.filter(effect_key__in=keys).select_related("lot")}
    moves = [
        move_in(
            rma,
            f"reverse:{receipt_key(receipt, line)}",
            line.sku,
            line.quantity,
            where_received(line.match),
            D.EXTERNAL,
            location.code,
            **_undoing(booked[receipt_key(receipt, line)]),
        )
        for line in lines
    ]
    book_moves(actor=actor, moves=moves)


def _undoing(move: StockMove) -> dict[str, Any]:
    """Return what a compensating move says of the one that it undoes."""
    return {"reverses_id": move.id, "serials": came_with(move), "lot": move.lot.code if move.lot else ""}


def gather(
    actor: Actor, rma: Return, wanted: dict[str, int], named: Mapping[str, list[str]], location: Location, key: str
) -> None:
    """Bring units that wait for inspection to the place where they are inspected (sku → quantity, and numbers read)."""
    standing = _waiting(rma)
    moves = []
    for sku, quantity in sorted(wanted.items()):
        short = quantity - standing.get((sku, location.id), 0)
        elsewhere = [(place, held) for (name, place), held in sorted(standing.items(), key=str) if name == sku]
        for place, held in elsewhere:
            part = min(short, held) if place != location.id else 0
            if part > 0:
                moves.append((sku, part, place))
                short -= part
    if not moves:
        return
    codes = {row.id: row.code for row in Location.objects.filter(id__in=[place for *_, place in moves])}
    book_moves(
        actor=actor,
        moves=[
            move_in(
                rma,
                f"{key}:{number}",
                sku,
                part,
                D.PENDING_INSPECTION,
                D.PENDING_INSPECTION,
                codes[place],
                target_location=location.code,
                serials=tuple(waiting_at(sku, named.get(sku, []), place)[:part]),
            )
            for number, (sku, part, place) in enumerate(moves)
        ],
    )


_MOVES = Prepared(lambda rma: StockMove.objects.filter(subject_id=rma))
_JUDGED = Prepared(
    lambda rma: DispositionSlice.objects.filter(
        line__rma_id=rma,
        status__in=[DispositionStatus.DECIDED, DispositionStatus.POSTING, DispositionStatus.POST_FAILED],
    ).values_list("line__sku", "inspection__location_id", "quantity")
)


def _waiting(rma: Return) -> dict[tuple[str, UUID], int]:
    """Return where the return's units wait for a verdict: pending inspection, less what is judged but not placed."""
    standing: dict[tuple[str, UUID], int] = defaultdict(int)
    for move in _MOVES.all(rma.id):
        if move.target == D.PENDING_INSPECTION:
            standing[move.sku, move.target_location_id] += move.quantity
        if move.source == D.PENDING_INSPECTION:
            standing[move.sku, move.source_location_id] -= move.quantity
    for sku, location_id, quantity in _JUDGED.all(rma.id):
        standing[sku, location_id] -= quantity
    return dict(standing)


def place(actor: Actor, rma: Return, parts: Sequence[DispositionSlice]) -> None:
    """Book posted dispositions: only now does stock leave pending inspection (line and location loaded)."""
    numbers = {part.id: going(part) for part in parts}
    moves = [
        move_in(
            rma,
            f"place:{part.id}",
            part.line.sku,
            part.quantity,
            D.PENDING_INSPECTION,
            part.disposition,
            part.inspection.location.code,
            reason=part.reason,
            serials=numbers[part.id][0],
            presumed=numbers[part.id][1],
        )
        for part in parts
    ]
    book_moves(actor=actor, moves=moves)


def take_back(actor: Actor, rma: Return, part: DispositionSlice) -> None:
    """Book the compensating move of a posted disposition: its units wait for a verdict again."""
    former = StockMove.objects.select_related("lot").get(effect_key=f"place:{part.id}")
    move = move_in(
        rma,
        f"unplace:{part.id}",
        part.line.sku,
        part.quantity,
        part.disposition,
        D.PENDING_INSPECTION,
        part.inspection.location.code,
        **_undoing(former),
    )
    book_moves(actor=actor, moves=[move])


def accept_extra(actor: Actor, rma: Return, key: str, line: ReturnLine, quantity: int, location: Location) -> None:
    """Book extra units that were accepted: from quarantine to pending inspection."""
    numbers = [unit.serial for unit in standing(line, D.QUARANTINE, location.id)][:quantity]
    move = move_in(
        rma, key, line.sku, quantity, D.QUARANTINE, D.PENDING_INSPECTION, location.code, presumed=tuple(numbers)
    )
    book_moves(actor=actor, moves=[move])
