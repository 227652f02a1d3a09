"""Proofs over the whole database of what returns promise; each is one set-based statement."""

from returns.audits import claims, endings, exchanges, history, money, stored_value, units

MODULES = (
    money,
    units,
    history,
    endings,
    exchanges,
    claims,
    stored_value,
)


def register() -> None:
    """Register the audits."""
    for module in MODULES:
        module.register()
