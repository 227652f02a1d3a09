"""Which way a refund's money goes: through a gateway, into our own ledger, or by a marketplace that only tells us."""

from enum import StrEnum

from returns.enums import Destination
from returns.models import Payment, Refund

# The gateway's name of payments that were redeemed from our own ledger of stored value.
OWN_LEDGER = "stored_value"
MARKETPLACE = "marketplace"


class Path(StrEnum):
    """A way for money."""

    GATEWAY = "gateway"
    LEDGER = "ledger"
    OBSERVED = "observed"


def is_observed(payment: Payment) -> bool:
    """Tell whether a marketplace holds the payment: it refunds by itself, and nothing is ever sent."""
    return MARKETPLACE in (payment.tender, payment.gateway)


def path_of(refund: Refund) -> Path:
    """Return the way of a refund; its payment must be loaded."""
    if refund.destination != Destination.TENDER or refund.payment.gateway == OWN_LEDGER:
        return Path.LEDGER
    return Path.OBSERVED if is_observed(refund.payment) else Path.GATEWAY
