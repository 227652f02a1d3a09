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


@dataclass(frozen=True)
class ReservationFact:
    """Sellable units at one place that are held for the event's subject."""

    reservation_id: str
    sku: str
    quantity: int
    location: str
    subject_type: str
    subject_id: str


@event("inventory.reserved")
@dataclass(frozen=True)
class StockReserved(ReservationFact):
    """The units are promised to nobody else."""


@event("inventory.reservation_released")
@dataclass(frozen=True)
class ReservationReleased(ReservationFact):
    """The units may be promised again."""


@event("inventory.reservation_consumed")
@dataclass(frozen=True)
class ReservationConsumed(ReservationFact):
    """The units went out."""


@event("inventory.reservation_expired")
@dataclass(frozen=True)
class ReservationExpired(ReservationFact):
    """The units were not used in time and may be promised again."""


@event("inventory.reservation_broken")
@dataclass(frozen=True)
class ReservationBroken(ReservationFact):
    """The units were found to be damaged, missing or not there."""


@event("inventory.state_map_changed")
@dataclass(frozen=True)
class StateMapChanged:
    """A source's states mean something else from this version on; `states` are those that changed."""

    source: str
    version: int
    states: list[str]


@event("inventory.lot_dated")
@dataclass(frozen=True)
class LotDated:
    """A lot got another last good day (ISO, "" for none)."""

    lot_id: str
    sku: str
    code: str
    expires_on: str
    former: str


@event("inventory.drift_found")
@dataclass(frozen=True)
class DriftFound:
    """Another system counts a sku at a location otherwise than we do, and not by chance.

    `units` are not where we have them, `net` is their total less ours, `value` the units' in minor units.
    """

    drift_id: str
    source: str
    location: str
    sku: str
    kind: str
    units: int
    net: int
    snapshot_id: str
    value: int | None = None
    currency: str = ""


@event("inventory.drift_ended")
@dataclass(frozen=True)
class DriftEnded:
    """A later snapshot agrees with us again."""

    drift_id: str
    source: str
    location: str
    sku: str
    snapshot_id: str


@event("inventory.recount_asked")
@dataclass(frozen=True)
class RecountAsked:
    """Somebody wants the units of a sku counted again where they stand."""

    drift_id: str
    source: str
    location: str
    sku: str
