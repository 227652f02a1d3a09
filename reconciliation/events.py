"""What reconciliation publishes: ids, values of orders and amounts (minor units); never personal data."""

from dataclasses import dataclass, field

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


@event("settlement.imported")
@dataclass(frozen=True)
class SettlementImported:
    """A file of a provider, or of what is expected, was taken in; `since` and `until` are business dates, or empty."""

    file_id: str
    provider: str
    account: str
    format: str
    sha256: str
    lines: int
    items: int
    unmapped: int
    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class MatchFact:
    """What was matched, in minor units of the currency that was compared; `stage` is the rule, `key` what agreed."""

    match_id: str
    lane: str
    stage: str
    key_type: str
    key: str
    amount: int
    currency: str
    items: int
    refund_ids: list[str] = field(default_factory=list)


@event("settlement.matched")
@dataclass(frozen=True)
class SettlementMatched(MatchFact):
    """Money that was expected is the money that came; at stage `withdrawn`, two items of one side undo each other."""


@event("settlement.unmatched")
@dataclass(frozen=True)
class SettlementUnmatched(MatchFact):
    """A match was undone: its items are open again."""
