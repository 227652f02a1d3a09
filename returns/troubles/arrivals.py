"""Trouble with what arrived."""

from collections.abc import Iterable

from retailops.accounts.actor import Actor
from returns.models import Return
from returns.troubles.opening import open_trouble


def blind_return(actor: Actor, rma: Return, skus: Iterable[str]) -> None:
    """A parcel came that no order explains."""
    open_trouble(
        actor,
        "blind_return",
        rma.as_subject(),
        f"{rma.number}: no order found for a parcel",
        "Match it with an order, or inspect it and close without a refund",
        detail="Items: " + ", ".join(skus),
        cause="A parcel came that no order explains",
    )


def over_receipt(actor: Actor, rma: Return, scan_id: str, sku: str, quantity: int) -> None:
    """More arrived than was authorized."""
    open_trouble(
        actor,
        "over_receipt",
        rma.as_subject(),
        f"{rma.number}: {quantity} more of {sku} arrived than authorized",
        "Accept the extra units, or have them sent back",
        dedupe=f"{scan_id}:{sku}",
        evidence={"scan_id": scan_id, "sku": sku, "quantity": quantity},
        cause="More arrived than was authorized",
    )


def wrong_item(actor: Actor, rma: Return, scan_id: str, sku: str, quantity: int) -> None:
    """An item arrived that is not on the return."""
    open_trouble(
        actor,
        "wrong_item",
        rma.as_subject(),
        f"{rma.number}: {quantity} of {sku} arrived, which is not on the return",
        "Ask the customer; have the goods sent back or placed",
        dedupe=f"{scan_id}:{sku}",
        evidence={"scan_id": scan_id, "sku": sku, "quantity": quantity},
        cause="An item arrived that is not on the return",
    )


def late_arrival(actor: Actor, rma: Return, scan_id: str, former: str) -> None:
    """A parcel came for a return that was expired, declined, canceled or closed, or not decided yet."""
    open_trouble(
        actor,
        "unexpected_arrival",
        rma.as_subject(),
        f"{rma.number}: a parcel arrived although the return was {former.replace('_', ' ')}",
        "Decide whether the return goes on",
        dedupe=f"{rma.id}:{scan_id}",
        evidence={"scan_id": scan_id, "status": former},
        cause="A parcel came for a return that was expired, declined, canceled or closed, or not decided yet",
    )
