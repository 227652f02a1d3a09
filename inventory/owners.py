"""Whose word holds about quantities: layers above know the rule, and say so here."""

from collections.abc import Callable

Provider = Callable[[], str]
_providers: list[Provider] = []


def register_owner(provider: Provider) -> None:
    """Ask `provider()` for the system that owns quantities of stock ("" where it knows none). Idempotent."""
    if provider not in _providers:
        _providers.append(provider)


def owner_of_quantities() -> str:
    """Return the system whose counts should hold; "" where ours should."""
    return next((owner for provider in _providers if (owner := provider())), "")
