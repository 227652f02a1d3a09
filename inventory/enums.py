"""Vocabulary of stock."""

from django.db.models import TextChoices


class Disposition(TextChoices):
    """Where a quantity stands. Only `sellable` at a sellable location counts as available to promise."""

    EXTERNAL = "external"  # the other end of what comes in or goes out; sums everything to zero
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    PENDING_INSPECTION = "pending_inspection"
    QUARANTINE = "quarantine"
    SELLABLE = "sellable"
    DAMAGED = "damaged"
    REFURBISH = "refurbish"
    REPAIR = "repair"
    RETURN_TO_VENDOR = "return_to_vendor"
    LIQUIDATE = "liquidate"
    RECYCLE = "recycle"
    DONATE = "donate"
    SCRAP = "scrap"
    KEEP_IT = "keep_it"
    RETURN_TO_CUSTOMER = "return_to_customer"
    MISSING = "missing"
    ADJUSTMENT = "adjustment"


ENDS = frozenset({Disposition.EXTERNAL, Disposition.ADJUSTMENT})

# What an inspection may decide for a unit that was received.
DECIDABLE = frozenset({
    Disposition.QUARANTINE, Disposition.SELLABLE, Disposition.DAMAGED, Disposition.REFURBISH, Disposition.REPAIR,
    Disposition.RETURN_TO_VENDOR, Disposition.LIQUIDATE, Disposition.RECYCLE, Disposition.DONATE, Disposition.SCRAP,
    Disposition.RETURN_TO_CUSTOMER,
})  # fmt: skip


class ReservationStatus(TextChoices):
    """What became of a reservation; only a held one keeps stock back."""

    HELD = "held"
    CONSUMED = "consumed"
    RELEASED = "released"
    EXPIRED = "expired"
    BROKEN = "broken", "Stock was lost"


# Where sellable units go when something was found out about them: such a move is a fact, and no reservation stops it.
FOUND_OUT = frozenset({
    Disposition.PENDING_INSPECTION, Disposition.QUARANTINE, Disposition.DAMAGED, Disposition.MISSING,
    Disposition.ADJUSTMENT,
})  # fmt: skip


# What people may move by hand and what may be counted: stock that no return has to decide about any more.
SHELF = DECIDABLE | {Disposition.MISSING}


class LocationKind(TextChoices):
    """What sort of place it is."""

    WAREHOUSE = "warehouse"
    STORE = "store"
    THIRD_PARTY = "third_party"
    MARKETPLACE = "marketplace"
    WORKSHOP = "workshop"
