"""Events of what offline tills hand in."""

from dataclasses import dataclass

from retailops.events.catalog import event


@event("store_batch.received")
@dataclass(frozen=True)
class StoreBatchReceived:
    """A till handed in what it did while it was offline."""

    batch_id: str
    store: str
    reference: str
    items: int


@event("store_batch.item_taken")
@dataclass(frozen=True)
class StoreItemTaken:
    """One of its items is a return now; `conflicts` are the codes of what did not fit."""

    batch_id: str
    item: str
    return_id: str
    number: str
    conflicts: list[str]


@event("till_refund.observed")
@dataclass(frozen=True)
class TillRefundObserved:
    """Money that a till paid out is known. `excess` (minor units) is what no payment of the order can bear."""

    return_id: str
    number: str
    store: str
    reference: str
    tender: str
    amount: int
    reserved: int
    excess: int
    currency: str
