"""Commands of stock."""

from inventory.services.adjusting import adjust_stock
from inventory.services.drifts import accept_theirs, ask_recount, explain_drift
from inventory.services.items import put_items
from inventory.services.locations import add_location, change_location, ensure_location
from inventory.services.moving import MoveIn, book_moves, move_stock
from inventory.services.shifting import shift_stock
from inventory.services.snapshots import put_state_map, take_snapshot

__all__ = [
    "MoveIn",
    "accept_theirs",
    "add_location",
    "adjust_stock",
    "ask_recount",
    "book_moves",
    "change_location",
    "ensure_location",
    "explain_drift",
    "move_stock",
    "put_items",
    "put_state_map",
    "shift_stock",
    "take_snapshot",
]
