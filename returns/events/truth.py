"""Events of who owns what."""

from dataclasses import dataclass

from retailops.events.catalog import event


@event("truth.changed")
@dataclass(frozen=True)
class TruthChanged:
    """Another system owns a field from now on; empty `system`: it goes by default."""

    object: str
    field: str
    channel: str
    former: str
    system: str
