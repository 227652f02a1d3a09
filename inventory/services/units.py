"""Units with a number of their own: which of them a move takes along. Called with the balances locked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from inventory.enums import ENDS
from inventory.models import SerialStep, SerialUnit, StockMove
from retailops.events.prepared import Prepared
from retailops.lib.errors import Conflict, Invalid, Unprocessable

Place = tuple[str, UUID, str]
Named = Mapping[UUID, Sequence[str]]  # move → serials
NONE: Named = {}


def flat(places: Iterable[Place]) -> list[UUID | str]:
    """Return places one part after the other, as `at_places` takes them."""
    return [part for place in places for part in place]


def at_places(parts: Sequence[Any]) -> Q:
    """Return the condition that a row of stock is at one of the places, whose parts are given one after the other."""
    wanted = Q(pk__in=[])
    for at in range(0, len(parts), 3):
        wanted |= Q(sku=parts[at], location_id=parts[at + 1], disposition=parts[at + 2])
    return wanted


_STANDING = Prepared(
    lambda *places: SerialUnit.objects.select_for_update().filter(at_places(places)).order_by("last_move_id", "id")
)


def source_of(move: StockMove) -> Place:
    """Return the place that the move takes from."""
    return move.sku, move.source_location_id, str(move.source)


def follow(
    moves: Sequence[StockMove],
    named: Named,
    left: Mapping[Place, int],
    *,
    presumed: Named = NONE,
    must_name: bool = False,
) -> None:
    """Let units with serials go with the moves just written; `left` is what stands where they started, after them.

    A serial that is named goes, and is registered where it was not known; so does one that the caller presumes. When
    fewer units are left than serials are known there, the rest went unnamed: the longest standing are taken along as
    presumed; with `must_name` that is refused, unless all of them go. Raises Invalid (more serials than units, one
    twice), Conflict (stands elsewhere), Unprocessable (must be named).
    """
    steps = [*_named_steps(moves, named), *_named_steps(moves, presumed, presumed=True)]
    room = {move.id: move.quantity - len(named.get(move.id, ())) - len(presumed.get(move.id, ())) for move in moves}
    SerialStep.objects.bulk_create(steps)
    SerialStep.objects.bulk_create(_unnamed_steps(moves, room, left, must_name=must_name))


def _named_steps(moves: Sequence[StockMove], named: Named, *, presumed: bool = False) -> list[SerialStep]:
    wanted = [(move.sku, serial) for move in moves for serial in named.get(move.id, ())]
    if not wanted:
        return []
    if len(set(wanted)) < len(wanted):
        raise Invalid("The same serial is given twice.", code="serial-twice")
    units = register(wanted)
    steps = []
    for move in moves:
        serials = named.get(move.id, ())
        if len(serials) > move.quantity:
            raise Invalid(
                f"{len(serials)} serials are given for {move.quantity} units.", code="more-serials-than-units"
            )
        steps += [
            SerialStep(unit=_standing(units[move.sku, serial], move), move=move, presumed=presumed)
            for serial in serials
        ]
    return steps


def register(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], SerialUnit]:
    """Return the locked units of (sku, serial), made where there were none."""
    keys = sorted(set(wanted))
    SerialUnit.objects.bulk_create([SerialUnit(sku=sku, serial=serial) for sku, serial in keys], ignore_conflicts=True)
    found = Q(pk__in=[])
    for sku, serial in keys:
        found |= Q(sku=sku, serial=serial)
    rows = SerialUnit.objects.select_for_update().filter(found).order_by("sku", "serial")
    return {(unit.sku, unit.serial): unit for unit in rows}


def add_step(unit: SerialUnit, move: StockMove) -> SerialUnit:
    """Say of a unit that it was one of those that a past move brought where they stand. Its place is read anew."""
    SerialStep.objects.create(unit=unit, move=move)
    unit.refresh_from_db()
    return unit


def _standing(unit: SerialUnit, move: StockMove) -> SerialUnit:
    there = (unit.location_id, str(unit.disposition)) == (move.source_location_id, str(move.source))
    if unit.last_move_id is not None and move.source not in ENDS and not there:
        raise Conflict(
            f"Serial {unit.serial} stands in {unit.disposition}, not in {move.source} there.", code="serial-elsewhere"
        )
    return unit


def _unnamed_steps(
    moves: Sequence[StockMove], room: dict[UUID, int], left: Mapping[Place, int], *, must_name: bool
) -> list[SerialStep]:
    steps = []
    for place, units in _known_at({source_of(move) for move in moves if move.source not in ENDS}).items():
        going = len(units) - left[place]
        if going <= 0:
            continue
        certain = going == len(units)
        if must_name and not certain:
            raise Unprocessable(f"Say which serials of {place[0]} go: only some of them do.", code="serials-needed")
        waiting = units[:going]
        for move in moves:
            if source_of(move) == place:
                taken, waiting = waiting[: room[move.id]], waiting[room[move.id] :]
                steps += [SerialStep(unit=unit, move=move, presumed=not certain) for unit in taken]
    return steps


def _known_at(places: Iterable[Place]) -> dict[Place, list[SerialUnit]]:
    wanted = sorted(places, key=str)
    if not wanted:
        return {}
    found: dict[Place, list[SerialUnit]] = defaultdict(list)
    for unit in _STANDING.all(*flat(wanted)):
        found[unit.sku, unit.location_id or UUID(int=0), str(unit.disposition)].append(unit)
    return found
