"""Who waits because of a case: apps that know customers say whose a story is."""

from collections.abc import Callable
from uuid import UUID

Whose = Callable[[UUID], UUID | None]
_whose: list[Whose] = []


def register_customers(whose: Whose) -> None:
    """Register how the customer of a story is found by its correlation id; None where there is none."""
    if whose not in _whose:
        _whose.append(whose)


def customer_of(correlation_id: UUID) -> UUID | None:
    """Return the customer whose story it is, where an app knows."""
    return next((found for whose in _whose if (found := whose(correlation_id))), None)
