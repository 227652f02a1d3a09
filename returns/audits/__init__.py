"""Proofs over the whole database of what returns promise; each is one set-based statement."""

from returns.audits import customers, endings, history, money, units


def register() -> None:
    """Register the audits."""
    for module in (money, units, history, endings, customers):
        module.register()
