"""Events of warranty."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class WarrantyFact:
    """Units of one line that came back under warranty, and what was decided of them."""

    assessment_id: str
    return_id: str
    number: str
    line_no: int
    sku: str
    quantity: int
    status: str
    remedy: str
    progress: str
    order_external_id: str = ""
    order_line_external_id: str = ""
    channel: str = ""
    tracking: str = ""
    reason: str = ""


@event("warranty.accepted")
@dataclass(frozen=True)
class WarrantyAccepted(WarrantyFact):
    """The fault is covered: repaired, replaced or refunded, as `remedy` says."""


@event("warranty.rejected")
@dataclass(frozen=True)
class WarrantyRejected(WarrantyFact):
    """No fault, or not one that the warranty covers."""


@event("warranty.replacement_due")
@dataclass(frozen=True)
class WarrantyReplacementDue(WarrantyFact):
    """New units must go to the customer; no money is refunded for these."""


@event("warranty.replaced")
@dataclass(frozen=True)
class WarrantyReplaced(WarrantyFact):
    """New units went to the customer."""


@event("warranty.repaired")
@dataclass(frozen=True)
class WarrantyRepaired(WarrantyFact):
    """Repaired; the units wait to be sent to the customer."""


@event("warranty.repair_given_up")
@dataclass(frozen=True)
class WarrantyRepairGivenUp(WarrantyFact):
    """They cannot be repaired: `remedy` is what the customer gets instead."""


@event("warranty.replacement_given_up")
@dataclass(frozen=True)
class WarrantyReplacementGivenUp(WarrantyFact):
    """No new units go: `remedy` is what the customer gets instead."""


@event("warranty.sent_back")
@dataclass(frozen=True)
class WarrantySentBack(WarrantyFact):
    """The units, repaired or rejected, went to the customer."""
