"""Events of chargebacks."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class ChargebackFact:
    """Which dispute of which payment; `charged_back` is what all disputes take of the payment now (minor units)."""

    chargeback_id: str
    payment_id: str
    order_id: str
    order_external_id: str
    gateway: str
    external_id: str
    amount: int
    currency: str
    charged_back: int
    reason: str = ""


@event("chargeback.opened")
@dataclass(frozen=True)
class ChargebackOpened(ChargebackFact):
    """A bank took money back; the dispute runs."""


@event("chargeback.won")
@dataclass(frozen=True)
class ChargebackWon(ChargebackFact):
    """The money is ours again."""


@event("chargeback.lost")
@dataclass(frozen=True)
class ChargebackLost(ChargebackFact):
    """The money stays with the customer."""
