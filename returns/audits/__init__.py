"""Proofs over the whole database of what returns promise; each is one set-based statement."""

from returns.audits import (
    chargebacks,
    claims,
    customers,
    endings,
    exchanges,
    flow,
    history,
    money,
    policies,
    serials,
    stored_value,
    stores,
    units,
)

MODULES = (
    chargebacks,
    claims,
    customers,
    endings,
    exchanges,
    flow,
    history,
    money,
    policies,
    serials,
    stored_value,
    stores,
    units,
)


def register() -> None:
    """Register the audits."""
    for module in MODULES:
        module.register()
