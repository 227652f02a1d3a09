"""Commands of stock."""

from inventory.services.locations import ensure_location
from inventory.services.moving import MoveIn, book_moves, move_stock

__all__ = ["MoveIn", "book_moves", "ensure_location", "move_stock"]
