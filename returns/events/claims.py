"""Events of claims on suppliers."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@dataclass(frozen=True)
class ClaimLineFact:
    """Units that are claimed; `unit_cost` in minor units."""

    line_no: int
    sku: str
    quantity: int
    unit_cost: int
    disposition: str
    location: str
    supplier_sku: str = ""


@dataclass(frozen=True)
class ClaimFact:
    """What every event of a claim tells; amounts in minor units. `outstanding` is what the supplier still owes."""

    claim_id: str
    number: str
    supplier: str
    status: str
    currency: str
    claimed: int
    credited: int
    written_off: int
    outstanding: int
    send_back: bool
    return_number: str = ""
    supplier_reference: str = ""


@event("claim.drafted")
@dataclass(frozen=True)
class ClaimDrafted(ClaimFact):
    """Units are set aside for it."""

    lines: list[ClaimLineFact] = field(default_factory=list)


@event("claim.approval_requested")
@dataclass(frozen=True)
class ClaimApprovalRequested(ClaimFact):
    """A second person must agree before it goes."""


@event("claim.approved")
@dataclass(frozen=True)
class ClaimApproved(ClaimFact):
    """May go to the supplier."""


@event("claim.approval_refused")
@dataclass(frozen=True)
class ClaimApprovalRefused(ClaimFact):
    """It is a draft again."""


@event("claim.sent")
@dataclass(frozen=True)
class ClaimSent(ClaimFact):
    """It goes to the supplier, with the goods where `send_back` says so."""

    lines: list[ClaimLineFact] = field(default_factory=list)
    tracking: str = ""


@event("claim.acknowledged")
@dataclass(frozen=True)
class ClaimAcknowledged(ClaimFact):
    """The supplier has it."""


@event("claim.credited")
@dataclass(frozen=True)
class ClaimCredited(ClaimFact):
    """The supplier credited `amount`; with `final` nothing more will come."""

    amount: int = 0
    credit_reference: str = ""
    final: bool = False


@event("claim.refused")
@dataclass(frozen=True)
class ClaimRefused(ClaimFact):
    """The supplier will not credit (the rest of) it."""


@event("claim.goods_came_back")
@dataclass(frozen=True)
class ClaimGoodsCameBack(ClaimFact):
    """Units that were sent to the supplier are here again, in quarantine."""

    sku: str = ""
    quantity: int = 0
    location: str = ""


@event("claim.closed")
@dataclass(frozen=True)
class ClaimClosed(ClaimFact):
    """Nothing more is expected of it."""
