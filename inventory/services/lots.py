"""Which lots a move takes along. Called with the balances locked: a lot's balance changes under that lock alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from inventory.enums import ENDS, Disposition
from inventory.models import Lot, LotBalance, LotStep, StockMove
from inventory.promising import today
from inventory.services.units import Place, flat, source_of
from retailops.events.prepared import Prepared
from retailops.lib.errors import Conflict, Unprocessable

Held = dict[tuple[UUID, UUID, str], int]  # lot, location, disposition → units


def lot_of(sku: str, code: str, expires_on: date | None = None) -> Lot:
    """Return the lot of that code, made if there was none; an expiry date that was not known is taken over."""
    lot, _ = Lot.objects.get_or_create(sku=sku, code=code, defaults={"expires_on": expires_on})
    if expires_on and lot.expires_on is None:
        lot.expires_on = expires_on
        lot.save(update_fields=["expires_on"])
    return lot


def _at_places(parts: Sequence[Any]) -> Q:
    wanted = Q(pk__in=[])
    for at in range(0, len(parts), 3):
        wanted |= Q(lot__sku=parts[at], location_id=parts[at + 1], disposition=parts[at + 2])
    return wanted


# What expires first before the others.
_STANDING = Prepared(
    lambda *places: (
        LotBalance.objects.filter(_at_places(places), quantity__gt=0)
        .select_related("lot")
        .order_by(F("lot__expires_on").asc(nulls_last=True), "lot_id")
    )
)


def follow(moves: Sequence[StockMove], left: Mapping[Place, int], *, must_name: bool = False) -> None:
    """Let lots go with the moves just written; `left` is what stands where they started, after them.

    A move that names its lot takes that; one that takes another move back, the lots of that move. When fewer units are
    left than lots are known to have there, the rest went unnamed: what expires first is taken along as presumed (where
    goods are sold, what has expired last: it is never sold); with `must_name` (a person has the units in hand) that is
    refused, unless it can be no other lot. Raises Conflict (not so many of the lot there), Unprocessable (the lot must
    be named).
    """
    named_or_back = any(move.lot_id or move.reverses_id for move in moves)
    if not named_or_back and not _known_at({source_of(move) for move in moves}):
        return
    LotStep.objects.bulk_create(_named_steps(moves))
    room = {move.id: 0 if move.lot_id else move.quantity for move in moves}
    for move in moves:
        if move.reverses_id and not move.lot_id:
            room[move.id] -= _go_back(move)
    LotStep.objects.bulk_create(_unnamed_steps(moves, room, left, must_name=must_name))


def _named_steps(moves: Sequence[StockMove]) -> list[LotStep]:
    named = [move for move in moves if move.lot_id]
    held = _held(named)
    for move in named:
        assert move.lot_id is not None  # noqa: S101  # chosen so
        start = move.lot_id, move.source_location_id, str(move.source)
        if move.source not in ENDS and held[start] < move.quantity:
            raise Conflict(f"Not so many units of lot {move.lot} stand in {move.source} there.", code="not-in-lot")
        held[start] -= move.quantity
        held[move.lot_id, move.target_location_id, str(move.target)] += move.quantity
    return [LotStep(lot=move.lot, move=move, quantity=move.quantity) for move in named]


def _held(named: Sequence[StockMove]) -> Held:
    rows = LotBalance.objects.filter(lot__in={move.lot_id for move in named})
    found: Held = defaultdict(int)
    found.update({(row.lot_id, row.location_id, str(row.disposition)): row.quantity for row in rows})
    return found


def _go_back(move: StockMove) -> int:
    """Let the lots of the move that this one takes back go back, as far as they still stand there; return the units."""
    there = {balance.lot_id: balance.quantity for balance in _known_at({source_of(move)}).get(source_of(move), [])}
    steps = []
    for step in LotStep.objects.filter(move=move.reverses_id).order_by("id"):
        units = step.quantity if move.source in ENDS else min(step.quantity, there.get(step.lot_id, 0))
        there[step.lot_id] = there.get(step.lot_id, 0) - units
        if units:
            steps.append(LotStep(lot_id=step.lot_id, move=move, quantity=units, presumed=step.presumed))
    LotStep.objects.bulk_create(steps)
    return sum(step.quantity for step in steps)


def _unnamed_steps(
    moves: Sequence[StockMove], room: dict[UUID, int], left: Mapping[Place, int], *, must_name: bool
) -> list[LotStep]:
    steps = []
    known, sold = (
        _known_at({source_of(move) for move in moves}),
        {source_of(m) for m in moves if m.target == Disposition.EXTERNAL},
    )
    for place, balances in known.items():
        if place in sold and place[2] == Disposition.SELLABLE:  # what has expired is never sold
            balances = [*(each for each in balances if not _gone(each)), *filter(_gone, balances)]
        going = sum(balance.quantity for balance in balances) - left[place]
        if going <= 0:
            continue
        certain = len(balances) == 1 or left[place] == 0
        if must_name and not certain:
            raise Unprocessable(f"Say of which lot of {place[0]} they are: several stand there.", code="lot-needed")
        taken = _first_expired(balances, going)
        for move in moves:
            if source_of(move) == place:
                steps += _filled(move, room, taken, presumed=not certain)
    return steps


def _gone(balance: LotBalance) -> bool:
    return balance.lot.expires_on is not None and balance.lot.expires_on < today()


def _first_expired(balances: Sequence[LotBalance], going: int) -> list[tuple[UUID, int]]:
    taken = []
    for balance in balances:
        units = min(balance.quantity, going)
        going -= units
        if units:
            taken.append((balance.lot_id, units))
    return taken


def _filled(
    move: StockMove, room: dict[UUID, int], waiting: list[tuple[UUID, int]], *, presumed: bool
) -> list[LotStep]:
    """Give the move what waits, as far as it has room; what is left stays in `waiting` for the next."""
    steps = []
    while waiting and room[move.id]:
        lot, units = waiting.pop(0)
        part = min(units, room[move.id])
        room[move.id] -= part
        steps.append(LotStep(lot_id=lot, move=move, quantity=part, presumed=presumed))
        if part < units:
            waiting.insert(0, (lot, units - part))
    return steps


def _known_at(places: Iterable[Place]) -> dict[Place, list[LotBalance]]:
    """Return the lots that stand at places that are no far ends, what expires first before the others."""
    wanted = sorted({place for place in places if place[2] not in ENDS}, key=str)
    found: dict[Place, list[LotBalance]] = defaultdict(list)
    for row in _STANDING.all(*flat(wanted)) if wanted else ():
        found[row.lot.sku, row.location_id, str(row.disposition)].append(row)
    return found
