"""Commands of stock."""

from inventory.services.locations import ensure_location
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

__all__ = [
    "MoveIn",
    "ReservationIn",
    "book_moves",
    "consume_reservation",
    "ensure_location",
    "expire_reservation",
    "hold",
    "keep_for_good",
    "let_go",
    "move_stock",
    "release_reservation",
    "reserve_stock",
    "use_up",
]
