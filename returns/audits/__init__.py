"""Proofs over the whole database of what returns promise; each is one set-based statement."""

from returns.audits import endings, history, money, stock, units


def register() -> None:
    """Register the audits."""
    for module in (money, units, history, endings, stock):
        module.register()
