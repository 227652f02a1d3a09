"""Proofs over the whole database of what returns promise; each is one set-based statement."""

from returns.audits import endings, history, money, serials, units


def register() -> None:
    """Register the audits."""
    for module in (money, units, history, endings, serials):
        module.register()
