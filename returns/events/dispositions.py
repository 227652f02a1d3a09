"""Events of dispositions."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class DispositionFact:
    """A slice of quantity with its disposition; `effect_key` is its reference at the owner of the stock."""

    slice_id: str
    return_id: str
    number: str
    line_no: int
    sku: str
    quantity: int
    disposition: str
    condition: str
    location: str
    effect_key: str
    channel: str = ""
    order_line_external_id: str = ""
    external_reference: str = ""
    reason: str = ""


@event("inventory.disposition_decided")
@dataclass(frozen=True)
class DispositionDecided(DispositionFact):
    """Owed to the owner of the stock (WMS), which acknowledges by posting."""


@event("inventory.disposition_posted")
@dataclass(frozen=True)
class DispositionPosted(DispositionFact):
    """The owner of the stock has it; the shop is told."""


@event("inventory.post_failed")
@dataclass(frozen=True)
class DispositionPostFailed(DispositionFact):
    """The owner of the stock refused it."""


@event("inventory.disposition_reversed")
@dataclass(frozen=True)
class DispositionReversed(DispositionFact):
    """Undone."""
