"""Proofs over the whole database of what returns promise; each is one set-based statement."""

from returns.audits import endings, history, money, stores, units


def register() -> None:
    """Register the audits."""
    for module in (money, units, history, endings, stores):
        module.register()
