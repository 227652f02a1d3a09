"""What the app publishes."""

from dataclasses import dataclass

from retailops.events.catalog import event


@event("inventory.moved")
@dataclass(frozen=True)
class StockMoved:
    """A quantity of a sku went from one disposition to another."""

    move_id: str
    sku: str
    quantity: int
    source: str
    target: str
    source_location: str
    target_location: str
    reason: str = ""
