"""What is decided and not yet acknowledged: layers above say what its owner may have done already."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class InFlight:
    """Units that our books have in one disposition and their owner may have in the other already."""

    sku: str
    source: str
    target: str
    quantity: int


Provider = Callable[[UUID, datetime], Iterable[InFlight]]
_providers: list[Provider] = []


def register_in_flight(provider: Provider) -> None:
    """Ask `provider(location_id, as_of)` at each comparison. Idempotent."""
    if provider not in _providers:
        _providers.append(provider)


def in_flight(location_id: UUID, as_of: datetime) -> list[InFlight]:
    """Return what was under way at the location at that instant."""
    return [each for provider in _providers for each in provider(location_id, as_of)]
