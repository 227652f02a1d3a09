"""Commands of stock."""

from inventory.services.adjusting import adjust_stock
from inventory.services.items import put_items
from inventory.services.locations import add_location, change_location, ensure_location
from inventory.services.moving import MoveIn, book_moves, move_stock
from inventory.services.shifting import shift_stock

__all__ = [
    "MoveIn",
    "add_location",
    "adjust_stock",
    "book_moves",
    "change_location",
    "ensure_location",
    "move_stock",
    "put_items",
    "shift_stock",
]
