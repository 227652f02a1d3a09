"""What reconciliation publishes: ids, values of orders and amounts (minor units); never personal data."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class DiscrepancyFact:
    """Which field of what is told differently by whom."""

    discrepancy_id: str
    type: str
    order_id: str
    number: str
    order_external_id: str
    object: str
    external_id: str
    field: str
    system: str
    owner: str
    amount: int
    currency: str


@event("discrepancy.opened")
@dataclass(frozen=True)
class DiscrepancyOpened(DiscrepancyFact):
    """A system and we do not say the same."""


@event("discrepancy.resolved")
@dataclass(frozen=True)
class DiscrepancyResolved(DiscrepancyFact):
    """It is settled; `resolution` says how."""

    resolution: str


@event("discrepancy.repair_asked")
@dataclass(frozen=True)
class DiscrepancyRepairAsked(DiscrepancyFact):
    """A person decided that ours is right: whoever keeps `system` should set the field to `value`."""

    value: str
