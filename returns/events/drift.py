"""Events of orders that systems tell differently."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class Difference:
    """One field that a system tells otherwise than it is held here. `amount`: what is at risk, minor units."""

    object: str
    object_id: str
    external_id: str
    field: str
    ours: str
    theirs: str
    owner: str
    amount: int


@event("order.drift_found")
@dataclass(frozen=True)
class OrderDriftFound:
    """A system told values of an order that it does not own, or that a return relies on; ours were kept."""

    order_id: str
    number: str
    channel: str
    currency: str
    system: str
    differences: list[Difference]


@event("order.agreed")
@dataclass(frozen=True)
class OrderAgreed:
    """A system other than the order's channel told it, and says the same as is held here."""

    order_id: str
    number: str
    channel: str
    system: str


@event("order.corrected")
@dataclass(frozen=True)
class OrderCorrected:
    """A person took another system's value of one field over."""

    order_id: str
    number: str
    object: str
    object_id: str
    field: str
    system: str
