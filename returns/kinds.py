"""What each kind of return is expected to do: one row of traits a kind, asked by services, pages and connectors."""

from dataclasses import dataclass
from typing import Literal

from returns.enums import RefundTiming, ReturnKind


@dataclass(frozen=True)
class Traits:
    """What follows from a kind. Whatever is not said here follows policy."""

    # In a sentence, for people who choose a kind.
    meaning: str
    # The goods travel: a warehouse is to expect them, and carriers' scans move the return.
    by_parcel: bool = False
    # We give or know a shipping label for the way back; its fee may be taken off.
    label: bool = False
    # The customer hands the goods over against a code, and packs and labels nothing.
    drop_off_code: bool = False
    # The goods are on the counter: asked for, received and judged in one command, at a store.
    at_till: bool = False
    # Somebody asks on the customer's behalf and says why the goods come back.
    reason_needed: bool = True
    # The return ends by itself when nothing comes in time.
    expires: bool = True
    # May the customer keep the goods: never, where they are worth less than policy's threshold, or always.
    keep: Literal["never", "below_threshold", "always"] = "never"
    # The goods never reached the customer: no fees, shipping is given back, no window to miss.
    undelivered: bool = False
    # When a refund may go, where it cannot follow policy.
    refund_timing: RefundTiming | None = None
    # Money goes although nobody sees goods: what fraud screening looks at first.
    money_without_goods: bool = False
    # A person may ask for it with an order in hand.
    requestable: bool = True


K = ReturnKind
TRAITS: dict[ReturnKind, Traits] = {
    K.MAIL_IN: Traits(
        "The customer sends a parcel with a label.", by_parcel=True, label=True, keep="below_threshold"
    ),
    K.DROP_OFF: Traits(
        "The customer hands the goods over at a drop-off point against a code; no label, no packing.",
        by_parcel=True, label=True, drop_off_code=True,
    ),
    K.MARKETPLACE: Traits(
        "Asked for on a marketplace, which sets a deadline for our answer.", by_parcel=True, label=True
    ),
    K.BORIS: Traits(
        "Bought online; the goods are on the counter of a store, and the refund goes at once.", at_till=True,
        expires=False, refund_timing=RefundTiming.ON_INSPECTION,
    ),
    K.STORE: Traits(
        "Bought in a store; the goods are on the counter again, and the refund goes at once.", at_till=True,
        expires=False, refund_timing=RefundTiming.ON_INSPECTION,
    ),
    K.RETURNLESS: Traits(
        "The customer keeps the goods and is refunded at once.", expires=False, keep="always",
        money_without_goods=True,
    ),
    K.EXCHANGE: Traits("The goods come back for others.", by_parcel=True, label=True),
    K.WARRANTY: Traits("The goods are defective within their warranty.", by_parcel=True, label=True),
    K.RETURN_TO_SENDER: Traits(
        "The carrier brings back a parcel that was never delivered.", by_parcel=True, reason_needed=False,
        expires=False, undelivered=True, refund_timing=RefundTiming.ON_INSPECTION, requestable=False,
    ),
    K.BLIND: Traits(
        "A parcel came, and nobody knows of which order.", reason_needed=False, expires=False, requestable=False
    ),
}  # fmt: skip


def traits_of(kind: str) -> Traits:
    """Return the traits of a kind."""
    return TRAITS[ReturnKind(kind)]
