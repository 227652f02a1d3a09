"""Events of orders."""

from dataclasses import dataclass

from retailops.events.catalog import event


@event("order.captured")
@dataclass(frozen=True)
class OrderCaptured:
    """A channel's order was captured, or (`superseded`) a newer version took the place of the one that was there."""

    order_id: str
    channel: str
    external_id: str
    number: str
    version: int
    currency: str
    lines: int
    superseded: bool = False
    # When the customer ordered, by the channel; ISO 8601.
    placed_at: str = ""
