"""Book stock moves: append the facts, keep the balances equal to their sum, once per effect key."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction

from inventory.enums import ENDS, FOUND_OUT, Disposition
from inventory.events import StockMoved
from inventory.models import LegalTransition, Location, StockBalance, StockMove
from inventory.models.stock import FROM_TRANSIT
from inventory.services import lots, units
from inventory.services.reservation_endings import break_reservations
from inventory.transitions import transition_key
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.catalog import Subject
from retailops.events.inserting import insert_missing, insert_rows
from retailops.events.prepared import Prepared
from retailops.events.publish import append, compose
from retailops.events.updating import update_rows
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Invalid, Unprocessable
from retailops.lib.new_rows import new_row

Place = units.Place
# Moves that a person gave a reason for in words, which no other event tells.
BY_HAND = ("stock_shift", "stock_adjustment")

_PLACES = Prepared(lambda codes: Location.objects.filter(code__in=codes))
_LEGAL = Prepared(lambda keys: LegalTransition.objects.filter(key__in=keys).values_list("key", flat=True))
_BOOKED = Prepared(lambda keys: StockMove.objects.filter(effect_key__in=keys))
_LOCKED_BALANCES = Prepared(
    lambda *places: (
        StockBalance.objects.select_for_update()
        .filter(units.at_places(places))
        .order_by("sku", "location_id", "disposition")
    )
)


@dataclass(frozen=True)
class MoveIn:
    """A quantity that goes from one disposition to another, and from one location (by code) to another or the same.

    `effect_key` makes it happen once. `subject` is what moved it (a return, an adjustment), `correlation_id` its
    transaction. `serials` are those of its units that are known by number (`presumed`: likely, not read),
    `lot` the code of the lot that they all are of.
    """

    effect_key: str
    sku: str
    quantity: int
    source: str
    target: str
    location: str
    subject_type: str
    subject_id: UUID
    correlation_id: UUID
    target_location: str = ""
    reason: str = ""
    lane: str = ""
    region: str = ""
    brand: str = ""
    channel: str = ""
    cause_event_id: UUID | None = None
    reverses_id: UUID | None = None
    serials: tuple[str, ...] = ()
    presumed: tuple[str, ...] = ()
    lot: str = ""
    lot_expires_on: date | None = None


@transaction.atomic
def move_stock(*, actor: Actor, moves: Sequence[MoveIn], must_name: bool = False) -> list[StockMove]:
    """Book moves and publish `inventory.moved` for each new one; a repeated effect key returns the move it made.

    Units whose serials are known go along: those named, else those that stood there longest, as presumed; with
    `must_name` (a person has the units in hand) that is refused. Raises Invalid (unknown location, serials that do not
    fit), Unprocessable (illegal pair, serials needed), Conflict (not enough there, a serial elsewhere, or a key reused
    for another move), Denied. Needs the permission in the region of every location.
    """
    places = _locations(moves)
    for place in places.values():
        require(actor, Permission.INVENTORY_WRITE, region=place.region or None, view=Permission.INVENTORY_VIEW)
    return _book(actor, moves, places, must_name=must_name)


def book_moves(*, actor: Actor, moves: Sequence[MoveIn]) -> list[StockMove]:
    """Do as move_stock for a command that has checked its own permission; call it inside that command's transaction."""
    return _book(actor, moves, _locations(moves)) if moves else []


def _locations(moves: Sequence[MoveIn]) -> dict[str, Location]:
    codes = {move.location for move in moves} | {move.target_location for move in moves if move.target_location}
    found = {place.code: place for place in _PLACES.all(codes)}
    if missing := sorted(codes - found.keys()):
        raise Invalid(f"There is no location {', '.join(missing)}.", code="unknown-location")
    return found


def _book(
    actor: Actor, moves: Sequence[MoveIn], places: dict[str, Location], *, must_name: bool = False
) -> list[StockMove]:
    _check_legal(moves)
    rows = {move.effect_key: _row(actor, move, places) for move in moves}
    if len(rows) < len(moves):
        raise Invalid("The same effect key is given twice.")
    # Locked before looking for repeats: whoever books the same key at the same time waits here and then finds it.
    balances = lock_balances(place for row in rows.values() for place in _ends(row))
    known = _known(rows)
    fresh = [move for move in moves if move.effect_key not in known]
    if fresh:
        written = [rows[move.effect_key] for move in fresh]
        _apply(actor, written, balances)
        insert_rows(written)
        named = {rows[move.effect_key].id: move.serials for move in fresh}
        presumed = {rows[move.effect_key].id: move.presumed for move in fresh}
        left = {place: balance.quantity for place, balance in balances.items()}
        units.follow(written, named, left, presumed=presumed, must_name=must_name)
        lots.follow(written, left, must_name=must_name)
        _tell(actor, fresh, rows)
    return [known.get(move.effect_key) or rows[move.effect_key] for move in moves]


def _check_legal(moves: Sequence[MoveIn]) -> None:
    wanted = {transition_key(move.source, move.target) for move in moves}
    legal = set(_LEGAL.all(wanted))
    alone = {transition_key(move.source, move.target) for move in moves if _skips_transfer(move)}
    if illegal := sorted(wanted - legal | alone):
        raise Unprocessable(f"Stock never moves {', '.join(illegal)}.", code="illegal-move")


def _skips_transfer(move: MoveIn) -> bool:
    """Tell whether a move would have a transfer's goods on their way, or arrived, without a transfer."""
    if move.subject_type == "stock_transfer":
        return False
    leaves = move.target == Disposition.IN_TRANSIT and move.source != Disposition.EXTERNAL
    return leaves or (move.source == Disposition.IN_TRANSIT and move.target not in FROM_TRANSIT)


def _row(actor: Actor, move: MoveIn, places: dict[str, Location]) -> StockMove:
    return StockMove(
        effect_key=move.effect_key,
        transition_id=transition_key(move.source, move.target),
        sku=move.sku,
        quantity=move.quantity,
        source_location=places[move.location],
        source=move.source,
        target_location=places[move.target_location or move.location],
        target=move.target,
        subject_type=move.subject_type,
        subject_id=move.subject_id,
        cause_event_id=move.cause_event_id,
        reverses_id=move.reverses_id,
        actor=actor.key,
        reason=move.reason,
        lot=lots.lot_of(move.sku, move.lot, move.lot_expires_on) if move.lot else None,
    )


def _known(rows: dict[str, StockMove]) -> dict[str, StockMove]:
    known = {move.effect_key: move for move in _BOOKED.all(list(rows))}
    for key, move in known.items():
        if _content(move) != _content(rows[key]):
            raise Conflict(f"{key} has already moved something else.", code="key-reused")
    return known


def _content(move: StockMove) -> tuple[object, ...]:
    return move.sku, move.quantity, str(move.source), str(move.target), move.source_location_id, move.target_location_id


def lock_balances(touched: Iterable[Place]) -> dict[Place, StockBalance]:
    """Return the balances of these places, locked in one order, so that two commands never wait for each other."""
    places = sorted(set(touched), key=str)
    if not places:
        return {}
    insert_missing(
        [new_row(StockBalance, sku=sku, location_id=location, disposition=where) for sku, location, where in places]
    )
    locked = _LOCKED_BALANCES.all(*units.flat(places))
    return {(row.sku, row.location_id, str(row.disposition)): row for row in locked}


def _ends(move: StockMove) -> tuple[Place, Place]:
    source = (move.sku, move.source_location_id, str(move.source))
    return source, (move.sku, move.target_location_id, str(move.target))


def _apply(actor: Actor, rows: Sequence[StockMove], balances: dict[Place, StockBalance]) -> None:
    touched: dict[Place, int] = defaultdict(int)
    for move in rows:
        source, target = _ends(move)
        touched[source] -= move.quantity
        touched[target] += move.quantity
    # Taken under the locks, so that the moves of a place are in the order of their times.
    moment = now()
    for move in rows:
        move.at = moment
    for place, change in touched.items():
        balance = balances[place]
        if balance.quantity + change < 0 and balance.disposition not in ENDS:
            raise Conflict(
                f"Only {balance.quantity} of {balance.sku} stand in {balance.disposition} there.",
                code="not-enough-stock",
            )
        if balance.reserved and balance.quantity + change < balance.reserved:
            _take_reserved(actor, balance, change, [row for row in rows if _ends(row)[0] == place])
        balance.quantity += change
        balance.updated_at = moment
    update_rows([balances[place] for place in touched], ["quantity", "updated_at"])


def _take_reserved(actor: Actor, balance: StockBalance, change: int, out: Sequence[StockMove]) -> None:
    """Break reservations where units were found to be no longer sellable; whoever merely wants them is refused."""
    found_out = [row for row in out if row.target in FOUND_OUT]
    left = balance.quantity + change + sum(row.quantity for row in found_out)
    if left < balance.reserved and len(found_out) < len(out):
        free = balance.quantity - balance.reserved
        raise Conflict(f"{free} of {balance.sku} are free there; the others are reserved.", code="stock-reserved")
    lost = balance.reserved - balance.quantity - change
    break_reservations(actor, balance, lost, f"found to be {Disposition(found_out[0].target).label.lower()}")


def _tell(actor: Actor, moves: Sequence[MoveIn], rows: dict[str, StockMove]) -> None:
    events, lanes = [], {}
    for move in moves:
        subject = _subject(move)
        words = move.reason if move.subject_type in BY_HAND else ""
        fact = _fact(rows[move.effect_key])
        event = compose(fact, subject=subject, actor=actor, cause=move.cause_event_id, words=words)
        events.append(event)
        lanes[event.id] = subject.lane
    append(events, lanes)


def _subject(move: MoveIn) -> Subject:
    lane = move.lane or str(move.subject_id)
    where = (move.region, move.brand, move.channel)
    return Subject(move.subject_type, move.subject_id, move.correlation_id, lane, *where)


def _fact(move: StockMove) -> StockMoved:
    return StockMoved(
        move_id=str(move.id),
        sku=move.sku,
        quantity=move.quantity,
        source=str(move.source),
        target=str(move.target),
        source_location=move.source_location.code,
        target_location=move.target_location.code,
    )
