"""Proofs over the whole database of what returns promise; each is one set-based statement."""

from returns.audits import chargebacks, endings, history, money, units


def register() -> None:
    """Register the audits."""
    for module in (money, chargebacks, units, history, endings):
        module.register()
