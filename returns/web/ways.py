"""Where a refund's money goes, in words for people."""

from returns.enums import Destination

WAYS = {
    Destination.TENDER: "money back to the payment",
    Destination.STORE_CREDIT: "store credit",
    Destination.GIFT_CARD: "a gift card",
}


def way_in_words(value: str) -> str:
    """Return the destination in the middle of a sentence."""
    return WAYS[Destination(value)]
