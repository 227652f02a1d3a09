"""Events of customers: ids and counts, never what a person is called or reached by."""

from dataclasses import dataclass

from retailops.events.catalog import event


@event("customer.merged")
@dataclass(frozen=True)
class CustomerMerged:
    """A customer was merged into another; so many orders and returns moved there."""

    customer_id: str
    merged_id: str
    merge_id: str
    orders: int
    returns: int
    identities: int


@event("customer.unmerged")
@dataclass(frozen=True)
class CustomerUnmerged:
    """A merge was undone: what it moved, and what came since by the other's names, is the other's again."""

    customer_id: str
    merged_id: str
    merge_id: str
    orders: int
    returns: int
    identities: int


@event("customer.erased")
@dataclass(frozen=True)
class CustomerErased:
    """What is known of a person was erased; orders, returns and amounts stay. `rows`: how many were changed."""

    customer_id: str
    erasure_id: str
    rows: int


@event("customer.held")
@dataclass(frozen=True)
class CustomerHeld:
    """A legal hold on a customer's data was set or lifted."""

    customer_id: str
    held: bool
