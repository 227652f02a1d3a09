"""Commands of stock."""

from inventory.services.adjusting import adjust_stock
from inventory.services.drifts import accept_theirs, ask_recount, explain_drift
from inventory.services.expiry import date_lot
from inventory.services.items import put_items
from inventory.services.locations import add_location, change_location, ensure_location
from inventory.services.moving import MoveIn, book_moves, move_stock
from inventory.services.releasing import release_quarantined
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
from inventory.services.snapshots import take_snapshot
from inventory.services.state_maps import put_state_map
from inventory.services.transfer_arrivals import receive_transfer
from inventory.services.transferring import cancel_transfer, send_transfer

__all__ = [
    "MoveIn",
    "ReservationIn",
    "accept_theirs",
    "add_location",
    "adjust_stock",
    "ask_recount",
    "book_moves",
    "cancel_transfer",
    "change_location",
    "consume_reservation",
    "date_lot",
    "ensure_location",
    "expire_reservation",
    "explain_drift",
    "hold",
    "keep_for_good",
    "let_go",
    "move_stock",
    "put_items",
    "put_state_map",
    "receive_transfer",
    "release_quarantined",
    "release_reservation",
    "reserve_stock",
    "send_transfer",
    "shift_stock",
    "take_snapshot",
    "use_up",
]
