"""Which dispositions stock may move between: written by hand, one line a source, because each pair is a business rule.

`external` is the outside world, `adjustment` a counted difference. What a migration seeds is a frozen copy of this
table; a test holds the two equal.
"""

from inventory.enums import Disposition

D = Disposition

# What an inspection may decide, and what a reversal may take back.
_JUDGED = (
    D.QUARANTINE, D.SELLABLE, D.DAMAGED, D.REFURBISH, D.REPAIR, D.RETURN_TO_VENDOR, D.LIQUIDATE, D.RECYCLE, D.DONATE,
    D.SCRAP, D.RETURN_TO_CUSTOMER,
)  # fmt: skip

# Between two of our places: only a transfer goes there and back from it (`in_transit_by_transfer`), so nothing that a
# return sends in becomes sellable without its inspection.
_SENT = _JUDGED

# Counted differences go to and from `adjustment`; every disposition on the shelf can be counted. What waits for a
# verdict (in transit, received, pending inspection) is not counted away: its return declares it missing.
LEGAL: dict[Disposition, tuple[Disposition, ...]] = {
    D.EXTERNAL: (D.IN_TRANSIT, D.RECEIVED, D.PENDING_INSPECTION, D.QUARANTINE, D.SELLABLE, D.ADJUSTMENT),
    D.IN_TRANSIT: (D.EXTERNAL, D.RECEIVED, D.PENDING_INSPECTION, *_SENT, D.MISSING),
    D.RECEIVED: (D.EXTERNAL, D.RECEIVED, D.PENDING_INSPECTION, D.QUARANTINE, D.MISSING),
    D.PENDING_INSPECTION: (D.EXTERNAL, D.PENDING_INSPECTION, *_JUDGED, D.MISSING),
    # Looked at again: anything an inspection may decide.
    D.QUARANTINE: (D.EXTERNAL, D.IN_TRANSIT, D.PENDING_INSPECTION, *_JUDGED, D.MISSING, D.ADJUSTMENT),
    # Recalled, expired or broken on the shelf; sold goods leave to `external`. What is to be mended is damaged first.
    D.SELLABLE: (
        D.EXTERNAL, D.IN_TRANSIT, D.PENDING_INSPECTION, D.SELLABLE, D.QUARANTINE, D.DAMAGED, D.RETURN_TO_VENDOR,
        D.LIQUIDATE, D.DONATE, D.SCRAP, D.MISSING, D.ADJUSTMENT,
    ),
    # Damaged goods become sellable only by way of a workshop.
    D.DAMAGED: (
        D.EXTERNAL, D.IN_TRANSIT, D.PENDING_INSPECTION, D.DAMAGED, D.QUARANTINE, D.REFURBISH, D.REPAIR,
        D.RETURN_TO_VENDOR, D.LIQUIDATE, D.RECYCLE, D.DONATE, D.SCRAP, D.RETURN_TO_CUSTOMER, D.MISSING, D.ADJUSTMENT,
    ),
    D.REFURBISH: (
        D.IN_TRANSIT, D.PENDING_INSPECTION, D.REFURBISH, D.SELLABLE, D.QUARANTINE, D.DAMAGED, D.REPAIR, D.LIQUIDATE,
        D.RECYCLE, D.DONATE, D.SCRAP, D.MISSING, D.ADJUSTMENT,
    ),
    D.REPAIR: (
        D.IN_TRANSIT, D.PENDING_INSPECTION, D.REPAIR, D.SELLABLE, D.QUARANTINE, D.DAMAGED, D.REFURBISH,
        D.RETURN_TO_VENDOR, D.RETURN_TO_CUSTOMER, D.LIQUIDATE, D.RECYCLE, D.DONATE, D.SCRAP, D.MISSING, D.ADJUSTMENT,
    ),
    # Picked up (external), or refused by the vendor: then it is looked at again or got rid of otherwise.
    D.RETURN_TO_VENDOR: (
        D.EXTERNAL, D.IN_TRANSIT, D.PENDING_INSPECTION, D.RETURN_TO_VENDOR, D.QUARANTINE, D.DAMAGED, D.LIQUIDATE,
        D.SCRAP, D.MISSING, D.ADJUSTMENT,
    ),
    D.LIQUIDATE: (
        D.EXTERNAL, D.IN_TRANSIT, D.PENDING_INSPECTION, D.LIQUIDATE, D.QUARANTINE, D.RECYCLE, D.DONATE, D.SCRAP,
        D.MISSING, D.ADJUSTMENT,
    ),
    D.RECYCLE: (D.EXTERNAL, D.IN_TRANSIT, D.PENDING_INSPECTION, D.RECYCLE, D.SCRAP, D.MISSING, D.ADJUSTMENT),
    D.DONATE: (D.EXTERNAL, D.IN_TRANSIT, D.PENDING_INSPECTION, D.DONATE, D.RECYCLE, D.SCRAP, D.MISSING, D.ADJUSTMENT),
    # What is scrapped is never anything else again, except by taking the verdict back.
    D.SCRAP: (D.EXTERNAL, D.IN_TRANSIT, D.PENDING_INSPECTION, D.SCRAP, D.MISSING, D.ADJUSTMENT),
    D.RETURN_TO_CUSTOMER: (
        D.EXTERNAL, D.IN_TRANSIT, D.PENDING_INSPECTION, D.RETURN_TO_CUSTOMER, D.QUARANTINE, D.MISSING, D.ADJUSTMENT,
    ),
    # The customer keeps it: the unit never comes, so no stock moves.
    D.KEEP_IT: (),
    # Found again: looked at, unless it stands where it was.
    D.MISSING: (D.EXTERNAL, D.PENDING_INSPECTION, D.QUARANTINE, D.SELLABLE, D.DAMAGED, D.MISSING, D.ADJUSTMENT),
    D.ADJUSTMENT: (
        D.EXTERNAL, D.SELLABLE, D.QUARANTINE, D.DAMAGED, D.REFURBISH, D.REPAIR, D.RETURN_TO_VENDOR, D.LIQUIDATE,
        D.RECYCLE, D.DONATE, D.SCRAP, D.RETURN_TO_CUSTOMER, D.MISSING,
    ),
}  # fmt: skip


def transition_key(source: str, target: str) -> str:
    """Return the key of a pair, as moves refer to it: `pending_inspection>sellable`."""
    return f"{source}>{target}"


def legal_pairs() -> list[tuple[str, str]]:
    """Return every pair that may be moved between."""
    return [(str(source), str(target)) for source, targets in LEGAL.items() for target in targets]
