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

LEGAL: dict[Disposition, tuple[Disposition, ...]] = {
    # To and from `adjustment`: a counted difference of stock that is not mirrored here.
    D.EXTERNAL: (D.IN_TRANSIT, D.RECEIVED, D.PENDING_INSPECTION, D.QUARANTINE, D.SELLABLE, D.ADJUSTMENT),
    D.IN_TRANSIT: (D.EXTERNAL, D.RECEIVED, D.PENDING_INSPECTION, D.QUARANTINE, D.MISSING),
    D.RECEIVED: (D.EXTERNAL, D.RECEIVED, D.PENDING_INSPECTION, D.QUARANTINE, D.MISSING),
    D.PENDING_INSPECTION: (D.EXTERNAL, D.PENDING_INSPECTION, *_JUDGED, D.MISSING),
    D.QUARANTINE: (
        D.EXTERNAL, D.PENDING_INSPECTION, D.QUARANTINE, D.SELLABLE, D.DAMAGED, D.REFURBISH, D.REPAIR,
        D.RETURN_TO_VENDOR, D.LIQUIDATE, D.RECYCLE, D.DONATE, D.SCRAP, D.RETURN_TO_CUSTOMER, D.MISSING, D.ADJUSTMENT,
    ),
    D.SELLABLE: (D.EXTERNAL, D.PENDING_INSPECTION, D.SELLABLE, D.QUARANTINE, D.DAMAGED, D.MISSING, D.ADJUSTMENT),
    D.DAMAGED: (
        D.EXTERNAL, D.PENDING_INSPECTION, D.DAMAGED, D.REFURBISH, D.REPAIR, D.RETURN_TO_VENDOR, D.LIQUIDATE, D.RECYCLE,
        D.DONATE, D.SCRAP, D.RETURN_TO_CUSTOMER, D.MISSING, D.ADJUSTMENT,
    ),
    D.REFURBISH: (D.PENDING_INSPECTION, D.REFURBISH, D.SELLABLE, D.DAMAGED, D.LIQUIDATE, D.SCRAP, D.ADJUSTMENT),
    D.REPAIR: (
        D.PENDING_INSPECTION, D.REPAIR, D.SELLABLE, D.DAMAGED, D.RETURN_TO_CUSTOMER, D.LIQUIDATE, D.SCRAP, D.ADJUSTMENT,
    ),
    D.RETURN_TO_VENDOR: (D.EXTERNAL, D.PENDING_INSPECTION, D.RETURN_TO_VENDOR, D.QUARANTINE, D.ADJUSTMENT),
    D.LIQUIDATE: (D.EXTERNAL, D.PENDING_INSPECTION, D.LIQUIDATE, D.QUARANTINE, D.ADJUSTMENT),
    D.RECYCLE: (D.EXTERNAL, D.PENDING_INSPECTION, D.RECYCLE, D.ADJUSTMENT),
    D.DONATE: (D.EXTERNAL, D.PENDING_INSPECTION, D.DONATE, D.ADJUSTMENT),
    D.SCRAP: (D.EXTERNAL, D.PENDING_INSPECTION, D.SCRAP, D.ADJUSTMENT),
    D.RETURN_TO_CUSTOMER: (D.EXTERNAL, D.PENDING_INSPECTION, D.RETURN_TO_CUSTOMER, D.QUARANTINE),
    D.MISSING: (D.EXTERNAL, D.PENDING_INSPECTION, D.QUARANTINE, D.SELLABLE, D.ADJUSTMENT),
    D.ADJUSTMENT: (D.EXTERNAL, D.SELLABLE, D.QUARANTINE, D.DAMAGED, D.MISSING),
}  # fmt: skip


def transition_key(source: str, target: str) -> str:
    """Return the key of a pair, as moves refer to it: `pending_inspection>sellable`."""
    return f"{source}>{target}"


def legal_pairs() -> list[tuple[str, str]]:
    """Return every pair that may be moved between."""
    return [(str(source), str(target)) for source, targets in LEGAL.items() for target in targets]
