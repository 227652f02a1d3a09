"""What reconciliation keeps: discrepancies, what was told of money by whom, and what was matched with what."""

from reconciliation.models.discrepancies import (
    DRIFT,
    OF_ORDERS,
    SETTLEMENT_TYPES,
    Discrepancy,
    DiscrepancyStatus,
    DiscrepancyType,
    Resolution,
)
from reconciliation.models.files import Fate, ImportFile, RawLine, SettlementBatch, Source
from reconciliation.models.items import (
    MATCHED_LANES,
    STRONG_KEYS,
    Item,
    ItemKey,
    ItemType,
    KeyType,
    Lane,
    OpenItem,
    Side,
)
from reconciliation.models.matches import AdjustmentKind, Allocation, Match, MatchAdjustment, MatchSeal, Stage

__all__ = [
    "DRIFT",
    "MATCHED_LANES",
    "OF_ORDERS",
    "SETTLEMENT_TYPES",
    "STRONG_KEYS",
    "AdjustmentKind",
    "Allocation",
    "Discrepancy",
    "DiscrepancyStatus",
    "DiscrepancyType",
    "Fate",
    "ImportFile",
    "Item",
    "ItemKey",
    "ItemType",
    "KeyType",
    "Lane",
    "Match",
    "MatchAdjustment",
    "MatchSeal",
    "OpenItem",
    "RawLine",
    "Resolution",
    "SettlementBatch",
    "Side",
    "Source",
    "Stage",
]
