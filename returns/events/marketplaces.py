"""Events of what marketplaces do with money by themselves."""

from dataclasses import dataclass

from retailops.events.catalog import event


@event("marketplace.refund_observed")
@dataclass(frozen=True)
class MarketplaceRefundObserved:
    """A marketplace told us of a refund that it made. `refund_id` is ours that it settles; empty: none was expected."""

    observation_id: str
    payment_id: str
    order_id: str
    external_id: str
    amount: int
    currency: str
    refund_id: str = ""
