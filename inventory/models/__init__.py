"""Where goods are, what stands where, what it is, and what other systems say of it."""

from inventory.models.adjustments import AdjustmentStatus, StockAdjustment
from inventory.models.items import Item, ItemValue
from inventory.models.lots import LotBalance, LotStep
from inventory.models.reservations import Reservation
from inventory.models.serials import Lot, SerialStep, SerialUnit
from inventory.models.snapshots import (
    DriftClass,
    DriftStatus,
    Snapshot,
    SnapshotDifference,
    SnapshotRow,
    StateMap,
    StockDrift,
)
from inventory.models.state_maps import ChangeStatus, StateMapChange
from inventory.models.stock import LegalTransition, Location, StockBalance, StockMove
from inventory.models.transfers import StockTransfer, TransferLine, TransferReceipt, TransferStatus

__all__ = [
    "AdjustmentStatus",
    "ChangeStatus",
    "DriftClass",
    "DriftStatus",
    "Item",
    "ItemValue",
    "LegalTransition",
    "Location",
    "Lot",
    "LotBalance",
    "LotStep",
    "Reservation",
    "SerialStep",
    "SerialUnit",
    "Snapshot",
    "SnapshotDifference",
    "SnapshotRow",
    "StateMap",
    "StateMapChange",
    "StockAdjustment",
    "StockBalance",
    "StockDrift",
    "StockMove",
    "StockTransfer",
    "TransferLine",
    "TransferReceipt",
    "TransferStatus",
]
