"""Commands of stock."""

from inventory.services.adjusting import adjust_stock
from inventory.services.drifts import accept_theirs, ask_recount, explain_drift
from inventory.services.items import put_items
from inventory.services.locations import add_location, change_location, ensure_location
from inventory.services.moving import MoveIn, book_moves, move_stock
from inventory.services.reserving import (
    ReservationIn,
    consume_reservation,
    expire_reservation,
    hold,
    keep_for_good,
    let_go,
    release_reservation,
    reserve_stock,
    use_up,
)
from inventory.services.shifting import shift_stock
from inventory.services.snapshots import put_state_map, take_snapshot

__all__ = [
    "MoveIn",
    "ReservationIn",
    "accept_theirs",
    "add_location",
    "adjust_stock",
    "ask_recount",
    "book_moves",
    "change_location",
    "consume_reservation",
    "ensure_location",
    "expire_reservation",
    "explain_drift",
    "hold",
    "keep_for_good",
    "let_go",
    "move_stock",
    "put_items",
    "put_state_map",
    "release_reservation",
    "reserve_stock",
    "shift_stock",
    "take_snapshot",
    "use_up",
]
